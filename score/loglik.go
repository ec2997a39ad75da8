package score

import (
	"context"
	"fmt"
	"math"

	"olmoeval/eval"
)

// Logprob (logprob) is the log-likelihood of each output, natural log.
type Logprob struct{}

var _ eval.Scorer = Logprob{}

// Name is logprob.
func (Logprob) Name() string { return "logprob" }

// Score gives a sum of log-probabilities an output. An output without any is
// an infrastructure fault.
func (Logprob) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	return eachLoglik(rec, func(_ *eval.Output, sum float64, _ int) (float64, error) { return sum, nil })
}

// Perplexity (perplexity) is exp of minus the mean log-probability of each
// output's tokens.
type Perplexity struct{}

var _ eval.Scorer = Perplexity{}

// Name is perplexity.
func (Perplexity) Name() string { return "perplexity" }

// Score gives a perplexity an output. An output without log-probabilities or
// tokens, or whose perplexity is too great for a number, is a fault.
func (Perplexity) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	return eachLoglik(rec, func(_ *eval.Output, sum float64, tokens int) (float64, error) {
		if tokens == 0 {
			return 0, fmt.Errorf("has no tokens")
		}
		v := math.Exp(-sum / float64(tokens))
		if math.IsInf(v, 1) {
			return 0, fmt.Errorf("has a perplexity beyond 1e308")
		}
		return v, nil
	})
}

// BitsPerByte (bits_per_byte) is minus the log-likelihood of each output in
// bits, over the UTF-8 bytes of its text (a continuation's leading space is
// one of them).
type BitsPerByte struct{}

var _ eval.Scorer = BitsPerByte{}

// Name is bits_per_byte.
func (BitsPerByte) Name() string { return "bits_per_byte" }

// Score gives bits per byte an output. An output without log-probabilities is
// an infrastructure fault; one without text has no such number: an error.
func (BitsPerByte) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	return eachLoglik(rec, func(o *eval.Output, sum float64, _ int) (float64, error) {
		if o.Text == "" {
			return 0, fmt.Errorf("has no bytes")
		}
		return (0 - sum) / (float64(len(o.Text)) * math.Ln2), nil
	})
}

func eachLoglik(rec *eval.Record, value func(o *eval.Output, sum float64, tokens int) (float64, error)) ([]eval.Score, error) {
	out := make([]eval.Score, len(rec.Outputs))
	for i := range rec.Outputs {
		o := &rec.Outputs[i]
		sum, tokens, ok := loglik(o)
		if !ok {
			return nil, &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf("output %d has no log-probabilities", i)}
		}
		v, err := value(o, sum, tokens)
		if err != nil {
			return nil, &eval.Fault{Status: eval.ScoringError, Err: fmt.Errorf("output %d %w", i, err)}
		}
		out[i].Value = v
	}
	return out, nil
}

// loglik is the log-likelihood of an output and its number of tokens, counted
// from the tokens if need be; ok is false if it has none or it is not finite.
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
