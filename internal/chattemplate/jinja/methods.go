package jinja

import (
	"errors"
	"fmt"
)

// method is a method of a value; one that would change it is a function that
// says that it may not, one that is missing here says so.
func method(of any, name string) (function, bool) {
	switch v := of.(type) {
	case string:
		if f, ok := stringMethod(v, name); ok {
			return f, true
		}
		if contains(stringRest, name) {
			return lacking("str", name), true
		}
	case *Dict:
		return dictMethod(v, name)
	case *List:
		return listMethod(v, name)
	case int64, float64, bool:
		if contains([]string{"real", "imag", "numerator", "denominator", "bit_length", "is_integer", "conjugate", "as_integer_ratio", "to_bytes", "hex"}, name) {
			return lacking(typeName(of), name), true
		}
	}
	return nil, false
}

func lacking(kind, name string) function {
	return func(*run, callArgs) (any, error) { return nil, fmt.Errorf("%s.%s is not supported", kind, name) }
}

// unsafe is a method that the sandbox refuses.
func unsafe(kind, name string) function {
	return func(*run, callArgs) (any, error) {
		return nil, fmt.Errorf("access to attribute '%s' of '%s' object is unsafe", name, kind)
	}
}

var errArguments = errors.New("takes other arguments")

func dictMethod(d *Dict, name string) (function, bool) {
	switch name {
	case "get":
		return func(_ *run, a callArgs) (any, error) {
			if n := len(a.positional); n < 1 || n > 2 || len(a.names) > 0 {
				return nil, fmt.Errorf("dict.get: %w", errArguments)
			}
			h, err := hashOf(a.positional[0])
			if err != nil {
				return nil, err
			}
			if v, ok := d.get(h); ok {
				return v, nil
			}
			return a.arg(1, "", nil), nil
		}, true
	case "items":
		return func(r *run, _ callArgs) (any, error) { return pairs(r, d) }, true
	case "keys":
		return func(r *run, _ callArgs) (any, error) { return &List{Items: d.keys}, r.work(len(d.keys)) }, true
	case "values":
		return func(r *run, _ callArgs) (any, error) { return &List{Items: d.values}, r.work(len(d.keys)) }, true
	case "copy":
		return func(r *run, _ callArgs) (any, error) { return dictOf(r, callArgs{positional: []any{d}}) }, true
	case "pop", "popitem", "clear", "update", "setdefault":
		return unsafe("dict", name), true
	case "fromkeys":
		return lacking("dict", name), true
	}
	return nil, false
}

// pairs are the keys and values of a mapping as tuples.
func pairs(r *run, d *Dict) (*List, error) {
	out := &List{Items: make([]any, d.Len())}
	for i, k := range d.keys {
		out.Items[i] = &List{Items: []any{k, d.values[i]}, Tuple: true}
	}
	return out, r.grow(64 * d.Len())
}

func listMethod(l *List, name string) (function, bool) {
	switch name {
	case "index", "count":
		return func(r *run, a callArgs) (any, error) {
			if len(a.positional) != 1 {
				return nil, fmt.Errorf("%s.%s: %w", typeName(l), name, errArguments)
			}
			n := int64(0)
			for i, x := range l.Items {
				same, err := equal(r, x, a.positional[0])
				if err != nil {
					return nil, err
				}
				if same && name == "index" {
					return int64(i), nil
				}
				if same {
					n++
				}
			}
			if name == "index" {
				return nil, errors.New("value is not in list")
			}
			return n, nil
		}, true
	case "copy":
		if !l.Tuple {
			return func(r *run, _ callArgs) (any, error) {
				return &List{Items: append([]any{}, l.Items...)}, r.grow(16 * len(l.Items))
			}, true
		}
	case "append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove":
		if !l.Tuple {
			return unsafe("list", name), true
		}
	}
	return nil, false
}
