package providertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"olmoeval/eval"
)

// fails asks a model that fails and returns the fault.
func (f *Fake) fails(t *testing.T, act Act, status eval.Status, abort bool) *eval.Fault {
	t.Helper()
	resp, err := f.ask(t, f.start(t, act).Provider, nil)
	if err == nil {
		t.Fatalf("%s: answered with %+v", act.Fail, resp.Outputs)
	}
	var fault *eval.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%s: an error without a fault: %v", act.Fail, err)
	}
	if fault.Status != status || fault.Abort != abort {
		t.Errorf("%s: %s abort=%t (%v), want %s abort=%t", act.Fail, fault.Status, fault.Abort, fault, status, abort)
	}
	if text := fault.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 1000 {
		t.Errorf("%s: not one short line: %q", act.Fail, text)
	}
	return fault
}

func unauthorized(t *testing.T, f *Fake) {
	if got := f.fails(t, Act{Fail: Unauthorized, Message: "bad credentials"}, eval.ConfigError, true); !strings.Contains(got.Hint, f.KeyEnv) {
		t.Errorf("hint %q does not name %s", got.Hint, f.KeyEnv)
	}
}

func unknownModel(t *testing.T, f *Fake) {
	if got := f.fails(t, Act{Fail: UnknownModel, Message: "no such model"}, eval.ConfigError, true); got.Hint == "" {
		t.Error("no hint")
	}
}

// asksForLess is how layers learn that a server has too much to do.
func asksForLess(err error) bool {
	var o interface{ Overloaded() bool }
	return eval.FaultOf(err).Status == eval.InfraRateLimited || errors.As(err, &o) && o.Overloaded()
}

func rateLimited(t *testing.T, f *Fake) {
	got := f.fails(t, Act{Fail: RateLimited, RetryAfter: 7, Message: "slow down"}, eval.InfraRateLimited, false)
	if got.After != 7*time.Second {
		t.Errorf("wait %s, want 7s", got.After)
	}
}

func serverError(t *testing.T, f *Fake) {
	got := f.fails(t, Act{Fail: ServerError, Message: "boom"}, eval.InfraServerDown, false)
	if asksForLess(got) {
		t.Error("an error of the server's is taken for overload")
	}
}

func overloaded(t *testing.T, f *Fake) {
	if got := f.fails(t, Act{Fail: Overloaded, Message: "busy"}, eval.InfraServerDown, false); !asksForLess(got) {
		t.Errorf("%v does not ask for fewer requests", got)
	}
}

func tooLong(t *testing.T, f *Fake) {
	_ = f.fails(t, Act{Fail: TooLong, Message: "too long"}, eval.ContextOverflow, false)
}

// filtered wants the status content_filtered: a fault's, or of an output that
// finished with content_filter.
func filtered(t *testing.T, f *Fake) {
	resp, err := f.ask(t, f.start(t, Act{Fail: Filtered, Message: "filtered"}).Provider, nil)
	if err != nil {
		if got := eval.FaultOf(err); got.Status != eval.ContentFiltered || got.Abort {
			t.Errorf("%s abort=%t (%v), want content_filtered", got.Status, got.Abort, err)
		}
	} else if got := resp.Outputs[0].FinishReason; got != "content_filter" {
		t.Errorf("finish reason %q, want content_filter", got)
	}
}

func notJSON(t *testing.T, f *Fake) {
	_ = f.fails(t, Act{Fail: NotJSON}, eval.InfraBadResponse, false)
}

func nan(t *testing.T, f *Fake) {
	_ = f.fails(t, Act{Fail: NaN}, eval.InfraBadResponse, false)
}

func cancelled(t *testing.T, f *Fake) {
	r := f.start(t, Act{Fail: Hang})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := r.Provider.Respond(ctx, f.request())
		done <- err
	}()
	limit := time.After(patience)
	if r.Arrived != nil {
		select {
		case <-r.Arrived:
		case err := <-done:
			t.Fatalf("answered before it was cancelled: %v", err)
		case <-limit:
			t.Fatal("the request never reached the model")
		}
	}
	cancel()
	select {
	case err := <-done:
		if got := eval.FaultOf(err); err == nil || got.Status != eval.Cancelled {
			t.Errorf("%v, want the status cancelled", err)
		}
	case <-limit:
		t.Error("still waiting for an answer after it was cancelled")
	}
}
