package layer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
	"olmoeval/internal/provider/mock"
)

// do is a Responder made of a function.
type do func(context.Context, *eval.Request) (*eval.Response, error)

func (f do) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) { return f(ctx, r) }

func fault(s eval.Status, after time.Duration) *eval.Fault {
	return &eval.Fault{Status: s, After: after, Err: errors.New(string(s))}
}

func text(s string) *eval.Response { return &eval.Response{Outputs: []eval.Output{{Text: s}}} }

// script answers with each error in turn, then with an answer.
func script(errs ...error) (do, *int) {
	n := new(int)
	return func(ctx context.Context, r *eval.Request) (*eval.Response, error) {
		*n++
		if Attempt(ctx) != *n {
			return nil, &eval.Fault{Status: eval.ConfigError, Err: fmt.Errorf("attempt %d is numbered %d", *n, Attempt(ctx))}
		}
		if *n <= len(errs) {
			return nil, errs[*n-1]
		}
		return text("done"), nil
	}, n
}

func TestRetry(t *testing.T) {
	down, limited := fault(eval.InfraServerDown, 0), fault(eval.InfraRateLimited, 7*time.Second)
	abort := &eval.Fault{Status: eval.InfraServerDown, Abort: true, Err: errors.New("wrong key")}
	long := fault(eval.InfraRateLimited, time.Hour)
	for _, c := range []struct {
		name   string
		errs   []error
		status eval.Status
		calls  int
		waits  []time.Duration
	}{
		{"first", nil, "", 1, nil},
		{"second", []error{down}, "", 2, []time.Duration{250 * time.Millisecond}},
		{"server's wish", []error{limited, down}, "", 3, []time.Duration{7 * time.Second, 500 * time.Millisecond}},
		{"gives up", []error{down, down, down, down, down, down, down}, eval.InfraServerDown, 6,
			[]time.Duration{250e6, 500e6, 1e9, 2e9, 4e9}},
		{"abort", []error{abort}, eval.InfraServerDown, 1, nil},
		{"model's fault", []error{fault(eval.ContextOverflow, 0)}, eval.ContextOverflow, 1, nil},
		{"configuration", []error{fault(eval.ConfigError, 0)}, eval.ConfigError, 1, nil},
		{"plain error", []error{errors.New("reset")}, "", 2, []time.Duration{250e6}},
		{"beyond the budget", []error{long}, eval.InfraRateLimited, 1, nil},
	} {
		next, calls := script(c.errs...)
		var waits []time.Duration
		clock := time.Unix(0, 0)
		r := &Retry{Next: next, Rand: func() float64 { return 0.5 }, Now: func() time.Time { return clock },
			Sleep: func(_ context.Context, d time.Duration) error {
				waits = append(waits, d)
				clock = clock.Add(d)
				return nil
			}}
		resp, err := r.Respond(context.Background(), &eval.Request{})
		if c.status == "" {
			if err != nil || resp.Attempts != c.calls {
				t.Errorf("%s: %v %v", c.name, resp, err)
			}
		} else if eval.FaultOf(err).Status != c.status || Tries(err) != c.calls {
			t.Errorf("%s: %v after %d tries", c.name, err, Tries(err))
		}
		if *calls != c.calls || fmt.Sprint(waits) != fmt.Sprint(c.waits) {
			t.Errorf("%s: %d calls, waits %v; want %d, %v", c.name, *calls, waits, c.calls, c.waits)
		}
	}
}

func TestRetryBackOffIsCapped(t *testing.T) {
	r := &Retry{Rand: func() float64 { return 1 }}
	for n, want := range map[int]time.Duration{1: 500 * time.Millisecond, 7: 32 * time.Second, 8: time.Minute, 100: time.Minute} {
		if got := r.delay(n); got != want {
			t.Errorf("delay(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestRetryStopsPromptly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		r := &Retry{Next: do(func(context.Context, *eval.Request) (*eval.Response, error) {
			return nil, fault(eval.InfraRateLimited, 10*time.Minute)
		})}
		start := time.Now()
		time.AfterFunc(time.Second, cancel)
		_, err := r.Respond(ctx, &eval.Request{})
		if eval.FaultOf(err).Status != eval.Cancelled || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		_, err := (&Timeout{Next: hang, Limit: 30 * time.Second}).Respond(context.Background(), &eval.Request{})
		if f := eval.FaultOf(err); f.Status != eval.InfraNetwork || f.Error() != "no answer within 30s: context deadline exceeded" {
			t.Errorf("%v", err)
		}
	})
}

// A refusal that comes when the time is up is still a refusal.
func TestTimeoutKeepsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
			<-ctx.Done()
			return nil, fault(eval.ContextOverflow, 0)
		})
		_, err := (&Timeout{Next: late}).Respond(context.Background(), &eval.Request{})
		if eval.FaultOf(err).Status != eval.ContextOverflow {
			t.Errorf("%v", err)
		}
	})
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := func(streams bool, gaps ...time.Duration) do {
			return func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
				beat := attempt.Beat(ctx)
				for _, gap := range gaps {
					if streams {
						beat()
					}
					select {
					case <-time.After(gap):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				}
				return text("x"), nil
			}
		}
		for _, c := range []struct {
			name string
			next do
			want string
			took time.Duration
		}{
			{"a long answer that comes whole", answer(false, 29*time.Minute), "", 29 * time.Minute},
			{"a stream with pauses", answer(true, 4*time.Minute, 4*time.Minute, 4*time.Minute, 4*time.Minute), "", 16 * time.Minute},
			{"a stream that falls silent", answer(true, time.Minute, 10*time.Minute), "the stream brought no byte for 5m0s", 6 * time.Minute},
			{"a stream that never begins", answer(true, time.Hour), "the stream brought no byte for 5m0s", 5 * time.Minute},
			{"too long in all", answer(true, 4*time.Minute, 4*time.Minute, 4*time.Minute, 4*time.Minute, 4*time.Minute, 4*time.Minute, 4*time.Minute, 4*time.Minute),
				"no answer within 30m0s: context deadline exceeded", 30 * time.Minute},
		} {
			begin := time.Now()
			_, err := (&Timeout{Next: c.next}).Respond(context.Background(), &eval.Request{})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want || time.Since(begin) != c.took {
				t.Errorf("%s: %q after %s", c.name, got, time.Since(begin))
			}
			if err != nil && eval.FaultOf(err).Status != eval.InfraNetwork {
				t.Errorf("%s: %v", c.name, eval.FaultOf(err).Status)
			}
		}
	})
}

func TestLimitAdapts(t *testing.T) {
	var over atomic.Bool
	var now, top atomic.Int32
	gate := make(chan struct{})
	l := &Limit{Start: 4, Max: 8, Next: do(func(context.Context, *eval.Request) (*eval.Response, error) {
		n := now.Add(1)
		defer now.Add(-1)
		for {
			if old := top.Load(); n <= old || top.CompareAndSwap(old, n) {
				break
			}
		}
		<-gate
		if over.Load() {
			return nil, fault(eval.InfraRateLimited, 0)
		}
		return text("x"), nil
	})}
	synctest.Test(t, func(t *testing.T) {
		gate = make(chan struct{})
		var wg sync.WaitGroup
		send := func(n int) {
			for range n {
				wg.Go(func() { l.Respond(context.Background(), &eval.Request{}) })
			}
			synctest.Wait()
		}
		send(10)
		if got := l.Load(); got != (Load{Places: 4, Top: 8, InFlight: 4, Waiting: 6}) {
			t.Fatalf("%+v", got)
		}
		close(gate)
		wg.Wait()
		gate = make(chan struct{})
		for range 40 { // each full round adds a place
			send(8)
			close(gate)
			wg.Wait()
			gate = make(chan struct{})
		}
		if got := l.Load(); got.Places != 8 || top.Load() > 8 {
			t.Fatalf("%+v, %d in flight together", got, top.Load())
		}
		over.Store(true)
		send(8)
		close(gate)
		wg.Wait()
		if got := l.Load(); got != (Load{Places: 5, Top: 8}) {
			t.Fatalf("eight overloads of one round: %+v", got)
		}
	})
}

func TestLimitLosesNoPlace(t *testing.T) {
	l := &Limit{Start: 3, Max: 3, Next: do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
		time.Sleep(10 * time.Microsecond)
		return text("x"), ctx.Err()
	})}
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*20*time.Microsecond)
			defer cancel()
			l.Respond(ctx, &eval.Request{})
		})
	}
	wg.Wait()
	if got := l.Load(); got.InFlight != 0 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		o := &Once{Next: do(func(_ context.Context, r *eval.Request) (*eval.Response, error) {
			n := calls.Add(1)
			time.Sleep(time.Second)
			greedy := true
			return &eval.Response{Attempts: 1, Usage: eval.Usage{PromptTokens: 3},
				Outputs: []eval.Output{{Text: fmt.Sprint(n), Loglik: &eval.Loglik{Greedy: &greedy}}}}, nil
		})}
		ask := func(r *eval.Request) *eval.Response {
			resp, err := o.Respond(context.Background(), r)
			if err != nil {
				t.Error(err)
			}
			return resp
		}
		req := func(prompt string, s eval.Sampling) *eval.Request {
			return &eval.Request{Type: eval.Completion, Prompt: prompt, Sampling: s}
		}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				resp := ask(req("a", eval.Sampling{}))
				resp.Outputs[0].Text = "edited"
				*resp.Outputs[0].Loglik.Greedy = false
			})
		}
		wg.Wait()
		again := ask(req("a", eval.Sampling{}))
		if calls.Load() != 1 || again.Outputs[0].Text != "1" || !*again.Outputs[0].Loglik.Greedy {
			t.Errorf("%d calls, %+v", calls.Load(), again.Outputs)
		}
		if again.Usage.PromptTokens != 0 || again.Notes[0] != Reused {
			t.Errorf("%+v", again)
		}
		five := 5
		ask(req("a", eval.Sampling{MaxTokens: &five}))
		ask(req("a", eval.Sampling{TopK: &five}))
		ask(req("a", eval.Sampling{Stop: []string{"x"}}))
		ask(req("a", eval.Sampling{NumSamples: 2}))
		ask(req("b", eval.Sampling{}))
		if calls.Load() != 6 {
			t.Errorf("%d calls for 6 different requests", calls.Load())
		}
		ask(req("a", eval.Sampling{Temperature: 1}))
		ask(req("a", eval.Sampling{Temperature: 1}))
		if calls.Load() != 8 {
			t.Error("a draw was reused")
		}
	})
}

func TestOnceWhenTheFirstIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		o := &Once{Next: do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return text("second"), nil
		})}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := o.Respond(ctx, &eval.Request{}); err == nil {
				t.Error("no error")
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if resp, err := o.Respond(context.Background(), &eval.Request{}); err != nil || resp.Outputs[0].Text != "second" {
				t.Error(resp, err)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
	})
}

func TestOnceIsBounded(t *testing.T) {
	calls := 0
	o := &Once{Bytes: 8000, Next: do(func(context.Context, *eval.Request) (*eval.Response, error) {
		calls++
		return text("x"), nil
	})}
	for i := range 1000 {
		o.Respond(context.Background(), &eval.Request{Prompt: fmt.Sprint(i)})
	}
	if o.size > o.Bytes || len(o.kept) != o.order.Len() || len(o.kept) < 5 {
		t.Errorf("%d bytes, %d kept, %d in order", o.size, len(o.kept), o.order.Len())
	}
	o.Respond(context.Background(), &eval.Request{Prompt: "999"})
	if calls != 1000 {
		t.Error("the latest was not kept")
	}
}

func TestFaultsOfAMockAreRetriedAway(t *testing.T) {
	m, err := mock.Parse("mock:oracle,fail=0.02,http429=0.02,garbage=0.02,nan=0.02,hang=0.02,sticky=0.02")
	if err != nil {
		t.Fatal(err)
	}
	r := &Retry{Base: time.Microsecond, Next: &Limit{Start: 16, Next: &Timeout{Next: m, Limit: 50 * time.Millisecond}}}
	const n = 2000
	var ok, sticky atomic.Int32
	var wg sync.WaitGroup
	work := make(chan int)
	for range 16 {
		wg.Go(func() {
			for i := range work {
				in := &eval.Instance{Question: fmt.Sprint(i), Gold: fmt.Sprint(i)}
				resp, err := r.Respond(context.Background(), &eval.Request{Type: eval.Completion,
					Origin: &eval.Origin{Instance: in, Digest: eval.ItemDigest(in)}})
				switch {
				case err == nil && resp.Outputs[0].Text == fmt.Sprint(i):
					ok.Add(1)
				case err != nil && eval.FaultOf(err).Status == eval.InfraServerDown && Tries(err) == 6:
					sticky.Add(1)
				default:
					t.Errorf("item %d: %v %v", i, resp, err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	if ok.Load()+sticky.Load() != n || sticky.Load() < 15 || sticky.Load() > 75 {
		t.Errorf("%d right, %d sticky of %d", ok.Load(), sticky.Load(), n)
	}
}
