package benchmarks

import (
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/prompt"
)

func TestReadWinogrande(t *testing.T) {
	doc := func(sentence string, answer any) eval.Doc {
		return eval.Doc{"sentence": sentence, "option1": "Ann", "option2": "Bob", "answer": answer}
	}
	for _, r := range []struct {
		doc  eval.Doc
		gold string
		err  string
	}{
		{doc("_ left.", "1"), "0", ""},
		{doc("_ left.", "2"), "1", ""},
		{doc("_ left.", ""), "-1", ""}, // the test split
		{doc("_ left.", "3"), "", `answer "3" names none of 2 options`},
		{doc("_ left.", nil), "", "answer is missing"},
		{eval.Doc{"sentence": "_"}, "", "option1 is missing"},
	} {
		in, err := readWinogrande(nil, r.doc, 2)
		if r.err != "" {
			if in != nil || err == nil || !strings.Contains(err.Error(), r.err) {
				t.Errorf("%v gives %v, %v; want %q", r.doc, in, err, r.err)
			}
			continue
		}
		if err != nil || in.Gold != r.gold || in.Metadata["id"] != 2 {
			t.Errorf("%v gives %+v, %v", r.doc, in, err)
		}
	}
	if in, err := readWinogrande(nil, doc("No blank.", "1"), 0); in != nil || err != nil {
		t.Errorf("a sentence without a blank gives %v, %v", in, err)
	}
}

// TestWinograndeFresh checks that showing the options in one spec leaves another
// alone.
func TestWinograndeFresh(t *testing.T) {
	c := ours(t)
	resolve(t, c, "winogrande:mc")
	if p := resolve(t, c, "winogrande").Prompt.(*prompt.Blank); p.Style != prompt.Contexts {
		t.Errorf("style %s", p.Style)
	}
}

func TestSelectWithTrain(t *testing.T) {
	limit := 5
	for _, c := range []struct {
		split  string
		limit  *int
		splits []string
		seed   int64
	}{
		{"validation", nil, []string{"validation"}, 42},
		{"validation", &limit, []string{"validation", "train"}, 1234},
		{"train", &limit, []string{"train"}, 42},
	} {
		task := resolve(t, ours(t), "winogrande")
		task.Split, task.Limit = c.split, c.limit
		if s := task.Selection(); !slices.Equal(s.Splits, c.splits) || s.Seed != c.seed {
			t.Errorf("%s: %+v", c.split, s)
		}
	}
}
