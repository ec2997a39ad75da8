package score

import (
	"context"
	"slices"
	"strings"

	"olmoeval/eval"
)

// ExactMatch (exact_match) is 1 where the answer equals a gold answer, without
// white space at the ends and in lower case unless the fields say otherwise.
type ExactMatch struct {
	CaseSensitive bool `json:"case_sensitive"`
	// KeepSpace compares with the white space at the ends.
	KeepSpace bool `json:"keep_space"`
}

var _ eval.Scorer = ExactMatch{}

// Name is exact_match.
func (ExactMatch) Name() string { return "exact_match" }

// Score gives 1 or 0 an output.
func (s ExactMatch) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	if gold, ok := goldString(rec.Instance); ok { // the usual case, without a list
		return each(rec, func(o *eval.Output) float64 {
			got, ok := textOf(o.Answer)
			return truth(ok && s.same(got, gold))
		}), nil
	}
	list := golds(rec.Instance, "")
	return each(rec, func(o *eval.Output) float64 {
		got, ok := textOf(o.Answer)
		return truth(ok && slices.ContainsFunc(list, func(gold string) bool { return s.same(got, gold) }))
	}), nil
}

func (s ExactMatch) same(a, b string) bool {
	if !s.KeepSpace {
		a, b = trim(a), trim(b)
	}
	switch {
	case a == b:
		return true
	case s.CaseSensitive:
		return false
	case isASCII(a) && isASCII(b):
		return strings.EqualFold(a, b)
	}
	return lower(a) == lower(b)
}

func goldString(in *eval.Instance) (string, bool) {
	if in == nil {
		return "", false
	}
	s, ok := in.Gold.(string)
	return s, ok
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// MultipleChoice (multiple_choice) is 1 where the letter of the answer is that
// of the gold, without white space at the ends and in upper case. An output
// with several answers is a tie (see answer.Choice): the gold among n of them
// counts 1/n.
type MultipleChoice struct{}

var _ eval.Scorer = MultipleChoice{}

// Name is multiple_choice.
func (MultipleChoice) Name() string { return "multiple_choice" }

// Score gives 1, 0 or the share of a tie an output.
func (MultipleChoice) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	list := slices.Clone(golds(rec.Instance, ""))
	for i, g := range list {
		list[i] = upper(trim(g))
	}
	return each(rec, func(o *eval.Output) float64 {
		if n := len(o.Answers); n > 1 {
			return truth(slices.ContainsFunc(o.Answers, func(a string) bool {
				return slices.Contains(list, upper(trim(a)))
			})) / float64(n)
		}
		got, ok := textOf(o.Answer)
		return truth(ok && slices.Contains(list, upper(trim(got))))
	}), nil
}

// ExactMatchFlex (exact_match_flex) is 1 where any answer found in the output
// equals any accepted one (metadata all_gold_answers, else the gold), in lower
// case and without any white space unless the fields say otherwise.
type ExactMatchFlex struct {
	CaseSensitive bool `json:"case_sensitive"`
	// KeepSpace compares with all white space.
	KeepSpace bool `json:"keep_space"`
}

var _ eval.Scorer = ExactMatchFlex{}

// Name is exact_match_flex.
func (ExactMatchFlex) Name() string { return "exact_match_flex" }

// Score gives 1 or 0 an output.
func (s ExactMatchFlex) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	list := slices.Clone(golds(rec.Instance, "all_gold_answers"))
	for i, g := range list {
		list[i] = s.normal(g)
	}
	return each(rec, func(o *eval.Output) float64 {
		for _, a := range o.Answers {
			if slices.Contains(list, s.normal(a)) {
				return 1
			}
		}
		if len(o.Answers) > 0 {
			return 0
		}
		got, ok := textOf(o.Answer)
		return truth(ok && slices.Contains(list, s.normal(got)))
	}), nil
}

func (s ExactMatchFlex) normal(t string) string {
	if !s.KeepSpace {
		t = dropSpace(t)
	}
	if !s.CaseSensitive {
		t = lower(t)
	}
	return t
}
