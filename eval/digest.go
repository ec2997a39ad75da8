package eval

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync/atomic"
)

// ItemDigest identifies an instance by its content: the first 16 hex digits of
// SHA-256 over canonical JSON of [question, choices, gold_answer].
func ItemDigest(in *Instance) string {
	b := make([]byte, 0, 512)
	b = append(b, '[')
	b = appendASCII(b, in.Question)
	b = append(b, ", "...)
	b = AppendCanonical(b, in.Choices)
	b = append(b, ", "...)
	b = AppendCanonical(b, in.Gold)
	b = append(b, ']')
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Digester computes prompt digests. The part that a task's requests share is
// hashed once. The zero value is ready; it may be used by many goroutines.
type Digester struct {
	shared atomic.Pointer[sharedState]
}

type sharedState struct {
	prefix string
	hash   hash.Cloner
}

// Digest identifies what a request asks: 32 hex digits of SHA-256 over its
// type, context, messages, continuations and tools. Sampling is not in it.
func (d *Digester) Digest(r *Request) string {
	var h hash.Hash
	rest := r.Prompt
	if r.Shared > 0 && r.Type != Chat && r.Shared <= len(r.Prompt) {
		prefix := r.Prompt[:r.Shared]
		st := d.shared.Load()
		if st == nil || st.prefix != prefix {
			fresh := sha256.New()
			fresh.Write([]byte(prefix))
			st = &sharedState{prefix: prefix, hash: fresh.(hash.Cloner)}
			d.shared.Store(st)
		}
		c, err := st.hash.Clone()
		if err != nil {
			panic("sha256 cannot be cloned: " + err.Error())
		}
		h = c
		rest = r.Prompt[r.Shared:]
	} else {
		h = sha256.New()
	}
	buf := make([]byte, 0, len(rest)+256)
	buf = append(buf, rest...)
	text := func(s string) {
		buf = binary.AppendUvarint(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	buf = append(buf, 0)
	text(string(r.Type))
	buf = binary.AppendUvarint(buf, uint64(len(r.Messages)))
	for i := range r.Messages {
		m := &r.Messages[i]
		text(m.Role)
		text(m.Content)
		text(m.ToolCallID)
		buf = binary.AppendUvarint(buf, uint64(len(m.ToolCalls)))
		for _, c := range m.ToolCalls {
			text(c.ID)
			text(c.Name)
			text(c.Arguments)
		}
	}
	for _, list := range [][]string{r.Continuations, r.ContinuationPrompts} {
		buf = binary.AppendUvarint(buf, uint64(len(list)))
		for _, c := range list {
			text(c)
		}
	}
	buf = binary.AppendUvarint(buf, uint64(len(r.Tools)))
	for _, t := range r.Tools {
		text(t.Name)
		text(t.Description)
		text(string(t.Parameters))
	}
	if r.MaxLength != nil {
		buf = binary.AppendVarint(buf, int64(*r.MaxLength))
	}
	h.Write(buf)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return hex.EncodeToString(sum[:16])
}

// HashJSON is the first 16 hex digits of SHA-256 over the canonical JSON of v:
// the form of all configuration hashes, and of the reference's.
func HashJSON(v any) string {
	sum := sha256.Sum256(AppendCanonical(nil, v))
	return hex.EncodeToString(sum[:8])
}
