package benchmarks

import (
	"reflect"
	"testing"

	"olmoeval/internal/corpus"
)

// TestRecordedTexts compares the readers' texts with the recorded ones.
func TestRecordedTexts(t *testing.T) {
	ours := map[string]func(string) any{
		"hellaswag_preprocess": func(s string) any { return tidy(s) },
		"jeopardy_parse_context": func(s string) any {
			category, clue := clueOf(s)
			return []any{category, clue}
		},
	}
	compared := map[string]int{}
	corpus.Rows(t, "extract", func(r struct {
		Fn   string
		Args []any
		Out  any
	}) {
		fn := ours[r.Fn]
		if fn == nil {
			return
		}
		compared[r.Fn]++
		if got := fn(r.Args[0].(string)); !reflect.DeepEqual(got, r.Out) {
			t.Errorf("%s(%q) = %q, recorded %q", r.Fn, r.Args[0], got, r.Out)
		}
	})
	for fn := range ours {
		if compared[fn] == 0 {
			t.Errorf("%s: no recorded row", fn)
		}
	}
}
