package layer

import (
	"context"
	"errors"
	"sync"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Limit bounds the requests in flight at one endpoint. How many they may be is
// the business of its [Group], which finds out by itself.
type Limit struct {
	Next eval.Responder
	// Group is shared with whatever else uses the same server or account; nil
	// makes one of Start and Max.
	Group *Group
	Start int // places at first; 0 means 64
	Max   int // 0 means 1024

	once sync.Once
}

var _ eval.Responder = (*Limit)(nil)

// Shared is the Limit's group.
func (l *Limit) Shared() *Group {
	l.once.Do(func() {
		if l.Group == nil {
			l.Group = &Group{Start: l.Start, Max: l.Max}
		}
	})
	return l.Group
}

// Load is the present state, for progress displays.
func (l *Limit) Load() Load { return l.Shared().Load() }

// Unwrap is Next.
func (l *Limit) Unwrap() eval.Responder { return l.Next }

// Respond waits for a place, first come first served, and asks Next. With an
// error the Response holds the time of waiting alone.
func (l *Limit) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	g := l.Shared()
	arrived := time.Now()
	round, err := g.enter(ctx)
	sent := time.Now()
	queued := ms(sent.Sub(arrived))
	if err != nil {
		return &eval.Response{Timing: eval.Timing{Queue: queued}}, err
	}
	var o outcome // of a panic: nothing is learned from it
	defer func() { g.leave(round, o) }()
	attempt.Start(ctx)
	resp, err := l.Next.Respond(ctx, r)
	if err == nil {
		o = outcome{answered: true, units: work(resp), took: ms(time.Since(sent)) - resp.Timing.Queue}
	} else {
		resp = about(resp)
		if overloaded(err) {
			o = outcome{over: true, after: eval.FaultOf(err).After}
		}
	}
	resp.Timing.Queue += queued
	return resp, err
}

// outcome is what the group learns from a request that left.
type outcome struct {
	answered bool
	over     bool          // the server asks for fewer requests
	after    time.Duration // for how long it wants none
	units    float64       // of work, 0 if unknown
	took     float64       // milliseconds
}

// work is about what an answer cost the server, in units of an output token:
// reading 32 tokens costs about one. 0 if the server does not count.
func work(resp *eval.Response) float64 {
	u := resp.Usage
	if u.CompletionTokens == 0 && u.PromptTokens == 0 {
		return 0
	}
	return 1 + float64(u.CompletionTokens) + float64(max(0, u.PromptTokens-u.CachedTokens))/32
}

// about is what is known of a request that failed.
func about(resp *eval.Response) *eval.Response {
	if resp == nil {
		return &eval.Response{}
	}
	return resp
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
