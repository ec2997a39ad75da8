package layer

import (
	"context"
	"slices"
	"sync"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Hedge sends a request a second time when its first attempt takes a quarter
// longer than nearly all others did, and takes the answer that comes first; the other
// attempt is cancelled. It does so only with requests whose answer does not
// depend on which attempt gives it: log-likelihoods, greedy and seeded ones.
// Put it between [Retry] and [Limit], so that the second attempt waits for a
// place like any other, and the time that the first waits for one is not
// counted.
type Hedge struct {
	Next eval.Responder
	// Quantile is which share of recent attempts must have been quicker; 0 means
	// 0.98. Share bounds the second attempts, as a share of all; 0 means 0.02.
	Quantile, Share float64

	mu     sync.Mutex
	recent [recentSize]float64 // milliseconds, a ring
	seen   int
	wait   time.Duration // from the quantile; 0 while too little is known
	credit float64       // second attempts that may be sent
	sent   int64
}

var _ eval.Responder = (*Hedge)(nil)

const (
	recentSize  = 256
	recentLeast = 64 // attempts before the quantile is believed
)

// Unwrap is Next.
func (h *Hedge) Unwrap() eval.Responder { return h.Next }

// Sent is how many second attempts were sent.
func (h *Hedge) Sent() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent
}

// Respond asks once or twice. The answer's Attempts count both.
func (h *Hedge) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if r.Type != eval.Loglikelihood && !r.Sampling.Greedy() && r.Sampling.Seed == nil {
		return h.Next.Respond(ctx, r)
	}
	h.mu.Lock()
	wait := h.wait
	h.mu.Unlock()
	if wait == 0 {
		resp, err := h.Next.Respond(ctx, r)
		h.learn(resp, err)
		return resp, err
	}
	return h.race(ctx, r, wait)
}

type answered struct {
	resp *eval.Response
	err  error
}

// race runs the first attempt, and the second when it is due. It returns when
// both have ended, so that nothing is left behind.
func (h *Hedge) race(ctx context.Context, r *eval.Request, wait time.Duration) (*eval.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	started := make(chan struct{})
	var once sync.Once
	first := attempt.Watch(ctx, func() { once.Do(func() { close(started) }) })
	answers := make(chan answered, 2)
	var wg sync.WaitGroup
	ask := func(ctx context.Context) {
		resp, err := h.Next.Respond(ctx, r)
		answers <- answered{resp, err}
	}
	wg.Go(func() { ask(first) })
	best, late := await(answers, started, wait)
	tries := 1
	if late && !h.take() {
		best = <-answers
		late = false
	}
	if late {
		tries = 2
		wg.Go(func() { ask(attempt.Watch(ctx, func() {})) })
		best = <-answers
		if best.err != nil && ctx.Err() == nil {
			if other := <-answers; other.err == nil {
				best = other
			}
		}
	}
	cancel()
	wg.Wait()
	h.learn(best.resp, best.err)
	best.resp = about(best.resp)
	best.resp.Attempts = max(1, best.resp.Attempts) + tries - 1
	return best.resp, best.err
}

// await is the first attempt's answer, or late when none came within wait of
// its start.
func await(answers <-chan answered, started <-chan struct{}, wait time.Duration) (a answered, late bool) {
	select {
	case a = <-answers:
		return a, false
	case <-started:
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case a = <-answers:
		return a, false
	case <-t.C:
		return answered{}, true
	}
}

// take takes one second attempt out of what may be sent.
func (h *Hedge) take() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.credit < 1 {
		return false
	}
	h.credit--
	h.sent++
	return true
}

// learn notes how long an answer took.
func (h *Hedge) learn(resp *eval.Response, err error) {
	if err != nil || resp == nil || resp.Timing.Total <= 0 {
		return
	}
	share, quantile := h.Share, h.Quantile
	if share <= 0 {
		share = 0.02
	}
	if quantile <= 0 || quantile >= 1 {
		quantile = 0.98
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.credit = min(h.credit+share, 16)
	h.recent[h.seen%recentSize] = resp.Timing.Total
	h.seen++
	if h.seen < recentLeast || h.seen%16 != 0 {
		return
	}
	sorted := slices.Clone(h.recent[:min(h.seen, recentSize)])
	slices.Sort(sorted)
	at := sorted[int(quantile*float64(len(sorted)-1))]
	h.wait = time.Millisecond + time.Duration(1.25*at*float64(time.Millisecond))
}
