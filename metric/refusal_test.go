package metric_test

import (
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/metric"
	"olmoeval/score"
)

// answered is a question whose right choice is A and whose choice C declines,
// with one output for each answer: a letter, tied letters or nil.
func answered(answers ...any) *eval.Record {
	rec := &eval.Record{Status: eval.OK, Instance: &eval.Instance{
		Gold: "A", Metadata: map[string]any{"gold_idx": 0, "refuse_idx": 2},
	}}
	for _, a := range answers {
		o := eval.Output{Answer: a}
		if tied, ok := a.([]string); ok {
			o.Answer, o.Answers = tied[0], tied
		}
		rec.Outputs = append(rec.Outputs, o)
	}
	return rec
}

func TestRefusal(t *testing.T) {
	precision, coverage := metric.Precision(score.MultipleChoice{}), metric.Coverage()
	accuracy := metric.Accuracy(score.MultipleChoice{})
	for name, c := range map[string]struct {
		answers            []any
		precision, covered float64
		none               bool // no precision
	}{
		"right":            {[]any{"A"}, 1, 1, false},
		"wrong":            {[]any{"B"}, 0, 1, false},
		"no letter":        {[]any{nil}, 0, 1, false},
		"declines":         {[]any{"C"}, 0, 0, true},
		"declines, loose":  {[]any{" c "}, 0, 0, true},
		"samples":          {[]any{"A", "C", "B", "A"}, 2. / 3, .75, false},
		"all decline":      {[]any{"C", "C"}, 0, 0, true},
		"tie with decline": {[]any{[]string{"A", "C"}}, 1, .5, false},
		"tie of wrong":     {[]any{[]string{"B", "C", "D"}}, 0, 2. / 3, false},
		"tie of right":     {[]any{[]string{"A", "B"}}, .5, 1, false},
	} {
		rec := answered(c.answers...)
		setScores(t, rec, made{metrics: []eval.Metric{accuracy}})
		p, ok := precision.Observe(rec)
		v, covered := coverage.Observe(rec)
		if ok == c.none || !near(p.Value, c.precision) || !covered || !near(v.Value, c.covered) || v.Weight != 1 {
			t.Errorf("%s: precision %+v %v, coverage %+v", name, p, ok, v)
		}
		if a, _ := accuracy.Observe(rec); !near(p.Value*v.Value, a.Value) || ok && p.Weight != v.Value {
			t.Errorf("%s: precision %+v times coverage %v is not accuracy %v", name, p, v.Value, a.Value)
		}
	}
}

func TestRefusalUndefined(t *testing.T) {
	precision, coverage := metric.Precision(score.MultipleChoice{}), metric.Coverage()
	for _, declines := range []any{nil, -1, 26, "C"} {
		rec := answered("B")
		rec.Instance.Metadata["refuse_idx"] = declines
		setScores(t, rec, made{metrics: []eval.Metric{precision}})
		if _, ok := precision.Observe(rec); ok {
			t.Errorf("precision with refuse_idx %v", declines)
		}
		if _, ok := coverage.Observe(rec); ok {
			t.Errorf("coverage with refuse_idx %v", declines)
		}
	}
	if _, ok := precision.Observe(answered("A")); ok {
		t.Error("precision without scores")
	}
	gold := answered([]string{"A", "C"}) // declining is right
	gold.Instance.Gold, gold.Instance.Metadata["gold_idx"] = "C", 2
	setScores(t, gold, made{metrics: []eval.Metric{precision}})
	if o, ok := precision.Observe(gold); !ok || o.Value != 0 || o.Weight != .5 {
		t.Errorf("precision where declining is right: %+v %v", o, ok)
	}
	lost := answered()
	lost.Status = eval.ModelRefused
	if _, ok := precision.Observe(lost); ok {
		t.Error("precision of a question without answer")
	}
	if o, ok := coverage.Observe(lost); !ok || o.Value != 0 || o.Weight != 1 {
		t.Errorf("coverage of a refused question: %+v %v", o, ok)
	}
	lost.Status = eval.InfraNetwork
	if _, ok := coverage.Observe(lost); ok {
		t.Error("coverage of a question that was not asked")
	}
	for _, m := range []eval.Metric{precision, coverage} {
		if e := m.Estimate(eval.Sample{}); e.Value != nil || !strings.Contains(e.Reason, "declines") {
			t.Errorf("%s of nothing: %+v", m.Info().ID, e)
		}
	}
}

// TestRecordedRefusal compares with the recorded values: those of the whole; a
// question's own are the scorer's there.
func TestRecordedRefusal(t *testing.T) {
	n := 0
	corpus.Rows(t, "metrics", func(r struct {
		Metric    string
		Responses []struct {
			Instance eval.Instance
			Outputs  []struct {
				Answer any `json:"extracted_answer"`
			}
			Scores map[string]float64
		}
		Value number
	}) {
		var m eval.Metric
		switch r.Metric {
		case "PrecisionMetric":
			m = metric.Precision(named{score.MultipleChoice{}})
		case "CoverageMetric":
			m = metric.Coverage()
		default:
			return
		}
		if len(r.Responses) == 0 {
			return // no observation is no value here, 0 there
		}
		n++
		var s eval.Sample
		for _, resp := range r.Responses {
			rec := &eval.Record{Status: eval.OK, Instance: &resp.Instance}
			for _, o := range resp.Outputs {
				scores := map[string]eval.Score{anyScorer: {Value: resp.Scores["multiple_choice"]}}
				rec.Outputs = append(rec.Outputs, eval.Output{Answer: o.Answer, Scores: scores})
			}
			if o, ok := m.Observe(rec); ok {
				s.Values, s.Weights = append(s.Values, o.Value), append(s.Weights, o.Weight)
			}
		}
		if e := m.Estimate(s); e.Value == nil || !near(*e.Value, r.Value.v) {
			t.Errorf("%s is %+v, recorded %v", r.Metric, e, r.Value.v)
		}
	})
	if n < 2 {
		t.Errorf("compared %d rows", n)
	}
}
