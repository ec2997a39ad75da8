package metric

import (
	"math"

	"olmoeval/eval"
	"olmoeval/internal/stats"
)

// BitsPerByte (bits_per_byte) is the mean over questions of the bits of the
// right answer over its UTF-8 bytes, the leading space included. It is not
// defined where the answer has no bytes or no log-likelihood.
func BitsPerByte() eval.Metric { return bits{} }

// BitsPerByteCorpus (bits_per_byte_corpus) is all bits over all bytes: the
// questions weigh by their bytes.
func BitsPerByteCorpus() eval.Metric { return bits{Corpus: true} }

type bits struct {
	Corpus bool `json:"corpus"`
}

var _ eval.Metric = bits{}

func (m bits) Info() eval.MetricInfo {
	id := "bits_per_byte"
	if m.Corpus {
		id = "bits_per_byte_corpus"
	}
	return eval.MetricInfo{ID: id, Unit: eval.BitsPerByte}
}

func (bits) Scorer() eval.Scorer { return nil }

// Observe gives bits per byte; its weight is the bytes, or 1.
func (m bits) Observe(r *eval.Record) (eval.Observation, bool) {
	o, ok := goldOutput(r)
	if !ok {
		return eval.Observation{}, false
	}
	sum, _, ok := loglik(o)
	bytes := float64(len(o.Text))
	if !ok || bytes == 0 {
		return eval.Observation{}, false
	}
	w := 1.0
	if m.Corpus {
		w = bytes
	}
	return eval.Observation{Value: (0 - sum) / (bytes * math.Ln2), Weight: w}, true
}

func (m bits) Estimate(s eval.Sample) eval.Estimate {
	const empty = "no question has a right answer with bytes and a log-likelihood"
	if !m.Corpus {
		return meanOf(m.Info(), s, empty)
	}
	return estimate(m.Info(), stats.Ratio(s.Values, s.Weights, s.Clusters), len(s.Values), empty)
}

// Perplexity (perplexity) is the mean over questions of exp of minus the mean
// log-probability of the right answer's tokens.
func Perplexity() eval.Metric { return perplexity{} }

// CorpusPerplexity (corpus_perplexity) is exp of minus the mean log-probability
// of all tokens of all right answers. Its observations are on the log scale,
// where they add up: see [InUnit].
func CorpusPerplexity() eval.Metric { return perplexity{Corpus: true} }

type perplexity struct {
	Corpus bool `json:"corpus"`
}

var _ eval.Metric = perplexity{}

func (m perplexity) Info() eval.MetricInfo {
	id := "perplexity"
	if m.Corpus {
		id = "corpus_perplexity"
	}
	return eval.MetricInfo{ID: id, Unit: eval.PPL}
}

func (perplexity) Scorer() eval.Scorer { return nil }

// Observe gives a perplexity with weight 1, or minus the mean log-probability
// with the tokens as weight.
func (m perplexity) Observe(r *eval.Record) (eval.Observation, bool) {
	o, ok := goldOutput(r)
	if !ok {
		return eval.Observation{}, false
	}
	sum, tokens, ok := loglik(o)
	if !ok || tokens == 0 {
		return eval.Observation{}, false
	}
	nats := (0 - sum) / float64(tokens)
	if m.Corpus {
		return eval.Observation{Value: nats, Weight: float64(tokens)}, true
	}
	v := math.Exp(nats)
	return eval.Observation{Value: v, Weight: 1}, !math.IsInf(v, 0)
}

func (m perplexity) Estimate(s eval.Sample) eval.Estimate {
	const empty = "no question has a right answer with tokens and a log-likelihood"
	if !m.Corpus {
		return meanOf(m.Info(), s, empty)
	}
	return estimate(m.Info(), stats.ExpRatio(s.Values, s.Weights, s.Clusters), len(s.Values), empty)
}

// InUnit is one observation in the metric's own unit, for listings of single
// questions: exp of the value for corpus_perplexity, else the value. It may be
// infinite.
func InUnit(info eval.MetricInfo, o eval.Observation) float64 {
	if info.ID == "corpus_perplexity" {
		return math.Exp(o.Value)
	}
	return o.Value
}
