package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"olmoeval/internal/serve/gpu"
)

// state of a replica.
type state int

const (
	starting state = iota
	ready
	restarting
	failed  // for good
	stopped // by Close
)

func (s state) String() string {
	return [...]string{"starting", "ready", "restarting", "failed", "stopped"}[s]
}

// replica is one server of a pool, over all its lives.
type replica struct {
	pool   *Pool
	index  int
	leases []gpu.Lease

	// Under the pool's lock.
	state state
	life  *life // of states ready; the last one otherwise
	took  time.Duration

	checking chan struct{} // has one place: who is in it looks at the server
	good     time.Time     // when the last look that went well began; by its holder
}

func newReplica(p *Pool, i int) *replica {
	return &replica{pool: p, index: i, checking: make(chan struct{}, 1)}
}

// visible is what CUDA_VISIBLE_DEVICES is to say, "" for nothing.
func (r *replica) visible() string {
	var ids []string
	for _, l := range r.leases {
		ids = append(ids, l.ID)
	}
	return strings.Join(ids, ",")
}

// run is the whole life of a replica, until ctx ends. The outcome of its first
// start, which start bounds, goes to up.
func (r *replica) run(ctx, start context.Context, up chan<- error) {
	p := r.pool
	both, cancel := context.WithCancelCause(start)
	unhook := context.AfterFunc(ctx, func() { cancel(context.Canceled) })
	l, err := r.bring(both)
	unhook()
	cancel(nil)
	if err != nil {
		p.set(r, stopped, nil)
		up <- err
		return
	}
	p.set(r, ready, l)
	up <- nil
	var history []time.Time
	for {
		what := r.watch(ctx, l)
		if what == "" {
			l.end()
			p.set(r, stopped, l)
			p.event(Stopped, r.index, "stopped")
			return
		}
		// First, so that every request that fails by it began before the death.
		l.hangUp()
		p.set(r, restarting, l)
		l.end()
		cause := l.failure(what)
		p.event(Down, r.index, cause.Error())
		if l = r.again(ctx, &history, cause); l == nil {
			return
		}
		p.set(r, ready, l)
	}
}

// again starts a replica that died until it is ready; nil when the pool is
// closed or it has died too often.
func (r *replica) again(ctx context.Context, history *[]time.Time, cause *Failure) *life {
	p := r.pool
	t := p.opts.Timing
	for {
		now := time.Now()
		recent := (*history)[:0]
		for _, at := range *history {
			if now.Sub(at) < t.Window {
				recent = append(recent, at)
			}
		}
		*history = recent
		if len(recent) >= max(t.Restarts, 0) {
			cause.What += fmt.Sprintf(" (given up after %d restarts within %s)", len(recent), t.Window)
			p.mu.Lock()
			p.failure = cause
			p.mu.Unlock()
			p.set(r, failed, nil)
			p.event(Failed, r.index, cause.Error())
			return nil
		}
		wait := t.Backoff << len(recent)
		*history = append(*history, now)
		p.mu.Lock()
		p.restarts = append(p.restarts, Restart{Replica: r.index, Time: now, Cause: cause.Error()})
		p.mu.Unlock()
		p.event(Restarting, r.index, fmt.Sprintf("restart %d of %d in %s", len(recent)+1, t.Restarts, wait))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			p.set(r, stopped, nil)
			return nil
		}
		l, err := r.bring(ctx)
		if err == nil {
			return l
		}
		if ctx.Err() != nil {
			p.set(r, stopped, nil)
			return nil
		}
		if !errors.As(err, &cause) {
			cause = &Failure{What: err.Error(), advice: -1}
		}
		p.event(Down, r.index, cause.Error())
	}
}

// bring starts a process and waits until it is ready, on another port where
// the first was taken meanwhile.
func (r *replica) bring(ctx context.Context) (*life, error) {
	p := r.pool
	for try := 1; ; try++ {
		l, err := r.begin(ctx)
		if err != nil {
			return nil, err
		}
		p.event(Starting, r.index, r.describe(l))
		err = l.ready(ctx)
		if err == nil {
			p.up(ctx, r, l)
			return l, nil
		}
		l.end()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		f := l.failure(err.Error())
		if f.advice != portTaken || try >= p.opts.Timing.Ports {
			return nil, f.fault(&p.spec)
		}
		p.event(Note, r.index, fmt.Sprintf("port %d was taken; trying another", l.port))
	}
}

func (r *replica) describe(l *life) string {
	text := fmt.Sprintf("process %d, port %d", l.proc.PID(), l.port)
	if v := r.visible(); v != "" {
		text += ", gpus " + v
	}
	if path := r.logPath(); path != "" {
		text += ", log " + path
	}
	return text
}

// up notes a server that is ready.
func (p *Pool) up(ctx context.Context, r *replica, l *life) {
	version := l.probe.version(ctx)
	took := since(l.began)
	p.mu.Lock()
	if version != "" {
		p.version = version
	}
	r.took = took
	p.mu.Unlock()
	p.event(Ready, r.index, "ready after "+took.String())
}

// watch looks after a server until it dies and says how; "" when ctx ended.
func (r *replica) watch(ctx context.Context, l *life) string {
	t := r.pool.opts.Timing
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan error, 1)
	next := time.NewTimer(t.Health)
	defer next.Stop()
	failures, seen := 0, l.reads.Load()
	for {
		select {
		case <-ctx.Done():
			return ""
		case <-l.proc.Exited():
			return fmt.Sprintf("%s after %s", l.proc.Exit(), since(l.began))
		case <-next.C:
			go func() { results <- l.probe.healthy(ctx, t.Answer) }()
		case err := <-results:
			now := l.reads.Load()
			if err == nil || now != seen { // one that answers requests is busy, not dead
				failures = 0
			} else if failures++; failures >= t.Failures {
				return fmt.Sprintf("did not say that it is well %d times (%v) and was ended", failures, err)
			}
			seen = now
			next.Reset(t.Health)
		}
	}
}

// alive reports whether the server is well, by a look that began after since;
// where it is not it waits until it is again, or has died. Requests that fail
// together share one look.
func (r *replica) alive(ctx context.Context, since time.Time) (bool, error) {
	select {
	case r.checking <- struct{}{}:
		defer func() { <-r.checking }()
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	p := r.pool
	for {
		p.mu.Lock()
		l, up, changed := r.life, r.state == ready, p.changed
		p.mu.Unlock()
		if !up {
			return false, nil
		}
		if r.good.After(since) {
			return true, nil
		}
		began := time.Now()
		if err := l.probe.healthy(ctx, p.opts.Timing.Answer); err == nil {
			r.good = began
			continue
		}
		select {
		case <-changed:
		case <-time.After(p.opts.Timing.Poll):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}
