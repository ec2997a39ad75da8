package tokenizer

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// translate rewrites a regular expression from the dialect of tokenizer files
// (Oniguruma) to that of the library (.NET) where they differ, and refuses what
// would silently mean something else.
//
//   - X++, X*+ and X?+ take all and give nothing back: .NET writes (?>X+).
//   - [A&&[^B]] is A without B: .NET writes [A-[B]].
//   - Without regard to case, s is also ſ and k also the Kelvin sign.
//   - \h is a hexadecimal digit.
func translate(source string) (string, error) {
	t := translator{s: source}
	out, err := t.alternatives(0, false)
	if err == nil && t.i < len(t.s) {
		err = errors.New("has a parenthesis too many")
	}
	return out, err
}

type translator struct {
	s string
	i int
}

// maxNesting bounds groups within groups.
const maxNesting = 50

// alternatives reads to the end of a group or of the whole.
func (t *translator) alternatives(depth int, fold bool) (string, error) {
	if depth > maxNesting {
		return "", errors.New("has too many groups in groups")
	}
	var b strings.Builder
	for t.i < len(t.s) && t.s[t.i] != ')' {
		atom, folds, err := t.atom(depth, fold)
		if err != nil {
			return "", err
		}
		fold = fold || folds
		quantifier := t.quantifier()
		if strings.HasSuffix(quantifier, "++") || strings.HasSuffix(quantifier, "*+") || strings.HasSuffix(quantifier, "?+") {
			b.WriteString("(?>" + atom + quantifier[:len(quantifier)-1] + ")")
		} else {
			b.WriteString(atom + quantifier)
		}
	}
	return b.String(), nil
}

// quantifier takes what may follow an atom: a repetition and its suffix.
func (t *translator) quantifier() string {
	start := t.i
	if t.i >= len(t.s) {
		return ""
	}
	switch t.s[t.i] {
	case '*', '+', '?':
		t.i++
		if t.i < len(t.s) && (t.s[t.i] == '+' || t.s[t.i] == '?') {
			t.i++
		}
	case '{':
		end := strings.IndexByte(t.s[t.i:], '}')
		if end > 1 && strings.Trim(t.s[t.i+1:t.i+end], "0123456789,") == "" {
			t.i += end + 1
			if t.i < len(t.s) && t.s[t.i] == '?' {
				t.i++
			}
		}
	}
	return t.s[start:t.i]
}

// atom takes one thing that may be repeated. Folds is true for a switch such as
// (?i), which reaches to the end of its group.
func (t *translator) atom(depth int, fold bool) (atom string, folds bool, err error) {
	switch c := t.s[t.i]; c {
	case '(':
		atom, folds, err = t.group(depth, fold)
		return atom, folds, err
	case '[':
		atom, err = t.class(0, fold)
		return atom, false, err
	case '\\':
		return t.escape("[", "]"), false, nil
	default:
		_, n := utf8.DecodeRuneInString(t.s[t.i:])
		t.i += n
		if n > 1 {
			return t.s[t.i-n : t.i], false, nil
		}
		return folded(c, fold, "[", "]"), false, nil
	}
}

// folded is a byte of an expression with the characters that equal it when case
// does not count, between open and end.
func folded(c byte, fold bool, open, end string) string {
	if fold && (c == 's' || c == 'S') {
		return open + string(c) + "ſ" + end
	}
	if fold && (c == 'k' || c == 'K') {
		return open + string(c) + "\u212A" + end
	}
	return string([]byte{c})
}

// escape takes a backslash and what belongs to it. A set stands between open and
// end.
func (t *translator) escape(open, end string) string {
	n := min(2, len(t.s)-t.i)
	e := t.s[t.i : t.i+n]
	t.i += n
	switch e {
	case `\h`:
		return open + `0-9a-fA-F` + end
	case `\p`, `\P`:
		if end := strings.IndexByte(t.s[t.i:], '}'); end > 0 {
			e += t.s[t.i : t.i+end+1]
			t.i += end + 1
		}
	}
	return e
}

// group takes a group, or a switch such as (?i).
func (t *translator) group(depth int, fold bool) (atom string, folds bool, err error) {
	start := t.i
	t.i++
	if strings.HasPrefix(t.s[t.i:], "?") {
		for t.i++; t.i < len(t.s) && strings.IndexByte("imsx-", t.s[t.i]) >= 0; t.i++ {
			if t.s[t.i] != 'i' {
				return "", false, errors.New("has an option other than i, which is not supported")
			}
			fold = true
		}
		if t.i < len(t.s) && t.s[t.i] == ')' && t.i > start+2 {
			t.i++
			return t.s[start:t.i], fold, nil
		}
		for t.i < len(t.s) && strings.IndexByte(":=!<>", t.s[t.i]) >= 0 {
			t.i++
		}
	}
	head := t.s[start:t.i]
	body, err := t.alternatives(depth+1, fold)
	if err != nil {
		return "", false, err
	}
	if t.i >= len(t.s) {
		return "", false, errors.New("has a group without an end")
	}
	t.i++
	return head + body + ")", false, nil
}

// class takes a bracket expression.
func (t *translator) class(depth int, fold bool) (string, error) {
	if depth > 1 {
		return "", errors.New("has brackets in brackets in brackets, which is not supported")
	}
	var b strings.Builder
	b.WriteByte('[')
	t.i++
	if strings.HasPrefix(t.s[t.i:], "^") {
		b.WriteByte('^')
		t.i++
	}
	for first := true; t.i < len(t.s); first = false {
		rest := t.s[t.i:]
		switch {
		case rest[0] == ']' && !first:
			t.i++
			b.WriteByte(']')
			return b.String(), nil
		case strings.HasPrefix(rest, "&&[^"):
			if b.Len() > 1 && b.String()[1] == '^' {
				return "", errors.New("has && in a bracket that begins with ^, which is not supported")
			}
			t.i += 2
			inner, err := t.class(depth+1, fold)
			if err != nil {
				return "", err
			}
			if !strings.HasPrefix(t.s[t.i:], "]") {
				return "", errors.New("has && in brackets other than as [A&&[^B]], which is not supported")
			}
			b.WriteString("-[" + strings.TrimPrefix(inner, "[^"))
		case strings.HasPrefix(rest, "&&"):
			return "", errors.New("has && in brackets other than as [A&&[^B]], which is not supported")
		case rest[0] == '[':
			return "", errors.New("has brackets in brackets other than as [A&&[^B]], which is not supported")
		case rest[0] == '\\':
			b.WriteString(t.escape("", ""))
		default:
			t.i++
			next := t.i < len(t.s) && t.s[t.i] == '-'
			if next || t.i >= 2 && t.s[t.i-2] == '-' {
				b.WriteByte(rest[0])
			} else {
				b.WriteString(folded(rest[0], fold, "", ""))
			}
		}
	}
	return "", errors.New("has a bracket without an end")
}
