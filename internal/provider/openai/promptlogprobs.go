package openai

import (
	"fmt"
	"math"

	"olmoeval/internal/provider/wire"
)

// tail is the score of the tokens from a position on.
type tail struct {
	sum    float64
	tokens int
	// greedy is meaningful where ranked: each token's rank could be told.
	greedy, ranked bool
	margin         margin
	// headless says that the first token had no context and no score.
	headless bool
}

// readTail sums the log-probabilities of ids[from:] in a prompt_logprobs array:
// one element a token, null for the first, else an object from token id to
// {logprob, rank}. Every scored position must hold the id that was sent; top
// says that alternatives were asked for.
func readTail(raw []byte, ids []int, from int, top bool) (tail, error) {
	t := tail{greedy: true, ranked: true}
	s := wire.NewScanner(raw)
	n := 0
	var problem error
	s.Array(func(i int) {
		n++
		if i < from || i >= len(ids) || problem != nil {
			s.Skip()
			return
		}
		if s.Word("null") {
			if i > 0 {
				problem = fmt.Errorf("no log-probability at position %d of %d", i, len(ids))
			}
			t.headless = true
			return
		}
		if err := t.position(s, ids[i], top); err != nil {
			problem = fmt.Errorf("position %d of %d: %w", i, len(ids), err)
		}
	})
	if err := s.End(); err != nil {
		return t, fmt.Errorf("prompt_logprobs: %w at byte %d", err, s.Pos())
	}
	if problem != nil {
		return t, fmt.Errorf("prompt_logprobs: %w", problem)
	}
	if n != len(ids) {
		return t, fmt.Errorf("prompt_logprobs has %d positions for %d tokens", n, len(ids))
	}
	return t, nil
}

// position adds the log-probability of one token.
func (t *tail) position(s *wire.Scanner, id int, top bool) error {
	found, has, rank := math.NaN(), false, 0
	best := math.Inf(-1)
	s.Object(func(key []byte) {
		mine := sameID(key, id)
		has = has || mine
		s.Object(func(field []byte) {
			switch string(field) {
			case "logprob":
				v, ok := s.Number()
				switch {
				case mine && ok:
					found = v
				case ok:
					best = max(best, v)
				}
			case "rank":
				if v, ok := s.Number(); ok && mine {
					rank = int(v)
				}
			default:
				s.Skip()
			}
		})
	})
	switch {
	case s.Err() != nil:
		return s.Err()
	case !has:
		return fmt.Errorf("token %d was sent and is not there", id)
	case math.IsNaN(found):
		return fmt.Errorf("token %d has no log-probability", id)
	}
	t.sum += found
	t.tokens++
	switch {
	case best > found || rank > 1:
		t.greedy = false
	case rank == 0 && !top:
		t.ranked = false
	}
	switch other := !math.IsInf(best, -1); {
	case other && (best > found || rank <= 1):
		t.margin.add(found - best)
	case rank == 1 || rank == 0 && top && !other:
		t.margin.open = true
	default:
		t.margin.lost = true // the better ones were not told
	}
	return nil
}

// sameID compares a key with an id without making a string.
func sameID(key []byte, id int) bool {
	n := 0
	if len(key) == 0 || len(key) > 10 {
		return false
	}
	for _, c := range key {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n == id
}
