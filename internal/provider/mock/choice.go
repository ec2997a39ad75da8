package mock

import (
	"strings"

	"olmoeval/eval"
)

// goldIndex is the index of the right choice, −1 where it cannot be told.
func goldIndex(in *eval.Instance, gold string) int {
	n := len(in.Choices)
	if i, ok := in.GoldIndex(); ok && i >= 0 && (n == 0 || i < n) {
		return i
	}
	for i, c := range in.Choices {
		if c == gold {
			return i
		}
	}
	if i, ok := letterIndex(gold); ok && (n == 0 || i < n) {
		return i
	}
	return -1
}

// letterIndex reads "A", "b", "(C)" as 0, 1, 2.
func letterIndex(text string) (int, bool) {
	text = strings.Trim(text, "() .")
	if len(text) != 1 {
		return 0, false
	}
	switch c := text[0]; {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A'), true
	case c >= 'a' && c <= 'z':
		return int(c - 'a'), true
	}
	return 0, false
}

// otherChoice turns the right text of a multiple-choice question into one that
// names another choice: its letter, its number, its text, or letter and text.
// ok is false where no choice is named.
func otherChoice(in *eval.Instance, right, gold string, h uint64) (string, bool) {
	at := goldIndex(in, gold)
	n := len(in.Choices)
	if n == 0 {
		if _, isLetter := letterIndex(gold); !isLetter {
			return "", false
		}
		n = max(4, at+1)
	}
	if at < 0 || n < 2 {
		return "", false
	}
	other := (at + 1 + int(h%uint64(n-1))) % n
	if len(in.Choices) > 0 && in.Choices[other] == in.Choices[at] {
		other = differing(in.Choices, at)
		if other < 0 {
			return "", false
		}
	}
	changed := false
	before, named, after := right, "", ""
	if len(in.Choices) > 0 && len(in.Choices[at]) > 1 {
		if i := lastWord(right, in.Choices[at]); i >= 0 {
			before, named, after = right[:i], in.Choices[other], right[i+len(in.Choices[at]):]
			changed = true
		}
	}
	if text, ok := otherLetter(after, at, other); ok {
		after, changed = text, true
	} else if text, ok := otherLetter(before, at, other); ok {
		before, changed = text, true
	} else if len(gold) == 1 && gold[0] >= '0' && gold[0] <= '9' && !changed {
		// Choices that are numbered from 0 or 1.
		if d := int(gold[0]) - at + other; d >= '0' && d <= '9' {
			if text, ok := swapLast(before, gold, string(rune(d))); ok {
				before, changed = text, true
			}
		}
	}
	if !changed {
		return "", false
	}
	return before + named + after, true
}

// otherLetter changes the last letter that stands alone for choice at.
func otherLetter(text string, at, other int) (string, bool) {
	if at >= 26 || other >= 26 {
		return "", false
	}
	for _, base := range [...]byte{'A', 'a'} {
		if base == 'a' && len(strings.Trim(text, "() .\n")) != 1 {
			continue // a small letter is a choice only on its own
		}
		if t, ok := swapLast(text, string(rune(base)+rune(at)), string(rune(base)+rune(other))); ok {
			return t, true
		}
	}
	return "", false
}

// differing is the first choice with another text than choice at, −1 if all
// are alike.
func differing(choices []string, at int) int {
	for i, c := range choices {
		if c != choices[at] {
			return i
		}
	}
	return -1
}
