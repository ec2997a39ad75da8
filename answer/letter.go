package answer

import (
	"strings"
	"unicode/utf8"

	"olmoeval/eval"
)

// Letter reads the letter of a multiple-choice answer, upper case; nil when
// there is none. Four forms are tried in turn, and the last match of the first
// form that occurs counts: "ANSWER: B" in any case, with or without
// parentheses, on one line; "\boxed{B}" or "\boxed{\text{B}"; "(B)"; "**B." or
// "**B)" before white space. Any letter follows the colon, so "Answer: Because"
// reads as B.
type Letter struct{}

var _ eval.Extractor = Letter{}

// Extract returns the letter as a string, or nil.
func (Letter) Extract(_ *eval.Instance, out *eval.Output) any {
	for _, last := range [...]func(string) byte{colonLetter, boxedLetter, roundLetter, boldLetter} {
		if c := last(out.Text); c != 0 {
			return letters[c-'A' : c-'A'+1]
		}
	}
	return nil
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// colonLetter finds "answer : (x". There is one candidate a colon, so the
// leftmost matches are those of the colons in order.
func colonLetter(s string) (last byte) {
	const word = "answer"
	from := 0 // matches do not overlap
	for colon := 0; ; colon++ {
		next := strings.IndexByte(s[colon:], ':')
		if next < 0 {
			return last
		}
		colon += next
		before := trimBlankRight(s[from:colon])
		if len(before) < len(word) || !sameFold(before[len(before)-len(word):], word) {
			continue
		}
		i := colon + 1 + blanks(s[colon+1:])
		if i < len(s) && s[i] == '(' {
			i++
		}
		if i >= len(s) || upper(s[i]) == 0 {
			continue
		}
		last = upper(s[i])
		i++
		if i < len(s) && s[i] == ')' {
			i++
		}
		from = i
		colon = i - 1
	}
}

// boxedLetter finds "\boxed{X" and "\boxed{\text{X".
func boxedLetter(s string) (last byte) {
	for {
		var ok bool
		if _, s, ok = strings.Cut(s, `\boxed{`); !ok {
			return last
		}
		if rest := strings.TrimPrefix(s, `\text{`); len(rest) > 0 && isUpper(rest[0]) {
			last = rest[0]
		}
	}
}

// roundLetter finds "(X)".
func roundLetter(s string) (last byte) {
	for {
		var ok bool
		if _, s, ok = strings.Cut(s, "("); !ok {
			return last
		}
		if len(s) > 1 && isUpper(s[0]) && s[1] == ')' {
			last = s[0]
		}
	}
}

// boldLetter finds "**X." and "**X)" with white space behind.
func boldLetter(s string) (last byte) {
	for {
		i := strings.Index(s, "**")
		if i < 0 {
			return last
		}
		s = s[i+1:] // the second star may start the match
		if len(s) < 4 || !isUpper(s[1]) || s[2] != '.' && s[2] != ')' {
			continue
		}
		if r, n := firstRune(s[3:]); isSpace(r) {
			last = s[1]
			s = s[3+n:]
		}
	}
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

// upper is the upper-case form of an ASCII letter, 0 for anything else.
func upper(c byte) byte {
	if c &^= 0x20; isUpper(c) {
		return c
	}
	return 0
}

// blanks is the length of the white space that starts s, on its first line.
func blanks(s string) int {
	for i := 0; i < len(s); {
		r, n := firstRune(s[i:])
		if r == '\n' || !isSpace(r) {
			return i
		}
		i += n
	}
	return len(s)
}

// trimBlankRight drops white space but line feeds from the end.
func trimBlankRight(s string) string {
	for len(s) > 0 {
		r, n := utf8.DecodeLastRuneInString(s)
		if r == '\n' || !isSpace(r) {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}
