package find

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Missing is the text of a value that is not there: `primary=null` finds it.
const Missing = "null"

// Term is one condition: a key, an operator and a value.
type Term struct {
	Key   string
	Op    string // = != ~ !~ < <= > >=
	Value string
}

func (t Term) String() string { return t.Key + t.Op + t.Value }

// operators, longer ones before those they begin with.
var operators = []string{"!=", "!~", "<=", ">=", "=", "~", "<", ">"}

// ParseTerms reads conditions separated by spaces, such as
// `status=ok primary<1 output~"forty two"`. A value with spaces stands in single
// or double quotes; within them a backslash makes the quote plain.
func ParseTerms(text string) ([]Term, error) {
	var out []Term
	rest := strings.TrimLeftFunc(text, unicode.IsSpace)
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("!=~<>", r) })
		word := rest
		if end >= 0 {
			word = rest[:end]
		}
		if word == "" {
			return nil, fmt.Errorf("a key is missing before %q; want KEY=VALUE", firstWord(rest))
		}
		t := Term{Key: word}
		rest = rest[len(word):]
		for _, op := range operators {
			if strings.HasPrefix(rest, op) {
				t.Op = op
				break
			}
		}
		if t.Op == "" {
			return nil, fmt.Errorf("%q is no condition; want KEY=VALUE (also != ~ !~ < <= > >=)", firstWord(word+rest))
		}
		var err error
		if t.Value, rest, err = value(rest[len(t.Op):]); err != nil {
			return nil, fmt.Errorf("%s%s: %w", t.Key, t.Op, err)
		}
		if t.Value == "" && t.Op != "=" && t.Op != "!=" {
			return nil, fmt.Errorf("%s%s: a value is missing", t.Key, t.Op)
		}
		out = append(out, t)
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
	}
	return out, nil
}

// value reads one value and returns what follows it.
func value(text string) (v, rest string, err error) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		end := strings.IndexFunc(text, unicode.IsSpace)
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], nil
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			rest = text[i+1:]
			if r := []rune(rest); len(r) > 0 && !unicode.IsSpace(r[0]) {
				return "", "", fmt.Errorf("a space is missing after the closing quote")
			}
			return b.String(), rest, nil
		case c == '\\' && i+1 < len(text) && text[i+1] == quote:
			i++
			b.WriteByte(quote)
		default:
			b.WriteByte(c)
		}
	}
	return "", "", fmt.Errorf("the closing %c is missing", quote)
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return f[0]
	}
	return s
}

// Test compiles the condition on a text. Equality compares numbers by value;
// < and > want numbers, and what is none is on neither side; ~ is a regular
// expression (RE2) found anywhere.
func (t Term) Test() (func(string) bool, error) {
	number, isNumber := parseNumber(t.Value)
	switch t.Op {
	case "=", "!=":
		want := t.Op == "="
		return func(v string) bool {
			same := v == t.Value
			if !same && isNumber {
				n, ok := parseNumber(v)
				same = ok && n == number
			}
			return same == want
		}, nil
	case "~", "!~":
		re, err := regexp.Compile(t.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t, err)
		}
		want := t.Op == "~"
		return func(v string) bool { return re.MatchString(v) == want }, nil
	case "<", "<=", ">", ">=":
		if !isNumber {
			return nil, fmt.Errorf("%s: %q is no number", t, t.Value)
		}
		return func(v string) bool {
			n, ok := parseNumber(v)
			return ok && t.orders(n, number)
		}, nil
	}
	return nil, fmt.Errorf("%s: unknown operator %q; known: %s", t, t.Op, strings.Join(operators, " "))
}

func (t Term) orders(x, y float64) bool {
	switch t.Op {
	case "<":
		return x < y
	case "<=":
		return x <= y
	case ">":
		return x > y
	}
	return x >= y
}

// TestAny compiles the condition on several texts: it holds if it does for one
// of them, or with != and !~ for all.
func (t Term) TestAny() (func([]string) bool, error) {
	test, err := t.Test()
	if err != nil {
		return nil, err
	}
	all := strings.HasPrefix(t.Op, "!")
	return func(list []string) bool {
		for _, v := range list {
			if test(v) != all {
				return !all
			}
		}
		return all
	}, nil
}

// parseNumber reads a finite decimal number; words such as inf are none.
func parseNumber(s string) (float64, bool) {
	if s == "" || !strings.ContainsAny(s[:1], "+-.0123456789") {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || n != n || n-n != 0 || strings.ContainsAny(s, "xX_pP") {
		return 0, false
	}
	return n, true
}
