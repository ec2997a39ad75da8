// Package layer holds Responders that wrap a Responder and are one: [Timeout]
// bounds one attempt, [Limit] keeps an endpoint from being flooded, [Retry]
// tries again, [Once] sends identical requests once. Put them together in this
// order, so that waiting for a place is not counted as silence of the server
// and a repeated request costs nothing:
//
//	r := &layer.Once{Next: &layer.Retry{Next: &layer.Limit{Next: &layer.Timeout{Next: api}}}}
//
// Zero fields mean the defaults that each field names. A layer must not be
// copied after first use.
package layer

import (
	"context"
	"fmt"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Attempt is the number of the try that a context belongs to, from 1: see
// package attempt.
func Attempt(ctx context.Context) int { return attempt.Of(ctx) }

// stopped is the fault of a request whose own context has ended.
func stopped(ctx context.Context, doing string) error {
	cause := context.Cause(ctx)
	status := eval.Cancelled
	if ctx.Err() == context.DeadlineExceeded {
		status = eval.InfraNetwork
	}
	return &eval.Fault{Status: status, Err: fmt.Errorf("%s: %w", doing, cause)}
}
