package wire

import "github.com/goccy/go-json"

// Decoded consumes a string or null and decodes it.
func (s *Scanner) Decoded() string {
	if s.Word("null") {
		return ""
	}
	from := s.i
	body := s.Text()
	if s.err != nil {
		return ""
	}
	for _, c := range body {
		if c == '\\' {
			var out string
			if json.Unmarshal(s.b[from:s.i], &out) != nil {
				s.Fail()
			}
			return out
		}
	}
	return string(body)
}

// Strings consumes a list of strings, or null.
func (s *Scanner) Strings() []string {
	var out []string
	if !s.Word("null") {
		s.Array(func(int) { out = append(out, s.Decoded()) })
	}
	return out
}

// Numbers consumes a list of numbers, or null; a nil element is a null.
func (s *Scanner) Numbers() []*float64 {
	var out []*float64
	if s.Word("null") {
		return nil
	}
	s.Array(func(int) {
		if v, ok := s.Number(); ok {
			out = append(out, &v)
		} else {
			out = append(out, nil)
		}
	})
	return out
}
