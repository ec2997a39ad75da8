package layer

import (
	"container/list"
	"context"
	"slices"
	"sync"

	"olmoeval/eval"
)

// Once sends requests that must have the same answer once: those with equal
// digests and sampling whose temperature is 0, and log-likelihoods. Later ones
// get a copy from memory, those that come meanwhile wait for the first. A copy
// has no usage and no attempts, and the note [Reused].
//
// It is for models that answer by the request alone; mocks in process look at
// the item behind it and need none.
type Once struct {
	Next eval.Responder
	// Bytes bounds the answers kept, about; 0 means 32 MiB.
	Bytes int

	digester eval.Digester
	mu       sync.Mutex
	pending  map[string]*pending
	kept     map[string]*list.Element // of *keptAnswer
	order    list.List                // most recently used first
	size     int
}

var _ eval.Responder = (*Once)(nil)

// Unwrap is Next.
func (o *Once) Unwrap() eval.Responder { return o.Next }

// Reused is the note of an answer that was not asked for again.
const Reused = "reused"

type pending struct {
	done chan struct{} // closed by the goroutine that asks
	resp *eval.Response
	err  error
}

type keptAnswer struct {
	key  string
	resp *eval.Response
	size int
}

// Respond asks Next, or copies what it answered to an equal request. An error
// is shared by those who waited for it, and not kept.
func (o *Once) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if r.Type != eval.Loglikelihood && !r.Sampling.Greedy() {
		return o.Next.Respond(ctx, r)
	}
	key := o.key(r)
	for {
		o.mu.Lock()
		if e, ok := o.kept[key]; ok {
			o.order.MoveToFront(e)
			resp := e.Value.(*keptAnswer).resp
			o.mu.Unlock()
			return reuse(resp), nil
		}
		p, ok := o.pending[key]
		if !ok {
			p = &pending{done: make(chan struct{})}
			if o.pending == nil {
				o.pending, o.kept = map[string]*pending{}, map[string]*list.Element{}
			}
			o.pending[key] = p
			o.mu.Unlock()
			return o.ask(ctx, r, key, p)
		}
		o.mu.Unlock()
		select {
		case <-p.done:
		case <-ctx.Done():
			return nil, stopped(ctx, "waiting for the answer to an equal request")
		}
		if p.err == nil {
			return reuse(p.resp), nil
		}
		if eval.FaultOf(p.err).Status != eval.Cancelled {
			return nil, p.err
		}
		// Only the one who asked was cancelled: ask ourselves.
	}
}

func (o *Once) ask(ctx context.Context, r *eval.Request, key string, p *pending) (*eval.Response, error) {
	p.err = &eval.Fault{Status: eval.Cancelled, Err: context.Canceled} // if Next panics
	defer func() {
		o.mu.Lock()
		delete(o.pending, key)
		if p.err == nil {
			o.keep(key, p.resp)
		}
		o.mu.Unlock()
		close(p.done)
	}()
	resp, err := o.Next.Respond(ctx, r)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	p.err = err
	if err == nil {
		// The caller may edit what it gets, but for the elements of Logprobs
		// and ToolCalls, which would be dear to copy for each request.
		p.resp = clone(resp, false)
	}
	return resp, err
}

// keep stores an answer and drops the least recently used. The lock is held.
func (o *Once) keep(key string, resp *eval.Response) {
	limit := o.Bytes
	if limit <= 0 {
		limit = 32 << 20
	}
	k := &keptAnswer{key, resp, len(key) + sizeOf(resp)}
	if k.size > limit/4 {
		return
	}
	o.kept[key] = o.order.PushFront(k)
	o.size += k.size
	for o.size > limit {
		last := o.order.Back()
		old := o.order.Remove(last).(*keptAnswer)
		delete(o.kept, old.key)
		o.size -= old.size
	}
}

func sizeOf(resp *eval.Response) int {
	n := 200
	for i := range resp.Outputs {
		out := &resp.Outputs[i]
		n += 250 + len(out.Text) + len(out.Reasoning) + 48*len(out.Logprobs) + 256*len(out.ToolCalls)
	}
	return n
}

// key is the prompt digest and the sampling.
func (o *Once) key(r *eval.Request) string {
	b := make([]byte, 0, 128)
	b = append(b, o.digester.Digest(r)...)
	return string(r.Sampling.AppendKey(b))
}

func reuse(resp *eval.Response) *eval.Response {
	c := clone(resp, true)
	c.Usage, c.Timing, c.Attempts = eval.Usage{}, eval.Timing{}, 0
	c.Notes = append(c.Notes, Reused)
	return c
}

func clone(resp *eval.Response, deep bool) *eval.Response {
	c := *resp
	c.Notes = slices.Clone(resp.Notes)
	c.Outputs = slices.Clone(resp.Outputs)
	for i := range c.Outputs {
		out := &c.Outputs[i]
		if deep {
			out.Logprobs = slices.Clone(out.Logprobs)
			out.ToolCalls = slices.Clone(out.ToolCalls)
		}
		if out.Loglik != nil {
			l := *out.Loglik
			if l.Greedy != nil {
				g := *l.Greedy
				l.Greedy = &g
			}
			out.Loglik = &l
		}
	}
	return &c
}
