package layer

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"olmoeval/eval"
)

// simulated is a server in a bubble of time: an answer of n tokens takes n
// milliseconds, times slow(requests in flight).
type simulated struct {
	slow   func(inFlight int) float64
	tokens func() int
	refuse func(inFlight int) error

	inFlight atomic.Int64
	answers  atomic.Int64
}

func (s *simulated) Respond(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
	n := int(s.inFlight.Add(1))
	defer s.inFlight.Add(-1)
	if s.refuse != nil {
		if err := s.refuse(n); err != nil {
			time.Sleep(10 * time.Millisecond)
			return nil, err
		}
	}
	tokens := 500
	if s.tokens != nil {
		tokens = s.tokens()
	}
	slow := 1.0
	if s.slow != nil {
		slow = s.slow(n)
	}
	select {
	case <-time.After(time.Duration(float64(tokens) * slow * float64(time.Millisecond))):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.answers.Add(1)
	resp := text("x")
	resp.Usage.CompletionTokens = tokens
	return resp, nil
}

// flood keeps n workers asking until the time is over; failures are asked again
// a little later.
func flood(r eval.Responder, n int, d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := r.Respond(ctx, &eval.Request{}); err != nil {
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
}

// full makes more than n requests at a time take longer, so that no more work is
// done.
func full(n int) func(int) float64 {
	return func(inFlight int) float64 { return max(1, float64(inFlight)/float64(n)) }
}

func TestGroupFindsTheBestConcurrency(t *testing.T) {
	long := rand.New(rand.NewPCG(1, 1))
	var mu sync.Mutex
	for _, c := range []struct {
		name     string
		sim      *simulated
		low, top int
	}{
		{"a server of sixteen", &simulated{slow: full(16)}, 12, 32},
		{"a server of a hundred", &simulated{slow: full(100)}, 65, 170},
		{"more than forty are worse for all", &simulated{slow: func(n int) float64 { return max(1, float64(n*n)/1600) }}, 25, 70},
		{"no bound", &simulated{}, 200, 256},
		{"long generations and short ones", &simulated{tokens: func() int {
			mu.Lock()
			defer mu.Unlock()
			if long.IntN(10) == 0 {
				return 20_000
			}
			return 1 + long.IntN(200)
		}}, 200, 256},
		{"refuses more than a hundred", &simulated{refuse: func(n int) error {
			if n > 100 {
				return fault(eval.InfraRateLimited, 0)
			}
			return nil
		}}, 60, 115},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &Limit{Next: c.sim, Max: 256}
			flood(l, 300, 4*time.Minute)
			if got := l.Load(); got.Places < c.low || got.Places > c.top {
				t.Errorf("%s: %d places, want %d to %d", c.name, got.Places, c.low, c.top)
			} else {
				t.Logf("%s: %d places, %d answers", c.name, got.Places, c.sim.answers.Load())
			}
			if got := l.Load(); got.InFlight != 0 || got.Waiting != 0 {
				t.Errorf("%s: left over: %+v", c.name, got)
			}
		})
	}
}

func TestLongGenerationsCutNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		var mu sync.Mutex
		// The first task has short answers, the second ever longer ones.
		s := &simulated{tokens: func() int {
			mu.Lock()
			defer mu.Unlock()
			n++
			return 10 + n/10
		}}
		l := &Limit{Next: s, Start: 64, Max: 64}
		least := 64
		l.Shared().Notify(func(places int) { least = min(least, places) })
		flood(l, 100, time.Hour)
		if least < 64 {
			t.Errorf("cut to %d places", least)
		}
	})
}

func TestGroupRecoversFromABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bad atomic.Bool
		s := &simulated{refuse: func(int) error {
			if bad.Load() {
				return fault(eval.InfraRateLimited, 0)
			}
			return nil
		}}
		g := &Group{Start: 64, Max: 64}
		l := &Limit{Next: s, Group: g}
		var wg sync.WaitGroup
		wg.Go(func() { flood(l, 100, 40*time.Second) })
		time.Sleep(10 * time.Second)
		bad.Store(true)
		time.Sleep(5 * time.Second)
		if got := l.Load(); got.Places != 4 {
			t.Errorf("%d places after five seconds of refusals, want the floor", got.Places)
		}
		bad.Store(false)
		time.Sleep(10 * time.Second)
		// Answers take half a second: 4, 8, 16, 32, 42, then four a round.
		if got := l.Load(); got.Places < 56 {
			t.Errorf("%d places ten seconds after the burst", got.Places)
		}
		wg.Wait()
	})
}

func TestGroupHeedsTheServersQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulated{slow: full(40)}
		g := &Group{NoLatency: true, QueueLength: func() (int, bool) { return max(0, int(s.inFlight.Load())-40), true }}
		l := &Limit{Next: s, Group: g}
		flood(l, 200, 5*time.Minute)
		if got := l.Load(); got.Places < 38 || got.Places > 50 {
			t.Errorf("%d places for a server of 40", got.Places)
		}
		g.QueueLength = func() (int, bool) { return 1000, false }
		before := l.Load().Places
		flood(l, 200, time.Minute)
		if got := l.Load(); got.Places < before {
			t.Errorf("cut from %d to %d for a length that nobody knows", before, got.Places)
		}
	})
}

func TestReplicasScale(t *testing.T) {
	g := &Group{Replicas: 4}
	if got := g.Load(); got.Places != 256 || got.Top != 4096 || g.floor() != 16 {
		t.Errorf("%+v, floor %d", got, g.floor())
	}
}

// When the server says wait seven seconds, nobody of the group sends before,
// whatever model or key's user it is.
func TestHoldIsForTheWholeGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var groups Groups
		begin := time.Now()
		var mu sync.Mutex
		var sent []time.Duration
		first := true
		server := do(func(context.Context, *eval.Request) (*eval.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Since(begin))
			if first {
				first = false
				return nil, fault(eval.InfraRateLimited, 7*time.Second)
			}
			return text("x"), nil
		})
		model := &Retry{Next: &Limit{Next: server, Group: groups.Of("api.example.org", "key", nil)}}
		judge := &Retry{Next: &Limit{Next: server, Group: groups.Of("API.example.org", "key", nil)}}
		other := &Limit{Next: do(func(context.Context, *eval.Request) (*eval.Response, error) { return text("x"), nil }),
			Group: groups.Of("api.example.org", "another key", nil)}
		var wg sync.WaitGroup
		ask := func(r eval.Responder) {
			wg.Go(func() {
				if _, err := r.Respond(context.Background(), &eval.Request{}); err != nil {
					t.Error(err)
				}
			})
		}
		ask(model)
		synctest.Wait()
		for range 20 {
			ask(judge)
			ask(model)
		}
		ask(other)
		synctest.Wait()
		if got := model.Next.(*Limit).Load(); got.Waiting != 40 || !got.Held.Equal(begin.Add(7*time.Second)) {
			t.Errorf("%+v", got)
		}
		if other.Load().Waiting != 0 {
			t.Error("another account waits too")
		}
		wg.Wait()
		slices.Sort(sent)
		if len(sent) != 42 || sent[1] < 7*time.Second {
			t.Errorf("%d sent, the second after %s", len(sent), sent[1])
		}
	})
}

func TestPauseResumeRetune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulated{}
		l := &Limit{Next: s, Start: 8, Max: 8}
		g := l.Shared()
		var wg sync.WaitGroup
		ask := func(n int) {
			for range n {
				wg.Go(func() {
					if _, err := l.Respond(context.Background(), &eval.Request{}); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
		}
		ask(20)
		g.Pause()
		time.Sleep(time.Hour)
		if got := l.Load(); got.InFlight != 0 || got.Waiting != 12 || !got.Paused || s.answers.Load() != 8 {
			t.Errorf("paused: %+v, %d answers", got, s.answers.Load())
		}
		g.Retune(3)
		g.Resume()
		synctest.Wait()
		if got := l.Load(); got.InFlight != 3 || got.Waiting != 9 || got.Top != 3 {
			t.Errorf("retuned: %+v", got)
		}
		g.Retune(0)
		if got := l.Load(); got.Top != 8 {
			t.Errorf("back to the first bound: %+v", got)
		}
		wg.Wait()
		if s.answers.Load() != 20 {
			t.Errorf("%d answers", s.answers.Load())
		}
	})
}

// Whatever is done to a group in whatever order, no place is lost or made up,
// and nobody waits forever.
func TestGroupUnderRandomOrders(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			errs := []error{nil, fault(eval.InfraRateLimited, 0), fault(eval.InfraRateLimited, time.Second), errors.New("reset")}
			var mu sync.Mutex
			draw := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return r.IntN(n)
			}
			var inside, most atomic.Int64
			g := &Group{Start: 1 + r.IntN(20), Max: 30}
			l := &Limit{Group: g, Next: do(func(ctx context.Context, _ *eval.Request) (*eval.Response, error) {
				n := inside.Add(1)
				defer inside.Add(-1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				time.Sleep(time.Duration(draw(200)) * time.Millisecond)
				if err := errs[draw(len(errs))]; err != nil {
					return nil, err
				}
				return &eval.Response{Usage: eval.Usage{CompletionTokens: 1 + draw(100)}}, nil
			})}
			var wg sync.WaitGroup
			for range 60 {
				wg.Go(func() {
					for range 20 {
						ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+draw(3000))*time.Millisecond)
						_, _ = l.Respond(ctx, &eval.Request{})
						cancel()
					}
				})
			}
			for range 50 {
				time.Sleep(time.Duration(draw(100)) * time.Millisecond)
				switch draw(5) {
				case 0:
					g.Pause()
				case 1:
					g.Resume()
				case 2:
					g.Retune(draw(31))
				case 3:
					g.Hold(time.Duration(draw(300)) * time.Millisecond)
				case 4:
					g.Drain()
				}
			}
			g.Resume()
			wg.Wait()
			if got := g.Load(); got.InFlight != 0 || got.Waiting != 0 || most.Load() > 30 {
				t.Errorf("seed %d: %+v, %d together", seed, got, most.Load())
			}
		})
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulated{}
		l := &Limit{Next: s, Start: 2, Max: 2}
		var done, turned atomic.Int64
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				_, err := l.Respond(context.Background(), &eval.Request{})
				switch {
				case err == nil:
					done.Add(1)
				case eval.FaultOf(err).Status == eval.Cancelled:
					turned.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		l.Shared().Drain()
		wg.Wait()
		if done.Load() != 2 || turned.Load() != 8 {
			t.Errorf("%d answered, %d turned away", done.Load(), turned.Load())
		}
		if _, err := l.Respond(context.Background(), &eval.Request{}); err == nil {
			t.Error("a drained group let one in")
		}
		l.Shared().Resume()
		if _, err := l.Respond(context.Background(), &eval.Request{}); err != nil {
			t.Error(err)
		}
	})
}
