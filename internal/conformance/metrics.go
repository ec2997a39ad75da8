package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/metric"
)

// prediction is a question of a whole run with the reference's metrics for it.
type prediction struct {
	Doc     int                       `json:"doc_id"`
	Values  map[string]map[string]any `json:"instance_metrics"`
	Outputs []struct {
		Text   string
		Answer any       `json:"extracted_answer"`
		Sum    *float64  `json:"sum_logits"`
		Tokens int       `json:"num_tokens"`
		Greedy *bool     `json:"is_greedy"`
		Scores scoreDict `json:"sample_metrics"`
	} `json:"model_output"`
}

// scoreDict holds scores by metric, then scorer.
type scoreDict map[string]map[string]any

// docRow is the question of a prediction.
type docRow struct {
	ID    int            `json:"doc_id"`
	Doc   map[string]any `json:"doc"`
	Label any            `json:"label"`
}

// instance is the question as far as metrics look at it.
func (d *docRow) instance() *eval.Instance {
	in := &eval.Instance{Metadata: map[string]any{}, Gold: d.Label}
	for k, v := range d.Doc {
		switch k {
		case "query":
			in.Question, _ = v.(string)
		case "choices":
			in.Choices = eval.Doc(d.Doc).Texts(k)
		default:
			in.Metadata[k] = v
		}
	}
	return in
}

// record is the prediction as a scored record; missing tells that a likelihood
// is not there.
func (p *prediction) record(in *eval.Instance, likelihood bool) (rec *eval.Record, missing bool) {
	rec = &eval.Record{Instance: in, Status: eval.OK, Request: &eval.Request{}}
	for i := range p.Outputs {
		o := &p.Outputs[i]
		out := eval.Output{Text: o.Text, Answer: o.Answer, Scores: map[string]eval.Score{}}
		if o.Sum != nil {
			out.Loglik = &eval.Loglik{Sum: *o.Sum, Tokens: o.Tokens, Greedy: o.Greedy}
		}
		missing = missing || o.Sum == nil
		for _, scores := range o.Scores {
			for name, v := range scores {
				if f, ok := plain(v).(float64); ok {
					out.Scores[name] = eval.Score{Value: f}
				}
			}
		}
		rec.Outputs = append(rec.Outputs, out)
	}
	if likelihood {
		rec.Request.Type = eval.Loglikelihood
	}
	return rec, missing
}

// checkMetrics compares what each question contributes to each metric, given the
// recorded answers and scores.
func (c *checker) checkMetrics(ctx context.Context, f *family, task *eval.Task, row *scoringRow) {
	docs := map[int]*docRow{}
	for i := range row.Docs {
		docs[row.Docs[i].ID] = &row.Docs[i]
	}
	likelihood := task.Prompt.RequestType() == eval.Loglikelihood
	for i := range row.Predictions {
		p := &row.Predictions[i]
		d := docs[p.Doc]
		if d == nil || ctx.Err() != nil {
			continue // thinned out
		}
		rec, missing := p.record(d.instance(), likelihood)
		for _, m := range task.Metrics {
			want, scorer, ok := recorded(m, p.Values)
			if !ok || m.Scorer() != nil && !scored(rec, m.Scorer().Name()) {
				continue
			}
			f.Values++
			o, defined := m.Observe(rec)
			value := metric.InUnit(m.Info(), o)
			if !defined && want == nil || defined && want != nil && near(value, *want) {
				f.ValuesEqual++
				continue
			}
			if why := valueReason(m, rec, o, defined, want, missing); why != "" {
				f.explainValue(why)
				continue
			}
			got := any(nil)
			if defined {
				got = value
			}
			c.differ(f, metricKind, fmt.Sprintf("%s doc %d", row.Spec, p.Doc),
				fmt.Sprintf("%s (%s) of %s is %v, recorded %v", m.Info().ID, scorer, oneLine(p.Outputs), got, oneLine(want)))
		}
	}
}

// scored reports whether a scorer's verdict is on every output.
func scored(rec *eval.Record, scorer string) bool {
	return !slices.ContainsFunc(rec.Outputs, func(o eval.Output) bool { _, ok := o.Scores[scorer]; return !ok })
}

// recorded finds a metric under the reference's name; ok is false if it has
// none. An infinite value is no value.
func recorded(m eval.Metric, values map[string]map[string]any) (v *float64, scorer string, ok bool) {
	id := m.Info().ID
	name := id
	if strings.HasPrefix(id, "acc_") || id == "best_of_n" {
		name = "accuracy"
	}
	by := values[name]
	if s := m.Scorer(); s != nil {
		if x, there := by[s.Name()]; there {
			by = map[string]any{s.Name(): x}
		} else {
			return nil, "", false
		}
	}
	if len(by) != 1 {
		return nil, "", false
	}
	for k, x := range by {
		scorer = k
		if f, is := plain(x).(float64); is && !math.IsInf(f, 0) && !math.IsNaN(f) {
			v = &f
		}
	}
	return v, scorer, true
}

// valueReason is the row of docs/deviations.md that explains a difference in one
// question's value, "" if none does.
func valueReason(m eval.Metric, rec *eval.Record, o eval.Observation, defined bool, want *float64, missing bool) string {
	id := m.Info().ID
	gold, labelled := rec.Instance.GoldIndex()
	likelihood := m.Scorer() == nil
	switch {
	case likelihood && missing:
		return rowMissing
	case likelihood && len(rec.Outputs) > 1 && (!labelled || gold < 0 || gold >= len(rec.Outputs)):
		return rowGold
	case strings.HasPrefix(id, "acc_") && o.Value > 0 && o.Value < 1:
		return rowTies
	case likelihood && id != "bits_per_byte" && !defined && want != nil && *want == 0:
		return rowNone
	case !likelihood && id == "accuracy" && len(rec.Outputs) > 1:
		return rowMean
	case strings.HasPrefix(id, "pass_") && !defined:
		return rowClamp
	case strings.HasPrefix(id, "pass_pow_"):
		return rowBiased
	}
	return ""
}
