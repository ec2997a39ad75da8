package benchmarks

import (
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestReadSocialIQA(t *testing.T) {
	doc := func(label any) eval.Doc {
		return eval.Doc{"context": "Ann left.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c", "label": label}
	}
	for _, r := range []struct {
		doc  eval.Doc
		gold string
		err  string
	}{
		{doc("1"), "0", ""},
		{doc("3"), "2", ""},
		{doc(""), "-1", ""}, // a row without label
		{doc("0"), "", `label "0" names none of 3 choices`},
		{doc("4"), "", `label "4"`},
		{doc("B"), "", `label "B"`},
		{doc(nil), "", "label is missing"},
		{eval.Doc{"context": "x"}, "", "question is missing"},
	} {
		in, err := readSocialIQA(nil, r.doc, 2)
		if r.err != "" {
			if in != nil || err == nil || !strings.Contains(err.Error(), r.err) {
				t.Errorf("%v gives %v, %v; want %q", r.doc, in, err, r.err)
			}
			continue
		}
		if err != nil || in.Gold != r.gold || in.Question != "Ann left. Why?" || in.Cluster != eval.HashJSON("Ann left.") {
			t.Errorf("%v gives %+v, %v", r.doc, in, err)
		}
	}
}
