package answer

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestMinervaAnswers(t *testing.T) {
	for text, want := range map[string][]string{
		`Final Answer: The final answer is $\frac12$. I hope it is correct.`: {`\frac{1}{2}`},
		`so \boxed{x=5}`:            {"5"},
		`the value is $3$ and $4$`:  {"4"},
		`x = 1,000 dollars`:         {"1000"},
		`\boxed 7$`:                 {"7"},
		`\fbox{3}`:                  {`\fbox{3}`},
		`\boxed{\text{Monday}}`:     {"Monday"},
		`\boxed{never closed`:       {`\boxed{neverclosed`},
		`it is \boxed{} as $n=7$`:   {""},
		`\boxed{1} then \boxed{-2}`: {"-2"},
	} {
		if got := MinervaAnswers(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	out := eval.Output{Text: `\boxed{4}. Final Answer: The final answer is $3$. I hope it is correct.`}
	if got := (Minerva{}).Extract(nil, &out); got != "3" || !slices.Equal(out.Answers, []string{"3", "4"}) {
		t.Errorf("Extract gives %v of %v", got, out.Answers)
	}
}

func TestRecordedMinerva(t *testing.T) {
	compared := map[string]int{}
	check := func(fn, arg string, raw json.RawMessage) {
		var got any
		switch fn {
		case "extract_math_answer":
			got = MinervaAnswers(arg)
		case "normalize_final_answer":
			got = normalizeMath(arg)
		case "last_boxed_only_string":
			if s, ok := lastBoxed(arg); ok {
				got = s
			}
		default:
			return
		}
		compared[fn]++
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		var have, want any
		if err := json.Unmarshal(b, &have); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s(%q) = %s, recorded %s", fn, arg, b, raw)
		}
	}
	corpus.Rows(t, "math", func(r struct {
		Fn  string
		Arg json.RawMessage
		Out json.RawMessage
	}) {
		var arg string
		if json.Unmarshal(r.Arg, &arg) == nil {
			check(r.Fn, arg, r.Out)
		}
	})
	corpus.Rows(t, "extract", func(r struct {
		Fn   string
		Args []json.RawMessage
		Out  json.RawMessage
	}) {
		var arg string
		if len(r.Args) == 1 && json.Unmarshal(r.Args[0], &arg) == nil {
			check(r.Fn, arg, r.Out)
		}
	})
	t.Log(compared)
	if compared["extract_math_answer"] < 900 || compared["normalize_final_answer"] < 70 {
		t.Errorf("compared %v", compared)
	}
}

func FuzzMinervaAnswers(f *testing.F) {
	for _, s := range []string{"", `\boxed{1}`, `$1$ $2$`, "Final Answer: The final answer is 3. I hope it is correct.", `\boxed }{}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(MinervaAnswers(text)) == 0 {
			t.Errorf("%q has no answer", text)
		}
	})
}
