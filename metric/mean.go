package metric

import "olmoeval/eval"

// Accuracy (accuracy) is the share of right answers by a scorer; over several
// samples of a question their mean, not the best.
func Accuracy(s eval.Scorer) eval.Metric { return newMean("accuracy", s) }

// ExactMatch (exact_match) is the mean of a scorer's values.
func ExactMatch(s eval.Scorer) eval.Metric { return newMean("exact_match", s) }

// F1 (f1) is the mean of a scorer's values.
func F1(s eval.Scorer) eval.Metric { return newMean("f1", s) }

// Recall (recall) is the mean of a scorer's values.
func Recall(s eval.Scorer) eval.Metric { return newMean("recall", s) }

// Mean is the mean of a scorer's values under an id of its own.
func Mean(id string, s eval.Scorer) eval.Metric { return newMean(id, s) }

// mean averages a scorer's values over samples, then over questions.
type mean struct {
	ID string      `json:"id"`
	By eval.Scorer `json:"scorer"`

	name string // By.Name()
}

var _ eval.Metric = mean{}

func newMean(id string, s eval.Scorer) eval.Metric { return mean{id, s, nameOf(id, s)} }

// nameOf is the scorer's name; a metric without its scorer is a mistake in the
// program.
func nameOf(id string, s eval.Scorer) string {
	if s == nil {
		panic("metric " + id + " needs a scorer")
	}
	return s.Name()
}

func (m mean) Info() eval.MetricInfo { return proportion(m.ID) }
func (m mean) Scorer() eval.Scorer   { return m.By }

func (m mean) Observe(r *eval.Record) (eval.Observation, bool) {
	v, ok := r.ScoreOf(m.name)
	return eval.Observation{Value: v, Weight: 1}, ok || lost(r)
}

func (m mean) Estimate(s eval.Sample) eval.Estimate {
	return meanOf(m.Info(), s, "no question has a score by "+m.name)
}

// BestOfN (best_of_n) is the greatest of a scorer's values over the samples of
// a question. It rises with the number of samples; [PassAtK] does not.
func BestOfN(s eval.Scorer) eval.Metric { return best{s, nameOf("best_of_n", s)} }

type best struct {
	By eval.Scorer `json:"scorer"`

	name string
}

var _ eval.Metric = best{}

func (best) Info() eval.MetricInfo { return proportion("best_of_n") }
func (m best) Scorer() eval.Scorer { return m.By }
func (m best) Estimate(s eval.Sample) eval.Estimate {
	return meanOf(m.Info(), s, "no question has a score by "+m.name)
}

func (m best) Observe(r *eval.Record) (eval.Observation, bool) {
	var top float64
	for i := range r.Outputs {
		s, ok := r.Outputs[i].Scores[m.name]
		if !ok {
			return eval.Observation{}, false
		}
		if i == 0 || s.Value > top {
			top = s.Value
		}
	}
	return eval.Observation{Value: top, Weight: 1}, len(r.Outputs) > 0 || lost(r)
}
