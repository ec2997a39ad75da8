package jinja

import (
	"errors"
	"fmt"
)

func (c *constant) eval(*run, *scope) (any, error) { return c.value, nil }

func (n *name) eval(r *run, s *scope) (any, error) {
	if err := r.work(1); err != nil {
		return nil, err
	}
	if v, ok := s.get(n.name); ok {
		return v, nil
	}
	if f, ok := r.env.Globals[n.name]; ok {
		return wrap(f), nil
	}
	if f, ok := globals[n.name]; ok {
		return f, nil
	}
	return &undefined{fmt.Sprintf("'%s' is undefined", n.name)}, nil
}

// wrap makes a function of one from outside.
func wrap(f Func) function {
	return func(_ *run, a callArgs) (any, error) {
		named := make(map[string]any, len(a.names))
		for i, n := range a.names {
			named[n] = a.named[i]
		}
		return f(a.positional, named)
	}
}

func (l *listNode) eval(r *run, s *scope) (any, error) {
	out, err := evalAll(r, s, l.items)
	return &List{Items: out, Tuple: l.tuple}, err
}

func evalAll(r *run, s *scope, list []expr) ([]any, error) {
	out := make([]any, 0, len(list))
	for _, e := range list {
		v, err := e.eval(r, s)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, r.work(len(list))
}

func (d *dictNode) eval(r *run, s *scope) (any, error) {
	out := NewDict()
	for i := range d.keys {
		k, err := d.keys[i].eval(r, s)
		if err != nil {
			return nil, err
		}
		v, err := d.values[i].eval(r, s)
		if err != nil {
			return nil, err
		}
		h, err := hashOf(k)
		if err != nil {
			return nil, d.locate(err)
		}
		out.put(h, k, v)
	}
	return out, r.work(len(d.keys))
}

func (a *attrNode) eval(r *run, s *scope) (any, error) {
	of, err := a.of.eval(r, s)
	if err != nil {
		return nil, err
	}
	v, err := attribute(r, of, a.name)
	return v, a.locate(err)
}

// attribute is of.name: a method of the type, else an item.
func attribute(r *run, of any, name string) (any, error) {
	if err := r.work(1); err != nil {
		return nil, err
	}
	if u, ok := of.(*undefined); ok {
		return nil, u.err()
	}
	if m, ok := method(of, name); ok {
		return m, nil
	}
	switch v := of.(type) {
	case *loop:
		if x, ok := v.attr(name); ok {
			return x, nil
		}
	case *namespace:
		if x, ok := v.Get(name); ok {
			return x, nil
		}
	case *Dict:
		if x, ok := v.Get(name); ok {
			return x, nil
		}
	case *macro:
		if name == "name" {
			return v.def.name, nil
		}
	}
	return noAttribute(of, name), nil
}

func noAttribute(of any, name string) *undefined {
	return &undefined{fmt.Sprintf("'%s object' has no attribute '%s'", typeName(of), name)}
}

func (n *itemNode) eval(r *run, s *scope) (any, error) {
	of, err := n.of.eval(r, s)
	if err != nil {
		return nil, err
	}
	if sl, ok := n.key.(*sliceNode); ok {
		v, err := sl.slice(r, s, of)
		return v, n.locate(err)
	}
	key, err := n.key.eval(r, s)
	if err != nil {
		return nil, err
	}
	v, err := item(r, of, key)
	return v, n.locate(err)
}

// item is of[key]: an item, else an attribute.
func item(r *run, of, key any) (any, error) {
	switch v := of.(type) {
	case *undefined:
		return nil, v.err()
	case *Dict:
		h, err := hashOf(key)
		if err == nil {
			if x, ok := v.get(h); ok {
				return x, nil
			}
		}
	case *List:
		if i, _, isInt, ok := number(key); ok && isInt {
			if i < 0 {
				i += int64(len(v.Items))
			}
			if i >= 0 && i < int64(len(v.Items)) {
				return v.Items[i], nil
			}
			return &undefined{fmt.Sprintf("'%s object' has no element %d", typeName(of), i)}, nil
		}
	case string:
		if i, _, isInt, ok := number(key); ok && isInt {
			if err := r.work(len(v) / 8); err != nil {
				return nil, err
			}
			runes := []rune(v)
			if i < 0 {
				i += int64(len(runes))
			}
			if i >= 0 && i < int64(len(runes)) {
				return string(runes[i]), nil
			}
			return &undefined{fmt.Sprintf("'str object' has no element %d", i)}, nil
		}
	}
	if name, ok := key.(string); ok {
		return attribute(r, of, name)
	}
	if u, ok := key.(*undefined); ok {
		return nil, u.err()
	}
	text, err := str(r, key)
	return noAttribute(of, text), err
}

// slice is of[from:to:step].
func (n *sliceNode) slice(r *run, s *scope, of any) (any, error) {
	if u, ok := of.(*undefined); ok {
		return nil, u.err()
	}
	var bounds [3]*int64
	for i, e := range []expr{n.from, n.to, n.step} {
		if e == nil {
			continue
		}
		v, err := e.eval(r, s)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		b, _, isInt, ok := number(v)
		if !ok || !isInt {
			return nil, errors.New("slice indices must be integers or None or have an __index__ method")
		}
		bounds[i] = &b
	}
	switch v := of.(type) {
	case string:
		if err := r.grow(4 * len(v)); err != nil {
			return nil, err
		}
		runes, err := cut([]rune(v), bounds)
		return string(runes), err
	case *List:
		if err := r.grow(16 * len(v.Items)); err != nil {
			return nil, err
		}
		out, err := cut(v.Items, bounds)
		return &List{Items: out, Tuple: v.Tuple}, err
	}
	return noAttribute(of, "slice"), nil
}

func (n *sliceNode) eval(*run, *scope) (any, error) {
	return nil, errors.New("a slice stands with other subscripts, which is not supported")
}

// cut takes a slice as Python does.
func cut[T any](all []T, bounds [3]*int64) ([]T, error) {
	n, step := int64(len(all)), int64(1)
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		return nil, errors.New("slice step cannot be zero")
	}
	low, high := int64(0), n
	from, to := low, high
	if step < 0 {
		low, high = -1, n-1
		from, to = high, low
	}
	clip := func(b *int64, otherwise int64) int64 {
		if b == nil {
			return otherwise
		}
		i := *b
		if i < 0 {
			i = max(i+n, low)
		}
		return min(i, high)
	}
	from, to = clip(bounds[0], from), clip(bounds[1], to)
	out := []T{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		out = append(out, all[i])
		if step > n || step < -n {
			break
		}
	}
	return out, nil
}

func (a *arguments) eval(r *run, s *scope) (out callArgs, err error) {
	if out.positional, err = evalAll(r, s, a.positional); err != nil {
		return out, err
	}
	if a.star != nil {
		v, err := a.star.eval(r, s)
		if err != nil {
			return out, err
		}
		more, err := items(r, v)
		if err != nil {
			return out, err
		}
		out.positional = append(out.positional, more...)
	}
	if out.named, err = evalAll(r, s, a.named); err != nil {
		return out, err
	}
	out.names = append(out.names, a.names...)
	if a.starStar == nil {
		return out, nil
	}
	v, err := a.starStar.eval(r, s)
	if err != nil {
		return out, err
	}
	d, ok := v.(*Dict)
	if !ok {
		return out, fmt.Errorf("argument after ** must be a mapping, not %s", typeName(v))
	}
	for i, k := range d.keys {
		text, ok := k.(string)
		if !ok {
			return out, errors.New("keywords must be strings")
		}
		out.names, out.named = append(out.names, text), append(out.named, d.values[i])
	}
	return out, nil
}

func (c *callNode) eval(r *run, s *scope) (any, error) {
	of, err := c.of.eval(r, s)
	if err != nil {
		return nil, err
	}
	args, err := c.args.eval(r, s)
	if err != nil {
		return nil, c.locate(err)
	}
	v, err := call(r, of, args)
	return v, c.locate(err)
}

func call(r *run, of any, args callArgs) (any, error) {
	if err := r.work(1); err != nil {
		return nil, err
	}
	switch f := of.(type) {
	case function:
		return f(r, args)
	case *macro:
		return f.call(r, args)
	case *loop:
		if f.again == nil {
			return nil, errors.New("the loop must have the 'recursive' marker to be called recursively")
		}
		return f.again(r, args)
	case *undefined:
		return nil, f.err()
	}
	return nil, fmt.Errorf("'%s' object is not callable", typeName(of))
}

func (f *filterNode) eval(r *run, s *scope) (any, error) {
	var of any
	var err error
	if f.of == nil {
		of, _ = s.get(bodyName)
	} else if of, err = f.of.eval(r, s); err != nil {
		return nil, err
	}
	args, err := f.args.eval(r, s)
	if err != nil {
		return nil, f.locate(err)
	}
	v, err := applyFilter(r, f.name, of, args)
	return v, f.locate(err)
}

func applyFilter(r *run, name string, of any, args callArgs) (any, error) {
	if err := r.work(1); err != nil {
		return nil, err
	}
	args.positional = append([]any{of}, args.positional...)
	if f := filterNamed(name); f != nil {
		return f(r, args)
	}
	return nil, fmt.Errorf("no filter named '%s'", name)
}

func (t *testNode) eval(r *run, s *scope) (any, error) {
	of, err := t.of.eval(r, s)
	if err != nil {
		return nil, err
	}
	args, err := t.args.eval(r, s)
	if err != nil {
		return nil, t.locate(err)
	}
	v, err := applyTest(r, t.name, of, args.positional)
	return v, t.locate(err)
}

func (c *condNode) eval(r *run, s *scope) (any, error) {
	v, err := c.test.eval(r, s)
	if err != nil {
		return nil, err
	}
	if truth(v) {
		return c.yes.eval(r, s)
	}
	if c.no == nil {
		return &undefined{"the inline if-expression evaluated to false and no else section was defined"}, nil
	}
	return c.no.eval(r, s)
}

func (l *logicNode) eval(r *run, s *scope) (any, error) {
	v, err := l.left.eval(r, s)
	if err != nil || truth(v) != l.and {
		return v, err
	}
	return l.right.eval(r, s)
}
