package jinja

import (
	"errors"
	"fmt"
)

// maxRange is how long a range may be.
const maxRange = 100_000

// globals are the functions of the language.
var globals = map[string]function{
	"range":     rangeOf,
	"dict":      func(r *run, a callArgs) (any, error) { return dictOf(r, a) },
	"namespace": namespaceOf,
	"joiner":    joiner,
	"cycler":    func(*run, callArgs) (any, error) { return nil, errors.New("cycler is not supported") },
	"lipsum":    func(*run, callArgs) (any, error) { return nil, errors.New("lipsum is not supported") },
}

func rangeOf(r *run, a callArgs) (any, error) {
	if n := len(a.positional); n < 1 || n > 3 || len(a.names) > 0 {
		return nil, fmt.Errorf("range expected 1 to 3 arguments, got %d", n)
	}
	b := []int64{0, 0, 1}
	for k, v := range a.positional {
		i, _, isInt, ok := number(v)
		if !ok || !isInt {
			return nil, fmt.Errorf("'%s' object cannot be interpreted as an integer", typeName(v))
		}
		b[k] = i
	}
	if len(a.positional) == 1 {
		b[0], b[1] = 0, b[0]
	}
	if b[2] == 0 {
		return nil, errors.New("range() arg 3 must not be zero")
	}
	out := []any{}
	for i := b[0]; b[2] > 0 && i < b[1] || b[2] < 0 && i > b[1]; i += b[2] {
		if len(out) == maxRange {
			return nil, fmt.Errorf("range too big: the sandbox blocks ranges larger than %d", maxRange)
		}
		out = append(out, i)
		if next := i + b[2]; (next > i) != (b[2] > 0) {
			break
		}
	}
	return &List{Items: out}, r.grow(16 * len(out))
}

// dictOf is dict(pairs, key=value).
func dictOf(r *run, a callArgs) (*Dict, error) {
	out := NewDict()
	if len(a.positional) > 1 {
		return nil, fmt.Errorf("dict expected at most 1 argument, got %d", len(a.positional))
	}
	if len(a.positional) == 1 {
		if d, ok := a.positional[0].(*Dict); ok {
			for i, k := range d.keys {
				h, err := hashOf(k)
				if err != nil {
					return nil, err
				}
				out.put(h, k, d.values[i])
			}
		} else {
			pairs, err := items(r, a.positional[0])
			if err != nil {
				return nil, err
			}
			for _, p := range pairs {
				kv, err := items(r, p)
				if err != nil {
					return nil, err
				}
				if len(kv) != 2 {
					return nil, fmt.Errorf("dictionary update sequence element has length %d; 2 is required", len(kv))
				}
				h, err := hashOf(kv[0])
				if err != nil {
					return nil, err
				}
				out.put(h, kv[0], kv[1])
			}
		}
	}
	for i, n := range a.names {
		out.Set(n, a.named[i])
	}
	return out, r.grow(48 * out.Len())
}

func namespaceOf(r *run, a callArgs) (any, error) {
	d, err := dictOf(r, a)
	return &namespace{d}, err
}

// joiner gives "" the first time it is called, then its separator.
func joiner(_ *run, a callArgs) (any, error) {
	sep := any(", ")
	if len(a.positional) > 0 {
		sep = a.positional[0]
	}
	used := false
	return function(func(*run, callArgs) (any, error) {
		if !used {
			used = true
			return "", nil
		}
		return sep, nil
	}), nil
}

// arg is argument i, or the one with the name, or what stands in for it.
func (a *callArgs) arg(i int, name string, otherwise any) any {
	if i < len(a.positional) {
		return a.positional[i]
	}
	for k, n := range a.names {
		if n == name {
			return a.named[k]
		}
	}
	return otherwise
}

// text is an argument that must be a text.
func (a *callArgs) text(i int, name, otherwise string) (string, error) {
	v := a.arg(i, name, otherwise)
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s must be str, not %s", name, typeName(v))
	}
	return s, nil
}

// integer is an argument that must be an integer.
func (a *callArgs) integer(i int, name string, otherwise int64) (int64, error) {
	v := a.arg(i, name, otherwise)
	n, _, isInt, ok := number(v)
	if !ok || !isInt {
		return 0, fmt.Errorf("%s must be an integer, not %s", name, typeName(v))
	}
	return n, nil
}
