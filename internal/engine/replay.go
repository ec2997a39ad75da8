package engine

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// replaying is a run whose records come from stored ones.
func replaying(w *journal.Writer, tasks []*Prepared) *run {
	m := w.Manifest()
	r := &run{Engine: &Engine{}, plan: &Plan{Tasks: tasks, Entries: m.Tasks, Suites: m.Suites, Caps: m.Caps}, w: w, started: now()}
	for _, t := range tasks {
		var ids []string
		for _, x := range t.Task.Metrics {
			ids = append(ids, x.Info().ID)
		}
		r.tracks = append(r.tracks, newTrack(t.N, ids))
		r.scorers = append(r.scorers, Scorers(t.Task))
	}
	return r
}

// replay takes the records of src, scored anew if asked.
func (r *run) replay(ctx context.Context, src *journal.Reader, rescore bool) error {
	for i, t := range r.plan.Tasks {
		entry := &r.plan.Entries[i]
		if err := r.ready(i); err != nil {
			return err
		}
		recs := make(chan *eval.Record) // closed below
		errs := make([]error, runtime.GOMAXPROCS(0))
		var wg sync.WaitGroup
		ctx, cancel := context.WithCancel(ctx)
		for k := range errs {
			wg.Go(func() {
				for rec := range recs {
					if errs[k] != nil {
						continue
					}
					if rescore && rec.Outputs != nil {
						Score(ctx, t.Task, r.scorers[i], rec)
					}
					if err := r.w.Append(entry.Label, rec); err != nil {
						errs[k] = &StorageError{err}
						cancel()
						continue
					}
					r.tracks[i].add(rec)
				}
			})
		}
		var readErr error
		for rec, err := range src.Records(ctx, t.Label) {
			if err != nil {
				readErr = err
				break
			}
			recs <- rec
		}
		close(recs)
		wg.Wait()
		cancel()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		if readErr != nil {
			return readErr
		}
	}
	return nil
}

// ready opens a task's record file once, with what it holds.
func (r *run) ready(i int) error {
	entry := &r.plan.Entries[i]
	if r.opened == nil {
		r.opened = map[string]bool{}
	}
	if r.opened[entry.Label] {
		return nil
	}
	r.opened[entry.Label] = true
	_, err := r.w.Ready(entry, func(rec *eval.Record) error {
		r.tracks[i].add(rec)
		return nil
	})
	return err
}

// Rescore scores the stored outputs of a run anew, into scorings/ beside its
// records. It asks no model and overwrites nothing: an equal scoring that is
// there already is returned.
func Rescore(ctx context.Context, src *journal.Reader, tasks []*Prepared) (*journal.Result, error) {
	m := *src.Manifest
	var hashes []any
	entries := make([]journal.Task, 0, len(tasks))
	for _, t := range tasks {
		old, _ := m.Task(t.Label)
		e := *old
		e.ScoringHash, e.Metrics, e.Primary, e.Rescored = ScoringHash(t.Task), Metrics(t.Task), Primary(t.Task), true
		hashes = append(hashes, []any{e.Label, e.ScoringHash})
		entries = append(entries, e)
	}
	m.Tasks, m.Sealed, m.Results = entries, false, nil
	if len(tasks) < len(src.Manifest.Tasks) {
		m.Suites = nil // a part of the tasks makes no suite
	}
	dir := filepath.Join(src.Dir, "scorings", eval.HashJSON(hashes))
	if old, err := journal.ReadManifest(dir); err == nil && old.Sealed {
		return old.Results, nil
	} else if err == nil {
		return rescoreInto(ctx, src, tasks, func() (*journal.Writer, error) { return journal.Open(dir) })
	}
	return rescoreInto(ctx, src, tasks, func() (*journal.Writer, error) { return journal.CreateAt(dir, m) })
}

func rescoreInto(ctx context.Context, src *journal.Reader, tasks []*Prepared, open func() (*journal.Writer, error)) (*journal.Result, error) {
	w, err := open()
	if err != nil {
		return nil, err
	}
	r := replaying(w, tasks)
	err = r.replay(ctx, src, true)
	return r.finish(ctx, err)
}
