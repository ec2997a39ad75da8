package jinja

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// sequenceFilter are the filters of lists and mappings.
func sequenceFilter(name string) function {
	switch name {
	case "length", "count":
		return func(_ *run, a callArgs) (any, error) { return length(a.positional[0]) }
	case "list":
		return func(r *run, a callArgs) (any, error) {
			all, err := items(r, a.positional[0])
			return &List{Items: append([]any{}, all...)}, err
		}
	case "items":
		return func(r *run, a callArgs) (any, error) {
			switch v := a.positional[0].(type) {
			case *undefined:
				return &List{}, nil
			case *Dict:
				return pairs(r, v)
			}
			return nil, errors.New("can only get item pairs from a mapping")
		}
	case "first", "last":
		return func(r *run, a callArgs) (any, error) {
			all, err := items(r, a.positional[0])
			if err != nil {
				return nil, err
			}
			if len(all) == 0 {
				return &undefined{fmt.Sprintf("no %s item, sequence was empty", name)}, nil
			}
			if name == "first" {
				return all[0], nil
			}
			return all[len(all)-1], nil
		}
	case "reverse":
		return reversed
	case "join":
		return join
	case "sort":
		return func(r *run, a callArgs) (any, error) { return sortFilter(r, a) }
	case "dictsort":
		return dictSort
	case "unique":
		return unique
	case "min", "max":
		return func(r *run, a callArgs) (any, error) { return extreme(r, a, name == "max") }
	case "sum":
		return sum
	case "batch", "slice":
		return func(r *run, a callArgs) (any, error) { return batch(r, a, name == "slice") }
	case "groupby":
		return groupBy
	}
	return nil
}

func length(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return int64(utf8.RuneCountInString(v)), nil
	case *List:
		return int64(len(v.Items)), nil
	case *Dict:
		return int64(v.Len()), nil
	case *undefined:
		return int64(0), nil
	}
	return nil, fmt.Errorf("object of type '%s' has no len()", typeName(v))
}

func reversed(r *run, a callArgs) (any, error) {
	if s, ok := a.positional[0].(string); ok {
		return (&sliceNode{step: &constant{int64(-1)}}).slice(r, nil, s)
	}
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	out := make([]any, len(all))
	for i, v := range all {
		out[len(all)-1-i] = v
	}
	return &List{Items: out}, r.grow(16 * len(out))
}

func join(r *run, a callArgs) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	sep, err := str(r, a.arg(1, "d", ""))
	if err != nil {
		return nil, err
	}
	get := getter(a.arg(2, "attribute", nil), nil)
	var b strings.Builder
	for i, v := range all {
		if v, err = get(r, v); err != nil {
			return nil, err
		}
		text, err := str(r, v)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(text)
		if err := r.grow(len(sep) + len(text)); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

// keyOf is the key that values are compared by.
func keyOf(attribute any, caseCounts bool) func(r *run, v any) (any, error) {
	get := getter(attribute, nil)
	return func(r *run, v any) (any, error) {
		v, err := get(r, v)
		if !caseCounts {
			v = folded(v)
		}
		return v, err
	}
}

func sortFilter(r *run, a callArgs) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	attribute, caseCounts := a.arg(3, "attribute", nil), truth(a.arg(2, "case_sensitive", false))
	key := keyOf(attribute, caseCounts)
	if names, ok := attribute.(string); ok && strings.Contains(names, ",") {
		key = func(r *run, v any) (any, error) {
			out := &List{}
			for _, n := range strings.Split(names, ",") {
				k, err := keyOf(n, caseCounts)(r, v)
				if err != nil {
					return nil, err
				}
				out.Items = append(out.Items, k)
			}
			return out, nil
		}
	}
	out, err := sorted(r, all, key, truth(a.arg(1, "reverse", false)))
	return &List{Items: out}, err
}

func dictSort(r *run, a callArgs) (any, error) {
	d, ok := a.positional[0].(*Dict)
	if !ok {
		return nil, fmt.Errorf("'%s' object has no attribute 'items'", typeName(a.positional[0]))
	}
	all, err := pairs(r, d)
	if err != nil {
		return nil, err
	}
	by, err := a.text(2, "by", "key")
	if err != nil {
		return nil, err
	}
	at, ok := map[string]int64{"key": 0, "value": 1}[by]
	if !ok {
		return nil, errors.New("you can only sort by either 'key' or 'value'")
	}
	out, err := sorted(r, all.Items, keyOf(at, truth(a.arg(1, "case_sensitive", false))), truth(a.arg(3, "reverse", false)))
	return &List{Items: out}, err
}

func unique(r *run, a callArgs) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	key := keyOf(a.arg(2, "attribute", nil), truth(a.arg(1, "case_sensitive", false)))
	seen, out := map[any]bool{}, []any{}
	for _, v := range all {
		k, err := key(r, v)
		if err != nil {
			return nil, err
		}
		h, err := hashOf(k)
		if err != nil {
			return nil, err
		}
		if !seen[h] {
			seen[h] = true
			out = append(out, v)
		}
	}
	return &List{Items: out}, r.grow(32 * len(all))
}

func extreme(r *run, a callArgs, most bool) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return &undefined{"no aggregated item, sequence was empty"}, nil
	}
	out, err := sorted(r, all, keyOf(a.arg(2, "attribute", nil), truth(a.arg(1, "case_sensitive", false))), most)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func sum(r *run, a callArgs) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	total, get := a.arg(2, "start", int64(0)), getter(a.arg(1, "attribute", nil), nil)
	for _, v := range all {
		if v, err = get(r, v); err != nil {
			return nil, err
		}
		if total, err = binary(r, "+", total, v); err != nil {
			return nil, err
		}
	}
	return total, nil
}

// batch cuts a list into lists of n, or into n lists.
func batch(r *run, a callArgs, columns bool) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	n, err := a.integer(1, "linecount", 0)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > maxRange {
		return nil, fmt.Errorf("lists of %d items, or as many lists, cannot be made", n)
	}
	fill, out := a.arg(2, "fill_with", nil), []any{}
	if columns {
		size, more := len(all)/int(n), len(all)%int(n)
		for k, at := 0, 0; k < int(n); k++ {
			end := at + size
			if k < more {
				end++
			}
			part := append([]any{}, all[at:end]...)
			if fill != nil && k >= more && more > 0 {
				part = append(part, fill)
			}
			out, at = append(out, &List{Items: part}), end
		}
		return &List{Items: out}, r.grow(32 * (len(all) + int(n)))
	}
	for at := 0; at < len(all); at += int(n) {
		part := append([]any{}, all[at:min(at+int(n), len(all))]...)
		for fill != nil && len(part) < int(n) {
			part = append(part, fill)
		}
		out = append(out, &List{Items: part})
	}
	return &List{Items: out}, r.grow(32 * (len(all) + int(n)))
}

func groupBy(r *run, a callArgs) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	attribute := a.arg(1, "attribute", nil)
	if attribute == nil {
		return nil, errors.New("filter 'groupby' needs an attribute")
	}
	get := getter(attribute, a.arg(2, "default", nil))
	key := func(r *run, v any) (any, error) {
		v, err := get(r, v)
		if !truth(a.arg(3, "case_sensitive", false)) {
			v = folded(v)
		}
		return v, err
	}
	ordered, err := sorted(r, all, key, false)
	if err != nil {
		return nil, err
	}
	out, last := []any{}, any(nil)
	for i, v := range ordered {
		k, err := key(r, v)
		if err != nil {
			return nil, err
		}
		same := false
		if i > 0 {
			if same, err = equal(r, k, last); err != nil {
				return nil, err
			}
		}
		if !same {
			shown, err := get(r, v)
			if err != nil {
				return nil, err
			}
			out = append(out, &List{Items: []any{shown, &List{}}, Tuple: true})
		}
		group := out[len(out)-1].(*List).Items[1].(*List)
		group.Items, last = append(group.Items, v), k
	}
	return &List{Items: out}, nil
}

// selectFilter are the filters that take filters or tests by name.
func selectFilter(name string) function {
	switch name {
	case "map":
		return mapFilter
	case "select", "reject":
		return func(r *run, a callArgs) (any, error) {
			return chosen(r, a, func(_ *run, v any) (any, error) { return v, nil }, 1, name == "select")
		}
	case "selectattr", "rejectattr":
		return func(r *run, a callArgs) (any, error) {
			if len(a.positional) < 2 {
				return nil, errors.New("missing parameter for attribute name")
			}
			return chosen(r, a, getter(a.positional[1], nil), 2, name == "selectattr")
		}
	}
	return nil
}

func mapFilter(r *run, a callArgs) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	var each func(r *run, v any) (any, error)
	if len(a.positional) > 1 {
		name, err := a.text(1, "filter", "")
		if err != nil {
			return nil, err
		}
		each = func(r *run, v any) (any, error) {
			return applyFilter(r, name, v, callArgs{positional: a.positional[2:], names: a.names, named: a.named})
		}
	} else {
		attribute := a.arg(9, "attribute", nil)
		if attribute == nil {
			return nil, errors.New("map requires a filter argument")
		}
		each = getter(attribute, a.arg(9, "default", nil))
	}
	out := make([]any, 0, len(all))
	for _, v := range all {
		x, err := each(r, v)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return &List{Items: out}, r.grow(16 * len(out))
}

// chosen keeps the values whose part passes a test, or fails it.
func chosen(r *run, a callArgs, get func(r *run, v any) (any, error), at int, keep bool) (any, error) {
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	name := ""
	if len(a.positional) > at {
		if name, err = a.text(at, "test", ""); err != nil {
			return nil, err
		}
	}
	out := []any{}
	for _, v := range all {
		x, err := get(r, v)
		if err != nil {
			return nil, err
		}
		ok := truth(x)
		if name != "" {
			if ok, err = applyTest(r, name, x, a.positional[at+1:]); err != nil {
				return nil, err
			}
		}
		if ok == keep {
			out = append(out, v)
		}
	}
	return &List{Items: out}, r.work(len(all))
}
