package wire

import (
	"errors"
	"math"
	"strconv"
)

// Scanner reads JSON in place, without making values of what is skipped. Its
// methods do nothing once there is an error; End tells it.
type Scanner struct {
	b     []byte
	i     int
	depth int
	err   error
}

// maxDepth bounds nesting, and with it the stack.
const maxDepth = 1000

var errJSON = errors.New("not JSON")

// NewScanner reads b, which must not change meanwhile.
func NewScanner(b []byte) *Scanner { return &Scanner{b: b} }

// Err is the first error.
func (s *Scanner) Err() error { return s.err }

// Pos is how many bytes were consumed.
func (s *Scanner) Pos() int { return s.i }

// Fail makes what was read an error.
func (s *Scanner) Fail() {
	if s.err == nil {
		s.err = errJSON
	}
}

// Peek skips white space and returns the next byte, 0 at the end.
func (s *Scanner) Peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// Take consumes c if it comes next.
func (s *Scanner) Take(c byte) bool {
	if s.err == nil && s.Peek() == c {
		s.i++
		return true
	}
	return false
}

// Want consumes c, or it is an error.
func (s *Scanner) Want(c byte) {
	if !s.Take(c) {
		s.Fail()
	}
}

// Word consumes a literal such as null if it comes next.
func (s *Scanner) Word(w string) bool {
	if s.err != nil || s.Peek() != w[0] || len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

func (s *Scanner) deeper() {
	if s.depth++; s.depth > maxDepth {
		s.Fail()
	}
}

func (s *Scanner) shallower() { s.depth-- }

// Array calls each for every element, which it must consume.
func (s *Scanner) Array(each func(index int)) {
	s.Want('[')
	s.deeper()
	defer s.shallower()
	if s.Take(']') {
		return
	}
	for i := 0; s.err == nil; i++ {
		each(i)
		if s.Take(']') {
			return
		}
		s.Want(',')
	}
}

// Object calls each for every key, still escaped; it must consume the value.
func (s *Scanner) Object(each func(key []byte)) {
	s.Want('{')
	s.deeper()
	defer s.shallower()
	if s.Take('}') {
		return
	}
	for s.err == nil {
		key := s.Text()
		s.Want(':')
		if s.err != nil {
			return
		}
		each(key)
		if s.Take('}') {
			return
		}
		s.Want(',')
	}
}

// Text consumes a string and returns what stands between the quotes.
func (s *Scanner) Text() []byte {
	s.Want('"')
	if s.err != nil {
		return nil
	}
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[start : s.i-1]
		case c == '\\':
			s.escape()
			if s.err != nil {
				return nil
			}
		case c < ' ':
			s.Fail()
			return nil
		default:
			s.i++
		}
	}
	s.Fail()
	return nil
}

// escape consumes a backslash and what belongs to it.
func (s *Scanner) escape() {
	s.i++
	if s.i >= len(s.b) {
		s.Fail()
		return
	}
	switch s.b[s.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
	case 'u':
		for k := 1; k <= 4; k++ {
			if s.i+k >= len(s.b) || !isHex(s.b[s.i+k]) {
				s.Fail()
				return
			}
		}
		s.i += 5
	default:
		s.Fail()
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// Number consumes a number or null; ok is false for null. A number that is not
// finite is an error.
func (s *Scanner) Number() (v float64, ok bool) {
	if s.Word("null") || s.err != nil {
		return 0, false
	}
	raw := s.digits()
	if s.err != nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		s.Fail()
		return 0, false
	}
	return v, true
}

// digits consumes a number as JSON spells it.
func (s *Scanner) digits() []byte {
	s.Peek()
	start := s.i
	run := func() bool {
		from := s.i
		for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
			s.i++
		}
		return s.i > from
	}
	at := func(set string) bool {
		for k := range len(set) {
			if s.i < len(s.b) && s.b[s.i] == set[k] {
				s.i++
				return true
			}
		}
		return false
	}
	at("-")
	whole := s.i
	ok := run() && !(s.b[whole] == '0' && s.i > whole+1)
	if ok && at(".") {
		ok = run()
	}
	if ok && at("eE") {
		at("+-")
		ok = run()
	}
	if !ok {
		s.Fail()
	}
	return s.b[start:s.i]
}

// Skip consumes any value.
func (s *Scanner) Skip() {
	switch c := s.Peek(); {
	case s.err != nil:
	case c == '{':
		s.Object(func([]byte) { s.Skip() })
	case c == '[':
		s.Array(func(int) { s.Skip() })
	case c == '"':
		s.Text()
	case c == '-' || c >= '0' && c <= '9':
		s.digits()
	case s.Word("true"), s.Word("false"), s.Word("null"):
	default:
		s.Fail()
	}
}

// End checks that nothing is left.
func (s *Scanner) End() error {
	s.Peek()
	if s.i < len(s.b) {
		s.Fail()
	}
	return s.err
}

// Valid reports whether b is one JSON value.
func Valid(b []byte) bool {
	s := Scanner{b: b}
	s.Skip()
	return s.End() == nil
}
