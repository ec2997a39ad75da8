package mockserver

import (
	"crypto/sha256"
	"encoding/binary"

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

// key identifies a prompt by 128 bits of SHA-256, the same in every process: the
// fate of a prompt that nobody told of hangs on it.
type key [2]uint64

func keyOf(q Query) key {
	b := make([]byte, 0, len(q.Type)+len(q.Text)+256)
	b = append(append(b, q.Type...), 0)
	b = append(b, q.Text...)
	for i := range q.Messages {
		b = append(append(b, 0), q.Messages[i].Role...)
		b = append(append(b, 0), q.Messages[i].Content...)
	}
	sum := sha256.Sum256(b)
	return key{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}
}

// Index finds requests by their prompts. Add all of them first; then Lookup may
// be called by many goroutines.
type Index struct {
	entries map[key]Match
}

// NewIndex makes an empty index.
func NewIndex() *Index { return &Index{map[key]Match{}} }

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
	k := keyOf(q)
	if _, taken := x.entries[k]; !taken {
		x.entries[k] = m
	}
}

// Len is the number of prompts known.
func (x *Index) Len() int { return len(x.entries) }

// Lookup finds the request of a prompt.
func (x *Index) Lookup(q Query) (Match, bool) {
	m, ok := x.entries[keyOf(q)]
	return m, ok
}
