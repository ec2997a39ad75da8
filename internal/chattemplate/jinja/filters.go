package jinja

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// filterNamed is a filter of the language, nil if there is none. The first
// argument is what stands before the bar.
func filterNamed(name string) function {
	if f := sequenceFilter(name); f != nil {
		return f
	}
	if f := selectFilter(name); f != nil {
		return f
	}
	if f := textFilter(name); f != nil {
		return f
	}
	switch name {
	case "default", "d":
		return func(_ *run, a callArgs) (any, error) {
			_, missing := a.positional[0].(*undefined)
			if missing || truth(a.arg(2, "boolean", false)) && !truth(a.positional[0]) {
				return a.arg(1, "default_value", ""), nil
			}
			return a.positional[0], nil
		}
	case "abs":
		return func(r *run, a callArgs) (any, error) {
			i, f, isInt, ok := number(a.positional[0])
			switch {
			case !ok:
				return nil, fmt.Errorf("bad operand type for abs(): '%s'", typeName(a.positional[0]))
			case !isInt:
				return math.Abs(f), nil
			case i < 0:
				return integers("-", 0, i)
			}
			return i, nil
		}
	case "int":
		return func(_ *run, a callArgs) (any, error) { return toInt(a) }
	case "float":
		return func(_ *run, a callArgs) (any, error) { return toFloat(a) }
	case "round":
		return round
	case "attr":
		return func(r *run, a callArgs) (any, error) {
			name, err := a.text(1, "name", "")
			if err != nil {
				return nil, err
			}
			if m, ok := method(a.positional[0], name); ok {
				return m, nil
			}
			if ns, ok := a.positional[0].(*namespace); ok {
				if v, ok := ns.Get(name); ok {
					return v, nil
				}
			}
			if u, ok := a.positional[0].(*undefined); ok {
				return nil, u.err()
			}
			return noAttribute(a.positional[0], name), nil
		}
	case "tojson":
		return toJSON
	case "random":
		return func(*run, callArgs) (any, error) { return nil, errors.New("filter 'random' is not supported") }
	}
	return nil
}

func toInt(a callArgs) (any, error) {
	otherwise := a.arg(1, "default", int64(0))
	base, err := a.integer(2, "base", 10)
	if err != nil {
		return nil, err
	}
	switch v := a.positional[0].(type) {
	case *undefined:
		return nil, v.err()
	case string:
		s := strings.ReplaceAll(strings.TrimFunc(v, space), "_", "")
		low := strings.ToLower(s)
		for prefix, b := range map[string]int64{"0x": 16, "0o": 8, "0b": 2} {
			if base == b && strings.HasPrefix(low, prefix) {
				s = s[2:]
			}
		}
		if base < 2 || base > 36 {
			return otherwise, nil
		}
		if n, err := strconv.ParseInt(s, int(base), 64); err == nil {
			return n, nil
		} else if errors.Is(err, strconv.ErrRange) {
			return nil, errOverflow
		}
		if f, ok := parseFloat(v); ok && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return wholeFloat(f)
		}
		return otherwise, nil
	}
	i, f, isInt, ok := number(a.positional[0])
	switch {
	case !ok || !isInt && (math.IsInf(f, 0) || math.IsNaN(f)):
		return otherwise, nil
	case !isInt:
		return wholeFloat(f)
	}
	return i, nil
}

func wholeFloat(f float64) (any, error) {
	if math.Abs(f) >= 1<<63 {
		return nil, errOverflow
	}
	return int64(f), nil
}

// parseFloat reads a float as Python does.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimFunc(s, space)
	if strings.ContainsAny(s, "xXpP_") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil
	}
	return f, err == nil
}

func toFloat(a callArgs) (any, error) {
	otherwise := a.arg(1, "default", 0.0)
	switch v := a.positional[0].(type) {
	case *undefined:
		return nil, v.err()
	case string:
		if f, ok := parseFloat(v); ok {
			return f, nil
		}
		return otherwise, nil
	}
	if _, f, _, ok := number(a.positional[0]); ok {
		return f, nil
	}
	return otherwise, nil
}

// round is the filter: halves go to the even neighbour.
func round(_ *run, a callArgs) (any, error) {
	precision, err := a.integer(1, "precision", 0)
	if err != nil {
		return nil, err
	}
	how, err := a.text(2, "method", "common")
	if err != nil {
		return nil, err
	}
	i, f, isInt, ok := number(a.positional[0])
	if !ok {
		return nil, fmt.Errorf("type %s doesn't define __round__ method", typeName(a.positional[0]))
	}
	switch how {
	case "common":
		if isInt && precision >= 0 {
			return i, nil
		}
		if precision < 0 || precision > 15 {
			return nil, errors.New("filter 'round': a precision below 0 or above 15 is not supported")
		}
		out, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(precision), 64), 64)
		return out, err
	case "ceil", "floor":
		by := math.Pow(10, float64(precision))
		if how == "ceil" {
			return math.Ceil(f*by) / by, nil
		}
		return math.Floor(f*by) / by, nil
	}
	return nil, errors.New("method must be common, ceil or floor")
}

func textFilter(name string) function {
	plain := func(f func(s string) any) function {
		return func(r *run, a callArgs) (any, error) {
			s, err := str(r, a.positional[0])
			if err != nil {
				return nil, err
			}
			return f(s), r.grow(2 * len(s))
		}
	}
	switch name {
	case "upper":
		return plain(func(s string) any { return upper(s) })
	case "lower":
		return plain(func(s string) any { return strings.ToLower(s) })
	case "capitalize":
		return plain(func(s string) any { return capitalize(s) })
	case "title":
		return plain(func(s string) any { return titleWords(s) })
	case "string", "safe":
		return plain(func(s string) any { return s })
	case "escape", "e", "forceescape":
		return plain(func(s string) any {
			return strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", "'", "&#39;", `"`, "&#34;").Replace(s)
		})
	case "wordcount":
		return plain(func(s string) any {
			return int64(len(strings.FieldsFunc(s, func(r rune) bool { return nameLen("a"+string(r)) == 1 })))
		})
	case "urlencode":
		return plain(func(s string) any {
			return strings.NewReplacer("+", "%20", "%2F", "/", "%7E", "~").Replace(url.QueryEscape(s))
		})
	case "trim":
		return func(r *run, a callArgs) (any, error) {
			s, err := str(r, a.positional[0])
			if err != nil {
				return nil, err
			}
			return stripped(s, "strip", a.arg(1, "chars", nil))
		}
	case "replace":
		return func(r *run, a callArgs) (any, error) { return replaceFilter(r, a) }
	case "indent":
		return indent
	case "format":
		return func(r *run, a callArgs) (any, error) {
			s, err := a.text(0, "value", "")
			if err != nil {
				return nil, err
			}
			if len(a.names) > 0 {
				d, err := dictOf(r, callArgs{names: a.names, named: a.named})
				if err != nil {
					return nil, err
				}
				return percent(r, s, d)
			}
			return percent(r, s, &List{Items: a.positional[1:], Tuple: true})
		}
	case "center":
		return func(r *run, a callArgs) (any, error) {
			s, err := str(r, a.positional[0])
			if err != nil {
				return nil, err
			}
			return justified(r, s, "center", callArgs{positional: []any{a.arg(1, "width", int64(80))}})
		}
	case "truncate":
		return truncate
	}
	return nil
}

// titleWords begins words with capitals; words end at space, hyphen and
// brackets.
func titleWords(s string) string {
	begin := true
	var b strings.Builder
	for _, r := range s {
		if begin {
			b.WriteString(upper(string(r)))
		} else {
			b.WriteString(strings.ToLower(string(r)))
		}
		begin = space(r) || strings.ContainsRune("-({[<", r)
	}
	return b.String()
}

func replaceFilter(r *run, a callArgs) (any, error) {
	var parts [3]any
	for i, name := range []string{"s", "old", "new"} {
		v := a.arg(i, name, nil)
		if _, isText := v.(string); !isText && v == nil {
			return nil, fmt.Errorf("filter 'replace': %w", errArguments)
		}
		s, err := str(r, v)
		if err != nil {
			return nil, err
		}
		parts[i] = s
	}
	n := a.arg(3, "count", nil)
	if n == nil {
		n = int64(-1)
	}
	return replaceText(r, parts[0].(string), callArgs{positional: []any{parts[1], parts[2], n}})
}

// indent puts spaces, or a text, before all lines but the first.
func indent(r *run, a callArgs) (any, error) {
	s, err := str(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	var by string
	switch w := a.arg(1, "width", int64(4)).(type) {
	case string:
		by = w
	case int64:
		if w > 10_000 {
			return nil, ErrBudget
		}
		by = strings.Repeat(" ", int(max(w, 0)))
	default:
		return nil, errors.New("filter 'indent': width must be an integer or a text")
	}
	first, blank := truth(a.arg(2, "first", false)), truth(a.arg(3, "blank", false))
	lines := lines(s+"\n", false)
	if err := r.grow(len(s) + len(lines)*(16+len(by))); err != nil {
		return nil, err
	}
	for i := range lines {
		if i == 0 && first || i > 0 && (blank || lines[i] != "") {
			lines[i] = by + lines[i]
		}
	}
	return strings.Join(lines, "\n"), nil
}

func truncate(r *run, a callArgs) (any, error) {
	s, err := str(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	length, err := a.integer(1, "length", 255)
	if err != nil {
		return nil, err
	}
	end, err := a.text(3, "end", "...")
	if err != nil {
		return nil, err
	}
	leeway, err := a.integer(4, "leeway", 5)
	if err != nil {
		return nil, err
	}
	runes, n := []rune(s), length-int64(utf8.RuneCountInString(end))
	if n < 0 || leeway < 0 {
		return nil, fmt.Errorf("filter 'truncate': expected length >= %d and leeway >= 0", utf8.RuneCountInString(end))
	}
	if int64(len(runes)) <= length+leeway {
		return s, r.work(len(s))
	}
	cut := string(runes[:n])
	if !truth(a.arg(2, "killwords", false)) {
		if k := strings.LastIndexByte(cut, ' '); k >= 0 {
			cut = cut[:k]
		}
	}
	return cut + end, r.grow(len(s))
}

// getter finds what attribute=… names: an item or, with dots, items of items.
func getter(attribute any, otherwise any) func(r *run, v any) (any, error) {
	if attribute == nil {
		return func(_ *run, v any) (any, error) { return v, nil }
	}
	var path []any
	switch x := attribute.(type) {
	case string:
		for _, part := range strings.Split(x, ".") {
			if n, err := strconv.ParseInt(part, 10, 64); err == nil {
				path = append(path, n)
			} else {
				path = append(path, part)
			}
		}
	default:
		path = []any{x}
	}
	return func(r *run, v any) (any, error) {
		for _, key := range path {
			var err error
			if v, err = item(r, v, key); err != nil {
				return nil, err
			}
			if _, missing := v.(*undefined); missing && otherwise != nil {
				v = otherwise
			}
		}
		return v, nil
	}
}

// folded is a text in lower case, and other values as they are.
func folded(v any) any {
	if s, ok := v.(string); ok {
		return strings.ToLower(s)
	}
	return v
}

// sorted orders values by key; equal ones keep their order.
func sorted(r *run, all []any, key func(r *run, v any) (any, error), reverse bool) ([]any, error) {
	if err := r.grow(32 * len(all)); err != nil {
		return nil, err
	}
	keys := make([]any, len(all))
	place := make([]int, len(all))
	for i, v := range all {
		var err error
		if keys[i], err = key(r, v); err != nil {
			return nil, err
		}
		place[i] = i
	}
	var failed error
	slices.SortStableFunc(place, func(i, j int) int {
		if failed != nil {
			return 0
		}
		n, err := order(r, keys[i], keys[j])
		failed = err
		if reverse {
			return -n
		}
		return n
	})
	out := make([]any, len(all))
	for i, p := range place {
		out[i] = all[p]
	}
	return out, failed
}
