package metric

import (
	"fmt"
	"strconv"

	"olmoeval/eval"
	"olmoeval/internal/stats"
)

// PassAtK (pass_at_K) is the chance that at least one of k samples is right,
// without bias from n samples of which c are right: 1 − C(n−c,k)/C(n,k) (Chen
// and others, 2021). Right is a score above 0.5. It is not defined for a
// question with fewer than k samples. k is at least 1.
func PassAtK(k int, s eval.Scorer) eval.Metric { return newSamples("pass_at_", k, s) }

// PassPowK (pass_pow_K) is the chance that k samples are all right, without
// bias: C(c,k)/C(n,k). Otherwise as [PassAtK].
func PassPowK(k int, s eval.Scorer) eval.Metric { return newSamples("pass_pow_", k, s) }

// MajAtK (maj_at_K) is the chance that the most frequent answer among k samples
// is right, over all ways to draw k of the n samples there are; a tie of t
// answers counts each 1/t. Answers are the same when their text is; samples
// without an answer do not vote. Otherwise as [PassAtK]. The chance is
// computed exactly, not drawn.
func MajAtK(k int, s eval.Scorer) eval.Metric { return newSamples("maj_at_", k, s) }

// AvgAtK (avg_at_K) is [Accuracy] over at least k samples a question; it is
// not defined for a question with fewer.
func AvgAtK(k int, s eval.Scorer) eval.Metric { return newSamples("avg_at_", k, s) }

// samples is a metric of several samples a question; Kind is the id without k.
type samples struct {
	Kind string      `json:"kind"`
	K    int         `json:"k"`
	By   eval.Scorer `json:"scorer"`

	id, name string
}

var _ eval.Metric = samples{}

func newSamples(kind string, k int, s eval.Scorer) eval.Metric {
	id := kind + strconv.Itoa(k)
	if k < 1 {
		panic("metric " + id + ": k is at least 1")
	}
	return samples{Kind: kind, K: k, By: s, id: id, name: nameOf(id, s)}
}

func (m samples) Info() eval.MetricInfo { return proportion(m.id) }
func (m samples) Scorer() eval.Scorer   { return m.By }

func (m samples) Estimate(s eval.Sample) eval.Estimate {
	return meanOf(m.Info(), s, fmt.Sprintf("no question has %d samples with a score by %s", m.K, m.name))
}

func (m samples) Observe(r *eval.Record) (eval.Observation, bool) {
	n := len(r.Outputs)
	if n < m.K {
		return eval.Observation{Weight: 1}, lost(r)
	}
	right, sum := 0, 0.0
	for i := range r.Outputs {
		s, ok := r.Outputs[i].Scores[m.name]
		if !ok {
			return eval.Observation{}, false
		}
		sum += s.Value
		if isRight(s) {
			right++
		}
	}
	var v float64
	switch m.Kind {
	case "pass_at_":
		v = stats.PassAtK(n, right, m.K)
	case "pass_pow_":
		v = stats.PassPowK(n, right, m.K)
	case "avg_at_":
		v = sum / float64(n)
	default:
		v = majority(r, m.name, right, m.K)
	}
	return eval.Observation{Value: v, Weight: 1}, true
}

// isRight is the line between right and wrong where a sample must be one.
func isRight(s eval.Score) bool { return s.Value > 0.5 }
