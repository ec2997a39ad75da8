package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// isSpace reports whether Python counts r as white space, in str.strip and in
// \s: Unicode's White_Space and the four separators U+001C to U+001F.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// trim is Python's str.strip.
func trim(s string) string { return strings.TrimFunc(s, isSpace) }

// trimLeft and trimRight are Python's lstrip and rstrip.
func trimLeft(s string) string  { return strings.TrimLeftFunc(s, isSpace) }
func trimRight(s string) string { return strings.TrimRightFunc(s, isSpace) }

// indexFold is the index of an ASCII word in s, whatever its case, -1 if it is
// not there.
func indexFold(s, word string) int {
	lower, upper := word[0]|0x20, word[0]&^0x20
	if word[0] < 'A' {
		lower, upper = word[0], word[0]
	}
	for i := 0; i+len(word) <= len(s); i++ {
		if c := s[i]; c != lower && c != upper {
			if lower == upper {
				next := strings.IndexByte(s[i:], lower)
				if next < 0 {
					return -1
				}
				i += next - 1
			}
			continue
		}
		if sameFold(s[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}

// sameFold compares with an ASCII word of the same length, whatever the case.
func sameFold(s, word string) bool {
	for i := range len(word) {
		a, b := s[i], word[i]
		if a != b && (a|0x20 != b|0x20 || a|0x20 < 'a' || a|0x20 > 'z') {
			return false
		}
	}
	return true
}

// firstRune is utf8.DecodeRuneInString, with a quick way for ASCII.
func firstRune(s string) (rune, int) {
	if len(s) > 0 && s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}
