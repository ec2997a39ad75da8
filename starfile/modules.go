package starfile

import (
	"fmt"
	"math/big"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// sum adds up numbers: sum(list, start=0).
func sum(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var list starlark.Iterable
	var total starlark.Value = starlark.MakeInt(0)
	if err := starlark.UnpackArgs("sum", args, kwargs, "iterable", &list, "start?", &total); err != nil {
		return nil, err
	}
	it := list.Iterate()
	defer it.Done()
	var x starlark.Value
	for i := 0; it.Next(&x); i++ {
		if b, ok := x.(starlark.Bool); ok { // counting is sum of conditions, as in Python
			n := 0
			if b {
				n = 1
			}
			x = starlark.MakeInt(n)
		}
		switch x.(type) {
		case starlark.Int, starlark.Float:
		default:
			return nil, fmt.Errorf("sum: item %d is %s, want a number", i, describe(x))
		}
		next, err := starlark.Binary(syntax.PLUS, total, x)
		if err != nil {
			return nil, fmt.Errorf("sum: %w", err)
		}
		total = next
	}
	return total, nil
}

// sprintf is fmt.sprintf("%.2f of %d", x, n): the verbs of Python's % operator
// with width and precision, which Starlark's own lacks.
func sprintf(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(kwargs) > 0 {
		return nil, fmt.Errorf("fmt.sprintf takes no named arguments")
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("fmt.sprintf: want a format")
	}
	format, err := textArg("fmt.sprintf: format", args[0])
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	rest := args[1:]
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		start := i
		for i++; i < len(format) && strings.IndexByte("0123456789.-+# ", format[i]) >= 0; i++ {
		}
		if i >= len(format) {
			return nil, fmt.Errorf("fmt.sprintf: the format ends within %q", format[start:])
		}
		spec, verb := format[start:i], format[i]
		if verb == '%' && spec == "%" {
			b.WriteByte('%')
			continue
		}
		if len(spec) > 8 {
			return nil, fmt.Errorf("fmt.sprintf: width or precision in %q is too large", format[start:i+1])
		}
		if len(rest) == 0 {
			return nil, fmt.Errorf("fmt.sprintf: no argument for %q", format[start:i+1])
		}
		text, err := formatOne(spec, verb, rest[0])
		if err != nil {
			return nil, fmt.Errorf("fmt.sprintf: %w", err)
		}
		b.WriteString(text)
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("fmt.sprintf: %d arguments too many", len(rest))
	}
	return starlark.String(b.String()), nil
}

// maxWidth bounds width and precision.
const maxWidth = 1000

func formatOne(spec string, verb byte, v starlark.Value) (string, error) {
	for _, n := range strings.FieldsFunc(spec[1:], func(r rune) bool { return r < '0' || r > '9' }) {
		if i := new(big.Int); len(n) > 4 || func() bool { i.SetString(n, 10); return i.Int64() > maxWidth }() {
			return "", fmt.Errorf("width or precision in %q is above %d", spec+string(verb), maxWidth)
		}
	}
	switch verb {
	case 's':
		if s, ok := starlark.AsString(v); ok {
			return fmt.Sprintf(spec+"s", s), nil
		}
		return fmt.Sprintf(spec+"s", v.String()), nil
	case 'r':
		return fmt.Sprintf(spec+"s", v.String()), nil
	case 'd', 'x', 'X', 'o', 'b':
		n, ok := v.(starlark.Int)
		if !ok {
			return "", fmt.Errorf("%%%c wants a whole number, got %s", verb, describe(v))
		}
		return fmt.Sprintf(spec+string(verb), n.BigInt()), nil
	case 'f', 'e', 'E', 'g', 'G':
		f, err := floatArg(fmt.Sprintf("%%%c", verb), v)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf(spec+string(verb), f), nil
	}
	return "", fmt.Errorf("unknown verb %%%c; known: %%s %%r %%d %%x %%f %%e %%g %%%%", verb)
}
