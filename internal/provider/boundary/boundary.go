// Package boundary finds which tokens of a text are its context's and which
// are its continuation's, as lm-eval does. Fill in [Tokens] and call
// [Tokens.Split].
package boundary

import (
	"fmt"
	"unicode/utf8"

	"olmoeval/eval"
)

// Tokens is what a split needs of a tokenizer.
type Tokens[T comparable] struct {
	// Encode gives a text's tokens, without any that the tokenizer would add.
	Encode func(text string) ([]T, error)
	// Empty stands in for an empty context: BOS, else EOS, else nothing.
	Empty []T
	// Prefix stands before every other context: BOS, or nothing.
	Prefix []T
	// Separate encodes context and continuation apart.
	Separate bool
}

// Split gives the tokens of context and continuation. White space at the
// context's end belongs to the continuation. Both are encoded together, and the
// number of tokens that the context has on its own says where the continuation
// begins; a continuation that melts into the context's last token begins where
// the two encodings part. The lists given back may share memory.
func (k Tokens[T]) Split(context, continuation string) (head, rest []T, err error) {
	if context == "" {
		rest, err = k.encode(continuation)
		return k.Empty, rest, err
	}
	stripped := StripRight(context)
	moved := context[len(stripped):] + continuation
	own, err := k.encode(stripped)
	if err != nil {
		return nil, nil, err
	}
	if k.Separate {
		rest, err = k.encode(moved)
		return k.join(own), rest, err
	}
	whole, err := k.encode(stripped + moved)
	if err != nil {
		return nil, nil, err
	}
	if len(whole) > len(own) {
		return k.join(whole[:len(own)]), whole[len(own):], nil
	}
	if continuation == "" {
		return k.join(own), nil, nil
	}
	same := 0
	for same < len(whole) && whole[same] == own[same] {
		same++
	}
	if same == len(whole) {
		return nil, nil, &eval.Fault{Status: eval.ConfigError,
			Err: fmt.Errorf("continuation %q has no token of its own after its context", continuation)}
	}
	return k.join(whole[:same]), whole[same:], nil
}

func (k Tokens[T]) join(ids []T) []T {
	if len(k.Prefix) == 0 {
		return ids
	}
	return append(append(make([]T, 0, len(k.Prefix)+len(ids)), k.Prefix...), ids...)
}

func (k Tokens[T]) encode(text string) ([]T, error) {
	if text == "" {
		return nil, nil
	}
	return k.Encode(text)
}

// StripRight cuts the white space that Python's str.rstrip cuts.
func StripRight(s string) string {
	for i := len(s); i > 0; {
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if !pythonSpace(r) {
			return s[:i]
		}
		i -= n
	}
	return ""
}

func pythonSpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= 0x1c && r <= ' ', r == 0x85, r == 0xa0, r == 0x1680,
		r >= 0x2000 && r <= 0x200a, r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}
