package mockserver

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"olmoeval/eval"
)

// Call counts what became of one prompt. A scoring call counts for its first
// prompt.
type Call struct {
	// Digest is the prompt digest of a known request, else of the bare text.
	Digest string `json:"digest"`
	Known  bool   `json:"known"`
	// Continuation is the first one scored.
	Continuation int `json:"continuation,omitempty"`
	Calls        int `json:"calls"`
	// Answered is how many calls got a whole answer: more than one is work done
	// twice.
	Answered int `json:"answered"`
}

type count struct {
	match           Match
	calls, answered int
}

// counter counts calls by prompt.
type counter struct {
	shards [64]struct {
		sync.Mutex
		byKey map[key]*count
	}
}

// begin counts a call and says the how-manieth it is, from 1.
func (c *counter) begin(k key, m Match) int {
	s := &c.shards[k[1]%64]
	s.Lock()
	defer s.Unlock()
	n, ok := s.byKey[k]
	if !ok {
		if s.byKey == nil {
			s.byKey = map[key]*count{}
		}
		n = &count{match: m}
		s.byKey[k] = n
	}
	n.calls++
	return n.calls
}

func (c *counter) answered(k key) {
	s := &c.shards[k[1]%64]
	s.Lock()
	s.byKey[k].answered++
	s.Unlock()
}

// Calls lists the prompts seen so far, sorted by digest. /calls serves the same
// as JSON.
func (s *Server) Calls() []Call {
	var out []Call
	var d eval.Digester
	for i := range s.counts.shards {
		shard := &s.counts.shards[i]
		shard.Lock()
		for k, n := range shard.byKey {
			c := Call{Digest: fmt.Sprintf("%016x%016x", k[0], k[1]), Calls: n.calls, Answered: n.answered}
			if n.match.Request != nil {
				c.Digest, c.Known, c.Continuation = d.Digest(n.match.Request), true, n.match.Continuation
			}
			out = append(out, c)
		}
		shard.Unlock()
	}
	slices.SortFunc(out, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Continuation, b.Continuation))
	})
	return out
}
