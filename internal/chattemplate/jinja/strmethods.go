package jinja

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringRest are methods of texts that are not here.
var stringRest = []string{"encode", "expandtabs", "format_map", "isascii", "isidentifier", "isprintable", "istitle", "maketrans", "translate"}

// stringMethod is a method of a text.
func stringMethod(s, name string) (function, bool) {
	if f, ok := plainMethod(s, name); ok {
		return func(r *run, a callArgs) (any, error) {
			if len(a.positional)+len(a.names) > 0 {
				return nil, fmt.Errorf("str.%s: %w", name, errArguments)
			}
			return f(), r.grow(len(s))
		}, true
	}
	f := argMethod(name)
	if f == nil {
		return nil, false
	}
	return func(r *run, a callArgs) (any, error) {
		v, err := f(r, s, a)
		if err == nil {
			err = r.grow(len(s))
		}
		if err != nil && !errors.Is(err, ErrBudget) {
			err = fmt.Errorf("str.%s: %w", name, err)
		}
		return v, err
	}, true
}

// plainMethod are those without arguments.
func plainMethod(s, name string) (func() any, bool) {
	all := func(in func(rune) bool) func() any {
		return func() any { return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !in(r) }) }
	}
	switch name {
	case "upper":
		return func() any { return upper(s) }, true
	case "lower", "casefold":
		return func() any { return strings.ToLower(s) }, true
	case "title":
		return func() any { return title(s) }, true
	case "capitalize":
		return func() any { return capitalize(s) }, true
	case "swapcase":
		return func() any {
			return strings.Map(func(r rune) rune {
				if unicode.IsUpper(r) {
					return unicode.ToLower(r)
				}
				return unicode.ToUpper(r)
			}, s)
		}, true
	case "isdigit", "isdecimal":
		return all(unicode.IsDigit), true
	case "isnumeric":
		return all(unicode.IsNumber), true
	case "isalpha":
		return all(unicode.IsLetter), true
	case "isalnum":
		return all(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }), true
	case "isspace":
		return all(space), true
	case "islower":
		return func() any { return isLower(s) }, true
	case "isupper":
		return func() any { return isUpper(s) }, true
	}
	return nil, false
}

// upper is Python's upper: ß becomes SS.
func upper(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS")) }

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// title begins each run of letters with a capital.
func title(s string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		was := inside
		inside = unicode.IsLetter(r)
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

type stringFunc func(r *run, s string, a callArgs) (any, error)

// argMethod are those with arguments.
func argMethod(name string) stringFunc {
	switch name {
	case "strip", "lstrip", "rstrip":
		return func(_ *run, s string, a callArgs) (any, error) { return stripped(s, name, a.arg(0, "chars", nil)) }
	case "split", "rsplit":
		return func(r *run, s string, a callArgs) (any, error) { return splitText(r, s, a, name == "rsplit") }
	case "splitlines":
		return splitLines
	case "startswith", "endswith":
		return func(_ *run, s string, a callArgs) (any, error) { return affix(s, a, name == "endswith") }
	case "replace":
		return replaceText
	case "find", "rfind", "index", "rindex", "count":
		return func(_ *run, s string, a callArgs) (any, error) { return findText(s, name, a) }
	case "join":
		return joinText
	case "format":
		return func(r *run, s string, a callArgs) (any, error) { return braces(r, s, a) }
	case "removeprefix", "removesuffix":
		return func(_ *run, s string, a callArgs) (any, error) {
			cut, err := a.text(0, "affix", "")
			if name == "removeprefix" {
				return strings.TrimPrefix(s, cut), err
			}
			return strings.TrimSuffix(s, cut), err
		}
	case "partition", "rpartition":
		return func(_ *run, s string, a callArgs) (any, error) { return partition(s, a, name == "rpartition") }
	case "zfill", "ljust", "rjust", "center":
		return func(r *run, s string, a callArgs) (any, error) { return justified(r, s, name, a) }
	}
	return nil
}

func stripped(s, name string, chars any) (any, error) {
	cut := space
	if chars != nil {
		set, ok := chars.(string)
		if !ok {
			return nil, errors.New("arg must be None or str")
		}
		cut = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if name != "rstrip" {
		s = strings.TrimLeftFunc(s, cut)
	}
	if name != "lstrip" {
		s = strings.TrimRightFunc(s, cut)
	}
	return s, nil
}

func splitText(r *run, s string, a callArgs, right bool) (any, error) {
	limit, err := a.integer(1, "maxsplit", -1)
	if err != nil {
		return nil, err
	}
	if err := r.grow(16 * len(s)); err != nil {
		return nil, err
	}
	var found []string
	switch sep := a.arg(0, "sep", nil).(type) {
	case nil:
		found = splitSpace(s, limit, right)
	case string:
		if sep == "" {
			return nil, errors.New("empty separator")
		}
		n := int(min(max(limit, -1), int64(len(s))))
		switch {
		case n < 0:
			found = strings.Split(s, sep)
		case !right:
			found = strings.SplitN(s, sep, n+1)
		default:
			for rest := s; ; n-- {
				k := strings.LastIndex(rest, sep)
				if k < 0 || n == 0 {
					found = append([]string{rest}, found...)
					break
				}
				found = append([]string{rest[k+len(sep):]}, found...)
				rest = rest[:k]
				if err := r.grow(16 * len(found)); err != nil {
					return nil, err
				}
			}
		}
	default:
		return nil, fmt.Errorf("must be str or None, not %s", typeName(sep))
	}
	return textList(found), nil
}

func splitSpace(s string, limit int64, right bool) []string {
	fields := strings.FieldsFunc(s, space)
	if limit < 0 || int64(len(fields)) <= limit {
		return fields
	}
	if right {
		rest := strings.TrimRightFunc(s, space)
		for range limit {
			rest = strings.TrimRightFunc(rest[:strings.LastIndexFunc(rest, space)+1], space)
		}
		if rest == "" {
			return fields
		}
		return append([]string{rest}, fields[int64(len(fields))-limit:]...)
	}
	rest := strings.TrimLeftFunc(s, space)
	for range limit {
		k := strings.IndexFunc(rest, space)
		if k < 0 {
			return fields
		}
		rest = strings.TrimLeftFunc(rest[k:], space)
	}
	if rest == "" {
		return fields
	}
	return append(fields[:limit:limit], rest)
}

func textList(list []string) *List {
	out := &List{Items: make([]any, len(list))}
	for i, s := range list {
		out.Items[i] = s
	}
	return out
}

func splitLines(_ *run, s string, a callArgs) (any, error) {
	return textList(lines(s, truth(a.arg(0, "keepends", false)))), nil
}

// lines cuts a text where Python's splitlines does.
func lines(s string, keep bool) (out []string) {
	for s != "" {
		k := strings.IndexAny(s, "\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029")
		if k < 0 {
			return append(out, s)
		}
		_, n := utf8.DecodeRuneInString(s[k:])
		if strings.HasPrefix(s[k:], "\r\n") {
			n = 2
		}
		if keep {
			out = append(out, s[:k+n])
		} else {
			out = append(out, s[:k])
		}
		s = s[k+n:]
	}
	return out
}

func affix(s string, a callArgs, end bool) (any, error) {
	if len(a.positional) != 1 {
		return nil, errArguments
	}
	list := []any{a.positional[0]}
	if l, ok := a.positional[0].(*List); ok && l.Tuple {
		list = l.Items
	}
	for _, x := range list {
		t, ok := x.(string)
		if !ok {
			return nil, fmt.Errorf("first arg must be str or a tuple of str, not %s", typeName(x))
		}
		if end && strings.HasSuffix(s, t) || !end && strings.HasPrefix(s, t) {
			return true, nil
		}
	}
	return false, nil
}

func replaceText(r *run, s string, a callArgs) (any, error) {
	if len(a.positional) < 2 {
		return nil, errArguments
	}
	old, err := a.text(0, "old", "")
	if err != nil {
		return nil, err
	}
	with, err := a.text(1, "new", "")
	if err != nil {
		return nil, err
	}
	n, err := a.integer(2, "count", -1)
	if err != nil {
		return nil, err
	}
	count := strings.Count(s, old)
	if n >= 0 {
		count = int(min(int64(count), n))
	}
	if len(with) > 0 && count > maxBytes/len(with) {
		return nil, ErrBudget
	}
	if err := r.grow(len(s) + count*len(with)); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, count), nil
}

func findText(s, name string, a callArgs) (any, error) {
	if len(a.positional) != 1 {
		return nil, fmt.Errorf("%w: a range to search is not supported", errArguments)
	}
	sub, err := a.text(0, "sub", "")
	if err != nil {
		return nil, err
	}
	k := strings.Index(s, sub)
	switch name {
	case "count":
		return int64(strings.Count(s, sub)), nil
	case "rfind", "rindex":
		k = strings.LastIndex(s, sub)
	}
	if k < 0 {
		if strings.HasSuffix(name, "index") {
			return nil, errors.New("substring not found")
		}
		return int64(-1), nil
	}
	return int64(utf8.RuneCountInString(s[:k])), nil
}

func joinText(r *run, s string, a callArgs) (any, error) {
	if len(a.positional) != 1 {
		return nil, errArguments
	}
	all, err := items(r, a.positional[0])
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i, x := range all {
		t, ok := x.(string)
		if !ok {
			return nil, fmt.Errorf("sequence item %d: expected str instance, %s found", i, typeName(x))
		}
		if i > 0 {
			b.WriteString(s)
		}
		b.WriteString(t)
		if err := r.grow(len(s) + len(t)); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

func partition(s string, a callArgs, last bool) (any, error) {
	sep, err := a.text(0, "sep", "")
	if err != nil || sep == "" {
		return nil, errors.Join(err, errors.New("empty separator"))
	}
	k, parts := strings.Index(s, sep), []any{s, "", ""}
	if last {
		k, parts = strings.LastIndex(s, sep), []any{"", "", s}
	}
	if k >= 0 {
		parts = []any{s[:k], sep, s[k+len(sep):]}
	}
	return &List{Items: parts, Tuple: true}, nil
}

func justified(r *run, s, name string, a callArgs) (any, error) {
	width, err := a.integer(0, "width", 0)
	if err != nil {
		return nil, err
	}
	fill, err := a.text(1, "fillchar", " ")
	if err != nil || utf8.RuneCountInString(fill) != 1 {
		return nil, errors.Join(err, errors.New("the fill character must be exactly one character long"))
	}
	n := width - int64(utf8.RuneCountInString(s))
	if n <= 0 {
		return s, nil
	}
	if n > maxBytes/4 {
		return nil, ErrBudget
	}
	if err := r.grow(int(n) * len(fill)); err != nil {
		return nil, err
	}
	pad := func(n int64) string { return strings.Repeat(fill, int(n)) }
	switch name {
	case "ljust":
		return s + pad(n), nil
	case "center":
		left := n/2 + n&width&1
		return pad(left) + s + pad(n-left), nil
	case "zfill":
		fill = "0"
		if s != "" && (s[0] == '-' || s[0] == '+') {
			return s[:1] + pad(n) + s[1:], nil
		}
	}
	return pad(n) + s, nil
}
