package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"olmoeval/eval"
)

// budgets are the headers of what is left and when it is full again, as OpenAI
// and those after it, and as Anthropic name them.
var budgets = [...][2]string{
	{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{"X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{"Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	{"Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{"Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
}

// RetryAfter is how long the server asks to wait, 0 if it does not say: by
// Retry-After, else until the budgets that are used up are full again.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return seconds(ms / 1000)
	}
	if text := h.Get("Retry-After"); text != "" {
		if s, err := strconv.ParseFloat(text, 64); err == nil {
			return seconds(s)
		}
		if at, err := http.ParseTime(text); err == nil {
			return seconds(at.Sub(now).Seconds())
		}
	}
	var wait time.Duration
	for _, b := range budgets {
		if left := h.Get(b[0]); left != "" && left != "0" {
			continue
		}
		text := h.Get(b[1])
		if d, err := time.ParseDuration(text); err == nil {
			wait = max(wait, seconds(d.Seconds()))
		} else if s, err := strconv.ParseFloat(text, 64); err == nil {
			wait = max(wait, seconds(s))
		} else if at, err := time.Parse(time.RFC3339, text); err == nil {
			wait = max(wait, seconds(at.Sub(now).Seconds()))
		}
	}
	return wait
}

// seconds bounds what a header may ask for to a day.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(math.Min(s, 86400) * float64(time.Second))
}

// Patiently calls f until it succeeds, fails for good, or has failed ten
// times; for questions before a run. Each call may take limit, 0 is a minute.
func Patiently(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	if limit <= 0 {
		limit = time.Minute
	}
	for n := 1; ; n++ {
		inner, cancel := context.WithTimeout(ctx, limit)
		err := f(inner)
		cancel()
		if err == nil || ctx.Err() != nil || n == 10 {
			return err
		}
		if n == 2 && errors.Is(err, syscall.ECONNREFUSED) {
			return err // nobody listens: --wait is how to wait for a server
		}
		fault := eval.FaultOf(err)
		if fault.Abort || !fault.Status.Retryable() {
			return err
		}
		select {
		case <-time.After(max(fault.After, time.Duration(n*n)*50*time.Millisecond)):
		case <-ctx.Done():
			return err
		}
	}
}
