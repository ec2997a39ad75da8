// Package layer holds Responders that wrap a Responder and are one: [Timeout]
// bounds one attempt, [Breaker] gives an endpoint up that is gone, [Limit] keeps
// it from being flooded, [Hedge] asks a second time what is slow, [Retry] tries
// again, [Samples] makes several samples of one, [Once] sends identical requests
// once. Put them together in this order, so that waiting for a place is not
// counted as silence of the server and a repeated request costs nothing:
//
//	r := &layer.Once{Next: &layer.Samples{Next: &layer.Retry{Next: &layer.Limit{Next: &layer.Breaker{Next: &layer.Timeout{Next: api}}}}}}
//
// Models and judges on one account share a [Group], which [Groups] hands out.
// Zero fields mean the defaults that each field names. A layer must not be
// copied after first use. With an error, a layer's Response is nil or holds
// Attempts and Timing alone.
package layer

import (
	"context"
	"fmt"
	"iter"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Attempt is the number of the try that a context belongs to, from 1: see
// package attempt.
func Attempt(ctx context.Context) int { return attempt.Of(ctx) }

// All yields r and the Responders inside it, from the outside in, as far as they
// tell what they wrap by a method Unwrap.
func All(r eval.Responder) iter.Seq[eval.Responder] {
	return func(yield func(eval.Responder) bool) {
		for r != nil && yield(r) {
			w, ok := r.(interface{ Unwrap() eval.Responder })
			if !ok {
				return
			}
			r = w.Unwrap()
		}
	}
}

// stopped is the fault of a request whose own context has ended.
func stopped(ctx context.Context, doing string) error {
	cause := context.Cause(ctx)
	status := eval.Cancelled
	if ctx.Err() == context.DeadlineExceeded {
		status = eval.InfraNetwork
	}
	return &eval.Fault{Status: status, Err: fmt.Errorf("%s: %w", doing, cause)}
}
