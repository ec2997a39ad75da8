package cache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"olmoeval/eval"
)

// Notes of answers.
const (
	// Cached is the note of an answer that was not asked for: it has no usage,
	// timing or attempts.
	Cached = "cached"
	// CachedPart is the note of one of which some samples were not: usage, timing
	// and attempts are the others'.
	CachedPart = "cached_part"
)

// Layer answers from a store what it can, and keeps what Next answers. It must
// not be copied after first use. Requests that come at the same time are not
// compared: put it round a layer that does.
type Layer struct {
	Next  eval.Responder
	Store *Store

	source   atomic.Pointer[source]
	digester eval.Digester
	counts   counts
}

type source struct {
	Identity
	space *Space
}

var _ eval.Responder = (*Layer)(nil)

// Unwrap is Next.
func (l *Layer) Unwrap() eval.Responder { return l.Next }

// Identify says whose answers these are. Until then all requests go to Next and
// nothing is kept; so they do after an error: there is no identity, or another
// was given before.
func (l *Layer) Identify(id Identity) error {
	space, err := l.Store.Space(id.Text, id.Name)
	if err != nil {
		return err
	}
	if l.source.CompareAndSwap(nil, &source{id, space}) {
		return nil
	}
	if old := l.source.Load(); old.Text != id.Text {
		l.source.Store(&source{}) // no space: nothing is kept
		return fmt.Errorf("response cache: %s changed its identity", id.Name)
	}
	return nil
}

// Respond answers from the store, or asks Next for what is missing.
func (l *Layer) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	src := l.source.Load()
	if src == nil || src.space == nil || !repeatable(r) {
		l.counts.skipped.Add(1)
		return l.Next.Respond(ctx, r)
	}
	c := &asked{l, src, r, r.Sampling.Samples(), false}
	if r.Type == eval.Loglikelihood || c.n > 1 && !r.Sampling.Greedy() && !src.Seeds {
		c.n, c.together = 1, true
	}
	found := make([]*answer, c.n)
	missing := 0
	for k := range found {
		if found[k] = c.find(k); found[k] == nil {
			missing++
		}
	}
	switch missing {
	case 0:
		l.counts.hits.Add(1)
		return merge(found, nil, Cached), nil
	case c.n:
		l.counts.misses.Add(1)
		resp, err := l.Next.Respond(ctx, r)
		if err == nil {
			c.keep(ctx, resp, 0)
		}
		return resp, err
	}
	l.counts.partial.Add(1)
	return c.complete(ctx, found)
}

// repeatable reports whether the answer may stand for that of an equal request.
func repeatable(r *eval.Request) bool {
	return r.Type == eval.Loglikelihood || r.Sampling.Greedy() || r.Sampling.Seed != nil
}

// asked is a request on its way through the layer.
type asked struct {
	layer  *Layer
	source *source
	r      *eval.Request
	// n is how many entries there are: one for each sample, or one together.
	n        int
	together bool
}

// key is of sample k, or of all together.
func (c *asked) key(k int) Key {
	s := c.r.Sampling
	if !c.together {
		s.NumSamples = 1
		if s.Seed != nil {
			s.Seed = new(*s.Seed + int64(k))
		}
	}
	b := make([]byte, 0, 256)
	b = append(b, "1 "...) // of the form of keys
	b = binary.AppendUvarint(b, uint64(len(c.source.Text)))
	b = append(b, c.source.Text...)
	b = append(b, c.layer.digester.Digest(c.r)...)
	b = s.AppendKey(b)
	if c.together {
		b = append(b, "together"...)
	} else {
		b = binary.AppendUvarint(append(b, "sample"...), uint64(k))
	}
	return sha256.Sum256(b)
}

// find is an entry, nil if there is none.
func (c *asked) find(k int) *answer {
	raw, err := c.source.space.Get(c.key(k))
	if err != nil {
		c.layer.counts.errors.Add(1)
	}
	if raw == nil {
		return nil
	}
	a, err := decode(raw)
	if err != nil || len(a.Outputs) != c.outputs() {
		return nil
	}
	c.layer.counts.served(a, len(raw))
	return a
}

// outputs is how many an entry must have.
func (c *asked) outputs() int {
	switch {
	case c.r.Type == eval.Loglikelihood:
		return len(c.r.Continuations)
	case c.together:
		return c.r.Sampling.Samples()
	}
	return 1
}

// keep stores an answer of which the first output is sample from.
func (c *asked) keep(ctx context.Context, resp *eval.Response, from int) {
	// An answer without attempts is itself a copy of one that was kept.
	if ctx.Err() != nil || resp.Attempts == 0 || !whole(c.r, resp) {
		return
	}
	size := c.outputs()
	for i := 0; i+size <= len(resp.Outputs); i += size {
		a := answer{Notes: resp.Notes}
		if i == 0 {
			a.Usage = resp.Usage // all of it with the first: together it is right
		}
		for _, out := range resp.Outputs[i : i+size] {
			a.Outputs = append(a.Outputs, output{Output: out})
		}
		raw, err := encode(&a)
		if err == nil {
			err = c.source.space.Put(c.key(from+i), raw)
		}
		switch {
		case err == nil:
			c.layer.counts.kept.Add(1)
		case !errors.Is(err, errUnfit):
			c.layer.counts.errors.Add(1)
		}
	}
}

// complete asks for the samples that are missing, those that follow one another
// together: sample k with Seed+k.
func (c *asked) complete(ctx context.Context, found []*answer) (*eval.Response, error) {
	var fresh []*eval.Response
	for from := 0; from < c.n; {
		if found[from] != nil {
			from++
			continue
		}
		to := from
		for to < c.n && found[to] == nil {
			to++
		}
		part := *c.r
		part.Sampling.NumSamples = to - from
		if seed := part.Sampling.Seed; seed != nil {
			part.Sampling.Seed = new(*seed + int64(from))
		}
		resp, err := c.layer.Next.Respond(ctx, &part)
		if err != nil {
			return nil, err
		}
		if len(resp.Outputs) != to-from {
			return nil, &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf("%d samples, want %d", len(resp.Outputs), to-from)}
		}
		c.keep(ctx, resp, from)
		for i, out := range resp.Outputs {
			found[from+i] = &answer{Outputs: []output{{Output: out}}}
		}
		fresh, from = append(fresh, resp), to
	}
	return merge(found, fresh, CachedPart), nil
}

// merge puts an answer together: the outputs of all, the cost of the fresh ones.
func merge(all []*answer, fresh []*eval.Response, note string) *eval.Response {
	resp := &eval.Response{}
	add := func(notes []string) {
		for _, n := range notes {
			if !slices.Contains(resp.Notes, n) {
				resp.Notes = append(resp.Notes, n)
			}
		}
	}
	for _, a := range all {
		for i := range a.Outputs {
			resp.Outputs = append(resp.Outputs, a.Outputs[i].Output)
		}
		add(a.Notes)
	}
	for _, f := range fresh {
		resp.Usage = resp.Usage.Add(f.Usage)
		resp.Attempts = max(resp.Attempts, f.Attempts)
		resp.Timing.Queue += f.Timing.Queue
		resp.Timing.Backoff += f.Timing.Backoff
		resp.Timing.Total += f.Timing.Total
		add(f.Notes)
	}
	add([]string{note})
	return resp
}
