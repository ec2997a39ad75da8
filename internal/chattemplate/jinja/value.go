package jinja

import (
	"fmt"
	"math"
)

// Values are nil, bool, int64, float64, string, *List, *Dict and what only this
// package makes: undefined values, functions, namespaces.

// List is a list or a tuple of Python.
type List struct {
	Items []any
	Tuple bool
}

// Dict is a mapping that keeps the order of its keys.
type Dict struct {
	keys, values []any
	index        map[any]int
}

// NewDict makes an empty mapping.
func NewDict() *Dict { return &Dict{index: map[any]int{}} }

// Set gives key, a text, its value. A key that is there keeps its place.
func (d *Dict) Set(key string, value any) { d.put(key, key, value) }

func (d *Dict) put(hash, key, value any) {
	if i, ok := d.index[hash]; ok {
		d.values[i] = value
		return
	}
	d.index[hash] = len(d.keys)
	d.keys, d.values = append(d.keys, key), append(d.values, value)
}

// Get is the value of a text key.
func (d *Dict) Get(key string) (any, bool) { return d.get(key) }

func (d *Dict) get(hash any) (any, bool) {
	i, ok := d.index[hash]
	if !ok {
		return nil, false
	}
	return d.values[i], true
}

// Len is the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// hashOf is what finds a key: equal numbers are one key.
func hashOf(key any) (any, error) {
	switch k := key.(type) {
	case nil, int64, string:
		return k, nil
	case bool:
		if k {
			return int64(1), nil
		}
		return int64(0), nil
	case float64:
		if k == math.Trunc(k) && math.Abs(k) < 1<<53 {
			return int64(k), nil
		}
		return k, nil
	case *List:
		if !k.Tuple {
			break
		}
		s, err := tupleHash(k)
		return tupleKey(s), err
	}
	return nil, fmt.Errorf("unhashable type: '%s'", typeName(key))
}

// maxHash bounds the text that a tuple is found by.
const maxHash = 1 << 16

// tupleKey keeps tuples apart from texts.
type tupleKey string

func tupleHash(l *List) (string, error) {
	s := "("
	for _, x := range l.Items {
		h, err := hashOf(x)
		if err != nil {
			return "", err
		}
		if s += fmt.Sprintf("%T:%q,", h, fmt.Sprint(h)); len(s) > maxHash {
			return "", ErrBudget
		}
	}
	return s + ")", nil
}

// undefined is a name or an attribute that is not there.
type undefined struct{ why string }

// function is something that can be called.
type function func(r *run, args callArgs) (any, error)

// callArgs are evaluated arguments.
type callArgs struct {
	positional []any
	names      []string
	named      []any
}

// namespace is what namespace() makes: its attributes can be set.
type namespace struct{ *Dict }

// typeName is Python's name of a value's type.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case *List:
		if v.Tuple {
			return "tuple"
		}
		return "list"
	case *Dict:
		return "dict"
	case *undefined:
		return "Undefined"
	case *namespace:
		return "Namespace"
	case *loop:
		return "LoopContext"
	case *macro:
		return "Macro"
	}
	return "function"
}

// truth is what a condition makes of a value.
func truth(v any) bool {
	switch v := v.(type) {
	case nil, *undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case *List:
		return len(v.Items) > 0
	case *Dict:
		return v.Len() > 0
	}
	return true
}

// number gives the number in a value; booleans are numbers too.
func number(v any) (i int64, f float64, isInt, ok bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, 1, true, true
		}
		return 0, 0, true, true
	case int64:
		return v, float64(v), true, true
	case float64:
		return 0, v, false, true
	}
	return 0, 0, false, false
}

// equal is ==.
func equal(r *run, a, b any) (bool, error) {
	if err := r.work(1); err != nil {
		return false, err
	}
	if i, f, isInt, ok := number(a); ok {
		j, g, isInt2, ok2 := number(b)
		return ok2 && (isInt && isInt2 && i == j || !(isInt && isInt2) && f == g), nil
	}
	switch a := a.(type) {
	case *List:
		b, ok := b.(*List)
		if !ok || a.Tuple != b.Tuple || len(a.Items) != len(b.Items) {
			return false, nil
		}
		for i := range a.Items {
			if same, err := equal(r, a.Items[i], b.Items[i]); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case *Dict:
		b, ok := b.(*Dict)
		if !ok || a.Len() != b.Len() {
			return false, nil
		}
		for i, k := range a.keys {
			h, err := hashOf(k)
			if err != nil {
				return false, err
			}
			v, ok := b.get(h)
			if !ok {
				return false, nil
			}
			if same, err := equal(r, a.values[i], v); err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case *undefined:
		_, ok := b.(*undefined)
		return ok, nil
	case function:
		return false, nil
	}
	if _, ok := b.(function); ok {
		return false, nil
	}
	return a == b, nil
}

// order compares numbers, texts and lists: below 0, 0 or above.
func order(r *run, a, b any) (int, error) {
	if err := r.work(1); err != nil {
		return 0, err
	}
	if i, f, isInt, ok := number(a); ok {
		if j, g, isInt2, ok := number(b); ok {
			if isInt && isInt2 {
				return compareOf(i, j), nil
			}
			return compareOf(f, g), nil
		}
	}
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			return compareOf(x, y), r.work(min(len(x), len(y)) / 16)
		}
	}
	if x, ok := a.(*List); ok {
		if y, ok := b.(*List); ok && x.Tuple == y.Tuple {
			for i := range min(len(x.Items), len(y.Items)) {
				same, err := equal(r, x.Items[i], y.Items[i])
				if err != nil {
					return 0, err
				}
				if !same {
					return order(r, x.Items[i], y.Items[i])
				}
			}
			return compareOf(len(x.Items), len(y.Items)), nil
		}
	}
	for _, v := range []any{a, b} {
		if u, ok := v.(*undefined); ok {
			return 0, u.err()
		}
	}
	return 0, fmt.Errorf("'<' not supported between instances of '%s' and '%s'", typeName(a), typeName(b))
}

func compareOf[T int | int64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (u *undefined) err() error { return fmt.Errorf("%s", u.why) }

// items are what iterating over a value yields. The result may not be changed.
func items(r *run, v any) ([]any, error) {
	switch v := v.(type) {
	case *undefined:
		return nil, nil
	case *List:
		return v.Items, r.work(len(v.Items))
	case *Dict:
		return v.keys, r.work(len(v.keys))
	case string:
		if err := r.grow(16 * len(v)); err != nil {
			return nil, err
		}
		out := make([]any, 0, len(v))
		for _, c := range v {
			out = append(out, string(c))
		}
		return out, nil
	case *namespace:
		return v.keys, r.work(len(v.keys))
	}
	return nil, fmt.Errorf("'%s' object is not iterable", typeName(v))
}
