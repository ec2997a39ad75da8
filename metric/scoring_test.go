package metric_test

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/metric"
	"olmoeval/score"
)

// made is what a recorded spec is made of in our words.
type made struct {
	extract eval.Extractor
	metrics []eval.Metric
	shown   eval.Scorer // whose values the reference stores with the outputs
}

// specs maps recorded specs, the first pattern that matches counts.
func specs() []struct {
	pattern string
	made    made
} {
	exact := score.ExactMatch{}
	single := []eval.Metric{metric.Accuracy(exact)}
	eight := []eval.Metric{
		metric.Accuracy(exact),
		metric.PassAtK(1, exact), metric.PassAtK(2, exact), metric.PassAtK(4, exact), metric.PassAtK(8, exact),
	}
	best := append([]eval.Metric{metric.BestOfN(exact)}, eight...) // what the reference calls accuracy
	likely := func(e eval.Extractor, m eval.Metric) made { return made{e, []eval.Metric{m}, score.Logprob{}} }
	bits := func(e eval.Extractor) made {
		return made{e, []eval.Metric{metric.BitsPerByte()}, score.BitsPerByte{}}
	}
	return []struct {
		pattern string
		made    made
	}{
		{`^gsm(8k|_symbolic)$`, made{answer.LastNumber{}, single, exact}},
		{`^gsm8k:olmo3base$`, made{answer.LastNumber{}, eight, exact}},
		{`^gsm_symbolic:olmo3base$`, made{answer.LastNumber{}, best, exact}},
		{`^(arc_easy|arc_challenge|sciq|hellaswag):bpb$`, bits(answer.Text{})},
		{`^mmlu_\w+:rc:bpb$`, bits(answer.None{})},
		{`^mmlu_\w+:rc$`, likely(answer.None{}, metric.AccPerChar())},
		{`^mmlu_\w+$`, likely(answer.None{}, metric.AccSum())},
		{`^arc_challenge:(rc|rc:mc|bpb:olmo3base)$`, likely(answer.Text{}, metric.AccUncond())},
		{`^arc_easy:(rc|mc:olmo3base|bpb:olmo3base)$`, likely(answer.Text{}, metric.AccPerChar())},
		{`^sciq:(mc:)?olmo3base$`, likely(answer.Text{}, metric.AccPerChar())},
		{`^hellaswag:rc(:mc)?$`, likely(answer.Text{}, metric.AccPerChar())},
		{`^(arc_\w+|sciq|hellaswag)(:mc)?$`, likely(answer.Text{}, metric.AccSum())},
	}
}

type scoringRow struct {
	Spec  string
	Cases []struct {
		Instance eval.Instance
		Type     eval.RequestType `json:"request_type"`
		Outputs  []recordedOutput
		Answers  []any                        `json:"extracted"`
		After    []map[string]json.RawMessage `json:"output_metadata_after"`
	}
	Predictions []struct {
		Doc     int `json:"doc_id"`
		Label   any
		Values  map[string]map[string]number `json:"instance_metrics"`
		Outputs []struct {
			Text   string
			Answer any      `json:"extracted_answer"`
			Sum    *float64 `json:"sum_logits"`
			Tokens int      `json:"num_tokens"`
			Greedy *bool    `json:"is_greedy"`
		} `json:"model_output"`
	}
	Metrics map[string]map[string]number
}

func TestRecordedScoring(t *testing.T) {
	equal, deviating, none := map[string]int{}, map[string]int{}, map[string]int{}
	table := specs()
	family := regexp.MustCompile(`^(gsm|arc_|mmlu_|sciq|hellaswag)`)
	corpus.Rows(t, "scoring", func(r scoringRow) {
		if !family.MatchString(r.Spec) {
			return
		}
		for _, s := range table {
			if regexp.MustCompile(s.pattern).MatchString(r.Spec) {
				compareCases(t, r, s.made, equal, deviating)
				comparePredictions(t, r, s.made, equal, deviating)
				equal["specs"]++
				return
			}
		}
		none[r.Spec]++
	})
	logCounts(t, "equal", equal)
	logCounts(t, "deviate", deviating)
	logCounts(t, "specs without an entry in the table", none)
	if len(none) > 0 {
		t.Error("specs of these families are missing in the table")
	}
}

// compareCases holds answers and scores of single outputs against the record.
func compareCases(t *testing.T, r scoringRow, m made, equal, deviating map[string]int) {
	for n, c := range r.Cases {
		rec := &eval.Record{Instance: &c.Instance, Request: &eval.Request{Type: c.Type}, Status: eval.OK}
		for _, o := range c.Outputs {
			rec.Outputs = append(rec.Outputs, o.output())
		}
		for i := range rec.Outputs {
			got := m.extract.Extract(rec.Instance, &rec.Outputs[i])
			rec.Outputs[i].Answer = got
			if !reflect.DeepEqual(got, c.Answers[i]) {
				t.Errorf("%s case %d output %d: answer %q, recorded %q", r.Spec, n, i, got, c.Answers[i])
			}
			equal["answers"]++
		}
		scores, err := m.shown.Score(context.Background(), rec)
		for i := range c.After {
			var want number
			if err := json.Unmarshal(c.After[i]["score:"+m.shown.Name()], &want); err != nil {
				t.Fatalf("%s case %d: %v", r.Spec, n, err)
			}
			switch {
			case err == nil && near(scores[i].Value, want.v):
				equal["scores of outputs"]++
			case err != nil && hasNoLoglik(rec):
				deviating["scores of outputs, "+devMissing]++
			default:
				t.Errorf("%s case %d output %d: score %v %v, recorded %v", r.Spec, n, i, scores, err, want)
			}
		}
	}
}

func hasNoLoglik(r *eval.Record) bool {
	for i := range r.Outputs {
		if r.Outputs[i].Loglik == nil && len(r.Outputs[i].Logprobs) == 0 {
			return true
		}
	}
	return false
}

// comparePredictions holds the metrics of questions and of the whole against
// the record.
func comparePredictions(t *testing.T, r scoringRow, m made, equal, deviating map[string]int) {
	samples := make([]eval.Sample, len(m.metrics))
	reasons := map[string]bool{}
	for _, p := range r.Predictions {
		rec := &eval.Record{Instance: &eval.Instance{Metadata: map[string]any{}}, Status: eval.OK}
		if label, ok := p.Label.(string); ok {
			rec.Instance.Gold = label
		} else {
			rec.Instance.Metadata["gold_idx"] = p.Label
		}
		for _, o := range p.Outputs {
			out := eval.Output{Text: o.Text, Answer: o.Answer}
			if o.Sum != nil {
				out.Loglik = &eval.Loglik{Sum: *o.Sum, Tokens: o.Tokens, Greedy: o.Greedy}
			}
			rec.Outputs = append(rec.Outputs, out)
		}
		rec.Instance.Metadata["num_choices"] = len(rec.Outputs) / 2
		setScores(t, rec, m)
		for i, mt := range m.metrics {
			o, ok := mt.Observe(rec)
			if ok {
				samples[i].Values = append(samples[i].Values, o.Value)
				samples[i].Weights = append(samples[i].Weights, o.Weight)
			}
			name, want := recordedValue(mt.Info().ID, p.Values)
			gold, labelled := rec.Instance.GoldIndex()
			why := ""
			switch {
			case !want.ok && !ok:
				equal["questions without a value"]++
				continue
			case ok && want.ok && near(o.Value, want.v):
				equal["questions"]++
				continue
			case mt.Scorer() == nil && hasNoLoglik(rec):
				why = devMissing
			case mt.Scorer() == nil && (!labelled || gold < 0 || gold >= len(rec.Outputs)):
				why = devGold
			case mt.Info().ID == "accuracy" && len(rec.Outputs) > 1:
				why = devMean
			case strings.HasPrefix(name, "pass_at_") && !ok:
				why = devClamp
			case strings.HasPrefix(mt.Info().ID, "acc_") && o.Value > 0 && o.Value < 1:
				why = devTie
			case mt.Info().ID == "acc_uncond" && r.Spec == "arc_challenge:rc:mc":
				why = "a request without the unconditional half has no such metric; the reference crashes at the end"
			}
			if why == "" {
				t.Errorf("%s doc %d: %s = %v %v, recorded %v", r.Spec, p.Doc, mt.Info().ID, o.Value, ok, want)
			}
			deviating["questions, "+why]++
			reasons[why] = true
		}
	}
	if r.Metrics == nil {
		return // predictions were thinned
	}
	for i, mt := range m.metrics {
		name, want := recordedValue(mt.Info().ID, r.Metrics)
		e := mt.Estimate(samples[i])
		switch {
		case e.Value != nil && want.ok && near(*e.Value, want.v):
			equal["metrics"]++
		case len(reasons) > 0:
			for why := range reasons {
				deviating["metrics, "+why]++
			}
		default:
			t.Errorf("%s: %s = %+v, recorded %s %v", r.Spec, mt.Info().ID, e, name, want)
		}
	}
}

func setScores(t *testing.T, rec *eval.Record, m made) {
	by := m.metrics[0].Scorer()
	if by == nil {
		return
	}
	scores, err := by.Score(context.Background(), rec)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range scores {
		rec.Outputs[i].Scores = map[string]eval.Score{by.Name(): s}
	}
}

// recordedValue finds our metric under the reference's name.
func recordedValue(id string, values map[string]map[string]number) (string, number) {
	name := id
	if strings.HasPrefix(id, "acc_") || id == "best_of_n" {
		name = "accuracy"
	}
	for _, v := range values[name] {
		if v.ok && math.IsInf(v.v, 0) {
			return name, number{}
		}
		return name, v
	}
	return name, number{}
}
