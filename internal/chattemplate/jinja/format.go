package jinja

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is format % args.
func percent(r *run, format string, args any) (any, error) {
	list := []any{args}
	if l, ok := args.(*List); ok && l.Tuple {
		list = l.Items
	}
	named, _ := args.(*Dict)
	var b strings.Builder
	used := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		spec, n, err := parseSpec(format[i+1:])
		if err != nil {
			return nil, err
		}
		i += n
		if spec.verb == '%' {
			b.WriteByte('%')
			continue
		}
		var v any
		switch {
		case spec.key != nil:
			if named == nil {
				return nil, errors.New("format requires a mapping")
			}
			var ok bool
			if v, ok = named.Get(*spec.key); !ok {
				return nil, fmt.Errorf("%q", *spec.key)
			}
		case used >= len(list):
			return nil, errors.New("not enough arguments for format string")
		default:
			v = list[used]
			used++
		}
		text, err := spec.format(r, v)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if err := r.grow(len(text)); err != nil {
			return nil, err
		}
	}
	if used < len(list) && named == nil {
		return nil, errors.New("not all arguments converted during string formatting")
	}
	return b.String(), r.grow(b.Len())
}

// percentSpec is one % of a format.
type percentSpec struct {
	key       *string
	flags     string
	width     int
	precision int // -1: none
	verb      byte
}

// parseSpec reads what follows a % and says how long it is.
func parseSpec(s string) (spec percentSpec, n int, err error) {
	spec.precision = -1
	if strings.HasPrefix(s, "(") {
		end := strings.IndexByte(s, ')')
		if end < 0 {
			return spec, 0, errors.New("incomplete format key")
		}
		key := s[1:end]
		spec.key, n = &key, end+1
	}
	for n < len(s) && strings.IndexByte("#0- +", s[n]) >= 0 {
		spec.flags += s[n : n+1]
		n++
	}
	digits := func() int {
		v := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			v = min(v*10+int(s[n]-'0'), maxRange+1)
			n++
		}
		return v
	}
	if spec.width = digits(); n < len(s) && s[n] == '.' {
		n++
		spec.precision = digits()
	}
	if n >= len(s) {
		return spec, n, errors.New("incomplete format")
	}
	if spec.width > maxRange || spec.precision > 300 {
		return spec, n, ErrBudget
	}
	spec.verb = s[n]
	return spec, n + 1, nil
}

func (p *percentSpec) format(r *run, v any) (string, error) {
	var text string
	var err error
	switch p.verb {
	case 's', 'r':
		var b strings.Builder
		if text, err = str(r, v); p.verb == 'r' && err == nil {
			err = repr(r, &b, v, 0)
			text = b.String()
		}
		if runes := []rune(text); p.precision >= 0 && len(runes) > p.precision {
			text = string(runes[:p.precision])
		}
		return p.pad(text, ' '), err
	case 'd', 'i', 'u', 'x', 'X', 'o':
		i, f, isInt, ok := number(v)
		if !ok || !isInt && strings.IndexByte("diu", p.verb) < 0 {
			return "", fmt.Errorf("%%%c format: a real number is required, not %s", p.verb, typeName(v))
		}
		if !isInt {
			i = int64(f)
		}
		base := 10
		switch p.verb {
		case 'x', 'X':
			base = 16
		case 'o':
			base = 8
		}
		text = strconv.FormatInt(i, base)
		if p.verb == 'X' {
			text = strings.ToUpper(text)
		}
	case 'f', 'F', 'e', 'E', 'g', 'G':
		_, f, _, ok := number(v)
		if !ok {
			return "", fmt.Errorf("must be real number, not %s", typeName(v))
		}
		precision := p.precision
		if precision < 0 {
			precision = 6
		}
		if p.verb == 'g' || p.verb == 'G' {
			return "", errors.New("%g is not supported")
		}
		text = strconv.FormatFloat(f, p.verb|0x20, precision, 64)
	default:
		return "", fmt.Errorf("unsupported format character '%c'", p.verb)
	}
	if !strings.HasPrefix(text, "-") {
		if strings.Contains(p.flags, "+") {
			text = "+" + text
		} else if strings.Contains(p.flags, " ") {
			text = " " + text
		}
	}
	fill := byte(' ')
	if strings.Contains(p.flags, "0") && !strings.Contains(p.flags, "-") {
		fill = '0'
	}
	return p.pad(text, fill), nil
}

func (p *percentSpec) pad(text string, fill byte) string {
	n := p.width - utf8.RuneCountInString(text)
	switch {
	case n <= 0:
		return text
	case strings.Contains(p.flags, "-"):
		return text + strings.Repeat(" ", n)
	case fill == '0' && text != "" && strings.IndexByte("+- ", text[0]) >= 0:
		return text[:1] + strings.Repeat("0", n) + text[1:]
	}
	return strings.Repeat(string(fill), n) + text
}

// braces is format.format(args…): {}, {0} and {name}, without format
// specifications.
func braces(r *run, format string, a callArgs) (any, error) {
	var b strings.Builder
	auto := 0
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '{' && c != '}' {
			b.WriteByte(c)
			continue
		}
		if i+1 < len(format) && format[i+1] == c {
			b.WriteByte(c)
			i++
			continue
		}
		end := strings.IndexByte(format[i:], '}')
		if c == '}' || end < 0 {
			return nil, fmt.Errorf("single '%c' encountered in format string", c)
		}
		field := format[i+1 : i+end]
		i += end
		if strings.ContainsAny(field, ":!.[{") {
			return nil, fmt.Errorf("format field {%.40s} is not supported: want {}, {0} or {name}", field)
		}
		k, err := strconv.Atoi(field)
		if field == "" {
			k, err = auto, nil
			auto++
		}
		v := any(nil)
		switch {
		case err == nil && (k < 0 || k >= len(a.positional)):
			return nil, fmt.Errorf("replacement index %d out of range for positional args tuple", k)
		case err == nil:
			v = a.positional[k]
		default:
			at := -1
			for j, n := range a.names {
				if n == field {
					at = j
				}
			}
			if at < 0 {
				return nil, fmt.Errorf("'%s'", field)
			}
			v = a.named[at]
		}
		text, err := str(r, v)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
		if err := r.grow(len(text)); err != nil {
			return nil, err
		}
	}
	return b.String(), r.grow(b.Len())
}
