package cli

import (
	"context"
	"errors"
	"fmt"

	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/internal/find"
	"olmoeval/internal/journal"
	"olmoeval/metric"
)

// storedResult is a run's final object. Of a run that never came to its end it
// is made of the records that are there.
func (a *app) storedResult(ctx context.Context, r find.Run) (*journal.Result, error) {
	a.unfinishedNote(r)
	if r.Manifest.Results != nil {
		res := *r.Manifest.Results
		res.Dir = r.Dir
		return &res, nil
	}
	m := r.Manifest
	res := &journal.Result{RunID: m.RunID, Dir: r.Dir, Status: m.Status, Model: m.Model.Name, Tasks: []journal.TaskResult{}}
	for i := range m.Tasks {
		t, err := partialResult(ctx, r, &m.Tasks[i], &res.Usage)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", m.Tasks[i].Label, err)
		}
		res.Tasks = append(res.Tasks, *t)
	}
	res.Suites = engine.Suites(m.Suites, res.Tasks)
	return res, nil
}

// partialResult estimates a task's metrics from the records there are.
func partialResult(ctx context.Context, r find.Run, t *journal.Task, usage *eval.Usage) (*journal.TaskResult, error) {
	out := &journal.TaskResult{Task: t.Label, NTotal: t.N, SkippedRows: t.SkippedRows, Warnings: []string{}, TaskHash: t.TaskHash, ScoringHash: t.ScoringHash, Failures: map[string]int{}}
	samples := make([]eval.Sample, len(t.Metrics))
	clusters := clusterNumbers{}
	records := 0
	for rec, err := range r.Records(ctx, t.Label) {
		var damage *journal.DamageError
		if errors.As(err, &damage) {
			out.Notes = append(out.Notes, "damaged: "+err.Error())
			continue
		}
		if err != nil {
			return nil, err
		}
		records++
		*usage = usage.Add(rec.Usage)
		countRecord(out, rec)
		cluster := clusters.of(rec)
		for i := range t.Metrics {
			if o := rec.Values[t.Metrics[i].ID]; o != nil && rec.Status.Counted() {
				samples[i].Values = append(samples[i].Values, o.Value)
				samples[i].Weights = append(samples[i].Weights, o.Weight)
				samples[i].Clusters = append(samples[i].Clusters, cluster)
			}
		}
	}
	out.NFailed = out.NTotal - out.NOK
	if records < t.N {
		out.Notes = append(out.Notes, fmt.Sprintf("partial: the run is not finished: %d of %d instances have a record", records, t.N))
	}
	for i, m := range t.Metrics {
		if !clusters.any() {
			samples[i].Clusters = nil
		}
		out.Metrics = append(out.Metrics, estimateStored(m, samples[i]))
		if m.ID == t.Primary {
			out.Primary = &out.Metrics[i]
		}
	}
	if out.Primary == nil {
		out.Primary = &eval.Estimate{Metric: t.Primary, Reason: "the task has no metric of this name"}
	}
	if len(out.Notes) > 0 {
		out.Warnings = append(out.Warnings, "partial")
	}
	return out, nil
}

func countRecord(out *journal.TaskResult, rec *eval.Record) {
	if !rec.Status.Counted() {
		out.Failures[string(rec.Status)]++
		return
	}
	out.NOK++
	if rec.Request == nil || rec.Request.Type == eval.Loglikelihood {
		return
	}
	truncated, answered := false, len(rec.Outputs) == 0
	for i := range rec.Outputs {
		truncated = truncated || rec.Outputs[i].FinishReason == "length"
		answered = answered || rec.Outputs[i].Answer != nil
	}
	if truncated {
		out.NTruncated++
	}
	if !answered {
		out.NUnextracted++
	}
}

// estimateStored estimates a metric from stored observations. What a user's own
// metric makes of them only its task knows.
func estimateStored(m journal.Metric, s eval.Sample) eval.Estimate {
	known, err := metric.ByID(m.ID, storedScores(m.Scorer))
	if err != nil {
		return eval.Estimate{Metric: m.ID, Unit: m.Unit, HigherIsBetter: m.HigherIsBetter, Reason: "this metric is computed when the run ends"}
	}
	return known.Estimate(s)
}

// storedScores stands for a scorer whose scores are stored.
type storedScores string

var _ eval.Scorer = storedScores("")

func (s storedScores) Name() string { return string(s) }
func (s storedScores) Score(context.Context, *eval.Record) ([]eval.Score, error) {
	return nil, fmt.Errorf("scorer %s: only its stored scores are at hand", string(s))
}

// clusterNumbers numbers the clusters of records; a question without one is a
// cluster of its own.
type clusterNumbers struct {
	known map[string]int32
	next  int32
}

func (n *clusterNumbers) of(rec *eval.Record) int32 {
	n.next++
	if rec.Instance == nil || rec.Instance.Cluster == "" {
		return n.next
	}
	if n.known == nil {
		n.known = map[string]int32{}
	}
	if _, ok := n.known[rec.Instance.Cluster]; !ok {
		n.known[rec.Instance.Cluster] = n.next
	}
	return n.known[rec.Instance.Cluster]
}

func (n *clusterNumbers) any() bool { return n.known != nil }
