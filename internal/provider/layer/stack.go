package layer

import (
	"time"

	"olmoeval/eval"
)

// Stack says how requests to an endpoint are treated; [Stack.Round] puts the
// layers together in their order. The zero value is right for a server that
// makes several samples of a request by itself.
type Stack struct {
	// Group is the endpoint's allowance, shared with its other users; nil makes
	// one of defaults.
	Group *Group
	// Attempt bounds one attempt, and Silence how long a stream may bring
	// nothing: see [Timeout].
	Attempt, Silence time.Duration
	// Tries and Budget bound all attempts at a request, and Base and Cap the
	// waits between them: see [Retry].
	Tries     int
	Budget    time.Duration
	Base, Cap time.Duration
	// Outage waits through an outage of the endpoint for so long, with as many
	// tries as fit, in place of giving the run up; 0 gives it up.
	Outage time.Duration
	// Hedge asks a second time what takes longer than nearly all others did.
	Hedge bool
	// OneSample says that the provider makes one sample at a time, unless N says
	// otherwise when it is asked.
	OneSample bool
	N         func() bool
	// Every sends equal requests each time they come: for models that look at
	// more than the request.
	Every bool
}

// Round puts the layers round a provider.
func (s Stack) Round(api eval.Responder) eval.Responder {
	r := eval.Responder(&Timeout{Next: api, Limit: s.Attempt, Silence: s.Silence})
	if s.Outage <= 0 {
		r = &Breaker{Next: r}
	}
	r = &Limit{Next: r, Group: s.Group}
	if s.Hedge {
		r = &Hedge{Next: r}
	}
	retry := &Retry{Next: r, Tries: s.Tries, Budget: s.Budget, Base: s.Base, Cap: s.Cap}
	if s.Outage > 0 {
		retry.Tries, retry.Budget = 1<<20, s.Outage
	}
	r = retry
	if s.OneSample {
		r = &Samples{Next: r, N: s.N}
	}
	if s.Every {
		return r
	}
	return &Once{Next: r}
}
