package benchmarks

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestGPQAText(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "",
		" a  b   c ":              "a b c",
		"one [title] two":         "one. two",
		"one\u00a0\n[TITLE]\ttwo": "one. two",
		"end [title] ":            "end.",
		"[x] [titles]":            "[x] [titles]",
		"a\n\nb":                  "a\n\nb",
		"a  \n  b":                "a \n b",
	} {
		if got := gpqaText(in); got != want {
			t.Errorf("gpqaText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestGPQATextRecorded(t *testing.T) {
	n := 0
	corpus.Rows(t, "extract", func(r struct {
		Fn   string
		Args []json.RawMessage
		Out  json.RawMessage
	}) {
		if r.Fn != "gpqa_clean_text" {
			return
		}
		var in, want string
		for raw, to := range map[*json.RawMessage]*string{&r.Args[0]: &in, &r.Out: &want} {
			if err := json.Unmarshal(*raw, to); err != nil {
				t.Fatal(err)
			}
		}
		n++
		if got := gpqaText(in); got != want {
			t.Errorf("gpqaText(%q) = %q, recorded %q", in, got, want)
		}
	})
	t.Logf("%d texts", n)
}

// letterCases are what two extractors find in a text, nil for nothing.
var letterCases = []struct {
	text      string
	gpqa, lab any
}{
	{"", nil, nil},
	{"ANSWER: B", "B", "B"},
	{"answer : b", "B", "B"},
	{"ANSWER:\n\nC", "C", "C"},
	{"ANSWER:\u2003D", "D", "D"},
	{"ANSWER: (B)", "B", nil},
	{"**ANSWER: B**", "B", "B"},
	{"ANSWER: A\nno, ANSWER: C", "C", "C"},
	{"Answer: The first", "T", "T"},
	{"ANSWER: 3 (B)", "B", nil},
	{"(A) or (C), then B", "C", nil},
	{"(a)", nil, nil},
	{"It is B.", "B", nil},
	{"B, I think", nil, nil},
	{"E", nil, nil},
	{"BA _A A1 éA Aé", nil, nil},
	{"-A-", "A", nil},
	{"answer: ı", "I", "I"},
}

func TestLetters(t *testing.T) {
	for _, c := range letterCases {
		out := &eval.Output{Text: c.text}
		if got := (gpqaLetter{}).Extract(nil, out); got != c.gpqa {
			t.Errorf("gpqa of %q: %v, want %v", c.text, got, c.gpqa)
		}
		if got := (labLetter{}).Extract(nil, out); got != c.lab {
			t.Errorf("lab_bench of %q: %v, want %v", c.text, got, c.lab)
		}
	}
}

func FuzzLetters(f *testing.F) {
	for _, c := range letterCases {
		f.Add(c.text)
	}
	alone := regexp.MustCompile(`\b[A-Z]\b`)
	f.Fuzz(func(t *testing.T, s string) {
		if n := strings.Count(s, "["); n == 0 && strings.Contains(gpqaText(s), "  ") {
			t.Errorf("gpqaText(%q) has a run of spaces", s)
		}
		for _, x := range []eval.Extractor{gpqaLetter{}, labLetter{}} {
			if l, ok := x.Extract(nil, &eval.Output{Text: s}).(string); ok && len([]rune(l)) != 1 {
				t.Errorf("%T of %q: %q", x, s, l)
			}
		}
		if got := lastAlone(s); isASCIIText(s) {
			all := alone.FindAllString(s, -1)
			if want := lastOf(all); got != want {
				t.Errorf("lastAlone(%q) = %q, want %q", s, got, want)
			}
		}
	})
}

func isASCIIText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

func lastOf(all []string) string {
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// TestLikeliest checks that where choices are scored the answer is the likeliest
// one's letter, whatever the texts say.
func TestLikeliest(t *testing.T) {
	for _, x := range []eval.RecordExtractor{gpqaLetter{}, labLetter{}} {
		rec := &eval.Record{Request: &eval.Request{Type: eval.Loglikelihood}, Outputs: []eval.Output{
			{Text: "ANSWER: C", Loglik: &eval.Loglik{Sum: -2}}, {Text: "x", Loglik: &eval.Loglik{Sum: -1}},
		}}
		if err := x.ExtractRecord(context.Background(), rec); err != nil || rec.Outputs[0].Answer != "B" || rec.Outputs[1].Answer != "B" {
			t.Errorf("%T: %+v, %v", x, rec.Outputs, err)
		}
		rec.Request.Type = eval.Chat
		if err := x.ExtractRecord(context.Background(), rec); err != nil || rec.Outputs[0].Answer != "C" || rec.Outputs[1].Answer != nil {
			t.Errorf("%T: %+v, %v", x, rec.Outputs, err)
		}
	}
}

func gpqaRow(subdomain string) eval.Doc {
	return eval.Doc{
		"Question": "q", "Correct Answer": "c", "Incorrect Answer 1": "x", "Incorrect Answer 2": "y", "Incorrect Answer 3": "z",
		"Subdomain": subdomain, "Explanation": "e",
	}
}

func TestReadGPQA(t *testing.T) {
	c := ours(t)
	task := resolve(t, c, "gpqa_main")
	in, err := task.Instance(gpqaRow("Unheard Of"), 0)
	if err != nil || !slices.Equal(in.Choices, []string{"z", "x", "y", "c"}) || in.Gold != "D" || in.OwnID() != "" {
		t.Errorf("%+v, %v", in, err)
	}
	same, other := gpqaRow("Genetics"), gpqaRow("Genetics")
	same["Incorrect Answer 2"], same["Incorrect Answer 3"] = nil, " "
	if in, err := task.Instance(same, 1); err != nil || len(in.Choices) != 2 {
		t.Errorf("two empty choices: %+v, %v", in, err)
	}
	if in, err := task.Instance(other, 1); err != nil || slices.Equal(in.Choices, []string{"z", "x", "y", "c"}) {
		t.Errorf("row 1 has the order of row 0: %+v, %v", in, err)
	}
	for subdomain, subject := range map[string]string{
		"Genetics": "biology", "Physical Chemistry": "chemistry", "Optics and Acoustics": "physics", "Unheard Of": "", "": "",
	} {
		for _, s := range []string{"biology", "chemistry", "physics"} {
			in, err := resolve(t, c, "gpqa_diamond_"+s).Instance(gpqaRow(subdomain), 0)
			if err != nil || (in != nil) != (s == subject) {
				t.Errorf("%s in %s: %v, %v", subdomain, s, in, err)
			}
		}
	}
	for _, field := range []string{"Question", "Correct Answer"} {
		row := gpqaRow("Genetics")
		row[field] = ""
		if in, err := task.Instance(row, 0); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("without %s: %v, %v", field, in, err)
		}
	}
	if in, err := task.Instance(eval.Doc{"Question": "q", "Correct Answer": "c"}, 0); err == nil {
		t.Errorf("without wrong answers: %v", in)
	}
	if !slices.Contains(task.Needs.Secrets, "HF_TOKEN") || !strings.Contains(task.Description, "huggingface.co/datasets/Idavidrein/gpqa") {
		t.Errorf("%v, %q", task.Needs, task.Description)
	}
}

// TestFixedLetters checks what fixed asks where the plain form is defective.
func TestFixedLetters(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, f := range []struct {
		spec  string
		codes string
		ends  string // of the prompt
		texts int    // continuations, 0 in a conversation
	}{
		{"gpqa_main", "", "", 0},
		{"gpqa_main:fixed", "", "", 0},
		{"gpqa_main:mc", "bare_choices", "D. blue", 4},
		{"gpqa_main:mc:fixed", "", "D. blue\nAnswer:", 4},
		{"gpqa_main:bpb", "", "sky.. extra spaces", 1},
		{"gpqa_main:mc:bpb", "", "sky.. extra spaces", 1},
		{"gpqa_main:bpb:mc", "bare_choices reference_metric", "D. blue", 4},
		{"gpqa_main:bpb:mc:fixed", "", "sky.. extra spaces", 1},
		{"lab_bench_litqa2:mc", "bare_choices", "E. 4", 5},
		{"lab_bench_litqa2:mc:fixed", "", "E. 4\nAnswer:", 5},
		{"lab_bench_litqa2:olmo3base", "fewshot_leak", "Answer: 4\n\nQuestion: Which of these is NOT a prime: 2, 3, 4, or 5?\nAnswer:", 5},
		{"lab_bench_litqa2:olmo3base:mc", "bare_choices shots_not_shown", "E. 4", 5},
		{"lab_bench_litqa2:olmo3base:bpb", "fewshot_leak letter_shots", "5?E\n\nWhich of these is NOT a prime: 2, 3, 4, or 5?", 1},
		{"lab_bench_litqa2:bpb", "fewshot_leak", "Answer:", 5},
	} {
		task := resolve(t, c, f.spec)
		in, req := firstRequest(t, data, task)
		if got := codesOf(task); got != f.codes {
			t.Errorf("%s: warnings %q, want %q", f.spec, got, f.codes)
		}
		if len(req.Continuations) != f.texts || !strings.HasSuffix(req.Prompt, f.ends) {
			t.Errorf("%s: %q then %q", f.spec, req.Prompt, req.Continuations)
		}
		if strings.HasSuffix(f.spec, ":mc:fixed") && task.Primary == "" {
			if gold, _ := in.GoldIndex(); req.Continuations[gold] != " "+letter(gold) {
				t.Errorf("%s: %q", f.spec, req.Continuations)
			}
		}
	}
}

func codesOf(t *eval.Task) string {
	var codes []string
	for _, w := range t.Warnings {
		code, _, _ := strings.Cut(w, ":")
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return strings.Join(codes, " ")
}

func firstRequest(t *testing.T, data eval.Data, task *eval.Task) (*eval.Instance, *eval.Request) {
	t.Helper()
	instances, shots, err := load(data, task)
	if err != nil {
		t.Fatalf("%s: %v", task.Name, err)
	}
	render, err := task.Prompt.Prepare(shots)
	if err != nil {
		t.Fatalf("%s: %v", task.Name, err)
	}
	req, err := render(instances[0])
	if err != nil {
		t.Fatalf("%s: %v", task.Name, err)
	}
	return instances[0], req
}
