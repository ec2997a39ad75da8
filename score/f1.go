package score

import (
	"context"

	"olmoeval/eval"
)

// F1 (f1) is the harmonic mean of precision and recall over the words of the
// answer and the gold, as bags, in lower case and without punctuation. Where
// the gold has no words, an answer without words is right.
type F1 struct{}

var _ eval.Scorer = F1{}

// Name is f1.
func (F1) Name() string { return "f1" }

// Score gives a share from 0 to 1 an output; of several golds the best counts.
func (F1) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	var refs [][]string
	for _, g := range golds(rec.Instance, "") {
		refs = append(refs, f1Words(g))
	}
	return each(rec, func(o *eval.Output) float64 {
		got, ok := textOf(o.Answer)
		if !ok {
			return 0
		}
		pred, best := f1Words(got), 0.0
		for _, gold := range refs {
			if len(gold) == 0 && len(pred) == 0 {
				return 1
			}
			best = max(best, bagF1(pred, gold))
		}
		return best
	}), nil
}

func f1Words(s string) []string { return words(dropPunctuation(lower(s))) }

// SQuADF1 is F1 as the SQuAD script has it: the articles a, an and the do not
// count, and an answer or gold without words scores 0. It is called f1 as in
// the reference, so a task may have it or [F1], not both. Accepted answers are
// metadata all_answers, else the gold; the best counts.
type SQuADF1 struct{}

var _ eval.Scorer = SQuADF1{}

// Name is f1.
func (SQuADF1) Name() string { return "f1" }

// Score gives a share from 0 to 1 an output.
func (SQuADF1) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	var refs [][]string
	for _, g := range golds(rec.Instance, "all_answers") {
		refs = append(refs, squadWords(g))
	}
	return each(rec, func(o *eval.Output) float64 {
		got, ok := textOf(o.Answer)
		if !ok {
			return 0
		}
		pred, best := squadWords(got), 0.0
		for _, gold := range refs {
			best = max(best, bagF1(pred, gold))
		}
		return best
	}), nil
}

func squadWords(s string) []string { return words(dropArticles(dropPunctuation(lower(s)))) }

// bagF1 is the F1 of two bags of words, 0 if either is empty.
func bagF1(pred, gold []string) float64 {
	left := make(map[string]int, len(gold))
	for _, w := range gold {
		left[w]++
	}
	same := 0
	for _, w := range pred {
		if left[w] > 0 {
			left[w]--
			same++
		}
	}
	if same == 0 {
		return 0
	}
	precision := float64(same) / float64(len(pred))
	recall := float64(same) / float64(len(gold))
	return 2 * precision * recall / (precision + recall)
}
