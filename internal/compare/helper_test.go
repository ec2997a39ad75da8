package compare

import (
	"context"
	"fmt"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// item is one question of a test run; a nil value is a failed question.
type item struct {
	id, digest, cluster string
	value               *float64
	weight              float64
	metadata            map[string]any
	answer              string
	prompt              string
}

// items makes questions q0, q1 … with values.
func items(values ...float64) []item {
	out := make([]item, len(values))
	for i := range values {
		out[i] = item{id: fmt.Sprint("q", i), digest: fmt.Sprintf("%016x", i+1), value: &values[i], weight: 1, answer: fmt.Sprint(values[i])}
	}
	return out
}

// testTask is a task with a metric.
func testTask(label string, m journal.Metric, n int) journal.Task {
	return journal.Task{
		Label: label, Spec: label, N: n, UniqueIDs: true, Primary: m.ID, Metrics: []journal.Metric{m},
		AskKey: "ask-" + label, SelectionHash: "sel", ScoringHash: "score",
		Config: map[string]any{
			"sampling": map[string]any{"temperature": 0.0, "max_tokens": 16}, "num_fewshot": 3, "limit": nil, "seed": 1, "split": "test",
			"prompt": map[string]any{"template": "Q: {question}"},
		},
		Data: []eval.SourceInfo{{Path: "org/name", Split: "test", Rows: n, Digest: "d0d0d0d0d0d0d0d0"}},
	}
}

var accuracy = journal.Metric{ID: "accuracy", Unit: eval.Proportion, HigherIsBetter: true}

// testRun is a run to be written.
type testRun struct {
	manifest journal.Manifest
	records  map[string][]item
}

func newRun(model string, tasks ...journal.Task) *testRun {
	return &testRun{manifest: journal.Manifest{
		RunID: "run-" + model, ResumeKey: "key-" + model, Created: time.Unix(1e9, 0).UTC(), SystemHash: "sys-" + model,
		Model: eval.Model{Name: model, Kind: "mock", ID: model}, Program: journal.Program{Version: "dev"}, Tasks: tasks,
	}, records: map[string][]item{}}
}

func (r *testRun) with(label string, list []item) *testRun {
	r.records[label] = list
	return r
}

// write makes the run directory and reads it back.
func (r *testRun) write(t testing.TB) Side {
	t.Helper()
	for i := range r.manifest.Tasks {
		r.manifest.Tasks[i].File = fmt.Sprintf("records/%d.jsonl", i)
	}
	w, err := journal.Create(journal.Home(t.TempDir()), r.manifest)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.manifest.Tasks {
		task := &r.manifest.Tasks[i]
		if _, err := w.Ready(task, nil); err != nil {
			t.Fatal(err)
		}
		for index, it := range r.records[task.Label] {
			if err := w.Append(task.Label, it.record(index, task.Primary)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(func(m *journal.Manifest) { m.Status, m.Sealed = journal.Complete, true }); err != nil {
		t.Fatal(err)
	}
	reader, err := journal.Load(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return Of(reader)
}

func (it item) record(index int, metric string) *eval.Record {
	rec := &eval.Record{
		Index: index, ID: it.id, Digest: it.digest, Status: eval.OK, PromptDigest: it.prompt,
		Instance: &eval.Instance{Question: "what is " + it.id + "?", Gold: "gold " + it.id, Cluster: it.cluster, Metadata: it.metadata},
		Request:  &eval.Request{Type: eval.Completion, Prompt: "Q: " + it.id},
		Outputs:  []eval.Output{{Text: it.answer, Answer: it.answer}},
		Values:   map[string]*eval.Observation{metric: nil},
	}
	if rec.PromptDigest == "" {
		rec.PromptDigest = "prompt of " + it.id
	}
	if it.value == nil {
		rec.Status, rec.Outputs = eval.InfraNetwork, nil
		return rec
	}
	rec.Values[metric] = &eval.Observation{Value: *it.value, Weight: it.weight}
	return rec
}

// pairOf writes two runs of one task t.
func pairOf(t testing.TB, m journal.Metric, a, b []item) (Side, Side) {
	return newRun("A", testTask("t", m, len(a))).with("t", a).write(t), newRun("B", testTask("t", m, len(b))).with("t", b).write(t)
}

func mustRuns(t testing.TB, a, b Side, o Options) *Comparison {
	t.Helper()
	c, err := Runs(context.Background(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
