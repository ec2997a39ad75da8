package layer

import (
	"context"
	"fmt"
	"time"

	"olmoeval/eval"
)

// Timeout ends an attempt that takes too long.
type Timeout struct {
	Next eval.Responder
	// Limit is for one attempt; 0 means 30 minutes.
	Limit time.Duration
}

var _ eval.Responder = (*Timeout)(nil)

// Unwrap is Next.
func (t *Timeout) Unwrap() eval.Responder { return t.Next }

// Respond asks Next; no answer in time is an infra_network fault.
func (t *Timeout) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	limit := t.Limit
	if limit <= 0 {
		limit = 30 * time.Minute
	}
	inner, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	resp, err := t.Next.Respond(inner, r)
	if err != nil && inner.Err() == context.DeadlineExceeded && ctx.Err() == nil {
		return nil, &eval.Fault{Status: eval.InfraNetwork, Err: fmt.Errorf("no answer within %s: %w", limit, err)}
	}
	return resp, err
}
