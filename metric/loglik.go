package metric

import (
	"math"

	"olmoeval/eval"
)

// loglik is the log-likelihood of an output (natural log) and its number of
// tokens, counted from the tokens if need be; ok is false if it has none or it
// is not finite.
func loglik(o *eval.Output) (sum float64, tokens int, ok bool) {
	if o.Loglik != nil {
		return o.Loglik.Sum, o.Loglik.Tokens, finite(o.Loglik.Sum)
	}
	for i := range o.Logprobs {
		sum += o.Logprobs[i].Logprob
	}
	return sum, len(o.Logprobs), len(o.Logprobs) > 0 && finite(sum)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// goldOutput is the output that stands for the right answer: the only one, or
// the one at the gold index, or the first where the question has no gold index.
// There is none where the index names no output (an unlabelled row).
func goldOutput(r *eval.Record) (*eval.Output, bool) {
	n := len(r.Outputs)
	if n == 0 {
		return nil, false
	}
	if n == 1 || r.Instance == nil {
		return &r.Outputs[0], true
	}
	gold, ok := r.Instance.GoldIndex()
	switch {
	case !ok:
		return &r.Outputs[0], r.Instance.Metadata["gold_idx"] == nil
	case gold < 0 || gold >= n:
		return nil, false
	}
	return &r.Outputs[gold], true
}

// goldIndex is the index of the right continuation among n; ok is false for an
// unlabelled question.
func goldIndex(r *eval.Record, n int) (gold int, ok bool) {
	if r.Instance == nil {
		return 0, false
	}
	gold, ok = r.Instance.GoldIndex()
	return gold, ok && gold >= 0 && gold < n
}
