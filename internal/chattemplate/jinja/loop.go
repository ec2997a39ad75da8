package jinja

import (
	"errors"
	"fmt"
)

// loop is the variable loop.
type loop struct {
	items []any
	i     int
	depth int
	again function // of a recursive loop
	last  []any    // what changed() was given
	used  bool
}

func (l *loop) attr(name string) (any, bool) {
	n := len(l.items)
	edge := func(i int, why string) any {
		if i < 0 || i >= n {
			return &undefined{why}
		}
		return l.items[i]
	}
	switch name {
	case "index":
		return int64(l.i + 1), true
	case "index0":
		return int64(l.i), true
	case "revindex":
		return int64(n - l.i), true
	case "revindex0":
		return int64(n - l.i - 1), true
	case "first":
		return l.i == 0, true
	case "last":
		return l.i == n-1, true
	case "length":
		return int64(n), true
	case "depth":
		return int64(l.depth + 1), true
	case "depth0":
		return int64(l.depth), true
	case "previtem":
		return edge(l.i-1, "there is no previous item"), true
	case "nextitem":
		return edge(l.i+1, "there is no next item"), true
	case "cycle":
		return function(func(_ *run, a callArgs) (any, error) {
			if len(a.positional) == 0 {
				return nil, errors.New("no items for cycling given")
			}
			return a.positional[l.i%len(a.positional)], nil
		}), true
	case "changed":
		return function(func(r *run, a callArgs) (any, error) {
			same, err := equal(r, &List{Items: l.last}, &List{Items: a.positional})
			changed := !l.used || !same
			l.used, l.last = true, a.positional
			return changed, err
		}), true
	}
	return nil, false
}

// loopWork is the work of one turn of a loop, besides what it does.
const loopWork = 4

func (f *forStmt) exec(r *run, s *scope) error {
	v, err := f.over.eval(r, s)
	if err != nil {
		return err
	}
	return f.loop(r, s, v, 0)
}

// loop runs the body for each item.
func (f *forStmt) loop(r *run, s *scope, over any, depth int) error {
	all, err := items(r, over)
	if err != nil {
		return f.locate(err)
	}
	if f.filter != nil {
		if all, err = f.filtered(r, s, all); err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return f.no.exec(r, s.inner())
	}
	l := &loop{items: all, depth: depth}
	if f.recursive {
		l.again = func(r *run, a callArgs) (any, error) {
			if len(a.positional) != 1 {
				return nil, fmt.Errorf("loop() takes 1 argument, got %d", len(a.positional))
			}
			if err := r.enter(); err != nil {
				return nil, err
			}
			defer func() { r.depth-- }()
			return r.capture(blockStmts{stmtFunc(func(r *run, _ *scope) error { return f.loop(r, s, a.positional[0], depth+1) })}, s)
		}
	}
	for i, item := range all {
		if err := r.work(loopWork); err != nil {
			return err
		}
		l.i = i
		inner := s.inner()
		inner.set("loop", l)
		if err := f.target.assign(r, inner, item); err != nil {
			return err
		}
		switch err := f.body.exec(r, inner); {
		case errors.Is(err, errBreak):
			return nil
		case err != nil && !errors.Is(err, errContinue):
			return err
		}
	}
	return nil
}

func (f *forStmt) filtered(r *run, s *scope, all []any) ([]any, error) {
	var kept []any
	for _, item := range all {
		inner := s.inner()
		if err := f.target.assign(r, inner, item); err != nil {
			return nil, err
		}
		ok, err := f.filter.eval(r, inner)
		if err != nil {
			return nil, err
		}
		if truth(ok) {
			kept = append(kept, item)
		}
	}
	return kept, nil
}

// stmtFunc is a statement made of a function.
type stmtFunc func(r *run, s *scope) error

func (f stmtFunc) exec(r *run, s *scope) error { return f(r, s) }
