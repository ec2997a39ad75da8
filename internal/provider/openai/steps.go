package openai

import (
	"errors"

	"olmoeval/internal/provider/wire"
)

// readSteps reads the logprobs of a choice: lists side by side as completions
// have them, or a list of tokens as chats have them.
func readSteps(b []byte) (steps, error) {
	var st steps
	var problem error
	s := wire.NewScanner(b)
	s.Object(func(key []byte) {
		switch string(key) {
		case "tokens":
			st.tokens = s.Strings()
		case "token_logprobs":
			st.logprobs = s.Numbers()
		case "top_logprobs":
			st.best = maxima(s)
		case "content":
			if !s.Word("null") {
				s.Array(func(int) { st.token(s) })
			}
		default:
			s.Skip()
		}
	})
	if err := s.End(); err != nil {
		return st, err
	}
	if len(st.tokens) != len(st.logprobs) || len(st.best) > len(st.tokens) {
		problem = errors.New("lists of different lengths")
	}
	return st, problem
}

// token reads one element of a chat's list. Its alternatives are not compared:
// the chosen token may be missing among them.
func (st *steps) token(s *wire.Scanner) {
	var text string
	var logprob *float64
	s.Object(func(key []byte) {
		switch string(key) {
		case "token":
			text = s.Decoded()
		case "logprob":
			if v, ok := s.Number(); ok {
				logprob = &v
			}
		default:
			s.Skip()
		}
	})
	st.tokens = append(st.tokens, text)
	st.logprobs = append(st.logprobs, logprob)
}

// maxima reads a list of objects from token to log-probability, keeping the
// highest value of each; nil where there is none.
func maxima(s *wire.Scanner) []*float64 {
	var out []*float64
	if s.Word("null") {
		return nil
	}
	s.Array(func(int) {
		var best *float64
		if !s.Word("null") {
			s.Object(func([]byte) {
				if v, ok := s.Number(); ok && (best == nil || v > *best) {
					best = &v
				}
			})
		}
		out = append(out, best)
	})
	return out
}
