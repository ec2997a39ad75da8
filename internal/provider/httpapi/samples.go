package httpapi

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"olmoeval/eval"
)

// atOnce bounds the calls of one request at a time.
const atOnce = 8

// Samples asks for n samples, one call each with its number, and puts the
// answers together: outputs in order of number, usage added up, notes once. The
// first failure ends all.
func Samples(ctx context.Context, n int, one func(ctx context.Context, k int) (*eval.Response, error)) (*eval.Response, error) {
	if n == 1 {
		return one(ctx, 0)
	}
	begin := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	got := make([]*eval.Response, n)
	places := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for k := range n {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			resp, err := one(ctx, k)
			if err != nil {
				cancel(err)
			}
			got[k] = resp
		})
	}
	wg.Wait()
	all := &eval.Response{Attempts: 1}
	for _, r := range got {
		if r == nil {
			return nil, failure(ctx)
		}
		Join(all, r)
	}
	all.Timing.Total = Milliseconds(time.Since(begin))
	return all, nil
}

// failure is why a call of Samples ended.
func failure(ctx context.Context) error {
	err := context.Cause(ctx)
	fault := (*eval.Fault)(nil)
	switch {
	case err == nil || !errors.As(err, &fault) && errors.Is(err, context.Canceled):
		return &eval.Fault{Status: eval.Cancelled, Err: context.Canceled}
	case !errors.As(err, &fault) && errors.Is(err, context.DeadlineExceeded):
		return &eval.Fault{Status: eval.InfraNetwork, Err: err}
	}
	return err
}

// Join adds the outputs, the usage and the notes of more to r.
func Join(r, more *eval.Response) {
	r.Outputs = append(r.Outputs, more.Outputs...)
	r.Usage = r.Usage.Add(more.Usage)
	if r.Timing.First == 0 || more.Timing.First > 0 && more.Timing.First < r.Timing.First {
		r.Timing.First = more.Timing.First
	}
	for _, note := range more.Notes {
		if !slices.Contains(r.Notes, note) {
			r.Notes = append(r.Notes, note)
		}
	}
}

// Greedy repeats the one output of a greedy answer: equal requests have equal
// answers, so only one is asked for.
func Greedy(r *eval.Response, n int) {
	for len(r.Outputs) < n {
		out := r.Outputs[0]
		out.ToolCalls = slices.Clone(out.ToolCalls)
		out.Logprobs = slices.Clone(out.Logprobs)
		if out.Loglik != nil {
			l := *out.Loglik
			l.Greedy, l.Margin = copied(l.Greedy), copied(l.Margin)
			out.Loglik = &l
		}
		r.Outputs = append(r.Outputs, out)
	}
}

// OneByOne asks for as many samples as a request wants of an API that makes one
// a call. Where the answer is greedy it is asked for once and repeated, unless
// one reports sampled: that the model draws, whatever was asked for.
func OneByOne(ctx context.Context, r *eval.Request, one func(context.Context, *eval.Request) (resp *eval.Response, sampled bool, err error)) (*eval.Response, error) {
	n := r.Sampling.Samples()
	var first *eval.Response
	if r.Sampling.Greedy() || n == 1 {
		resp, sampled, err := one(ctx, r)
		if err != nil || n == 1 {
			return resp, err
		}
		if !sampled {
			Greedy(resp, n)
			return resp, nil
		}
		first = resp
	}
	return Samples(ctx, n, func(ctx context.Context, k int) (*eval.Response, error) {
		if k == 0 && first != nil {
			return first, nil
		}
		resp, _, err := one(ctx, r)
		return resp, err
	})
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
