// Package lex is the tokenizer of mock models: tokens of up to three bytes,
// cut from words with the space before them. It has no table: a token's id is
// its bytes, so that any text and any id can be turned into the other by
// [Encode] and [AppendText]. Encoding is additive where a text ends in a word
// and the next begins with a space or a sign.
package lex

import "fmt"

// Special tokens; they have no text.
const (
	BOS = 1
	EOS = 2
)

const (
	one   = 3             // first id of one-byte tokens
	two   = one + 1<<8    // of two bytes
	three = two + 1<<16   // of three bytes
	end   = three + 1<<24 // first id that is no token
)

// Size is the number of ids: all are below it.
const Size = end

// Encode appends the tokens of a text.
func Encode(dst []int, s string) []int {
	for len(s) > 0 {
		n := segment(s)
		for seg := s[:n]; len(seg) > 0; {
			k := min(3, len(seg))
			dst = append(dst, id(seg[:k]))
			seg = seg[k:]
		}
		s = s[n:]
	}
	return dst
}

// Count is the length of Encode's result.
func Count(s string) int {
	total := 0
	for len(s) > 0 {
		n := segment(s)
		total += (n + 2) / 3
		s = s[n:]
	}
	return total
}

// Tail is how many tokens stand after those of head in head+tail:
// Count(head+tail) − Count(head), in time that depends on the tail and the
// last word of the head alone.
func Tail(head, tail string) int {
	if tail == "" {
		return 0
	}
	if head == "" {
		return Count(tail)
	}
	last := len(head)
	for last > 0 && word(head[last-1]) {
		last--
	}
	if last > 0 && head[last-1] == ' ' {
		// The space before a word is its own, and one at the very end may
		// join the tail's first word.
		last--
	}
	joined := len(head) - last
	n := 0
	for n < len(tail) && word(tail[n]) {
		n++
	}
	if n == 0 || joined == 0 {
		return Count(tail)
	}
	return (joined+n+2)/3 - (joined+2)/3 + Count(tail[n:])
}

// Special reports whether an id is a token without text.
func Special(id int) bool { return id == BOS || id == EOS }

// AppendText appends a token's bytes; special tokens have none. An id that is
// no token is an error.
func AppendText(dst []byte, id int) ([]byte, error) {
	switch {
	case Special(id):
		return dst, nil
	case id >= one && id < two:
		return append(dst, byte(id-one)), nil
	case id >= two && id < three:
		v := id - two
		return append(dst, byte(v>>8), byte(v)), nil
	case id >= three && id < end:
		v := id - three
		return append(dst, byte(v>>16), byte(v>>8), byte(v)), nil
	}
	return dst, fmt.Errorf("token id %d is not in the vocabulary", id)
}

// Len is the number of bytes of a token.
func Len(id int) int {
	switch {
	case id < one:
		return 0
	case id < two:
		return 1
	case id < three:
		return 2
	}
	return 3
}

func id(s string) int {
	switch len(s) {
	case 1:
		return one + int(s[0])
	case 2:
		return two + int(s[0])<<8 + int(s[1])
	}
	return three + int(s[0])<<16 + int(s[1])<<8 + int(s[2])
}

// segment is the length of the first word with a space before it, or 1.
func segment(s string) int {
	n := 0
	if s[0] == ' ' {
		n = 1
	}
	for n < len(s) && word(s[n]) {
		n++
	}
	return max(n, 1)
}

func word(c byte) bool {
	return c >= 0x80 || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
