package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// Grace is how long requests in flight may take to finish after a stop.
const Grace = 10 * time.Second

// run is a plan being executed.
type run struct {
	*Engine
	plan    *Plan
	w       *journal.Writer
	tracks  []*track
	scorers [][]eval.Scorer
	started time.Time
	opened  map[string]bool // record files, when replaying

	mu    sync.Mutex
	fatal error // why the run was aborted
}

// Execute does what the plan says and returns the final object. The error is a
// *eval.Fault with Abort set when the provider was not usable, ctx's error when
// it was stopped; the run directory then holds what was done.
func (e *Engine) Execute(ctx context.Context, p *Plan) (*journal.Result, error) {
	if p.Done != nil {
		res := *p.Done.Results
		res.ReusedFrom = p.Done.RunID
		res.Dir = e.Home.Run(p.Done.RunID)
		return &res, nil
	}
	r := &run{Engine: e, plan: p, started: now()}
	err := r.open(ctx)
	var done *shardDone
	if errors.As(err, &done) {
		return r.finishShard(ctx, done.res)
	}
	var held *journal.HeldError
	if errors.As(err, &held) {
		return nil, &refusal{err}
	}
	if err != nil {
		return nil, err
	}
	closing := r.follow()
	err = r.work(ctx)
	closing()
	res, err := r.finish(ctx, err)
	if err == nil && e.Shard != nil && res.Status == journal.Complete {
		return r.finishShard(ctx, res)
	}
	return res, err
}

// open probes the provider and takes up or makes the run directory.
func (r *run) open(ctx context.Context) error {
	p := r.plan
	if err := r.probe(ctx); err != nil {
		return err
	}
	var err error
	if r.Shard != nil {
		if r.w, err = r.openShard(); err != nil {
			return err
		}
	} else if p.Resume != nil {
		if r.w, err = journal.Open(r.Home.Run(p.Resume.RunID)); err != nil {
			return err
		}
		if err := r.w.Update(func(m *journal.Manifest) { m.Status, m.Results, m.Command = journal.Running, nil, r.Command }); err != nil {
			return err
		}
	} else {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		if r.w, err = journal.Create(r.Home, r.manifest(id.String())); err != nil {
			return err
		}
	}
	if err := r.w.Event(map[bool]string{true: "resumed", false: "started"}[p.Resume != nil], map[string]any{"command": r.Command}); err != nil {
		return err
	}
	if err := r.load(ctx); err != nil {
		return err
	}
	return r.hygiene(ctx)
}

func (r *run) manifest(id string) journal.Manifest {
	p := r.plan
	return journal.Manifest{
		RunID: id, Created: r.started.UTC(), Name: r.Name, Group: r.Group, Family: r.Family, Tags: r.Tags,
		Command: r.Command, ResumeKey: p.ResumeKey, Shard: r.Shard, Model: r.Provider.Model(),
		SystemHash: p.SystemHash, Harness: r.Harness, Caps: p.Caps, Program: r.Program,
		Tasks: p.Entries, Suites: p.Suites, MaxFailed: r.MaxFailed,
	}
}

func (r *run) needsModel() bool {
	for _, a := range r.plan.Actions {
		if a == ActRun {
			return true
		}
	}
	return false
}

type job struct {
	task int
	item Item
}

// work feeds instances to the workers until all are done, one failed for good,
// or ctx ends.
func (r *run) work(ctx context.Context) error {
	// What is in flight when ctx ends gets a little time to finish.
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(Grace, func() { cancel(ctx.Err()) })
		context.AfterFunc(inner, func() { t.Stop() })
	})
	defer stop()
	jobs := make(chan job) // closed by the feeder
	var wg sync.WaitGroup
	var held atomic.Bool // an instance was not begun: the budget is used up
	r.hands.begin(r.Concurrency, func() {
		wg.Go(func() {
			for j := range jobs {
				if r.Budget.Used() != nil {
					held.Store(true)
					continue
				}
				if err := r.one(inner, j); err != nil {
					r.abort(err)
					cancel(err)
				}
				if r.hands.spare() {
					return
				}
			}
		})
	})
	feeding, done := r.Budget.bound(ctx)
	err := r.feed(feeding, inner, jobs)
	done()
	r.hands.close()
	close(jobs)
	wg.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal != nil {
		return r.fatal
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var spent *BudgetError
	if held.Load() || err != nil && errors.As(context.Cause(feeding), &spent) {
		return r.Budget.Used()
	}
	return err
}

func (r *run) abort(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fatal == nil && !errors.Is(err, context.Canceled) {
		r.fatal = err
	}
}

func (r *run) feed(ctx, inner context.Context, jobs chan<- job) error {
	for _, i := range order(r.plan.Tasks) {
		t := r.plan.Tasks[i]
		if r.tracks[i].count(flagDone) >= t.Own {
			continue
		}
		for it, err := range t.Items(ctx) {
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return fmt.Errorf("task %s: %w", t.Label, err)
			}
			if r.tracks[i].has(it.Index, flagDone) {
				continue
			}
			select {
			case jobs <- job{i, it}:
			case <-ctx.Done():
				return ctx.Err()
			case <-inner.Done():
				return context.Cause(inner)
			}
		}
	}
	return nil
}

// StorageError says that a record could not be written: exit code 5.
type StorageError struct{ Err error }

func (e *StorageError) Error() string { return "results could not be stored: " + e.Err.Error() }
func (e *StorageError) Unwrap() error { return e.Err }

// finish makes the results, closes the run, and seals it if nothing is left to
// try.
func (r *run) finish(ctx context.Context, cause error) (*journal.Result, error) {
	p := r.plan
	res := &journal.Result{RunID: r.w.Manifest().RunID, Dir: r.w.Dir, Model: r.w.Manifest().Model.Name, Tasks: []journal.TaskResult{}}
	left := 0
	for i, t := range p.Tasks {
		p.Entries[i].PromptHash = promptHash(&p.Entries[i], r.tracks[i])
		res.Tasks = append(res.Tasks, taskResult(t, &p.Entries[i], r.tracks[i]))
		res.Usage = res.Usage.Add(r.tracks[i].usage)
		left += t.Own - r.tracks[i].count(flagDone)
	}
	res.Suites = Suites(p.Suites, res.Tasks)
	res.WallS = now().Sub(r.started).Seconds()
	reason := ""
	var spent *BudgetError
	switch {
	case errors.As(cause, &spent):
		res.Status, reason = journal.Interrupted, spent.Error()
	case cause != nil && errors.Is(cause, context.Canceled):
		res.Status, reason = journal.Interrupted, "stopped by the user"
	case cause != nil:
		res.Status, reason = journal.Failed, cause.Error()
	case left > 0 && !r.AcceptFailures:
		res.Status, reason = journal.Incomplete, fmt.Sprintf("%d instances failed and can be tried again", left)
	default:
		res.Status = journal.Complete
	}
	if err := r.w.Event(res.Status, map[string]any{"reason": reason, "done": doneCounts(p, r.tracks)}); err != nil && cause == nil {
		cause = &StorageError{err}
	}
	err := r.w.Close(func(m *journal.Manifest) {
		m.Status, m.Reason, m.Results, m.Tasks = res.Status, reason, res, p.Entries
		m.Caps = p.Caps
		if r.Serving != nil {
			m.Serving = r.Serving()
		}
		m.Ended = now().UTC()
		m.Sealed = res.Status == journal.Complete
	})
	if err != nil && cause == nil {
		cause = &StorageError{err}
	}
	return res, cause
}

func doneCounts(p *Plan, tracks []*track) map[string]int {
	out := map[string]int{}
	for i, t := range p.Tasks {
		out[t.Label] = tracks[i].count(flagDone)
	}
	return out
}

// SortedFailures lists failure counts, most first.
func SortedFailures(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if m[keys[i]] != m[keys[j]] {
			return m[keys[i]] > m[keys[j]]
		}
		return keys[i] < keys[j]
	})
	for i, k := range keys {
		keys[i] = fmt.Sprintf("%s %d", k, m[k])
	}
	return keys
}
