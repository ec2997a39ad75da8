package engine

import (
	"context"
	"errors"
	"fmt"

	"olmoeval/eval"
)

// one carries an instance end to end. An error stops the whole run.
func (r *run) one(ctx context.Context, j job) error {
	if ctx.Err() != nil {
		return nil
	}
	if p := r.Progress; p != nil {
		p.InFlight.Add(1)
		defer p.InFlight.Add(-1)
	}
	t, tr := r.plan.Tasks[j.task], r.tracks[j.task]
	begin := now()
	in, req, err := t.Request(j.item)
	if err != nil {
		return fmt.Errorf("task %s: %w", t.Label, err)
	}
	digest := t.ItemDigest(j.item.Index)
	rec := &eval.Record{
		Index: j.item.Index, ID: digest, Digest: digest, Instance: in, Request: req,
		PromptDigest: t.digest.Digest(req),
	}
	if t.UniqueIDs {
		rec.ID = in.OwnID()
	}
	tr.mu.Lock()
	was := tr.prompts[rec.Index]
	tr.mu.Unlock()
	if was != 0 && was != promptBits(rec.PromptDigest) {
		return refuse("task %s: the prompt of item %s (%s) is not the one in the journal; --new starts a new run", t.Label, digest, j.item.Row.Where())
	}
	if s := req.Sampling.Seed; s != nil && req.Type != eval.Loglikelihood && !req.Sampling.Greedy() {
		own := eval.InstanceSeed(*s, digest)
		req.Sampling.Seed, rec.Seed = &own, &own
	}
	req.Origin = &eval.Origin{Task: t.Task, Instance: in, Digest: digest}
	resp, err := r.Responder.Respond(ctx, req)
	answered := now()
	if err != nil {
		f := eval.FaultOf(err)
		if ctx.Err() != nil || f.Status == eval.Cancelled {
			return nil // stopped: the instance stays to be asked
		}
		if f.Abort {
			return f
		}
		rec.Status, rec.Error = f.Status, f.Error()
		var tried interface{ Attempted() int }
		if resp != nil {
			rec.Attempts = resp.Attempts
		} else if errors.As(err, &tried) {
			rec.Attempts = tried.Attempted()
		}
		if f.Status.Counted() {
			r.countFault(t, rec)
		}
	} else {
		rec.Outputs, rec.Usage, rec.Timing, rec.Attempts, rec.Notes = resp.Outputs, resp.Usage, resp.Timing, resp.Attempts, resp.Notes
		Score(ctx, t.Task, r.scorers[j.task], rec)
		if ctx.Err() != nil && rec.Status == eval.ScoringError {
			return nil
		}
	}
	rec.WallMS = float64(now().Sub(begin).Microseconds()) / 1000
	if err := r.w.Append(t.Label, rec); err != nil {
		return &StorageError{err}
	}
	if tr.add(rec) == early {
		if err := r.alarm(t, tr); err != nil {
			return &StorageError{err}
		}
	}
	r.finished(t.Label, rec, begin, answered)
	return nil
}

// Policies for instances that do not fit the context.
const (
	Fail     = "fail"
	Skip     = "skip"
	Truncate = "truncate"
)

// countFault scores a failure of the model's own, such as a context that does
// not fit: wrong, where the metric is about being right.
func (r *run) countFault(t *Prepared, rec *eval.Record) {
	rec.Values = map[string]*eval.Observation{}
	skip := rec.Status == eval.ContextOverflow && r.Overflow == Skip
	for _, m := range t.Task.Metrics {
		info := m.Info()
		rec.Values[info.ID] = nil
		if skip {
			continue
		}
		if info.Unit == eval.Proportion && info.HigherIsBetter {
			rec.Values[info.ID] = &eval.Observation{Value: 0, Weight: 1}
		}
	}
}
