package pyliteral

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	end     kind = iota // of the file
	newline             // the end of a logical line
	name
	number
	text   // a string literal, with prefix and quotes
	symbol // an operator or a bracket
)

// token is a piece of the source. What strings and numbers mean is worked out
// only for those that are read.
type token struct {
	kind  kind
	text  string
	line  int
	first bool // the first of a logical line that is not indented
}

func (t token) String() string {
	switch t.kind {
	case end:
		return "the end of the file"
	case newline:
		return "the end of the line"
	case text:
		return "a string"
	case name, number, symbol:
	}
	return fmt.Sprintf("%q", t.text)
}

func errorAt(line int, format string, args ...any) error {
	return fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...))
}

// lexer cuts source into tokens.
type lexer struct {
	src   string
	at    int
	line  int
	depth int  // brackets that are open
	begun bool // the logical line has a token
	start int  // offset of the physical line
}

// newLexer takes source as Python does: UTF-8 with or without byte order mark
// and with any kind of line ends.
func newLexer(src []byte) (*lexer, error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	if !utf8.Valid(src) {
		return nil, errors.New("not UTF-8")
	}
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return nil, errorAt(bytes.Count(src[:i], []byte("\n"))+1, "a zero byte")
	}
	return &lexer{src: strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(src)), line: 1}, nil
}

// next is the next token. Line ends within brackets and of empty lines are
// none.
func (l *lexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	t := token{line: l.line, first: !l.begun && l.at == l.start && l.depth == 0}
	if l.at == len(l.src) {
		if l.depth > 0 {
			return t, errorAt(l.line, "the file ends within brackets")
		}
		if l.begun {
			l.begun, t.kind = false, newline
		}
		return t, nil
	}
	from := l.at
	c, size := utf8.DecodeRuneInString(l.src[from:])
	switch {
	case c == '\n':
		l.newLine()
		l.begun = false
		t.kind = newline
		return t, nil
	case c == '"' || c == '\'':
		t.kind = text
		if err := l.quoted(); err != nil {
			return t, err
		}
	case c == '_' || unicode.IsLetter(c):
		t.kind = name
		l.word()
		if rest := l.src[l.at:]; isPrefix(l.src[from:l.at]) && (strings.HasPrefix(rest, `"`) || strings.HasPrefix(rest, "'")) {
			t.kind = text
			if err := l.quoted(); err != nil {
				return t, err
			}
		}
	case isDigit(c) || c == '.' && l.at+1 < len(l.src) && isDigit(rune(l.src[l.at+1])):
		t.kind = number
		l.number()
	default:
		t.kind = symbol
		l.at += size
		if err := l.operator(c); err != nil {
			return t, err
		}
	}
	l.begun = true
	t.text = l.src[from:l.at]
	return t, nil
}

// space skips what stands between tokens.
func (l *lexer) space() error {
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case c == ' ' || c == '\t' || c == '\f':
			l.at++
		case c == '#':
			n := strings.IndexByte(l.src[l.at:], '\n')
			if n < 0 {
				n = len(l.src) - l.at
			}
			l.at += n
		case c == '\\':
			if l.at+1 == len(l.src) || l.src[l.at+1] != '\n' {
				return errorAt(l.line, "a backslash that does not end the line")
			}
			l.at++
			l.newLine()
			l.start = -1 // what follows goes on with the line
		case c == '\n' && (l.depth > 0 || !l.begun):
			l.newLine()
		default:
			return nil
		}
	}
	return nil
}

// newLine steps over a line end.
func (l *lexer) newLine() {
	l.at++
	l.line++
	l.start = l.at
}

func (l *lexer) word() {
	for l.at < len(l.src) {
		c, size := utf8.DecodeRuneInString(l.src[l.at:])
		if c != '_' && !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) {
			return
		}
		l.at += size
	}
}

// number takes all that may belong to a number; number in parse.go judges it.
func (l *lexer) number() {
	hex := strings.HasPrefix(l.src[l.at:], "0x") || strings.HasPrefix(l.src[l.at:], "0X")
	for l.at < len(l.src) {
		c := l.src[l.at]
		sign := (c == '+' || c == '-') && !hex && (l.src[l.at-1] == 'e' || l.src[l.at-1] == 'E')
		if c != '.' && c != '_' && !sign && (c >= utf8.RuneSelf || !unicode.IsLetter(rune(c)) && !isDigit(rune(c))) {
			return
		}
		l.at++
	}
}

// operator follows brackets and takes the second character of operators that
// hold an equals sign.
func (l *lexer) operator(c rune) error {
	switch c {
	case '(', '[', '{':
		l.depth++
	case ')', ']', '}':
		l.depth--
		if l.depth < 0 {
			return errorAt(l.line, "%q closes nothing", c)
		}
	case '=', '!', '<', '>', ':', '+', '-', '*', '/', '%', '&', '|', '^', '@':
		if l.at < len(l.src) && l.src[l.at] == '=' {
			l.at++
		}
	}
	return nil
}

// quoted steps over a string from its first quote to its last.
func (l *lexer) quoted() error {
	from, quote := l.line, l.src[l.at:l.at+1]
	if strings.HasPrefix(l.src[l.at:], strings.Repeat(quote, 3)) {
		quote = strings.Repeat(quote, 3)
	}
	l.at += len(quote)
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case strings.HasPrefix(l.src[l.at:], quote):
			l.at += len(quote)
			return nil
		case c == '\n' && len(quote) == 1:
			return errorAt(from, "a string without end")
		case c == '\\' && l.at+1 < len(l.src):
			l.at++ // in raw strings too, a backslash keeps a quote from ending them
			fallthrough
		default:
			if l.src[l.at] == '\n' {
				l.line++
			}
			l.at++
		}
	}
	return errorAt(from, "a string without end")
}

// isPrefix tells the letters that may stand before a string's quote.
func isPrefix(s string) bool {
	switch strings.ToLower(s) {
	case "r", "u", "b", "f", "t", "br", "rb", "fr", "rf", "tr", "rt":
		return true
	}
	return false
}

func isDigit(c rune) bool { return '0' <= c && c <= '9' }
