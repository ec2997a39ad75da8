// Package ctl lets a run that is under way be watched and steered from another
// process of the same user: status, pause, resume, other concurrency, cancel.
// The run calls [Serve]; another process finds it with [Live] and speaks to it
// with [Dial].
//
// A run listens on a socket in [Dir], named by its id. Both sides write lines of
// JSON: a [Request] and, for each, a [Reply]. A reply that does not understand
// the version says which it speaks. The directory belongs to the user alone, so
// that nobody else can steer a run.
package ctl

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Version is the protocol's. A new verb or field does not change it.
const Version = 1

// Verbs of a [Request].
const (
	VerbStatus      = "status"
	VerbPause       = "pause"       // let no more requests out
	VerbResume      = "resume"      // end a pause
	VerbConcurrency = "concurrency" // N in flight; 0: as the program finds
	VerbCancel      = "cancel"      // stop, as Ctrl-C does; the run can be resumed
)

// Verbs lists the verbs in the order of help texts.
func Verbs() []string {
	return []string{VerbStatus, VerbPause, VerbResume, VerbConcurrency, VerbCancel}
}

// Request is one line to a run.
type Request struct {
	Version int    `json:"v"`
	Verb    string `json:"do"`
	N       int    `json:"n,omitempty"`      // of concurrency
	Reason  string `json:"reason,omitempty"` // of cancel
}

// Reply is one line from a run: its state after what was asked, or an error.
type Reply struct {
	Version int     `json:"v"`
	Error   string  `json:"error,omitempty"`
	Status  *Status `json:"status,omitempty"`
}

// Status is the state of a live run. Rates and the time left are nil while
// nothing can be said.
type Status struct {
	RunID   string    `json:"run_id"`
	Model   string    `json:"model"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	// Done of Total instances have a record; Failed of those that were asked by
	// this process did not count, Failures says why.
	Total    int64            `json:"total"`
	Done     int64            `json:"done"`
	Failed   int64            `json:"failed"`
	Failures map[string]int64 `json:"failures"`
	// Retries counts tries after the first, by what made them necessary.
	Retries map[string]int64 `json:"retries"`
	// InFlight requests are at the endpoint, Waiting for a place there; Places
	// is how many may be in flight now, Top how many at most.
	InFlight int  `json:"in_flight"`
	Waiting  int  `json:"waiting"`
	Places   int  `json:"places"`
	Top      int  `json:"top"`
	Paused   bool `json:"paused"`
	// Held is until when the server wants no request.
	Held *time.Time `json:"held_until"`
	// PerS and TokensPerS are instances and completion tokens a second of this
	// process; ETAS is the time left in seconds.
	PerS       *float64 `json:"per_s"`
	TokensPerS *float64 `json:"tokens_per_s"`
	ETAS       *float64 `json:"eta_s"`
	CostUSD    float64  `json:"cost_usd"`
	// Cancelled says that the run is ending.
	Cancelled bool `json:"cancelled"`
}

// Control is what a live run offers. Its methods are called by several
// goroutines and must return at once.
type Control interface {
	Status() Status
	Pause()
	Resume()
	// SetConcurrency lets n requests be in flight, 0 as many as the program
	// finds right.
	SetConcurrency(n int)
	Cancel(reason string)
}

// maxLine bounds a line of either side.
const maxLine = 1 << 20

// parse reads a request. Of another version it says so.
func parse(line []byte) (Request, error) {
	var r Request
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("the request is no JSON object: %w", err)
	}
	if r.Version != Version {
		return r, fmt.Errorf("the request has version %d of the protocol, this run speaks %d; use the program that started it", r.Version, Version)
	}
	if r.Verb == VerbConcurrency && r.N < 0 {
		return r, fmt.Errorf("concurrency %d: want a number from 1, or 0 to leave it to the program", r.N)
	}
	return r, nil
}

// act does what a request asks.
func act(_ context.Context, c Control, r Request) error {
	switch r.Verb {
	case VerbStatus:
	case VerbPause:
		c.Pause()
	case VerbResume:
		c.Resume()
	case VerbConcurrency:
		c.SetConcurrency(r.N)
	case VerbCancel:
		c.Cancel(r.Reason)
	default:
		return fmt.Errorf("this run does not know %q; it knows %v", r.Verb, Verbs())
	}
	return nil
}
