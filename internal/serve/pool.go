package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"olmoeval/eval"
)

// Pool is the servers of one model. It may be used by many goroutines.
type Pool struct {
	spec     Spec
	opts     Options
	key      string
	program  string
	python   bool
	parallel int
	replicas []*replica

	cancel context.CancelFunc // ends the replicas' goroutines; set by launch
	wg     sync.WaitGroup     // of these
	once   sync.Once

	telling sync.Mutex // held while an event is told

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when a state changes
	deaths   int
	failure  *Failure // of the last replica that was given up
	version  string
	restarts []Restart
}

func newPool(s Spec, o Options) (*Pool, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	p := &Pool{spec: s, opts: o, key: newKey(), changed: make(chan struct{}), cancel: func() {}}
	var err error
	if p.program, p.python, err = s.program(environ(o.Environ)); err != nil {
		return nil, err
	}
	return p, nil
}

// host is the end of the names of servers.
const host = ".olmo-eval.internal"

// BaseURLs name the servers, one for each replica, for good: where they listen
// at present is for Dial to know.
func (p *Pool) BaseURLs() []string {
	out := make([]string, len(p.replicas))
	for i := range out {
		out[i] = fmt.Sprintf("http://replica-%d%s/v1", i, host)
	}
	return out
}

// Model is what requests must call the model.
func (p *Pool) Model() string { return p.spec.name() }

// APIKey is the secret that the servers want. It is made for this pool and
// written nowhere.
func (p *Pool) APIKey() string { return p.key }

// DownError says that a server does not run at present.
type DownError struct{ Replica int }

func (e *DownError) Error() string { return fmt.Sprintf("replica %d is down", e.Replica) }

// Is makes it a refused connection, which clients know.
func (e *DownError) Is(target error) bool { return target == syscall.ECONNREFUSED }

// Dial connects to the server that a host of BaseURLs stands for, or returns a
// *DownError; other addresses it dials as they are.
func (p *Pool) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	number, ok := strings.CutSuffix(name, host)
	if !ok {
		return d.DialContext(ctx, network, addr)
	}
	i, err := strconv.Atoi(strings.TrimPrefix(number, "replica-"))
	if err != nil || i < 0 || i >= len(p.replicas) {
		return nil, fmt.Errorf("no server %s; have %d", name, len(p.replicas))
	}
	r := p.replicas[i]
	p.mu.Lock()
	l := r.life
	up := r.state == ready
	p.mu.Unlock()
	if !up {
		return nil, &DownError{i}
	}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port)))
	if err != nil {
		return nil, err
	}
	return l.track(c), nil
}

// Close stops all servers and returns when they are gone and what they held is
// free. It may be called often.
func (p *Pool) Close() error {
	p.once.Do(func() {
		p.cancel()
		p.wg.Wait()
		for _, r := range p.replicas {
			for _, l := range r.leases {
				l.Lock.Release()
			}
		}
	})
	return nil
}

// event tells one thing.
func (p *Pool) event(kind EventKind, replica int, text string) {
	p.telling.Lock()
	defer p.telling.Unlock()
	p.opts.Events(Event{time.Now(), kind, p.spec.String(), replica, text})
}

// set changes a replica's state and tells those who wait.
func (p *Pool) set(r *replica, s state, l *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.state == ready && s != ready {
		p.deaths++
	}
	r.state = s
	if l != nil {
		r.life = l
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// await waits until a replica is ready and returns how many deaths there were.
// When there will be none it returns the fault that stops the run.
func (p *Pool) await(ctx context.Context) (int, error) {
	for {
		p.mu.Lock()
		deaths, changed, failure := p.deaths, p.changed, p.failure
		up := slices.ContainsFunc(p.replicas, func(r *replica) bool { return r.state == ready })
		lost := !slices.ContainsFunc(p.replicas, func(r *replica) bool { return r.state != failed && r.state != stopped })
		p.mu.Unlock()
		switch {
		case up:
			return deaths, nil
		case lost && failure != nil:
			return 0, failure.fault(&p.spec)
		case lost:
			return 0, &eval.Fault{Status: eval.Cancelled, Abort: true, Err: errors.New("the servers were stopped")}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, &eval.Fault{Status: eval.InfraServerDown, Err: fmt.Errorf("waiting for %s to be started again: %w", &p.spec, context.Cause(ctx))}
		}
	}
}
