package layer

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Retry asks again where asking again may help, with exponential back-off and
// full jitter: before try n+1 it waits a uniform share of Base·2ⁿ⁻¹, at most
// Cap, and never less than the server asked for. All tries of a request have
// one budget: how many, and how long. It asks again after connections that
// failed, 408, 409, 425, 429, 5xx and answers that cannot be read; not after
// 400, 401, 403, 404 and 422, which would be the same again.
type Retry struct {
	Next  eval.Responder
	Tries int           // 0 means 6
	Base  time.Duration // 0 means 0.5 s
	Cap   time.Duration // 0 means 60 s
	// Budget bounds all tries of a request together, less the time it waited for
	// a place at the endpoint; 0 means 30 minutes. A wait that would pass it is
	// not begun.
	Budget time.Duration

	// Sleep, Now and Rand stand in for the clock and the dice in tests.
	Sleep func(context.Context, time.Duration) error
	Now   func() time.Time
	Rand  func() float64

	mu      sync.Mutex
	retries map[eval.Status]int64
}

var _ eval.Responder = (*Retry)(nil)

// Exhausted is in the chain of an error that was tried again in vain.
type Exhausted struct {
	Tries int
	Err   error
}

func (e *Exhausted) Error() string {
	if e.Tries == 1 {
		return e.Err.Error()
	}
	return fmt.Sprintf("after %d tries: %v", e.Tries, e.Err)
}
func (e *Exhausted) Unwrap() error { return e.Err }

// Tries is how often a request was sent before it failed with err; 1 where
// nobody counted.
func Tries(err error) int {
	var e *Exhausted
	if errors.As(err, &e) {
		return e.Tries
	}
	return 1
}

// Unwrap is Next.
func (t *Retry) Unwrap() eval.Responder { return t.Next }

// Retries counts the tries after the first, by what made them necessary.
func (t *Retry) Retries() map[eval.Status]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[eval.Status]int64, len(t.retries))
	for status, n := range t.retries {
		out[status] = n
	}
	return out
}

// Respond asks until there is an answer, a fault that asking again cannot
// mend, or nothing left to try. The answer says how many tries it took and
// where the time went; so does the Response that comes with an error.
func (t *Retry) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	now := t.Now
	if now == nil {
		now = time.Now
	}
	tries, budget := t.Tries, t.Budget
	if tries <= 0 {
		tries = 6
	}
	if budget <= 0 {
		budget = 30 * time.Minute
	}
	start := now()
	var waited time.Duration
	var queue float64 // milliseconds, of the tries that failed
	sent := 0
	for n := 1; ; n++ {
		inner := ctx
		if n > 1 {
			inner = attempt.With(ctx, n)
		}
		resp, err := t.Next.Respond(inner, r)
		resp = about(resp)
		sent += max(1, resp.Attempts)
		resp.Attempts = sent
		queue += resp.Timing.Queue
		resp.Timing.Queue = queue
		resp.Timing.Backoff += ms(waited)
		if err == nil {
			return resp, nil
		}
		if ctx.Err() != nil {
			return resp, stopped(ctx, fmt.Sprintf("stopped in try %d", n))
		}
		fault := eval.FaultOf(err)
		if fault.Abort || !fault.Status.Retryable() || fault.Status == eval.Cancelled {
			return resp, &Exhausted{Tries: n, Err: err}
		}
		wait := max(t.delay(n), fault.After)
		spent := now().Sub(start) - time.Duration(queue*float64(time.Millisecond))
		if n >= tries || spent+wait > budget {
			return resp, &Exhausted{Tries: n, Err: err}
		}
		waited += wait
		if err := t.sleep(ctx, wait); err != nil {
			return resp, stopped(ctx, fmt.Sprintf("stopped after try %d", n))
		}
		t.count(fault.Status)
	}
}

func (t *Retry) count(s eval.Status) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.retries == nil {
		t.retries = map[eval.Status]int64{}
	}
	t.retries[s]++
}

func (t *Retry) delay(n int) time.Duration {
	base, limit := t.Base, t.Cap
	if base <= 0 {
		base = 500 * time.Millisecond
	}
	if limit <= 0 {
		limit = time.Minute
	}
	top := limit
	if n-1 < 40 && base<<(n-1) > 0 {
		top = min(limit, base<<(n-1))
	}
	dice := t.Rand
	if dice == nil {
		dice = rand.Float64
	}
	return time.Duration(dice() * float64(top))
}

func (t *Retry) sleep(ctx context.Context, d time.Duration) error {
	if t.Sleep != nil {
		return t.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
