package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The expressions that split text into words in nearly all byte-level models.
// Scanning them by hand is some ten times as fast as the regular expression,
// and cannot run away; a test holds the two together.
const (
	gpt2Words   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Words = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Words  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// scanners gives the end of the word of s that begins at i.
var scanners = map[string]func(s string, i int) int{
	gpt2Words:   scanGPT2,
	llama3Words: func(s string, i int) int { return scanTiktoken(s, i, 3) },
	qwen2Words:  func(s string, i int) int { return scanTiktoken(s, i, 1) },
}

// kind sorts characters as the expressions do; each is of one kind.
type kind uint8

const (
	other kind = iota
	letter
	number
	space
)

func kindOf(s string, i int) (k kind, n int) {
	if c := s[i]; c < utf8.RuneSelf {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			return letter, 1
		case c >= '0' && c <= '9':
			return number, 1
		case c == ' ' || c >= '\t' && c <= '\r':
			return space, 1
		}
		return other, 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	switch {
	case unicode.IsLetter(r):
		return letter, n
	case unicode.IsNumber(r):
		return number, n
	case unicode.IsSpace(r):
		return space, n
	}
	return other, n
}

// run is the end of the run of one kind from i on.
func run(s string, i int, of kind) int {
	for i < len(s) {
		k, n := kindOf(s, i)
		if k != of {
			break
		}
		i += n
	}
	return i
}

// spaces is the end of \s+(?!\S)|\s+ at i, where a space is: the last space of
// several is left to what follows.
func spaces(s string, i int) int {
	end := run(s, i, space)
	if end == len(s) {
		return end
	}
	_, last := utf8.DecodeLastRuneInString(s[i:end])
	if end-last > i {
		return end - last
	}
	return end
}

func scanGPT2(s string, i int) int {
	if s[i] == '\'' {
		if n := contraction(s[i+1:], false); n > 0 {
			return i + 1 + n
		}
	}
	j := i
	if s[i] == ' ' && i+1 < len(s) {
		j = i + 1
	}
	if k, _ := kindOf(s, j); k != space {
		return run(s, j, k)
	}
	return spaces(s, i)
}

func scanTiktoken(s string, i, digits int) int {
	if s[i] == '\'' {
		if n := contraction(s[i+1:], true); n > 0 {
			return i + 1 + n
		}
	}
	k, n := kindOf(s, i)
	switch k {
	case letter:
		return run(s, i, letter)
	case number:
		end := i + n
		for digits--; digits > 0 && end < len(s); digits-- {
			k, n := kindOf(s, end)
			if k != number {
				break
			}
			end += n
		}
		return end
	}
	next, after := space, i+n
	if after < len(s) {
		next, _ = kindOf(s, after)
	}
	if next == letter && s[i] != '\r' && s[i] != '\n' {
		return run(s, after, letter)
	}
	if k == other || s[i] == ' ' && next == other {
		end := run(s, i+1, other)
		if k == other {
			end = run(s, i, other)
		}
		for end < len(s) && (s[end] == '\r' || s[end] == '\n') {
			end++
		}
		return end
	}
	if nl := strings.LastIndexAny(s[i:run(s, i, space)], "\r\n"); nl >= 0 {
		return i + nl + 1
	}
	return spaces(s, i)
}

// contraction is the length of s, t, re, ve, m, ll or d at the beginning of s,
// 0 if there is none.
func contraction(s string, fold bool) int {
	at := func(i int) byte {
		switch {
		case i >= len(s):
			return 0
		case fold && s[i] >= 'A' && s[i] <= 'Z':
			return s[i] | 0x20
		}
		return s[i]
	}
	switch c := at(0); c {
	case 's', 't', 'm', 'd':
		return 1
	case 'r', 'v':
		if at(1) == 'e' {
			return 2
		}
	case 'l':
		if at(1) == 'l' {
			return 2
		}
	default:
		if fold && strings.HasPrefix(s, "ſ") {
			return len("ſ")
		}
	}
	return 0
}
