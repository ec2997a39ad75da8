package layer

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"olmoeval/eval"
)

// Samples makes several samples of a request for a Next that makes one at a
// time: it asks once for each, sample k with Seed+k where a seed is set, and
// puts them together. Greedy samples are equal, so one is asked for and copied.
type Samples struct {
	Next eval.Responder
	// N reports whether Next makes several samples by itself; then requests pass
	// as they are. nil means that it does not.
	N func() bool
	// Together is how many samples of a request are asked for at a time; 0
	// means 16.
	Together int
}

var _ eval.Responder = (*Samples)(nil)

// Unwrap is Next.
func (s *Samples) Unwrap() eval.Responder { return s.Next }

// Respond asks for all samples. Usage, attempts and the parts of Timing are
// sums. The first failure ends the others and fails the whole.
func (s *Samples) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	n := r.Sampling.Samples()
	if n == 1 || r.Type == eval.Loglikelihood || s.N != nil && s.N() {
		return s.Next.Respond(ctx, r)
	}
	one := *r
	one.Sampling.NumSamples = 1
	if r.Sampling.Greedy() {
		resp, err := s.Next.Respond(ctx, &one)
		if err != nil {
			return resp, err
		}
		if err := single(resp); err != nil {
			return resp, err
		}
		for len(resp.Outputs) < n {
			resp.Outputs = append(resp.Outputs, clone(resp, true).Outputs[0])
		}
		return resp, nil
	}
	return s.draw(ctx, one, n)
}

func (s *Samples) draw(ctx context.Context, one eval.Request, n int) (*eval.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	together := s.Together
	if together <= 0 {
		together = 16
	}
	all := make([]*eval.Response, n)
	gate := make(chan struct{}, together)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failure error
	for k := range n {
		gate <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-gate }()
			req := one
			if seed := one.Sampling.Seed; seed != nil {
				own := *seed + int64(k)
				req.Sampling.Seed = &own
			}
			resp, err := s.Next.Respond(ctx, &req)
			if err == nil {
				err = single(resp)
			}
			all[k] = resp
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if failure == nil {
				failure = err
				cancel(err)
			}
		})
	}
	wg.Wait()
	whole := merge(all)
	if failure == nil && ctx.Err() != nil {
		failure = stopped(ctx, "asking for samples")
	}
	if failure != nil {
		whole.Outputs = nil
		return whole, failure
	}
	return whole, nil
}

func single(resp *eval.Response) error {
	if len(resp.Outputs) != 1 {
		return &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf("%d outputs for one sample", len(resp.Outputs))}
	}
	return nil
}

// merge puts answers together in order; those that never came are left out.
func merge(all []*eval.Response) *eval.Response {
	whole := &eval.Response{}
	for _, resp := range all {
		if resp == nil {
			continue
		}
		whole.Outputs = append(whole.Outputs, resp.Outputs...)
		whole.Usage = whole.Usage.Add(resp.Usage)
		whole.Attempts += resp.Attempts
		whole.Timing.Queue += resp.Timing.Queue
		whole.Timing.Backoff += resp.Timing.Backoff
		whole.Timing.First += resp.Timing.First
		whole.Timing.Total += resp.Timing.Total
		for _, note := range resp.Notes {
			if !slices.Contains(whole.Notes, note) {
				whole.Notes = append(whole.Notes, note)
			}
		}
	}
	return whole
}
