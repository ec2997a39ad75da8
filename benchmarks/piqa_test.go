package benchmarks

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestReadPIQA(t *testing.T) {
	doc := func(label any) eval.Doc { return eval.Doc{"goal": "g", "sol1": "a", "sol2": "b", "label": label} }
	for _, r := range []struct {
		doc  eval.Doc
		gold int
		err  string
	}{
		{doc(json.Number("1")), 1, ""},
		{doc("0"), 0, ""},
		{doc(json.Number("-1")), -1, ""}, // a row without label
		{doc(json.Number("2")), 0, `label "2" names none of 2 solutions`},
		{doc(nil), 0, "label is missing"},
		{eval.Doc{"goal": "g", "sol1": "a", "label": "0"}, 0, "sol2 is missing"},
	} {
		in, err := readPIQA(nil, r.doc, 3)
		if r.err != "" {
			if in != nil || err == nil || !strings.Contains(err.Error(), r.err) {
				t.Errorf("%v gives %v, %v; want %q", r.doc, in, err, r.err)
			}
			continue
		}
		if err != nil || in.Metadata["gold_idx"] != r.gold || in.Metadata["id"] != 3 || in.Question != "g" {
			t.Errorf("%v gives %+v, %v", r.doc, in, err)
		}
	}
	empty := eval.Doc{"goal": "", "sol1": "a", "sol2": "b", "label": "0"}
	if in, err := readPIQA(nil, empty, 0); in != nil || err != nil {
		t.Errorf("a row without a goal gives %v, %v", in, err)
	}
	if in, err := shotPIQA(nil, empty, 0); in != nil || err != nil {
		t.Errorf("a worked example without a goal: %v, %v", in, err)
	}
}

func TestSelectPIQA(t *testing.T) {
	task := resolve(t, ours(t), "piqa:mc_olmo3base")
	if s := task.Selection(); !slices.Equal(s.Splits, []string{"validation", "train"}) || s.Seed != 1234 {
		t.Errorf("%+v", s)
	}
	task = resolve(t, ours(t), "piqa:olmes")
	if s := task.Selection(); !slices.Equal(s.Splits, []string{"validation"}) || s.Seed != 42 {
		t.Errorf("%+v", s)
	}
}
