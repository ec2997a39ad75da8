package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind sorts tokens.
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokData
	tokVarBegin
	tokVarEnd
	tokBlockBegin
	tokBlockEnd
	tokName
	tokString
	tokInt
	tokFloat
	tokOp
)

type token struct {
	kind tokenKind
	text string
	line int
}

// is reports whether a token is the operator or name text.
func (t token) is(kind tokenKind, text string) bool { return t.kind == kind && t.text == text }

func (t token) String() string {
	switch t.kind {
	case tokEOF:
		return "end of template"
	case tokVarEnd:
		return "end of print statement"
	case tokBlockEnd:
		return "end of statement block"
	}
	return fmt.Sprintf("%q", t.text)
}

// Error is what is wrong with a template or what it did.
type Error struct {
	Line    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// lexer cuts a source into tokens. Blocks strip the spaces before them on their
// line and the newline after them.
type lexer struct {
	s      string
	i      int
	line   int
	tokens []token
	// fresh says that what was read last ended with a newline, or nothing was.
	fresh bool
}

// space is what Python's \s matches.
func space(r rune) bool { return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F }

func lex(source string) ([]token, error) {
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	l := &lexer{s: strings.TrimSuffix(source, "\n"), line: 1, fresh: true}
	for l.i < len(l.s) {
		if err := l.next(); err != nil {
			return nil, err
		}
	}
	l.put(tokEOF, "")
	return l.tokens, nil
}

func (l *lexer) put(kind tokenKind, text string) {
	l.tokens = append(l.tokens, token{kind, text, l.line})
}

// take moves on by n bytes.
func (l *lexer) take(n int) string {
	text := l.s[l.i : l.i+n]
	l.line += strings.Count(text, "\n")
	l.i += n
	if n > 0 {
		l.fresh = text[n-1] == '\n'
	}
	return text
}

func (l *lexer) errorf(format string, args ...any) error {
	return &Error{l.line, fmt.Sprintf(format, args...)}
}

// next takes text and the tag after it.
func (l *lexer) next() error {
	n := l.tag()
	if n < 0 {
		l.put(tokData, l.s[l.i:])
		l.take(len(l.s) - l.i)
		return nil
	}
	text, fresh, line := l.s[l.i:l.i+n], l.fresh, l.line
	tag := l.s[l.i+n+1]
	l.take(n)
	l.take(2)
	sign := byte(0)
	if l.i < len(l.s) && (l.s[l.i] == '-' || l.s[l.i] == '+') {
		sign = l.s[l.i]
	}
	switch {
	case sign == '-':
		text = strings.TrimRightFunc(text, space)
	case sign != '+' && tag != '{':
		if start := strings.LastIndexByte(text, '\n') + 1; start > 0 || fresh {
			if strings.TrimLeftFunc(text[start:], space) == "" {
				text = text[:start]
			}
		}
	}
	if sign != 0 {
		l.take(1)
	}
	if text != "" {
		l.tokens = append(l.tokens, token{tokData, text, line})
	}
	switch tag {
	case '#':
		return l.comment()
	case '%':
		if n := l.rawTag("raw"); n > 0 {
			l.take(n)
			return l.raw()
		}
		l.put(tokBlockBegin, "{%")
		return l.inside("%}")
	}
	l.put(tokVarBegin, "{{")
	return l.inside("}}")
}

// tag is where the next tag begins, -1 if there is none.
func (l *lexer) tag() int {
	rest := l.s[l.i:]
	for at := 0; ; {
		k := strings.IndexByte(rest[at:], '{')
		if k < 0 || at+k+1 >= len(rest) {
			return -1
		}
		at += k
		if c := rest[at+1]; c == '{' || c == '%' || c == '#' {
			return at
		}
		at++
	}
}

func (l *lexer) comment() error {
	end := strings.Index(l.s[l.i:], "#}")
	if end < 0 {
		return l.errorf("missing end of comment tag")
	}
	l.take(end)
	l.close(l.i > 0 && end > 0, 2, true)
	return nil
}

// close takes the end of a tag with n bytes and what it swallows after it; the
// sign before it was taken already where signed.
func (l *lexer) close(signed bool, n int, block bool) {
	sign := byte(0)
	if signed {
		sign = l.s[l.i-1]
	}
	l.take(n)
	switch {
	case sign == '-':
		rest := l.s[l.i:]
		l.take(len(rest) - len(strings.TrimLeftFunc(rest, space)))
	case sign != '+' && block && strings.HasPrefix(l.s[l.i:], "\n"):
		l.take(1)
	}
}

// rawTag is the length of the rest of {% NAME %}, with what it swallows not
// counted, 0 if the tag is another.
func (l *lexer) rawTag(name string) int {
	rest := strings.TrimLeftFunc(l.s[l.i:], space)
	if !strings.HasPrefix(rest, name) {
		return 0
	}
	rest = strings.TrimLeftFunc(rest[len(name):], space)
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	if !strings.HasPrefix(rest, "%}") {
		return 0
	}
	return len(l.s) - l.i - len(rest)
}

// raw takes text to the end of a raw block.
func (l *lexer) raw() error {
	l.close(true, 2, false)
	fresh := l.fresh
	for at := l.i; ; {
		k := strings.Index(l.s[at:], "{%")
		if k < 0 {
			return l.errorf("missing end of raw directive")
		}
		at += k
		end := &lexer{s: l.s, i: at + 2}
		sign := byte(0)
		if end.i < len(end.s) && (end.s[end.i] == '-' || end.s[end.i] == '+') {
			sign = end.s[end.i]
			end.i++
		}
		n := end.rawTag("endraw")
		if n == 0 {
			at += 2
			continue
		}
		text := l.s[l.i:at]
		if sign == '-' {
			text = strings.TrimRightFunc(text, space)
		} else if start := strings.LastIndexByte(text, '\n') + 1; sign != '+' && (start > 0 || fresh) && strings.TrimLeftFunc(text[start:], space) == "" {
			text = text[:start]
		}
		l.put(tokData, text)
		l.take(end.i + n - l.i)
		l.close(true, 2, true)
		return nil
	}
}

// operators, the longer ones first.
var operators = []string{"**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"}

// inside takes the tokens of a tag up to end.
func (l *lexer) inside(end string) error {
	var open []byte
	for {
		rest := strings.TrimLeftFunc(l.s[l.i:], space)
		l.take(len(l.s) - l.i - len(rest))
		if rest == "" {
			return l.errorf("unexpected end of template, want %s", end)
		}
		if len(open) == 0 {
			signed := len(rest) > 2 && (rest[0] == '-' || rest[0] == '+' && end == "%}") && rest[1:3] == end
			if signed {
				l.take(1)
			}
			if signed || strings.HasPrefix(rest, end) {
				kind := tokVarEnd
				if end == "%}" {
					kind = tokBlockEnd
				}
				l.put(kind, end)
				l.close(signed, 2, end == "%}")
				return nil
			}
		}
		if err := l.one(rest, &open); err != nil {
			return err
		}
	}
}

// one takes one token.
func (l *lexer) one(rest string, open *[]byte) error {
	c := rest[0]
	switch {
	case c == '\'' || c == '"':
		n := 1
		for n < len(rest) && rest[n] != c {
			if rest[n] == '\\' {
				n++
			}
			n++
		}
		if n >= len(rest) {
			return l.errorf("unexpected char %q", c)
		}
		text, err := unescape(rest[1:n])
		if err != nil {
			return l.errorf("%v", err)
		}
		l.put(tokString, text)
		l.take(n + 1)
		return nil
	case c >= '0' && c <= '9':
		return l.number(rest)
	}
	if n := nameLen(rest); n > 0 {
		l.put(tokName, rest[:n])
		l.take(n)
		return nil
	}
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch op {
		case "(", "[", "{":
			*open = append(*open, op[0]+1+op[0]>>6&1) // its closing sign in ASCII
		case ")", "]", "}":
			n := len(*open)
			if n == 0 || (*open)[n-1] != op[0] {
				return l.errorf("unexpected %q", op)
			}
			*open = (*open)[:n-1]
		}
		l.put(tokOp, op)
		l.take(len(op))
		return nil
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return l.errorf("unexpected char %q", r)
}

func nameLen(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)) {
			return i
		}
	}
	return len(s)
}

// number takes an integer or a float; underscores may stand between digits.
func (l *lexer) number(s string) error {
	digits := func(i int, of string) int {
		for i < len(s) && (strings.IndexByte(of, s[i]) >= 0 || s[i] == '_' && i+1 < len(s) && strings.IndexByte(of, s[i+1]) >= 0) {
			i++
		}
		return i
	}
	const decimal = "0123456789"
	if len(s) > 2 && s[0] == '0' {
		if of, ok := map[byte]string{'x': "0123456789abcdefABCDEF", 'o': "01234567", 'b': "01"}[s[1]|0x20]; ok {
			if n := digits(2, of); n > 2 {
				l.put(tokInt, s[:n])
				l.take(n)
				return nil
			}
		}
	}
	n, kind := digits(0, decimal), tokInt
	if afterDot := len(l.tokens) > 0 && l.tokens[len(l.tokens)-1].is(tokOp, "."); !afterDot {
		if n+1 < len(s) && s[n] == '.' && s[n+1] >= '0' && s[n+1] <= '9' {
			n, kind = digits(n+1, decimal), tokFloat
		}
		if n < len(s) && s[n]|0x20 == 'e' {
			k := n + 1
			if k < len(s) && (s[k] == '+' || s[k] == '-') {
				k++
			}
			if end := digits(k, decimal); end > k {
				n, kind = end, tokFloat
			}
		}
	}
	l.put(kind, s[:n])
	l.take(n)
	return nil
}
