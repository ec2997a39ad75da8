package answer

import (
	"context"
	"fmt"
	"math"

	"olmoeval/eval"
)

// Choice takes the letter of the continuation with the greatest log-likelihood
// (A is the first) as the answer of every output of a log-likelihood request
// with several continuations. Where several are greatest there is no single
// answer: Answer is the first of them and Answers holds them all, for a scorer
// to share the credit. Anything else is read as [Letter] does.
type Choice struct{}

var (
	_ eval.Extractor       = Choice{}
	_ eval.RecordExtractor = Choice{}
)

// Extract reads one output as [Letter] does.
func (Choice) Extract(in *eval.Instance, out *eval.Output) any { return Letter{}.Extract(in, out) }

// ExtractRecord fills the answers of all outputs. An output without a
// log-likelihood is an infrastructure fault.
func (Choice) ExtractRecord(_ context.Context, rec *eval.Record) error {
	n := len(rec.Outputs)
	if rec.Request == nil || rec.Request.Type != eval.Loglikelihood || n < 2 {
		for i := range rec.Outputs {
			rec.Outputs[i].Answer = Letter{}.Extract(rec.Instance, &rec.Outputs[i])
		}
		return nil
	}
	if n > len(letters) {
		return fmt.Errorf("%d choices are more than there are letters", n)
	}
	var best float64
	var tied []string
	for i := range rec.Outputs {
		sum, ok := loglik(&rec.Outputs[i])
		if !ok {
			return &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf("choice %s has no log-likelihood", letters[i:i+1])}
		}
		switch {
		case len(tied) == 0 || sum > best:
			best, tied = sum, append(tied[:0], letters[i:i+1])
		case sum == best:
			tied = append(tied, letters[i:i+1])
		}
	}
	for i := range rec.Outputs {
		rec.Outputs[i].Answer = tied[0]
		if len(tied) > 1 {
			rec.Outputs[i].Answers = tied
		}
	}
	return nil
}

// loglik is the log-likelihood of an output, from its tokens if need be; ok is
// false if it has none or it is not finite.
func loglik(o *eval.Output) (sum float64, ok bool) {
	if o.Loglik != nil {
		return o.Loglik.Sum, finite(o.Loglik.Sum)
	}
	for i := range o.Logprobs {
		sum += o.Logprobs[i].Logprob
	}
	return sum, len(o.Logprobs) > 0 && finite(sum)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
