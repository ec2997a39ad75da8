package mockserver

import (
	"hash/maphash"

	"olmoeval/eval"
)

// Query is what a prompt looks like from the server's side.
type Query struct {
	// Type is Loglikelihood for text that is scored, context and continuation
	// in one.
	Type     eval.RequestType
	Text     string
	Messages []eval.Message
}

// Match is the request that a prompt belongs to.
type Match struct {
	Request *eval.Request
	// Continuation is the index of the scored continuation.
	Continuation int
}

// key identifies a prompt by 128 bits of hash.
type key [2]uint64

type hasher [2]maphash.Seed

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

func (h *hasher) key(q Query) key {
	var k key
	for i := range k {
		if len(q.Messages) == 0 {
			k[i] = maphash.String(h[i], q.Text)*3 + uint64(len(q.Type))
			continue
		}
		var m maphash.Hash
		m.SetSeed(h[i])
		for j := range q.Messages {
			m.WriteString(q.Messages[j].Role)
			m.WriteByte(0)
			m.WriteString(q.Messages[j].Content)
			m.WriteByte(0)
		}
		k[i] = m.Sum64()*3 + uint64(len(q.Type))
	}
	return k
}

// Index finds requests by their prompts. Add all of them first; then Lookup may
// be called by many goroutines.
type Index struct {
	hash    hasher
	entries map[key]Match
}

// NewIndex makes an empty index.
func NewIndex() *Index { return &Index{newHasher(), map[key]Match{}} }

// Add enters a request as it will be sent; it must carry its Origin, and is
// kept. Of requests with equal prompts the first counts.
func (x *Index) Add(r *eval.Request) {
	switch {
	case r.Type == eval.Loglikelihood:
		for i, c := range r.Continuations {
			context := r.Context(i)
			if len(r.Messages) > 0 {
				context = r.Messages[0].Content
			}
			x.put(Query{Type: eval.Loglikelihood, Text: context + c}, Match{r, i})
		}
	case r.Type == eval.Completion && len(r.Messages) == 0 && r.Prompt != "":
		x.put(Query{Type: eval.Completion, Text: r.Prompt}, Match{Request: r})
	case len(r.Messages) == 0:
		x.put(Query{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: r.Prompt}}}, Match{Request: r})
	default:
		x.put(Query{Type: eval.Chat, Messages: r.Messages}, Match{Request: r})
	}
}

func (x *Index) put(q Query, m Match) {
	k := x.hash.key(q)
	if _, taken := x.entries[k]; !taken {
		x.entries[k] = m
	}
}

// Len is the number of prompts known.
func (x *Index) Len() int { return len(x.entries) }

// Lookup finds the request of a prompt.
func (x *Index) Lookup(q Query) (Match, bool) {
	m, ok := x.entries[x.hash.key(q)]
	return m, ok
}
