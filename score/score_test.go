package score

import (
	"context"
	"encoding/json"
	"testing"

	"olmoeval/eval"
)

func one(t *testing.T, s eval.Scorer, gold any, o eval.Output) float64 {
	t.Helper()
	got, err := s.Score(context.Background(), &eval.Record{Instance: &eval.Instance{Gold: gold}, Outputs: []eval.Output{o}})
	if err != nil {
		t.Fatal(err)
	}
	return got[0].Value
}

func TestScore(t *testing.T) {
	answer := func(a any, more ...string) eval.Output { return eval.Output{Answer: a, Answers: more} }
	for _, c := range []struct {
		s    eval.Scorer
		gold any
		out  eval.Output
		want float64
	}{
		{ExactMatch{}, "Paris", answer(" paris\u00a0"), 1},
		{ExactMatch{CaseSensitive: true}, "Paris", answer("paris"), 0},
		{ExactMatch{KeepSpace: true}, "Paris", answer(" paris"), 0},
		{ExactMatch{}, "ΟΔΟΣ", answer("οδος"), 1},
		{ExactMatch{}, "5", answer("5.0"), 0},
		{ExactMatch{}, nil, answer("x"), 0},
		{ExactMatch{}, "x", answer(nil), 0},
		{ExactMatch{}, nil, answer(nil), 0},
		{ExactMatch{}, []any{"a", "b"}, answer("B"), 1},
		{ExactMatch{}, json.Number("5"), answer("5"), 1},
		{ExactMatch{}, true, answer("true"), 1},
		{MultipleChoice{}, "b", answer(" B "), 1},
		{MultipleChoice{}, "ß", answer("ss"), 1},
		{MultipleChoice{}, "B", answer("B", "B", "C"), 0.5},
		{MultipleChoice{}, "C", answer("B", "B", "C"), 0.5},
		{MultipleChoice{}, "A", answer("B", "B", "C"), 0},
		{MultipleChoice{}, "B", answer(nil), 0},
		{ExactMatchFlex{}, "1 000", answer(nil, "x", "1000"), 1},
		{ExactMatchFlex{KeepSpace: true}, "1 000", answer("1000"), 0},
		{F1{}, "the cat", answer("The cat!"), 1},
		{F1{}, "", answer("!"), 1},
		{F1{}, "a b", answer("b c"), 0.5},
		{SQuADF1{}, "the cat", answer("A cat"), 1},
		{SQuADF1{}, "the", answer("a"), 0},
		{SubstringRecall{}, []any{"one", "two", "Three", "four"}, eval.Output{Text: "ONE two three"}, 0.75},
		{SubstringRecall{CaseSensitive: true}, "One", eval.Output{Text: "one"}, 0},
		{SubstringRecall{}, nil, eval.Output{Text: "one"}, 0},
		{SubstringRecall{}, []any{}, eval.Output{Text: "one"}, 0},
	} {
		if got := one(t, c.s, c.gold, c.out); got != c.want {
			t.Errorf("%T %+v: gold %q, answer %q %q, text %q = %v, want %v", c.s, c.s, c.gold, c.out.Answer, c.out.Answers, c.out.Text, got, c.want)
		}
	}
}

func TestAcceptedAnswers(t *testing.T) {
	for key, s := range map[string]eval.Scorer{"all_answers": SQuADF1{}, "all_gold_answers": ExactMatchFlex{}} {
		rec := &eval.Record{
			Instance: &eval.Instance{Gold: "wrong", Metadata: map[string]any{key: []any{"x", "right"}}},
			Outputs:  []eval.Output{{Answer: "Right"}, {Answer: "wrong"}},
		}
		got, err := s.Score(context.Background(), rec)
		if err != nil || got[0].Value != 1 || got[1].Value != 0 {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
}

func TestLogliks(t *testing.T) {
	o := eval.Output{Text: " é", Loglik: &eval.Loglik{Sum: -6, Tokens: 2}}
	for _, c := range []struct {
		s    eval.Scorer
		want float64
	}{
		{Logprob{}, -6},
		{Perplexity{}, 20.085536923187668}, // e³
		{BitsPerByte{}, 2.885390081777927}, // 2/ln 2: three bytes
	} {
		if got := one(t, c.s, nil, o); got != c.want {
			t.Errorf("%s = %v, want %v", c.s.Name(), got, c.want)
		}
		rec := &eval.Record{Instance: &eval.Instance{}, Outputs: []eval.Output{{Text: "x"}}}
		if got, err := c.s.Score(context.Background(), rec); err == nil {
			t.Errorf("%s of an output without log-probabilities = %v", c.s.Name(), got)
		}
	}
}

func TestPythonText(t *testing.T) {
	for _, c := range [][2]string{{"İ", "i\u0307"}, {"ΑΣ", "ας"}, {"ΑΣΑ", "ασα"}, {"Σ", "σ"}, {"ΑΣ.", "ας."}, {"Α.Σ", "α.ς"}, {"É", "é"}} {
		if got := lower(c[0]); got != c[1] {
			t.Errorf("lower(%q) = %q, want %q", c[0], got, c[1])
		}
	}
	for _, c := range [][2]string{{"ﬁne", "FINE"}, {"straße", "STRASSE"}, {"ŉ", "ʼN"}, {"é", "É"}} {
		if got := upper(c[0]); got != c[1] {
			t.Errorf("upper(%q) = %q, want %q", c[0], got, c[1])
		}
	}
	if got := trim("\x1c\u2003x\u00a0\n"); got != "x" {
		t.Errorf("trim = %q", got)
	}
	for _, c := range [][2]string{{"the a cat", "    cat"}, {"then a_b an", "then a_b  "}, {"é the\u0301", "é  \u0301"}} {
		if got := dropArticles(c[0]); got != c[1] {
			t.Errorf("dropArticles(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func BenchmarkExactMatch(b *testing.B) {
	rec := &eval.Record{Instance: &eval.Instance{Gold: "1234"}, Outputs: []eval.Output{{Answer: "1234"}}}
	b.ReportAllocs()
	for b.Loop() {
		if s, err := (ExactMatch{}).Score(context.Background(), rec); err != nil || s[0].Value != 1 {
			b.Fatal(s, err)
		}
	}
}
