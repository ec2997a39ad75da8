package jinja

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// applyTest is of is NAME(args).
func applyTest(r *run, name string, of any, args []any) (bool, error) {
	if err := r.work(1); err != nil {
		return false, err
	}
	if ok, known := typeTest(name, of); known {
		return ok, nil
	}
	if op, ok := testOps[name]; ok {
		if len(args) != 1 {
			return false, fmt.Errorf("test '%s' takes 1 argument, got %d", name, len(args))
		}
		return compare(r, op, of, args[0])
	}
	switch name {
	case "odd", "even", "divisibleby":
		return parity(r, name, of, args)
	case "sameas":
		if len(args) != 1 {
			return false, errors.New("test 'sameas' takes 1 argument")
		}
		if typeName(of) != typeName(args[0]) {
			return false, nil
		}
		if _, ok := of.(function); ok {
			return false, errors.New("comparing functions is not supported")
		}
		return of == args[0], nil
	case "filter", "test":
		s, ok := of.(string)
		if !ok {
			return false, nil
		}
		if name == "filter" {
			return filterNamed(s) != nil, nil
		}
		_, known := typeTest(s, nil)
		_, op := testOps[s]
		return known || op || contains([]string{"odd", "even", "divisibleby", "sameas", "filter", "test"}, s), nil
	}
	return false, fmt.Errorf("no test named '%s'", name)
}

var testOps = map[string]string{
	"eq": "==", "==": "==", "equalto": "==", "ne": "!=", "!=": "!=", "in": "in",
	"lt": "<", "<": "<", "lessthan": "<", "le": "<=", "<=": "<=", "gt": ">", ">": ">", "greaterthan": ">", "ge": ">=", ">=": ">=",
}

// typeTest are the tests of what kind of thing a value is.
func typeTest(name string, v any) (ok, known bool) {
	switch name {
	case "defined", "undefined":
		_, u := v.(*undefined)
		return u == (name == "undefined"), true
	case "none":
		return v == nil, true
	case "boolean":
		_, ok = v.(bool)
	case "true", "false":
		b, is := v.(bool)
		ok = is && b == (name == "true")
	case "string":
		_, ok = v.(string)
	case "integer":
		_, ok = v.(int64)
	case "float":
		_, ok = v.(float64)
	case "number":
		_, _, _, ok = number(v)
	case "mapping":
		_, ok = v.(*Dict)
	case "sequence", "iterable":
		switch v.(type) {
		case string, *List, *Dict, *undefined:
			ok = true
		case *loop:
			ok = name == "iterable"
		}
	case "callable":
		switch v.(type) {
		case function, *macro, *loop, *undefined:
			ok = true
		}
	case "lower":
		s, is := v.(string)
		ok = is && isLower(s)
	case "upper":
		s, is := v.(string)
		ok = is && isUpper(s)
	case "escaped":
	default:
		return false, false
	}
	return ok, true
}

func isLower(s string) bool {
	return strings.ContainsFunc(s, unicode.IsLower) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) })
}

func isUpper(s string) bool {
	return strings.ContainsFunc(s, unicode.IsUpper) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLower(r) || unicode.IsTitle(r) })
}

func parity(r *run, name string, of any, args []any) (bool, error) {
	by, want := any(int64(2)), any(int64(0))
	switch name {
	case "odd":
		want = int64(1)
	case "divisibleby":
		if len(args) != 1 {
			return false, errors.New("test 'divisibleby' takes 1 argument")
		}
		by = args[0]
	}
	if _, ok := of.(string); ok {
		return false, badOperands("%", of, by)
	}
	m, err := binary(r, "%", of, by)
	if err != nil {
		return false, err
	}
	return equal(r, m, want)
}
