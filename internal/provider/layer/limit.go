package layer

import (
	"context"
	"errors"
	"sync"
	"time"

	"olmoeval/eval"
)

// Limit bounds the requests in flight at one endpoint and finds the bound
// itself: while all places are taken, each round of answers adds two; an
// overload (429, 503) takes a third of them, once for all requests that were in
// flight together, but leaves four.
type Limit struct {
	Next  eval.Responder
	Start int // places at first; 0 means 64
	Max   int // 0 means 1024

	mu       sync.Mutex
	places   float64 // 0 before first use
	inFlight int
	round    int // grows with each cut
	waiting  []chan struct{}
}

var _ eval.Responder = (*Limit)(nil)

// Load is the state of a [Limit].
type Load struct{ Places, InFlight, Waiting int }

// Load is the present state, for progress displays.
func (l *Limit) Load() Load {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.init()
	return Load{int(l.places), l.inFlight, len(l.waiting)}
}

// Respond waits for a place, first come first served, and asks Next.
func (l *Limit) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	arrived := time.Now()
	round, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	over := false
	defer func() { l.leave(round, over) }()
	queued := time.Since(arrived)
	resp, err := l.Next.Respond(ctx, r)
	if err == nil {
		resp.Timing.Queue += ms(queued)
	}
	over = err != nil && overloaded(err)
	return resp, err
}

// overloaded reports whether an error asks for fewer requests: a rate limit,
// or an error in the chain that says so of itself.
func overloaded(err error) bool {
	if eval.FaultOf(err).Status == eval.InfraRateLimited {
		return true
	}
	var o interface{ Overloaded() bool }
	return errors.As(err, &o) && o.Overloaded()
}

func (l *Limit) init() {
	if l.places == 0 {
		if l.Start <= 0 {
			l.Start = 64
		}
		if l.Max <= 0 {
			l.Max = 1024
		}
		l.places = float64(min(l.Start, l.Max))
	}
}

func (l *Limit) enter(ctx context.Context) (round int, err error) {
	l.mu.Lock()
	l.init()
	if l.inFlight < int(l.places) && len(l.waiting) == 0 {
		l.inFlight++
		round = l.round
		l.mu.Unlock()
		return round, nil
	}
	// The place is handed over by leave, which closes the channel.
	turn := make(chan struct{})
	l.waiting = append(l.waiting, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		l.mu.Lock()
		round = l.round
		l.mu.Unlock()
		return round, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	for i, w := range l.waiting {
		if w == turn {
			l.waiting = append(l.waiting[:i], l.waiting[i+1:]...)
			l.mu.Unlock()
			return 0, stopped(ctx, "waiting for a place at the endpoint")
		}
	}
	round = l.round
	l.mu.Unlock()
	// The place came at the same moment; pass it on.
	l.leave(round, false)
	return 0, stopped(ctx, "waiting for a place at the endpoint")
}

func (l *Limit) leave(round int, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case over && round == l.round:
		l.places = max(min(l.places, 4), l.places*2/3)
		l.round++
	case !over && (len(l.waiting) > 0 || l.inFlight >= int(l.places)):
		l.places = min(float64(l.Max), l.places+2/l.places)
	}
	l.inFlight--
	for len(l.waiting) > 0 && l.inFlight < int(l.places) {
		close(l.waiting[0])
		l.waiting = l.waiting[1:]
		l.inFlight++
	}
}
