package web

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Retry is a budget of attempts. The zero value is five attempts within about
// ten seconds.
type Retry struct {
	Tries int
	// Wait is the pause before the second attempt; it doubles.
	Wait time.Duration
}

type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

// Final marks an error that another attempt would not help.
func Final(err error) error { return finalError{err} }

// again tells whether an error may go away.
func again(err error) bool {
	var final finalError
	var dns *net.DNSError
	if errors.As(err, &final) || errors.Is(err, context.Canceled) || errors.As(err, &dns) && dns.IsNotFound {
		return false
	}
	code := Code(err)
	return code == 0 || code == http.StatusRequestTimeout || code == http.StatusTooManyRequests || code >= 500
}

// Do calls attempt until it succeeds, fails for good, or the budget is spent.
func (r Retry) Do(ctx context.Context, attempt func() error) error {
	if r.Tries == 0 {
		r.Tries = 5
	}
	if r.Wait == 0 {
		r.Wait = 500 * time.Millisecond
	}
	for n := 1; ; n++ {
		err := attempt()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || !again(err) || n >= r.Tries {
			return err
		}
		wait := time.Duration(float64(r.Wait<<(n-1)) * (0.75 + rand.Float64()/2))
		var se *StatusError
		if errors.As(err, &se) {
			if s, convErr := strconv.Atoi(se.Header.Get("Retry-After")); convErr == nil && s >= 0 {
				wait = min(time.Duration(s)*time.Second, 30*time.Second)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
