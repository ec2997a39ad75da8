package score

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"olmoeval/eval"
)

// The two measures of DROP (Dua et al. 2019, arXiv 1903.00161). An accepted
// answer is one or several spans (metadata answers: a list of lists; else
// all_answers or the gold, one span each); the output is always one span, so
// an answer of several is never matched exactly. Accepted answers whose first
// span is blank do not count. Of several the best counts.
//
// Spans are compared as words: split at spaces and hyphens, in lower case,
// numbers in one spelling, without punctuation and without a, an and the.

// DROPExactMatch (drop_exact_match) is 1 where the answer is an accepted answer
// of one span.
type DROPExactMatch struct{}

var _ eval.Scorer = DROPExactMatch{}

// Name is drop_exact_match.
func (DROPExactMatch) Name() string { return "drop_exact_match" }

// Score gives 1 or 0 an output.
func (DROPExactMatch) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	var spans []string
	for _, a := range dropAnswers(rec.Instance) {
		if len(a) == 1 {
			spans = append(spans, dropSpan(a[0]))
		}
	}
	return each(rec, func(o *eval.Output) float64 {
		got, ok := textOf(o.Answer)
		return truth(ok && slices.Contains(spans, dropSpan(trim(got))))
	}), nil
}

// DROPF1 (drop_f1) is the F1 of the words of the answer and of the span of an
// accepted answer that is nearest to it, over the number of that answer's spans,
// to two decimals. Each word counts once. A span with numbers, none of which is
// in the answer, scores 0.
type DROPF1 struct{}

var _ eval.Scorer = DROPF1{}

// Name is drop_f1.
func (DROPF1) Name() string { return "drop_f1" }

// Score gives a share from 0 to 1 an output.
func (DROPF1) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	var accepted [][]wordSet
	for _, a := range dropAnswers(rec.Instance) {
		spans := make([]wordSet, len(a))
		for i, s := range a {
			spans[i] = dropWords(s)
		}
		accepted = append(accepted, spans)
	}
	return each(rec, func(o *eval.Output) float64 {
		got, ok := textOf(o.Answer)
		if !ok {
			return 0
		}
		pred, best := dropWords(trim(got)), 0.0
		for _, spans := range accepted {
			nearest := 0.0
			for _, gold := range spans {
				nearest = max(nearest, dropPair(pred, gold))
			}
			best = max(best, hundredths(nearest/float64(len(spans))))
		}
		return best
	}), nil
}

// hundredths rounds to two decimals, a tie of the exact value to even.
func hundredths(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'f', 2, 64), 64)
	if err != nil {
		panic(err) // it was just written
	}
	return rounded
}

// dropAnswers are the accepted answers that count, each of at least one span.
func dropAnswers(in *eval.Instance) [][]string {
	if in == nil {
		return nil
	}
	var all [][]string
	switch list := in.Metadata["answers"].(type) {
	case [][]string:
		all = slices.Clone(list)
	case []any:
		for _, v := range list {
			all = append(all, spansOf(v))
		}
	case []string:
		for _, s := range list {
			all = append(all, []string{s})
		}
	case nil:
		for _, s := range golds(in, "all_answers") {
			all = append(all, []string{s})
		}
	}
	return slices.DeleteFunc(all, func(a []string) bool { return len(a) == 0 || trim(a[0]) == "" })
}

func spansOf(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			out[i], _ = textOf(x)
		}
		return out
	}
	if s, ok := textOf(v); ok {
		return []string{s}
	}
	return nil
}

// dropSpan is a span in the form in which spans are compared.
func dropSpan(s string) string {
	var out []string
	for token := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == '-' }) {
		token = lower(token)
		if _, ok := pyFloat(token); !ok {
			token = dropPunctuation(token)
		}
		if f, ok := pyFloat(token); ok {
			token = pyRepr(f)
		}
		// A token may still hold other white space, so it may be several words.
		out = append(out, words(dropArticles(token))...)
	}
	return strings.Join(out, " ")
}

// wordSet is the words of a span, each once, the numbers among them first.
type wordSet struct {
	words   []string
	numbers int
}

func dropWords(s string) wordSet {
	var numbers, rest []string
	for _, w := range words(dropSpan(s)) {
		if slices.Contains(numbers, w) || slices.Contains(rest, w) {
			continue
		}
		if _, ok := pyFloat(w); ok {
			numbers = append(numbers, w)
		} else {
			rest = append(rest, w)
		}
	}
	return wordSet{append(numbers, rest...), len(numbers)}
}

// dropPair is the F1 of two sets of words. Of an empty set all is right.
func dropPair(pred, gold wordSet) float64 {
	same := 0
	sameNumbers := 0
	for i, w := range gold.words {
		if slices.Contains(pred.words, w) {
			same++
			if i < gold.numbers {
				sameNumbers++
			}
		}
	}
	if gold.numbers > 0 && sameNumbers == 0 {
		return 0
	}
	precision, recall := 1.0, 1.0
	if n := len(pred.words); n > 0 {
		precision = float64(same) / float64(n)
	}
	if n := len(gold.words); n > 0 {
		recall = float64(same) / float64(n)
	}
	if precision == 0 && recall == 0 {
		return 0
	}
	return 2 * precision * recall / (precision + recall)
}
