package layer

import (
	"context"
	"fmt"
	"sync"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Timeout ends an attempt that takes too long, or whose stream falls silent. An
// answer that comes whole may take all of Limit before its first byte: a long
// generation is no silence.
type Timeout struct {
	Next eval.Responder
	// Limit is for one attempt; 0 means 30 minutes.
	Limit time.Duration
	// Silence is how long a streamed answer may bring no byte, from sending on; 0
	// means 5 minutes, less than 0 as long as Limit.
	Silence time.Duration
}

var _ eval.Responder = (*Timeout)(nil)

// Unwrap is Next.
func (t *Timeout) Unwrap() eval.Responder { return t.Next }

// Respond asks Next; no answer in time is an infra_network fault.
func (t *Timeout) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	limit, silence := t.Limit, t.Silence
	if limit <= 0 {
		limit = 30 * time.Minute
	}
	if silence == 0 {
		silence = 5 * time.Minute
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s := silent{limit: silence, end: cancel}
	if silence > 0 {
		defer s.stop()
		inner = attempt.WithBeat(inner, s.beat)
	}
	resp, err := t.Next.Respond(inner, r)
	switch {
	case err == nil || ctx.Err() != nil || told(err):
		return resp, err
	case s.struck():
		return resp, &eval.Fault{Status: eval.InfraNetwork, Err: fmt.Errorf("the stream brought no byte for %s", silence)}
	case inner.Err() == context.DeadlineExceeded:
		return resp, &eval.Fault{Status: eval.InfraNetwork, Err: fmt.Errorf("no answer within %s: %w", limit, err)}
	}
	return resp, err
}

// told reports whether an error says what happened, and so is not that the
// attempt was ended, even if its time was up by then.
func told(err error) bool {
	s := eval.FaultOf(err).Status
	return s != eval.InfraNetwork && s != eval.Cancelled
}

// silent ends an attempt when no beat comes for a while after the first.
type silent struct {
	limit time.Duration
	end   func()

	mu    sync.Mutex
	timer *time.Timer
	over  bool // the attempt has ended by itself, or was ended
	hit   bool // it was ended
}

func (s *silent) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
	case s.timer == nil:
		s.timer = time.AfterFunc(s.limit, s.strike)
	default:
		s.timer.Reset(s.limit)
	}
}

func (s *silent) strike() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over, s.hit = true, true
		s.end()
	}
}

func (s *silent) struck() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hit
}

func (s *silent) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.timer != nil {
		s.timer.Stop()
	}
}
