package exec

import (
	"context"
	"sync"

	"olmoeval/eval"
)

// queue hands requests to the process with the fewest in flight, first come
// first served.
type queue struct {
	mu      sync.Mutex
	ready   []*session
	waiting []chan *session // each has room for one; nil is sent when err is set
	err     error           // set once: nothing will be answered any more
}

// enter waits for a place at a process. It must be given back with leave.
func (q *queue) enter(ctx context.Context) (*session, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx, "before a process was asked")
	}
	q.mu.Lock()
	if q.err != nil {
		defer q.mu.Unlock()
		return nil, q.err
	}
	turn := make(chan *session, 1)
	q.waiting = append(q.waiting, turn)
	q.grant()
	q.mu.Unlock()
	var s *session
	select {
	case s = <-turn:
	case <-ctx.Done():
		q.mu.Lock()
		for i, w := range q.waiting {
			if w == turn {
				q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
				q.mu.Unlock()
				return nil, ended(ctx, "waiting for a free process")
			}
		}
		q.mu.Unlock()
		if s = <-turn; s != nil { // it came at the same moment
			q.leave(s)
		}
		return nil, ended(ctx, "waiting for a free process")
	}
	if s == nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		return nil, q.err
	}
	return s, nil
}

// leave gives a place back.
func (q *queue) leave(s *session) {
	q.mu.Lock()
	s.load--
	q.grant()
	q.mu.Unlock()
}

// add makes a process available, remove takes it away.
func (q *queue) add(s *session) {
	q.mu.Lock()
	q.ready = append(q.ready, s)
	q.grant()
	q.mu.Unlock()
}

func (q *queue) remove(s *session) {
	q.mu.Lock()
	for i, r := range q.ready {
		if r == s {
			q.ready = append(q.ready[:i], q.ready[i+1:]...)
			break
		}
	}
	q.mu.Unlock()
}

// fail ends the queue: all who wait and all who come are told err.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return
	}
	q.err = err
	for _, w := range q.waiting {
		w <- nil
	}
	q.waiting = nil
}

// grant serves those who wait while there are places. The lock is held.
func (q *queue) grant() {
	for len(q.waiting) > 0 {
		var best *session
		for _, s := range q.ready {
			if s.load < s.hello.MaxInFlight && (best == nil || s.load < best.load) {
				best = s
			}
		}
		if best == nil {
			return
		}
		best.load++
		q.waiting[0] <- best
		q.waiting = q.waiting[1:]
	}
}

// ended is the fault of a request whose own context has ended.
func ended(ctx context.Context, doing string) error {
	status := eval.Cancelled
	if ctx.Err() == context.DeadlineExceeded {
		status = eval.InfraNetwork
	}
	return &eval.Fault{Status: status, Err: contextError{doing, context.Cause(ctx)}}
}

type contextError struct {
	doing string
	cause error
}

func (e contextError) Error() string { return e.doing + ": " + e.cause.Error() }
func (e contextError) Unwrap() error { return e.cause }
