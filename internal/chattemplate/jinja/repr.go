package jinja

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// str is what {{ value }} prints.
func str(r *run, v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, r.work(1)
	case *undefined:
		return "", nil
	}
	var b strings.Builder
	err := repr(r, &b, v, 0)
	return b.String(), err
}

// repr writes a value as Python's repr does.
func repr(r *run, b *strings.Builder, v any, depth int) error {
	if err := r.work(1); err != nil {
		return err
	}
	if depth > maxDepth {
		return fmt.Errorf("a value is nested deeper than %d", maxDepth)
	}
	start := b.Len()
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case float64:
		b.WriteString(floatRepr(v))
	case string:
		stringRepr(b, v)
	case *undefined:
		b.WriteString("Undefined")
	case *List:
		return listRepr(r, b, v, depth)
	case *Dict:
		return dictRepr(r, b, v, depth)
	case *namespace:
		b.WriteString("<Namespace ")
		if err := dictRepr(r, b, v.Dict, depth); err != nil {
			return err
		}
		b.WriteString(">")
	default:
		return fmt.Errorf("printing a %s is not supported", typeName(v))
	}
	return r.grow(b.Len() - start)
}

func listRepr(r *run, b *strings.Builder, v *List, depth int) error {
	ends := "[]"
	if v.Tuple {
		ends = "()"
	}
	b.WriteByte(ends[0])
	for i, x := range v.Items {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := repr(r, b, x, depth+1); err != nil {
			return err
		}
	}
	if v.Tuple && len(v.Items) == 1 {
		b.WriteByte(',')
	}
	b.WriteByte(ends[1])
	return nil
}

func dictRepr(r *run, b *strings.Builder, v *Dict, depth int) error {
	b.WriteByte('{')
	for i, k := range v.keys {
		if i > 0 {
			b.WriteString(", ")
		}
		if err := repr(r, b, k, depth+1); err != nil {
			return err
		}
		b.WriteString(": ")
		if err := repr(r, b, v.values[i], depth+1); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

// floatRepr is the shortest text that reads back as f, in Python's shape.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	_, exponent, _ := strings.Cut(s, "e")
	if n, err := strconv.Atoi(exponent); err == nil && n >= -4 && n < 16 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
	}
	return s
}

func stringRepr(b *strings.Builder, s string) {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteByte(quote)
	for _, c := range s {
		switch {
		case c == rune(quote) || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7F || c >= utf8.RuneSelf && c < 0x100 && !unicode.IsPrint(c):
			fmt.Fprintf(b, `\x%02x`, c)
		case unicode.IsPrint(c):
			b.WriteRune(c)
		case c < 0x10000:
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			fmt.Fprintf(b, `\U%08x`, c)
		}
	}
	b.WriteByte(quote)
}
