package layer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"olmoeval/eval"
)

// Breaker stops a run whose endpoint is gone: once every attempt of all requests
// has failed for a while, and enough of them, it asks no more and answers all
// with a fault that aborts the run. It stands round one attempt (inside
// [Limit]), so that waiting for a place does not count. Leave it out to wait
// through an outage.
type Breaker struct {
	Next eval.Responder
	// After is how long attempts must have failed without one success, and
	// Attempts how many of them; 0 means 5 minutes and 20.
	After    time.Duration
	Attempts int

	mu       sync.Mutex
	since    time.Time // since when all attempts fail; zero: they do not
	success  time.Time // when the last answer came
	ended    time.Time // when the last of them ended
	failed   int
	inFlight int
	open     error // what every further request gets
}

var _ eval.Responder = (*Breaker)(nil)

// idle is how long nothing may be sent before the time no longer counts as
// failing: a run that is paused does not fail.
const idle = time.Minute

// Unwrap is Next.
func (b *Breaker) Unwrap() eval.Responder { return b.Next }

// Respond asks Next unless asking has been given up.
func (b *Breaker) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	sent := time.Now()
	if err := b.begin(sent); err != nil {
		return nil, err
	}
	left := false // true but when Next panics
	defer func() {
		if !left {
			b.leave()
		}
	}()
	resp, err := b.Next.Respond(ctx, r)
	var fault *eval.Fault
	if err != nil {
		fault = eval.FaultOf(err)
	}
	left = true
	if err != nil && ctx.Err() != nil {
		b.leave() // it was not the endpoint that ended it
		return resp, err
	}
	if opened := b.end(sent, fault); opened != nil {
		return resp, opened
	}
	return resp, err
}

func (b *Breaker) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
}

func (b *Breaker) begin(sent time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open != nil {
		return b.open
	}
	if gap := sent.Sub(b.ended); b.inFlight == 0 && !b.since.IsZero() && gap > idle {
		b.since = b.since.Add(gap)
	}
	b.inFlight++
	return nil
}

// end counts an attempt; it returns the fault that ends the run where this was
// the last that could be borne.
func (b *Breaker) end(sent time.Time, fault *eval.Fault) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	now := time.Now()
	switch {
	case b.open != nil:
		return nil
	case fault == nil || !fault.Status.Retryable() || fault.Abort:
		// An answer, or a refusal of this one request: somebody is there.
		b.since, b.failed, b.success = time.Time{}, 0, now
		return nil
	}
	b.ended = now
	if sent.Before(b.success) {
		sent = b.success
	}
	if b.since.IsZero() || sent.Before(b.since) {
		b.since = sent
	}
	b.failed++
	after, attempts := b.After, b.Attempts
	if after <= 0 {
		after = 5 * time.Minute
	}
	if attempts <= 0 {
		attempts = 20
	}
	if b.failed < attempts || now.Sub(b.since) < after {
		return nil
	}
	b.open = &eval.Fault{Status: fault.Status, Abort: true,
		Hint: "see to the endpoint and type the command again to resume; --wait 30m goes on through an outage",
		Err:  fmt.Errorf("no request was answered for %s, %d attempts failed, the last with: %w", now.Sub(b.since).Round(time.Second), b.failed, fault)}
	return b.open
}
