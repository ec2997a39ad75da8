package engine

import (
	"context"
	"errors"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// load reads what the journal holds already, and takes records of earlier runs.
func (r *run) load(ctx context.Context) error {
	p := r.plan
	for i, t := range p.Tasks {
		var ids []string
		for _, m := range t.Task.Metrics {
			ids = append(ids, m.Info().ID)
		}
		tr := newTrack(t.N, ids)
		r.tracks = append(r.tracks, tr)
		r.scorers = append(r.scorers, Scorers(t.Task))
		entry := &p.Entries[i]
		if p.Resume != nil {
			if old := entryOf(p.Resume, entry.AskKey); old != nil {
				entry.File = old.File
			}
		}
		damaged, err := r.w.Ready(entry, func(rec *eval.Record) error {
			tr.add(rec)
			return nil
		})
		if err != nil {
			return err
		}
		if len(damaged) > 0 {
			if err := r.w.Event("damaged_lines", map[string]any{"task": t.Label, "lines": damaged}); err != nil {
				return err
			}
		}
		if src := p.Sources[i]; src != nil {
			if err := r.take(ctx, i, src); err != nil {
				return err
			}
		}
		if r.Progress != nil {
			r.Progress.Total.Add(int64(t.Own))
			r.Progress.Done.Add(int64(tr.count(flagDone)))
		}
	}
	return nil
}

// promptDigests renders all items and keeps the digests of their prompts, by
// index.
func (p *Prepared) promptDigests(ctx context.Context) ([]uint64, error) {
	out := make([]uint64, p.N)
	for it, err := range p.Items(ctx) {
		if err != nil {
			return nil, err
		}
		_, req, err := p.Request(it)
		if err != nil {
			return nil, err
		}
		out[it.Index] = promptBits(p.digest.Digest(req))
	}
	return out, nil
}

// take copies the records of an earlier run, scored anew where scoring changed.
func (r *run) take(ctx context.Context, i int, src *journal.Manifest) error {
	t := r.plan.Tasks[i]
	old, err := journal.Load(r.Home.Run(src.RunID))
	if err != nil {
		return err
	}
	label := entryOf(src, r.plan.Entries[i].AskKey).Label
	prompts, err := t.promptDigests(ctx)
	if err != nil {
		return err
	}
	for rec, err := range old.Records(ctx, label) {
		var damage *journal.DamageError
		if errors.As(err, &damage) {
			break // the missing instances are asked
		}
		if err != nil {
			return err
		}
		if rec.Index >= t.N || rec.Digest != t.ItemDigest(rec.Index) || rec.Status.Retryable() && rec.Outputs == nil ||
			promptBits(rec.PromptDigest) != prompts[rec.Index] {
			continue
		}
		if r.plan.Actions[i] == ActRescore {
			Score(ctx, t.Task, r.scorers[i], rec)
		}
		if err := r.w.Append(t.Label, rec); err != nil {
			return err
		}
		r.tracks[i].add(rec)
	}
	r.plan.Entries[i].ReusedFrom = src.RunID
	r.plan.Entries[i].Rescored = r.plan.Actions[i] == ActRescore
	return nil
}
