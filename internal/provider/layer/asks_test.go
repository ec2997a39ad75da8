package layer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

func TestRetryChargesNoWaitingForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		l := &Limit{Next: do(func(context.Context, *eval.Request) (*eval.Response, error) {
			if n++; n < 3 {
				return nil, fault(eval.InfraServerDown, 0)
			}
			return text("x"), nil
		})}
		r := &Retry{Next: l, Budget: time.Minute}
		l.Shared().Pause()
		time.AfterFunc(time.Hour, l.Shared().Resume)
		resp, err := r.Respond(context.Background(), &eval.Request{})
		if err != nil || resp.Attempts != 3 || resp.Timing.Queue < 3.6e6 || resp.Timing.Queue > 3.7e6 || resp.Timing.Backoff <= 0 {
			t.Errorf("%+v %v", resp, err)
		}
		if got := r.Retries(); got[eval.InfraServerDown] != 2 || len(got) != 1 {
			t.Errorf("retries: %v", got)
		}
	})
}

func TestAFailureSaysHowOftenItWasTried(t *testing.T) {
	next, _ := script(fault(eval.InfraServerDown, 0), fault(eval.InfraServerDown, 0), fault(eval.InfraServerDown, 0))
	r := &Retry{Next: next, Tries: 3, Base: time.Nanosecond}
	resp, err := r.Respond(context.Background(), &eval.Request{})
	if err == nil || resp == nil || resp.Attempts != 3 || len(resp.Outputs) != 0 {
		t.Errorf("%+v %v", resp, err)
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		var calls atomic.Int64
		b := &Breaker{Next: do(func(context.Context, *eval.Request) (*eval.Response, error) {
			calls.Add(1)
			time.Sleep(time.Second)
			if up.Load() {
				return text("x"), nil
			}
			return nil, fault(eval.InfraServerDown, 0)
		})}
		aborted := func() bool {
			_, err := b.Respond(context.Background(), &eval.Request{})
			return err != nil && eval.FaultOf(err).Abort
		}
		fail := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); {
				if aborted() {
					t.Fatalf("gave up after %s", d-time.Until(end))
				}
			}
		}
		fail(4 * time.Minute)
		up.Store(true)
		aborted() // an answer: all is forgiven
		up.Store(false)
		fail(4 * time.Minute)
		time.Sleep(time.Hour) // a pause is no failure
		fail(40 * time.Second)
		for range 30 {
			aborted()
		}
		_, err := b.Respond(context.Background(), &eval.Request{})
		if f := eval.FaultOf(err); !f.Abort || f.Status != eval.InfraServerDown || !strings.Contains(f.Error(), "attempts failed") || !strings.Contains(f.Hint, "--wait") {
			t.Fatalf("%v", err)
		}
		before := calls.Load()
		if !aborted() || calls.Load() != before {
			t.Error("asked although it was given up")
		}
	})
}

func TestBreakerMindsOnlyTheEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, next := range []do{
			func(context.Context, *eval.Request) (*eval.Response, error) {
				return nil, fault(eval.ContextOverflow, 0)
			},
			func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
				<-ctx.Done()
				return nil, ctx.Err() // stopped from outside
			},
		} {
			b := &Breaker{Next: next}
			for range 100 {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				_, err := b.Respond(ctx, &eval.Request{})
				cancel()
				if eval.FaultOf(err).Abort {
					t.Fatal(err)
				}
			}
		}
		// A first wave that hangs until its deadline is enough.
		b := &Breaker{Next: &Timeout{Limit: 30 * time.Minute, Next: do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})}}
		var wg sync.WaitGroup
		var aborts atomic.Int64
		for range 64 {
			wg.Go(func() {
				if _, err := b.Respond(context.Background(), &eval.Request{}); eval.FaultOf(err).Abort {
					aborts.Add(1)
				}
			})
		}
		wg.Wait()
		if _, err := b.Respond(context.Background(), &eval.Request{}); !eval.FaultOf(err).Abort || aborts.Load() == 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestSamples(t *testing.T) {
	var calls atomic.Int64
	var failing atomic.Int64
	failing.Store(-1)
	s := &Samples{Together: 4, Next: do(func(_ context.Context, r *eval.Request) (*eval.Response, error) {
		calls.Add(1)
		if r.Sampling.Samples() != 1 {
			return nil, fmt.Errorf("asked for %d samples", r.Sampling.Samples())
		}
		seed := "none"
		if r.Sampling.Seed != nil {
			seed = fmt.Sprint(*r.Sampling.Seed)
			if *r.Sampling.Seed == failing.Load() {
				return &eval.Response{Attempts: 3}, fault(eval.InfraServerDown, 0)
			}
		}
		resp := text(seed)
		resp.Attempts, resp.Usage.CompletionTokens, resp.Timing.Total = 2, 5, 10
		resp.Notes = []string{"a note"}
		return resp, nil
	})}
	ask := func(sampling eval.Sampling) (*eval.Response, int64, error) {
		before := calls.Load()
		resp, err := s.Respond(context.Background(), &eval.Request{Type: eval.Chat, Sampling: sampling})
		return resp, calls.Load() - before, err
	}
	seed := int64(100)
	resp, n, err := ask(eval.Sampling{NumSamples: 10, Temperature: 1, Seed: &seed})
	if err != nil || n != 10 || len(resp.Outputs) != 10 || resp.Attempts != 20 || resp.Usage.CompletionTokens != 50 || resp.Timing.Total != 100 || len(resp.Notes) != 1 {
		t.Fatalf("%+v %v, %d calls", resp, err, n)
	}
	for k := range resp.Outputs {
		if resp.Outputs[k].Text != fmt.Sprint(100+k) {
			t.Errorf("sample %d has seed %s", k, resp.Outputs[k].Text)
		}
	}
	if seed != 100 {
		t.Error("the caller's seed was changed")
	}
	if resp, n, err := ask(eval.Sampling{NumSamples: 3}); err != nil || n != 1 || len(resp.Outputs) != 3 || resp.Attempts != 2 {
		t.Errorf("greedy: %+v %v, %d calls", resp, err, n)
	}
	if resp, n, err := ask(eval.Sampling{NumSamples: 3, Temperature: 1}); err != nil || n != 3 || resp.Outputs[2].Text != "none" {
		t.Errorf("no seed: %+v %v, %d calls", resp, err, n)
	}
	failing.Store(102)
	if resp, _, err := ask(eval.Sampling{NumSamples: 10, Temperature: 1, Seed: &seed}); eval.FaultOf(err).Status != eval.InfraServerDown || len(resp.Outputs) != 0 || resp.Attempts < 3 {
		t.Errorf("a failed sample: %+v %v", resp, err)
	}
	s.N = func() bool { return true }
	if _, n, err := ask(eval.Sampling{NumSamples: 3, Temperature: 1}); err == nil || n != 1 {
		t.Errorf("a provider with n was asked %d times: %v", n, err)
	}
}

// slowFirst hangs the first attempt at a prompt "slow" until it is cancelled.
type slowFirst struct {
	calls, cancelled atomic.Int64
	slow             atomic.Int64
}

func (s *slowFirst) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	s.calls.Add(1)
	took := 100 * time.Millisecond
	if strings.HasPrefix(r.Prompt, "slow") && s.slow.Add(1)%2 == 1 {
		took = time.Hour
	}
	select {
	case <-time.After(took):
	case <-ctx.Done():
		s.cancelled.Add(1)
		return nil, ctx.Err()
	}
	resp := text(r.Prompt)
	resp.Attempts, resp.Timing.Total = 1, ms(took)
	return resp, nil
}

func TestHedge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowFirst{}
		h := &Hedge{Next: &Limit{Next: s, Start: 8, Max: 8}}
		r := &Retry{Next: h}
		ask := func(prompt string, temperature float64) (*eval.Response, time.Duration) {
			begin := time.Now()
			resp, err := r.Respond(context.Background(), &eval.Request{Type: eval.Completion, Prompt: prompt, Sampling: eval.Sampling{Temperature: temperature}})
			if err != nil {
				t.Fatal(err)
			}
			return resp, time.Since(begin)
		}
		for range 200 {
			if resp, _ := ask("quick", 0); resp.Attempts != 1 {
				t.Fatal("a quick request was sent twice")
			}
		}
		before := s.calls.Load()
		resp, took := ask("slow", 0)
		if resp.Attempts != 2 || resp.Outputs[0].Text != "slow" || took != 226*time.Millisecond || s.calls.Load() != before+2 || s.cancelled.Load() != 1 || h.Sent() != 1 {
			t.Errorf("%+v after %s, %d calls, %d cancelled", resp, took, s.calls.Load()-before, s.cancelled.Load())
		}
		// Draws may differ: they are sent once, however slow.
		if resp, took := ask("slow", 1); resp.Attempts != 1 || took != time.Hour {
			t.Errorf("a draw: %d attempts, %s", resp.Attempts, took)
		}
		// At most one in fifty is sent twice: 200 answers earned four.
		for range 20 {
			s.slow.Store(0)
			ask("slow", 0)
		}
		if h.Sent() > 4 {
			t.Errorf("%d second attempts for %d requests", h.Sent(), 222)
		}
	})
}

// A request that waits for a place is not slow: it is not sent twice.
func TestHedgeDoesNotCountWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowFirst{}
		l := &Limit{Next: s, Start: 1, Max: 1}
		h := &Hedge{Next: l}
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				if resp, err := h.Respond(context.Background(), &eval.Request{Prompt: "x"}); err != nil || resp.Attempts != 1 {
					t.Error(resp, err)
				}
			})
		}
		wg.Wait()
		l.Shared().Pause()
		time.AfterFunc(time.Hour, l.Shared().Resume)
		if _, err := h.Respond(context.Background(), &eval.Request{Prompt: "x"}); err != nil {
			t.Error(err)
		}
		if h.Sent() != 0 || s.calls.Load() != 501 {
			t.Errorf("%d second attempts, %d calls", h.Sent(), s.calls.Load())
		}
	})
}

func TestHedgeWhenOneFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		var second error
		h := &Hedge{Next: do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
			attempt.Start(ctx)
			if calls.Add(1)%2 == 1 {
				time.Sleep(time.Second)
				return nil, errors.New("the first failed")
			}
			time.Sleep(2 * time.Second)
			return text("second"), second
		})}
		h.wait, h.credit = 100*time.Millisecond, 2
		resp, err := h.Respond(context.Background(), &eval.Request{})
		if err != nil || resp.Outputs[0].Text != "second" || resp.Attempts != 2 {
			t.Errorf("%v %v", resp, err)
		}
		second = errors.New("the second failed too")
		if _, err := h.Respond(context.Background(), &eval.Request{}); err == nil || err.Error() != "the first failed" {
			t.Errorf("%v", err)
		}
	})
}

func TestAllListsTheLayers(t *testing.T) {
	api := do(nil)
	for want, s := range map[string]Stack{
		"Once Samples Retry Hedge Limit Breaker Timeout layer.do": {Hedge: true, OneSample: true},
		"Once Retry Limit Timeout layer.do":                       {Outage: time.Hour},
		"Retry Limit Breaker Timeout layer.do":                    {Every: true},
	} {
		var names []string
		for l := range All(s.Round(api)) {
			names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", l), "*layer."))
		}
		if got := strings.Join(names, " "); got != want {
			t.Error(got)
		}
	}
}
