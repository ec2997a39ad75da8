package metric

import (
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/stats"
)

// Precision (precision) is accuracy by a scorer over the answers that commit to
// something: an answer is no commitment where its letter is that of the choice
// that declines to answer (metadata refuse_idx). An answer in which no letter
// was found commits, to something wrong. Of answers that tie, each of the tied
// letters stands for its share. It is not defined for a question that offers no
// such choice, that no answer commits to, or that has no answer at all; the
// weight of a question is the share of its answers that commit, so that
// precision times [Coverage] is accuracy.
func Precision(s eval.Scorer) eval.Metric { return precision{s, nameOf("precision", s)} }

type precision struct {
	By eval.Scorer `json:"scorer"`

	name string
}

var _ eval.Metric = precision{}

func (precision) Info() eval.MetricInfo { return proportion("precision") }
func (m precision) Scorer() eval.Scorer { return m.By }

func (m precision) Observe(r *eval.Record) (eval.Observation, bool) {
	declines, idx, ok := refusal(r)
	if !ok || len(r.Outputs) == 0 {
		return eval.Observation{}, false
	}
	var right, committed float64
	for i := range r.Outputs {
		o := &r.Outputs[i]
		s, has := o.Scores[m.name]
		if !has {
			return eval.Observation{}, false
		}
		if c := commitment(o, declines); c > 0 {
			committed += c
			right += s.Value
		}
	}
	if committed == 0 {
		return eval.Observation{}, false
	}
	if gold, ok := r.Instance.GoldIndex(); ok && gold == idx {
		right = 0 // only declining is right
	}
	return eval.Observation{Value: right / committed, Weight: committed / float64(len(r.Outputs))}, true
}

func (m precision) Estimate(s eval.Sample) eval.Estimate {
	return estimate(m.Info(), stats.Ratio(s.Values, s.Weights, s.Clusters), len(s.Values),
		"no answer commits to anything but the choice that declines, or none has a score by "+m.name)
}

// Coverage (coverage) is the share of answers that commit to something, right or
// wrong: see [Precision]. A question that the model failed to answer at all
// counts 0. It is not defined for a question without a choice that declines.
func Coverage() eval.Metric { return coverage{} }

type coverage struct{}

var _ eval.Metric = coverage{}

func (coverage) Info() eval.MetricInfo { return proportion("coverage") }
func (coverage) Scorer() eval.Scorer   { return nil }

func (coverage) Observe(r *eval.Record) (eval.Observation, bool) {
	declines, _, ok := refusal(r)
	if !ok {
		return eval.Observation{}, false
	}
	if n := len(r.Outputs); n > 0 {
		var committed float64
		for i := range r.Outputs {
			committed += commitment(&r.Outputs[i], declines)
		}
		return eval.Observation{Value: committed / float64(n), Weight: 1}, true
	}
	return eval.Observation{Weight: 1}, lost(r)
}

func (m coverage) Estimate(s eval.Sample) eval.Estimate {
	return meanOf(m.Info(), s, "no question has a choice that declines to answer (metadata refuse_idx)")
}

// refusal is the letter and the index of the choice that declines to answer; ok
// is false for a question without one.
func refusal(r *eval.Record) (letter string, idx int, ok bool) {
	if r.Instance == nil {
		return "", 0, false
	}
	idx, ok = r.Instance.Int("refuse_idx")
	if !ok || idx < 0 || idx >= 26 {
		return "", 0, false
	}
	return string(rune('A' + idx)), idx, true
}

// commitment is 0 for an answer that declines, 1 for any other, or the share of
// the tied letters that do not decline.
func commitment(o *eval.Output, declines string) float64 {
	same := func(s string) bool { return strings.ToUpper(strings.TrimSpace(s)) == declines }
	if n := len(o.Answers); n > 1 {
		committed := n
		for _, a := range o.Answers {
			if same(a) {
				committed--
			}
		}
		return float64(committed) / float64(n)
	}
	if s, ok := o.Answer.(string); ok && same(s) {
		return 0
	}
	return 1
}
