package cli

import (
	"context"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/internal/ctl"
	"olmoeval/internal/engine"
	"olmoeval/internal/journal"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/layer"
)

// live is a run under way, as others may watch and steer it: see ctlCommand.
type live struct {
	engine  *engine.Engine
	groups  []*layer.Group // the first is the model's
	retries []*layer.Retry
	cancel  context.CancelFunc
	undo    []func()
	fixed   bool // the places do not follow the endpoint: a mock
	at      int  // workers at first
	retuned atomic.Bool

	mu        sync.Mutex
	workers   int // at least so many
	writer    *journal.Writer
	id        string
	began     time.Time
	before    int64 // instances done when it began
	pausedAt  time.Time
	paused    time.Duration // before pausedAt
	cancelled bool
}

var _ ctl.Control = (*live)(nil)

// live makes a run that can be steered: its workers follow the places at the
// endpoint, and from when its directory is there it answers on a socket. The
// context it returns ends when the run is cancelled.
func (a *app) live(ctx context.Context, e *engine.Engine) (context.Context, *live) {
	ctx, cancel := context.WithCancel(ctx)
	n := max(1, e.Concurrency)
	l := &live{engine: e, cancel: cancel, workers: n, at: n, fixed: e.Provider.Model().Kind == modelspec.Mock, began: time.Now()}
	seen := map[*layer.Group]bool{}
	for r := range layer.All(e.Responder) {
		switch r := r.(type) {
		case *layer.Limit:
			if g := r.Shared(); !seen[g] {
				seen[g] = true
				l.groups = append(l.groups, g)
			}
		case *layer.Retry:
			l.retries = append(l.retries, r)
		}
	}
	for i, g := range l.groups {
		g.Resume() // an earlier run may have drained it
		if l.fixed {
			g.Retune(n)
		}
		if i == 0 {
			g.Notify(l.follow)
			l.undo = append(l.undo, func() { g.Notify(nil) })
		}
		drained := make(chan struct{})
		stop := context.AfterFunc(ctx, func() { g.Drain(); close(drained) })
		l.undo = append(l.undo, func() {
			if !stop() {
				<-drained
			}
		})
	}
	others := e.Hooks.Opened
	e.Hooks.Opened = func(w *journal.Writer) func() {
		closing := a.answer(ctx, l, w)
		if others != nil {
			if then := others(w); then != nil {
				return func() { closing(); then() }
			}
		}
		return closing
	}
	return ctx, l
}

// answer opens the run's socket. A run that cannot have one goes on without.
func (a *app) answer(ctx context.Context, l *live, w *journal.Writer) (closing func()) {
	m := w.Manifest()
	id := m.RunID
	if m.Shard != nil {
		id += "-" + strconv.Itoa(m.Shard.Index)
	}
	l.mu.Lock()
	l.writer, l.id, l.before = w, id, l.engine.Progress.Done.Load()
	l.mu.Unlock()
	dir, err := ctl.Dir(a.Getenv)
	if err == nil {
		closing, err = ctl.Serve(ctx, dir, id, l)
	}
	if err != nil {
		a.note("olmo-eval: warning: olmo-eval ctl cannot reach this run: %v", err)
		return func() {}
	}
	return closing
}

// end gives back what live took.
func (l *live) end() {
	for _, undo := range l.undo {
		undo()
	}
	if l.retuned.Load() {
		for _, g := range l.groups {
			g.Retune(0) // the next run at this endpoint was not meant
		}
	}
	l.cancel()
}

// follow has more workers than places, where places may become more than was
// asked for: some of them score while others wait for answers.
func (l *live) follow(places int) {
	l.mu.Lock()
	n := l.workers
	l.mu.Unlock()
	if places > n {
		n = places + places/8
	}
	l.engine.Resize(n)
}

// Pause lets no more requests out.
func (l *live) Pause() {
	l.mu.Lock()
	if l.pausedAt.IsZero() {
		l.pausedAt = time.Now()
	}
	l.mu.Unlock()
	for _, g := range l.groups {
		g.Pause()
	}
	l.record(ctl.VerbPause, nil)
}

// Resume ends a pause.
func (l *live) Resume() {
	l.mu.Lock()
	cancelled := l.cancelled
	if !l.pausedAt.IsZero() {
		l.paused += time.Since(l.pausedAt)
		l.pausedAt = time.Time{}
	}
	l.mu.Unlock()
	if cancelled {
		return
	}
	for _, g := range l.groups {
		g.Resume()
	}
	l.record(ctl.VerbResume, nil)
}

// SetConcurrency bounds the requests in flight.
func (l *live) SetConcurrency(n int) {
	l.mu.Lock()
	l.workers = n
	if n == 0 {
		l.workers = l.at
	}
	workers := l.workers
	l.mu.Unlock()
	to := n
	if l.fixed {
		to = workers
	}
	for i, g := range l.groups {
		g.Retune(to)
		l.retuned.Store(true)
		if i == 0 {
			l.follow(g.Load().Places)
		}
	}
	l.record(ctl.VerbConcurrency, map[string]any{"n": n})
}

// Cancel stops the run as Ctrl-C does.
func (l *live) Cancel(reason string) {
	l.mu.Lock()
	l.cancelled = true
	l.mu.Unlock()
	l.record(ctl.VerbCancel, map[string]any{"reason": reason})
	l.cancel()
}

// record notes in the run's events what was asked for. What cannot be noted is
// done all the same: the journal reports its own failures.
func (l *live) record(verb string, fields map[string]any) {
	all := map[string]any{"do": verb}
	for k, v := range fields {
		all[k] = v
	}
	_ = l.writer.Event("control", all)
}

// Status is the state of the run.
func (l *live) Status() ctl.Status {
	p := l.engine.Progress
	l.mu.Lock()
	spent := time.Since(l.began) - l.paused
	if !l.pausedAt.IsZero() {
		spent -= time.Since(l.pausedAt)
	}
	s := ctl.Status{RunID: l.id, PID: os.Getpid(), Started: l.began.UTC(), Cancelled: l.cancelled, Paused: !l.pausedAt.IsZero()}
	before := l.before
	l.mu.Unlock()
	s.Model = l.engine.Provider.Model().Name
	s.Total, s.Done, s.Failed, s.CostUSD = p.Total.Load(), p.Done.Load(), p.Failed.Load(), p.USD()
	s.Failures, s.Retries = map[string]int64{}, map[string]int64{}
	for status, n := range p.Failures() {
		s.Failures[string(status)] = n
	}
	for _, r := range l.retries {
		for status, n := range r.Retries() {
			s.Retries[string(status)] += n
		}
	}
	for i, g := range l.groups {
		load := g.Load()
		s.InFlight += load.InFlight
		s.Waiting += load.Waiting
		if i == 0 {
			s.Places, s.Top = load.Places, load.Top
		}
		if !load.Held.IsZero() && (s.Held == nil || load.Held.After(*s.Held)) {
			s.Held = &load.Held
		}
	}
	rates(&s, s.Done-before, p.Tokens.Load(), spent)
	return s
}

// rates fills in what can be said of the pace: nothing before the first answer.
func rates(s *ctl.Status, done, tokens int64, spent time.Duration) {
	if done <= 0 || spent <= 0 {
		return
	}
	perS := float64(done) / spent.Seconds()
	left := float64(s.Total-s.Done) / perS
	s.PerS, s.ETAS = &perS, &left
	if tokens > 0 {
		t := float64(tokens) / spent.Seconds()
		s.TokensPerS = &t
	}
}
