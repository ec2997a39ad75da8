package benchmarks

import (
	"testing"

	"olmoeval/eval"
)

func TestReadLambada(t *testing.T) {
	for _, r := range []struct{ text, question, word string }{
		{"  one\ttwo \n three\u00a0four ", "one two three", "four"},
		{"one two.", "one", "two."},
		{"one", "", ""},
		{" \n", "", ""},
		{"", "", ""},
	} {
		in, err := readLambada(nil, eval.Doc{"text": r.text}, 2)
		switch {
		case err != nil:
			t.Errorf("%q: %v", r.text, err)
		case r.word == "":
			if in != nil {
				t.Errorf("%q gives %+v", r.text, in)
			}
		case in == nil || in.Question != r.question || in.Gold != r.word || in.Choices[0] != r.word || in.Metadata["id"] != 2:
			t.Errorf("%q gives %+v", r.text, in)
		}
	}
}
