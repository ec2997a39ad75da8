package answer

import (
	"encoding/json"
	"sort"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestRecordedExtractors(t *testing.T) {
	by := func(e eval.Extractor) func([]string) any {
		return func(args []string) any { return e.Extract(&eval.Instance{}, &eval.Output{Text: args[0]}) }
	}
	ours := map[string]func([]string) any{
		"gsm8k_extract_last_number": by(LastNumber{}),
		"gsm8k_clean_short_answer": func(args []string) any {
			if n, ok := Number(args[0]); ok {
				return n
			}
			return DropCommas(args[0])
		},
		"extract_mcq_answer":        by(Letter{}),
		"extract_think_answer":      by(Think{}),
		"extract_think_answer_only": by(Think{Closed: true}),
		"extract_code":              by(Code{}),
		"extract_code_before_fence": by(BeforeFence{}),
		"strip_thinking_tags":       func(args []string) any { return StripThinking(args[0]) },
		"indent_code":               func(args []string) any { return Indent(args[0]) },
	}
	compared, missing := map[string]int{}, map[string]int{}
	type row struct {
		Fn   string
		Args []json.RawMessage
		Out  json.RawMessage
	}
	corpus.Rows(t, "extract", func(r row) {
		fn := ours[r.Fn]
		if fn == nil {
			missing[r.Fn]++
			return
		}
		var args []string
		for _, raw := range r.Args {
			var s string
			if err := json.Unmarshal(raw, &s); err != nil {
				t.Fatalf("%s: argument %s: %v", r.Fn, raw, err)
			}
			args = append(args, s)
		}
		var want any
		if err := json.Unmarshal(r.Out, &want); err != nil {
			t.Fatal(err)
		}
		compared[r.Fn]++
		if got := fn(args); got != want {
			t.Errorf("%s(%q) = %q, recorded %q", r.Fn, args[0], got, want)
		}
	})
	for fn := range ours {
		if compared[fn] == 0 {
			t.Errorf("%s: no recorded row", fn)
		}
	}
	for _, fn := range sortedKeys(compared) {
		t.Logf("%4d rows equal: %s", compared[fn], fn)
	}
	for _, fn := range sortedKeys(missing) {
		t.Logf("%4d rows not covered here: %s", missing[fn], fn)
	}
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
