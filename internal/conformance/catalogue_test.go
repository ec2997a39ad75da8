package main

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/catalog"
	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/internal/engine"
	"olmoeval/internal/provider/mock"
	"olmoeval/metric"
)

func theCatalog(tb testing.TB) *catalog.Catalog {
	tb.Helper()
	c, err := catalog.New(metric.ByID, benchmarks.All())
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// BenchmarkCatalog is the load of the whole catalogue, promised in 10 ms.
func BenchmarkCatalog(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		theCatalog(b)
	}
}

// TestEveryTask loads, renders and scores right answers to up to three rows of
// every task and of every task with one variant.
func TestEveryTask(t *testing.T) {
	ctx := context.Background()
	c := theCatalog(t)
	set := benchmarks.All()
	store := dataset.New(dataset.Options{Mirror: filepath.Join(corpus.Dir(t), "mirror"), Offline: true, Bundled: set.Data})
	loader := &engine.Loader{Data: store, Decode: dataset.Decode}
	model, err := mock.Parse("mock:oracle")
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, name := range c.TaskNames() {
		specs := []string{name}
		for _, v := range c.Variants(name) {
			specs = append(specs, name+":"+v.Name)
		}
		for _, spec := range specs {
			r, err := c.Resolve(spec, nil)
			if err != nil {
				t.Error(err)
				continue
			}
			task := &r.Task
			if !held(ctx, store, task) {
				counts["without rows in the mirror"]++
				continue
			}
			counts["specs"]++
			p, err := loader.Prepare(ctx, spec, spec, task, nil)
			if err != nil {
				t.Error(err)
				continue
			}
			answerRows(t, ctx, p, model, counts)
		}
	}
	t.Log(counts)
	if counts["specs"] < 500 {
		t.Errorf("only %d specs had rows", counts["specs"])
	}
}

// held reports whether the mirror has the rows that a task reads.
func held(ctx context.Context, data eval.Data, t *eval.Task) bool {
	for _, split := range t.Selection().Splits {
		if _, err := data.Open(ctx, t.Source, split); err != nil {
			return false
		}
	}
	return true
}

// answerRows asks up to three questions of a model that is always right.
func answerRows(t *testing.T, ctx context.Context, p *engine.Prepared, model eval.Responder, counts map[string]int) {
	t.Helper()
	scorers := engine.Scorers(p.Task)
	n := 0
	for it, err := range p.Items(ctx) {
		if err != nil {
			t.Errorf("%s: %v", p.Spec, err)
			return
		}
		if n++; n > 3 {
			return
		}
		in, req, err := p.Request(it)
		if err != nil {
			t.Errorf("%s: %v", p.Spec, err)
			return
		}
		counts["requests"]++
		req.Origin = &eval.Origin{Task: p.Task, Instance: in, Digest: p.ItemDigest(it.Index)}
		resp, err := model.Respond(ctx, req)
		if err != nil {
			t.Errorf("%s: %v", p.Spec, err)
			return
		}
		rec := &eval.Record{Index: it.Index, Digest: p.ItemDigest(it.Index), Instance: in, Request: req, Outputs: resp.Outputs}
		engine.Score(ctx, p.Task, scorers, rec)
		if rec.Error != "" {
			t.Errorf("%s: %s: %s", p.Spec, it.Row.Where(), rec.Error)
			continue
		}
		checkRight(t, p, rec, counts)
	}
}

// checkRight holds a right answer to full marks in the primary metric, where
// that is a share of right answers.
func checkRight(t *testing.T, p *engine.Prepared, rec *eval.Record, counts map[string]int) {
	t.Helper()
	if len(p.Task.Metrics) == 0 {
		return
	}
	primary := engine.Primary(p.Task)
	o := rec.Values[primary]
	for _, m := range p.Task.Metrics {
		info := m.Info()
		switch {
		case info.ID != primary:
		case o == nil:
			counts["without a value"]++ // an unlabelled row
			t.Logf("%s: %s has no value", p.Spec, primary)
		case math.IsNaN(o.Value) || math.IsInf(o.Value, 0):
			t.Errorf("%s: %s is %v", p.Spec, primary, o.Value)
		case info.Unit == eval.Proportion && o.Value != 1:
			t.Errorf("%s: %s of a right answer is %v (answer %v, gold %v)", p.Spec, primary, o.Value, rec.Outputs[0].Answer, rec.Instance.Gold)
		default:
			counts["scored"]++
		}
	}
}
