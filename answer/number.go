package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"olmoeval/eval"
)

// LastNumber takes the last number of the text, written as in the text but
// without thousands separators; nil when there is no digit. See [Number].
type LastNumber struct{}

var _ eval.Extractor = LastNumber{}

// Extract returns the number as a string, or nil.
func (LastNumber) Extract(_ *eval.Instance, out *eval.Output) any {
	if n, ok := Number(out.Text); ok {
		return n
	}
	return nil
}

// Number is the last number of a text once commas between digits are dropped:
// the last match of [-+]?\d*\.\d+|[-+]?\d+ (GSM8K's rule). Digits are Unicode
// decimal digits.
//
// Only the last run of digits, signs, points and commas matters: a match never
// leaves such a run and each run with a digit has one. So it looks at the end
// of the text, not at all of it.
func Number(text string) (string, bool) {
	end := lastDigit(text)
	if end == 0 {
		return "", false
	}
	start := end
	for start > 0 {
		n := numeralLen(text[:start])
		if n == 0 {
			break
		}
		start -= n
	}
	run := text[start:end]
	if strings.IndexByte(run, ',') >= 0 {
		run = DropCommas(run)
	}
	return lastMatch(run), true
}

// DropCommas removes each comma between two digits, in one pass from the left
// in which a digit serves one comma only: 1,000 becomes 1000 and 1,2,3 becomes
// 12,3, as the reference has it.
func DropCommas(text string) string {
	comma := strings.IndexByte(text, ',')
	if comma < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		n := digitLen(text[i:])
		if n == 0 || i+n >= len(text) || text[i+n] != ',' {
			n = max(n, 1)
			b.WriteString(text[i : i+n])
			i += n
			continue
		}
		b.WriteString(text[i : i+n])
		i += n
		if m := digitLen(text[i+1:]); m > 0 {
			b.WriteString(text[i+1 : i+1+m])
			i += 1 + m
		}
	}
	return b.String()
}

// lastDigit is the index just after the last decimal digit, 0 if there is none.
func lastDigit(s string) int {
	for i := len(s); i > 0; {
		if c := s[i-1]; c < utf8.RuneSelf {
			if '0' <= c && c <= '9' {
				return i
			}
			i--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if unicode.Is(unicode.Nd, r) {
			return i
		}
		i -= n
	}
	return 0
}

// numeralLen is the length of the digit, sign, point or comma that ends s, 0
// if something else does.
func numeralLen(s string) int {
	switch c := s[len(s)-1]; {
	case '0' <= c && c <= '9', c == '.', c == ',', c == '-', c == '+':
		return 1
	case c < utf8.RuneSelf:
		return 0
	}
	if r, n := utf8.DecodeLastRuneInString(s); unicode.Is(unicode.Nd, r) {
		return n
	}
	return 0
}

// digitLen is the length of the decimal digit that starts s, 0 if none does.
func digitLen(s string) int {
	if len(s) == 0 {
		return 0
	}
	if c := s[0]; c < utf8.RuneSelf {
		if '0' <= c && c <= '9' {
			return 1
		}
		return 0
	}
	if r, n := utf8.DecodeRuneInString(s); unicode.Is(unicode.Nd, r) {
		return n
	}
	return 0
}

// lastMatch is the last of the leftmost matches of the number pattern.
func lastMatch(run string) string {
	last := ""
	for i := 0; i < len(run); {
		end := match(run, i)
		if end == i {
			i++
			continue
		}
		last, i = run[i:end], end
	}
	return last
}

// match is the end of the number that starts at i, or i if none does.
func match(run string, i int) int {
	j := i
	if run[j] == '-' || run[j] == '+' {
		j++
	}
	whole := digits(run, j)
	if whole < len(run) && run[whole] == '.' {
		if end := digits(run, whole+1); end > whole+1 {
			return end
		}
	}
	if whole > j {
		return whole
	}
	return i
}

// digits is the end of the digits that start at i.
func digits(run string, i int) int {
	for i < len(run) {
		n := digitLen(run[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return i
}
