package openai

import (
	"errors"

	"github.com/goccy/go-json"
)

// readSteps reads the logprobs of a choice: lists side by side as completions
// have them, or a list of tokens as chats have them.
func readSteps(b []byte) (steps, error) {
	var st steps
	var problem error
	s := scanner{b: b}
	s.object(func(key []byte) {
		switch string(key) {
		case "tokens":
			st.tokens = s.strings()
		case "token_logprobs":
			st.logprobs = s.numbers()
		case "top_logprobs":
			st.best = s.maxima()
		case "content":
			if !s.word("null") {
				s.array(func(int) { st.token(&s) })
			}
		default:
			s.skip()
		}
	})
	if err := s.end(); err != nil {
		return st, err
	}
	if len(st.tokens) != len(st.logprobs) || len(st.best) > len(st.tokens) {
		problem = errors.New("lists of different lengths")
	}
	return st, problem
}

// token reads one element of a chat's list. Its alternatives are not compared:
// the chosen token may be missing among them.
func (st *steps) token(s *scanner) {
	var text string
	var logprob *float64
	s.object(func(key []byte) {
		switch string(key) {
		case "token":
			text = s.string()
		case "logprob":
			if v, ok := s.number(); ok {
				logprob = &v
			}
		default:
			s.skip()
		}
	})
	st.tokens = append(st.tokens, text)
	st.logprobs = append(st.logprobs, logprob)
}

// string consumes a string or null and decodes it.
func (s *scanner) string() string {
	if s.word("null") {
		return ""
	}
	from := s.i
	body := s.text()
	if s.err != nil {
		return ""
	}
	for _, c := range body {
		if c == '\\' {
			var out string
			if json.Unmarshal(s.b[from:s.i], &out) != nil {
				s.fail()
			}
			return out
		}
	}
	return string(body)
}

func (s *scanner) strings() []string {
	var out []string
	if !s.word("null") {
		s.array(func(int) { out = append(out, s.string()) })
	}
	return out
}

func (s *scanner) numbers() []*float64 {
	var out []*float64
	if s.word("null") {
		return nil
	}
	s.array(func(int) {
		if v, ok := s.number(); ok {
			out = append(out, &v)
		} else {
			out = append(out, nil)
		}
	})
	return out
}

// maxima reads a list of objects from token to log-probability, keeping the
// highest value of each; nil where there is none.
func (s *scanner) maxima() []*float64 {
	var out []*float64
	if s.word("null") {
		return nil
	}
	s.array(func(int) {
		var best *float64
		if !s.word("null") {
			s.object(func([]byte) {
				if v, ok := s.number(); ok && (best == nil || v > *best) {
					best = &v
				}
			})
		}
		out = append(out, best)
	})
	return out
}
