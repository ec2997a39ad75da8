package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
)

// Split are a context and its continuation as the ids of one text.
type Split struct {
	Context, Continuation []int
}

// Boundary encodes a context and what follows it as log-likelihoods are scored:
// spaces that end the context move to the continuation, both are encoded as one
// text, and the continuation has the tokens beyond as many as the context alone
// has; fewer for the context where the two melt into one token. A context begins
// with BOS (EOS where there is none) if it is empty or the tokenizer's
// configuration says add_bos_token. A continuation without a token of its own is
// an error.
func (t *Tokenizer) Boundary(context, continuation string) (Split, error) {
	first := t.first()
	if context == "" {
		ids, err := t.Encode(continuation, false)
		return Split{first, ids}, err
	}
	if !t.AddBOSToken() {
		first = nil
	}
	head, err := t.Encode(strings.TrimRightFunc(context, pythonSpace), false)
	if err != nil {
		return Split{}, err
	}
	whole, err := t.Encode(context+continuation, false)
	if err != nil {
		return Split{}, err
	}
	n := len(head)
	if len(whole) <= n {
		for n = 0; n < len(whole) && whole[n] == head[n]; n++ {
		}
		if n == len(whole) && continuation != "" {
			return Split{}, fmt.Errorf("continuation %.80q has no token of its own after its context", continuation)
		}
	}
	return Split{append(first, whole[:n]...), whole[n:]}, nil
}

// pythonSpace is what str.rstrip takes for white space.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1C && r <= 0x1F }

// first is what begins an empty context.
func (t *Tokenizer) first() []int {
	if before, _ := t.Around(); len(before) > 0 {
		return before
	}
	if bos, ok := t.BOS(); ok {
		return []int{bos.ID}
	}
	if eos, ok := t.EOS(); ok {
		return []int{eos.ID}
	}
	return nil
}
