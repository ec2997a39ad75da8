package mock

import (
	"context"
	"errors"
	"time"

	"olmoeval/eval"
)

// Fate is what befalls one attempt.
type Fate uint8

// The fates.
const (
	Answered    Fate = iota
	Failed           // HTTP 500
	RateLimited      // HTTP 429 with Retry-After
	Hung             // no byte until the caller gives up
	Garbled          // a body that is not JSON
	NotANumber       // NaN where a number must be
	Reset            // the connection is reset
)

// RetryAfter is how long a rate-limited caller is asked to wait.
const RetryAfter = 10 * time.Millisecond

func (m *Model) faulty() bool {
	return m.fail != 0 || m.http429 != 0 || m.hang != 0 || m.garbage != 0 || m.nan != 0 || m.reset != 0 || m.sticky != 0
}

// Fate is what befalls attempt n (from 1) at the item. A sticky item fails at
// all of them; otherwise each attempt draws anew.
func (m *Model) Fate(digest string, n int) Fate {
	if !m.faulty() {
		return Answered
	}
	if m.sticky > 0 && uniform(m.key(digest), drawSticky, 0) < m.sticky {
		return Failed
	}
	return m.Passing(digest, n)
}

// Passing is the fate of attempt n at what never fails for good.
func (m *Model) Passing(digest string, n int) Fate {
	if !m.faulty() {
		return Answered
	}
	u := uniform(m.key(digest), drawAttempt, n)
	for _, f := range [...]struct {
		share float64
		fate  Fate
	}{{m.fail, Failed}, {m.http429, RateLimited}, {m.hang, Hung}, {m.garbage, Garbled}, {m.nan, NotANumber}, {m.reset, Reset}} {
		if u < f.share {
			return f.fate
		}
		u -= f.share
	}
	return Answered
}

var (
	errFailed  = errors.New("mock: server error (500)")
	errLimited = errors.New("mock: too many requests (429)")
	errGarbled = errors.New("mock: the answer is not JSON")
	errReset   = errors.New("mock: connection reset")
	errNaN     = errors.New("mock: the answer holds NaN where a number must be")
)

// strike turns a fate into the fault a client would report.
func (m *Model) strike(ctx context.Context, f Fate) error {
	switch f {
	case Failed:
		return &eval.Fault{Status: eval.InfraServerDown, Err: errFailed}
	case RateLimited:
		return &eval.Fault{Status: eval.InfraRateLimited, After: RetryAfter, Err: errLimited}
	case Hung:
		<-ctx.Done()
		return stopped(ctx.Err())
	case Garbled:
		return &eval.Fault{Status: eval.InfraBadResponse, Err: errGarbled}
	case NotANumber:
		return &eval.Fault{Status: eval.InfraBadResponse, Err: errNaN}
	case Reset:
		return &eval.Fault{Status: eval.InfraNetwork, Err: errReset}
	}
	return nil
}
