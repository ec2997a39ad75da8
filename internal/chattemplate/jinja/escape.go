package jinja

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// unescape reads the escapes of a Python string literal. Unknown ones stay.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 >= len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		c := s[i+1]
		i += 2
		if k := strings.IndexByte("abfnrtv\\'\"", c); k >= 0 {
			b.WriteByte("\a\b\f\n\r\t\v\\'\""[k])
			continue
		}
		switch {
		case c == '\n':
		case c >= '0' && c <= '7':
			n := i - 1
			for i < len(s) && i < n+3 && s[i] >= '0' && s[i] <= '7' {
				i++
			}
			v, _ := strconv.ParseUint(s[n:i], 8, 32)
			b.WriteRune(rune(v))
		case c == 'x' || c == 'u' || c == 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			if i+n > len(s) {
				return "", errors.New("a string has an escape without its digits")
			}
			v, err := strconv.ParseUint(s[i:i+n], 16, 32)
			if err != nil || v > utf8.MaxRune {
				return "", errors.New("a string has an escape without its digits")
			}
			i += n
			if v >= 0xD800 && v < 0xDC00 && strings.HasPrefix(s[i:], `\u`) && i+6 <= len(s) {
				return "", errors.New(`a string has half a character in \u: write \U and eight digits`)
			}
			b.WriteRune(rune(v))
		case c == 'N':
			return "", errors.New(`\N in strings is not supported`)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}
