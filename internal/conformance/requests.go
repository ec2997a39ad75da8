package main

import (
	"context"
	"fmt"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

// checkRequests compares the instances, requests and sampling of a spec with
// the row's. A spec that cannot be loaded differs in all of them.
func (c *checker) checkRequests(ctx context.Context, row *requestRow) error {
	f := c.of(row.Spec)
	if f == nil {
		return nil
	}
	f.Specs++
	task, ok := c.task(row.Spec)
	if !ok {
		return nil
	}
	f.Known++
	total := max(1, len(row.Items))
	f.Requests += total
	made, err := c.make(ctx, row, task)
	switch {
	case row.Error != "" && err != nil:
		f.RequestsEqual++ // neither can load it
		return nil
	case row.Error != "":
		c.differ(f, requestKind, row.Spec, "the reference fails: "+row.Error)
		return nil
	case err != nil:
		c.differ(f, requestKind, row.Spec, err.Error())
		return ctx.Err()
	}
	for _, it := range row.Items {
		d := ""
		m, ok := made[it.Index]
		if !ok {
			d = "no such instance"
		} else {
			d = m.differs(it.Instance, it.Request, it.Sampling)
		}
		if d == "" {
			f.RequestsEqual++
			continue
		}
		c.differ(f, requestKind, fmt.Sprintf("%s[%d]", row.Spec, it.Index), d)
	}
	return nil
}

// made is one instance with its request.
type made struct {
	instance *eval.Instance
	request  *eval.Request
}

// make reads and renders what the row asks for.
func (c *checker) make(ctx context.Context, row *requestRow, task *eval.Task) (map[int]made, error) {
	p, err := c.loader.Prepare(ctx, row.Spec, row.Spec, task, nil)
	if err != nil {
		return nil, err
	}
	if row.Error == "" && p.N != row.NInstances {
		return nil, fmt.Errorf("%d instances, recorded %d", p.N, row.NInstances)
	}
	want := map[int]bool{}
	for _, it := range row.Items {
		want[it.Index] = true
	}
	out := map[int]made{}
	for it, err := range p.Items(ctx) {
		if err != nil {
			return nil, err
		}
		if !want[it.Index] {
			continue
		}
		in, req, err := p.Request(it)
		if err != nil {
			return nil, err
		}
		out[it.Index] = made{in, req}
	}
	return out, nil
}

// differs shows the first part that is not as recorded, "" if all are. The
// cluster of an instance and the bound of a request are ours alone.
func (m made) differs(instance, request any, sampling map[string]any) string {
	for _, p := range []struct {
		what      string
		want, got any
	}{
		{"instance", instance, without(plain(m.instance), "cluster")},
		{"request", request, without(plain(m.request), "max_length")},
		{"sampling", without(plain(sampling), "$type", "do_sample", "logprobs"), plain(m.request.Sampling)},
	} {
		want, got := corpus.Prune(plain(p.want)), corpus.Prune(p.got)
		if !same(want, got) {
			return p.what + "\n" + diff(want, got)
		}
	}
	return ""
}
