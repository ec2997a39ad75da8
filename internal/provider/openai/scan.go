package openai

import (
	"errors"
	"math"
	"strconv"
)

// scanner reads the JSON of log-probabilities in place. Its methods do nothing
// once there is an error.
type scanner struct {
	b     []byte
	i     int
	depth int
	err   error
}

// maxDepth bounds nesting, and with it the stack.
const maxDepth = 1000

var errJSON = errors.New("not JSON")

func (s *scanner) fail() {
	if s.err == nil {
		s.err = errJSON
	}
}

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
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

// take consumes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.err == nil && s.peek() == c {
		s.i++
		return true
	}
	return false
}

func (s *scanner) want(c byte) {
	if !s.take(c) {
		s.fail()
	}
}

// word consumes a literal such as null if it comes next.
func (s *scanner) word(w string) bool {
	if s.err != nil || s.peek() != w[0] || len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

func (s *scanner) deeper() {
	if s.depth++; s.depth > maxDepth {
		s.fail()
	}
}

func (s *scanner) shallower() { s.depth-- }

// array calls each for every element, which it must consume.
func (s *scanner) array(each func(index int)) {
	s.want('[')
	s.deeper()
	defer s.shallower()
	if s.take(']') {
		return
	}
	for i := 0; s.err == nil; i++ {
		each(i)
		if s.take(']') {
			return
		}
		s.want(',')
	}
}

// object calls each for every key, still escaped; it must consume the value.
func (s *scanner) object(each func(key []byte)) {
	s.want('{')
	s.deeper()
	defer s.shallower()
	if s.take('}') {
		return
	}
	for s.err == nil {
		key := s.text()
		s.want(':')
		if s.err != nil {
			return
		}
		each(key)
		if s.take('}') {
			return
		}
		s.want(',')
	}
}

// text consumes a string and returns what stands between the quotes.
func (s *scanner) text() []byte {
	s.want('"')
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
			s.fail()
			return nil
		default:
			s.i++
		}
	}
	s.fail()
	return nil
}

// escape consumes a backslash and what belongs to it.
func (s *scanner) escape() {
	s.i++
	if s.i >= len(s.b) {
		s.fail()
		return
	}
	switch s.b[s.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
	case 'u':
		for k := 1; k <= 4; k++ {
			if s.i+k >= len(s.b) || !isHex(s.b[s.i+k]) {
				s.fail()
				return
			}
		}
		s.i += 5
	default:
		s.fail()
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// number consumes a number or null; ok is false for null. A number that is not
// finite is an error.
func (s *scanner) number() (v float64, ok bool) {
	if s.word("null") || s.err != nil {
		return 0, false
	}
	raw := s.digits()
	if s.err != nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		s.fail()
		return 0, false
	}
	return v, true
}

// digits consumes a number as JSON spells it.
func (s *scanner) digits() []byte {
	s.peek()
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
		s.fail()
	}
	return s.b[start:s.i]
}

// skip consumes any value.
func (s *scanner) skip() {
	switch c := s.peek(); {
	case s.err != nil:
	case c == '{':
		s.object(func([]byte) { s.skip() })
	case c == '[':
		s.array(func(int) { s.skip() })
	case c == '"':
		s.text()
	case c == '-' || c >= '0' && c <= '9':
		s.digits()
	case s.word("true"), s.word("false"), s.word("null"):
	default:
		s.fail()
	}
}

// end checks that nothing is left.
func (s *scanner) end() error {
	s.peek()
	if s.i < len(s.b) {
		s.fail()
	}
	return s.err
}

// valid reports whether b is one JSON value.
func valid(b []byte) bool {
	s := scanner{b: b}
	s.skip()
	return s.end() == nil
}
