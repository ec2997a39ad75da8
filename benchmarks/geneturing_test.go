package benchmarks

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"olmoeval/eval"
)

// TestGeneTuring compares the fourteen tasks with the reference's: their
// configuration, and what it asks of the mirror's rows.
func TestGeneTuring(t *testing.T) {
	c, data, r := ours(t), mirror(t), readRegistry(t)
	specs := 0
	for name, ref := range r.Specs {
		if !strings.HasPrefix(name, "geneturing_") {
			continue
		}
		specs++
		task := resolve(t, c, name)
		checkMetrics(t, name, task, ref)
		if got := task.TaskHash(); got != ref.HashRun {
			t.Errorf("%s: task_hash %s, want %s", name, got, ref.HashRun)
		}
	}
	requests := 0
	eachLine(t, "requests.jsonl.gz", func(line []byte) {
		var r struct {
			Spec       string
			NInstances int `json:"n_instances"`
			Items      []struct {
				Index    int            `json:"instance_idx"`
				Instance map[string]any `json:"instance"`
				Request  map[string]any `json:"request"`
				Sampling map[string]any `json:"sampling_params"`
			}
		}
		decode(t, bytes.NewReader(line), &r)
		if !strings.HasPrefix(r.Spec, "geneturing_") {
			return
		}
		task := resolve(t, c, r.Spec)
		instances, shots, err := load(data, task)
		if err != nil || len(instances) != r.NInstances {
			t.Errorf("%s: %d instances, want %d: %v", r.Spec, len(instances), r.NInstances, err)
			return
		}
		render, err := task.Prompt.Prepare(shots)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range r.Items {
			requests++
			req, err := render(instances[item.Index])
			if err != nil || !same(t, req, item.Request) || !same(t, instances[item.Index], item.Instance) ||
				!same(t, task.Sampling, without(item.Sampling, "$type", "do_sample", "logprobs")) {
				t.Errorf("%s[%d]: %v %v, %v; want %v %v", r.Spec, item.Index, plain(t, instances[item.Index]), plain(t, req), err, item.Instance, item.Request)
			}
		}
	})
	t.Logf("%d specs, %d requests", specs, requests)
	if specs != 14 || requests == 0 {
		t.Errorf("compared %d specs and %d requests", specs, requests)
	}
}

// TestScienceScoring compares answers and scores of genomics, literature and
// puzzles with the recorded ones.
func TestScienceScoring(t *testing.T) {
	c := ours(t)
	answers, scored, whole := 0, 0, 0
	eachLine(t, "scoring.jsonl.gz", func(line []byte) {
		var r struct {
			Spec  string
			Cases []struct {
				Instance  eval.Instance
				Outputs   []struct{ Text string }
				Extracted []any
				Scores    map[string]float64
			}
			Predictions []struct {
				ID      string                        `json:"native_id"`
				Metrics map[string]map[string]float64 `json:"instance_metrics"`
				Outputs []struct {
					Text string
				} `json:"model_output"`
			}
		}
		if !bytes.Contains(line, []byte(`"spec": "geneturing_`)) && !bytes.Contains(line, []byte(`"spec": "zebralogic`)) &&
			!bytes.Contains(line, []byte(`"spec": "litsearch_rerank`)) {
			return
		}
		decode(t, bytes.NewReader(line), &r)
		task := resolve(t, c, r.Spec)
		instances := map[string]*eval.Instance{}
		for i, k := range r.Cases {
			rec := record(t, task, &k.Instance, k.Outputs[0].Text)
			instances[k.Instance.OwnID()] = &k.Instance
			answers++
			if got := []any{rec.Outputs[0].Answer}; !sameExactly(t, got, k.Extracted) {
				t.Errorf("%s case %d: answer of %q is %#v, want %#v", r.Spec, i, k.Outputs[0].Text, got, k.Extracted)
			}
			for _, m := range task.Metrics {
				scored++
				name := m.Scorer().Name()
				want, ok := k.Scores[name]
				if got, has := rec.ScoreOf(name); !ok || !has || math.Abs(got-want) > 1e-12 {
					t.Errorf("%s case %d: %s of %q is %v, want %v %v", r.Spec, i, name, k.Outputs[0].Text, got, want, ok)
				}
			}
		}
		for _, p := range r.Predictions {
			in := instances[p.ID]
			if in == nil {
				continue
			}
			rec := record(t, task, in, p.Outputs[0].Text)
			for _, m := range task.Metrics {
				whole++
				o, ok := m.Observe(rec)
				if want := p.Metrics[m.Info().ID][m.Scorer().Name()]; !ok || math.Abs(o.Value-want) > 1e-12 {
					t.Errorf("%s of %q: %s is %v %v, want %v", r.Spec, p.Outputs[0].Text, m.Info().ID, o, ok, want)
				}
			}
		}
	})
	t.Logf("%d answers, %d scores, %d metrics of questions", answers, scored, whole)
	if answers < 500 || whole == 0 {
		t.Errorf("compared only %d answers and %d questions", answers, whole)
	}
}

// record extracts and scores one output.
func record(t *testing.T, task *eval.Task, in *eval.Instance, text string) *eval.Record {
	t.Helper()
	rec := &eval.Record{Instance: in, Status: eval.OK, Outputs: []eval.Output{{Text: text, Scores: map[string]eval.Score{}}}}
	o := &rec.Outputs[0]
	o.Answer = task.Extract.Extract(in, o)
	for _, m := range task.Metrics {
		scores, err := m.Scorer().Score(context.Background(), rec)
		if err != nil {
			t.Fatalf("%s: %v", task.Name, err)
		}
		o.Scores[m.Scorer().Name()] = scores[0]
	}
	return rec
}

// sameExactly tells null from empty.
func sameExactly(t *testing.T, got, want any) bool {
	t.Helper()
	a, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(want)
	return err == nil && bytes.Equal(a, b)
}

// TestScienceOracles checks that the mock's right answers are right, and none is
// not, with every task's rows of the mirror.
func TestScienceOracles(t *testing.T) {
	c, data := ours(t), mirror(t)
	specs := []string{"zebralogic", "zebralogic:chat", "litsearch_rerank"}
	for _, d := range geneturingTasks() {
		specs = append(specs, d.Task.Name)
	}
	for _, spec := range specs {
		task := resolve(t, c, spec)
		instances, _, err := load(data, task)
		if err != nil || len(instances) == 0 {
			t.Fatalf("%s: %d instances, %v", spec, len(instances), err)
		}
		for _, in := range instances {
			text, ok := "", false
			if task.Oracle != nil {
				text, ok = task.Oracle(in)
			}
			if !ok {
				text, _ = in.GoldText()
			}
			right, wrong := record(t, task, in, text), record(t, task, in, "")
			for _, m := range task.Metrics {
				if o, ok := m.Observe(right); !ok || o.Value != 1 {
					t.Errorf("%s: %s of the right answer %q is %v", spec, m.Info().ID, text, o)
				}
				if o, ok := m.Observe(wrong); !ok || o.Value != 0 {
					t.Errorf("%s: %s of no answer is %v", spec, m.Info().ID, o)
				}
			}
		}
	}
}

func TestReadGene(t *testing.T) {
	task := resolve(t, ours(t), "geneturing_gene_alias")
	in, err := task.Instance(eval.Doc{"question": "q", "gold_answer": "TP53"}, 4)
	if err != nil || in.OwnID() != "gene_alias_4" || in.Gold != "TP53" {
		t.Errorf("a row without id: %v, %v", in, err)
	}
	for want, d := range map[string]eval.Doc{
		"question is missing":    {"gold_answer": "x"},
		"gold_answer is missing": {"question": "x"},
	} {
		if in, err := task.Instance(d, 0); err == nil || err.Error() != want || in != nil {
			t.Errorf("%v: %v, %v", d, in, err)
		}
	}
}

// TestMeanAs checks that a mean under a name of its own has it everywhere.
func TestMeanAs(t *testing.T) {
	m := geneturingTasks()[2].Task.Metrics[0]
	e := m.Estimate(eval.Sample{Values: []float64{1, 0, 0.5}})
	if m.Info().ID != "jaccard" || e.Metric != "jaccard" || e.Value == nil || *e.Value != 0.5 || e.Unit != eval.Proportion {
		t.Errorf("%v: %+v", m.Info(), e)
	}
	if e := m.Estimate(eval.Sample{}); e.Value != nil || e.Metric != "jaccard" || e.Reason == "" {
		t.Errorf("without observations: %+v", e)
	}
}
