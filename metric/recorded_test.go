package metric_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"unicode/utf8"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/metric"
	"olmoeval/score"
)

// number reads a number, null, or {"$float": "inf"}; anything else is absent.
type number struct {
	v  float64
	ok bool
}

func (n *number) UnmarshalJSON(b []byte) error {
	var special struct {
		Float string `json:"$float"`
	}
	if json.Unmarshal(b, &special) == nil && special.Float != "" {
		*n = number{map[string]float64{"inf": math.Inf(1), "-inf": math.Inf(-1), "nan": math.NaN()}[special.Float], true}
		return nil
	}
	var v *float64
	if json.Unmarshal(b, &v) == nil && v != nil {
		*n = number{*v, true}
	}
	return nil
}

type recordedOutput struct {
	Text     string
	Logprobs []struct{ Logprob float64 }
	Metadata map[string]json.RawMessage
}

// output is a recorded output in our shape, without scores.
func (o recordedOutput) output() eval.Output {
	out := eval.Output{Text: o.Text}
	for _, lp := range o.Logprobs {
		out.Logprobs = append(out.Logprobs, eval.TokenLogprob{Logprob: lp.Logprob})
	}
	var greedy *bool
	if json.Unmarshal(o.Metadata["is_greedy"], &greedy) == nil && greedy != nil && len(o.Logprobs) > 0 {
		ll := &eval.Loglik{Tokens: len(o.Logprobs), Greedy: greedy}
		for _, lp := range o.Logprobs {
			ll.Sum += lp.Logprob
		}
		out.Loglik = ll
	}
	return out
}

type metricRow struct {
	Metric, Fn, Note string
	N, C, K          int
	Fields           struct{ K int }
	Responses        []struct {
		Instance eval.Instance
		Outputs  []recordedOutput
		Scores   map[string]float64
	}
	Instances []number `json:"compute_instance"`
	Value     number
	Error     string
}

const anyScorer = "recorded"

// named is a scorer whose values are already there.
type named struct{ eval.Scorer }

func (named) Name() string { return anyScorer }

// ours maps the reference's classes.
func ours(class string, k int) eval.Metric {
	s := named{score.ExactMatch{}}
	switch class {
	case "AccuracyMetric":
		return metric.Accuracy(s)
	case "F1Metric", "SQuADF1Metric":
		return metric.F1(s)
	case "RecallMetric":
		return metric.Recall(s)
	case "PassAtKMetric", "compute_pass_at_k":
		return metric.PassAtK(k, s)
	case "PassPowKMetric", "compute_pass_pow_k":
		return metric.PassPowK(k, s)
	case "BPBMetricInstanceAvg":
		return metric.BitsPerByte()
	case "BPBMetricByteAvg":
		return metric.BitsPerByteCorpus()
	case "MeanPerplexityMetric":
		return metric.Perplexity()
	case "CorpusPerplexityMetric":
		return metric.CorpusPerplexity()
	case "LogprobMCAccuracyMetric":
		return metric.AccSum()
	case "LogprobPerCharMCAccuracyMetric":
		return metric.AccPerChar()
	case "LogprobPerTokenMCAccuracyMetric":
		return metric.AccPerToken()
	case "LogprobUncondMCAccuracyMetric":
		return metric.AccUncond()
	case "GreedyAccuracyMetric":
		return metric.AccGreedy()
	}
	return nil
}

// The deviations, each with the reason.
const (
	devEmpty    = "no observation is no value, not 0"
	devMissing  = "a missing log-likelihood or score is not 0, not -inf, not perfect"
	devGold     = "a question whose gold index names no output has no right answer to score"
	devTie      = "a tie shares the credit, the first does not take it"
	devClamp    = "k above the number of samples is not defined, not computed for another k"
	devBiased   = "pass^k is C(c,k)/C(n,k), as (c/n)^k is biased"
	devGrouping = "samples belong to their question, whether or not ids are missing or equal"
	devFirst    = "a perplexity is that of the right answer, not of the first choice"
	devMean     = "accuracy over several samples is their mean, not the best or the first"
	devFinite   = "a value that is not finite is none"
)

// deviation explains why a record's value may differ from the recorded one.
func deviation(class string, k int, r *eval.Record) string {
	n := len(r.Outputs)
	switch class {
	case "PassAtKMetric", "compute_pass_at_k":
		if k > n {
			return devClamp
		}
		return ""
	case "PassPowKMetric", "compute_pass_pow_k":
		if k > n {
			return devClamp
		}
		if k > 1 {
			return devBiased
		}
		return ""
	}
	gold, ok := r.Instance.GoldIndex()
	if n != 1 && (!ok || gold < 0 || gold >= n) {
		return devGold
	}
	if c, has := r.Instance.Int("num_choices"); class == "LogprobUncondMCAccuracyMetric" && (!has || gold >= c || n != 2*c) {
		return devGold
	}
	best, tied := math.Inf(-1), 0
	for i := range r.Outputs {
		o := &r.Outputs[i]
		if len(o.Logprobs) == 0 {
			return devMissing
		}
		sum := 0.0
		for _, lp := range o.Logprobs {
			sum += lp.Logprob
		}
		switch class {
		case "LogprobPerCharMCAccuracyMetric":
			sum /= float64(max(1, utf8.RuneCountInString(o.Text)))
		case "LogprobPerTokenMCAccuracyMetric":
			sum /= float64(len(o.Logprobs))
		}
		if sum > best {
			best, tied = sum, 0
		}
		if sum == best {
			tied++
		}
	}
	switch {
	case tied > 1:
		return devTie
	case class == "CorpusPerplexityMetric" && gold > 0:
		return devFirst
	case math.IsInf(math.Exp(-best), 1):
		return devFinite
	}
	return ""
}

func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-12*math.Max(1, math.Max(math.Abs(a), math.Abs(b)))
}

// records are the questions of a row. The reference also knows samples as
// separate responses of one id: those are one record of ours.
func (r metricRow) records() (recs []*eval.Record, merged bool) {
	if r.Fn != "" {
		rec := &eval.Record{Instance: &eval.Instance{}, Status: eval.OK}
		for i := range r.N {
			v := 0.0
			if i < r.C {
				v = 1
			}
			rec.Outputs = append(rec.Outputs, eval.Output{Scores: map[string]eval.Score{anyScorer: {Value: v}}})
		}
		return []*eval.Record{rec}, false
	}
	pass := r.Metric == "PassAtKMetric" || r.Metric == "PassPowKMetric"
	byID := map[string]*eval.Record{}
	for i := range r.Responses {
		resp := &r.Responses[i]
		rec := &eval.Record{Index: i, Instance: &resp.Instance, Status: eval.OK}
		for _, o := range resp.Outputs {
			out := o.output()
			for _, v := range resp.Scores {
				out.Scores = map[string]eval.Score{anyScorer: {Value: v}}
			}
			var own number
			if json.Unmarshal(o.Metadata["score:exact_match"], &own) == nil && own.ok {
				out.Scores = map[string]eval.Score{anyScorer: {Value: own.v}}
			}
			rec.Outputs = append(rec.Outputs, out)
		}
		if id := resp.Instance.OwnID(); pass && id != "" {
			if first := byID[id]; first != nil {
				first.Outputs = append(first.Outputs, rec.Outputs...)
				merged = true
				continue
			}
			byID[id] = rec
		}
		recs = append(recs, rec)
	}
	return recs, merged
}

func TestRecordedMetrics(t *testing.T) {
	values, instances, deviating, missing := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	corpus.Rows(t, "metrics", func(r metricRow) {
		class, k := r.Metric+r.Fn, r.K+r.Fields.K
		m := ours(class, k)
		if m == nil {
			missing[class]++
			return
		}
		recs, merged := r.records()
		where := fmt.Sprintf("%s k=%d %q n=%d c=%d", class, k, r.Note, r.N, r.C)
		reasons := map[string]bool{}
		var sample eval.Sample
		for i, rec := range recs {
			o, ok := m.Observe(rec)
			got := metric.InUnit(m.Info(), o)
			if ok {
				sample.Values = append(sample.Values, o.Value)
				sample.Weights = append(sample.Weights, o.Weight)
			}
			why := deviation(class, k, rec)
			if _, scored := rec.ScoreOf(anyScorer); m.Scorer() != nil && !scored {
				why = devMissing
			}
			if !merged && i < len(r.Instances) && r.Instances[i].ok {
				want := r.Instances[i].v
				switch {
				case ok && near(got, want):
					instances[class]++
				case why != "":
					deviating["a question, "+why]++
				default:
					t.Errorf("%s: question %d = %v %v, recorded %v", where, i, got, ok, want)
				}
			}
			if !ok && why == "" {
				why = devMissing
			}
			if why != "" {
				reasons[why] = true
			}
		}
		e := m.Estimate(sample)
		want := r.Value
		switch {
		case e.Value != nil && want.ok && near(*e.Value, want.v):
			values[class]++
		case len(recs) == 0 && e.Value == nil && e.Reason != "":
			deviating["a value, "+devEmpty]++
		case len(reasons) > 0:
			for _, why := range sortedKeys(counts(reasons)) {
				deviating["a value, "+why]++
			}
		case r.Note == "threshold and missing id collapse to 'unknown'":
			deviating["a value, "+devGrouping]++
		default:
			t.Errorf("%s: %+v, recorded %v %s", where, e, want, r.Error)
		}
	})
	logCounts(t, "values equal", values)
	logCounts(t, "questions equal", instances)
	logCounts(t, "deviate", deviating)
	logCounts(t, "rows not covered here", missing)
}

func counts(set map[string]bool) map[string]int {
	m := map[string]int{}
	for k := range set {
		m[k] = 1
	}
	return m
}
