package score

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// pyFloat reads a number as Python's float() does: decimal digits of any script,
// underscores between digits, inf and nan in any case, white space (but not the
// separators U+001C to U+001F) at the ends.
// A number too great is infinite.
func pyFloat(s string) (f float64, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	if !isASCII(s) {
		s = asciiDigits(s)
	}
	sign, body := "", s
	if body[0] == '+' || body[0] == '-' {
		sign, body = body[:1], body[1:]
	}
	switch strings.ToLower(body) {
	case "inf", "infinity":
		if sign == "-" {
			return math.Inf(-1), true
		}
		return math.Inf(1), true
	case "nan":
		return math.NaN(), true
	}
	if !isDecimal(body) {
		return 0, false
	}
	// What is left cannot be out of syntax; out of range gives an infinity or 0.
	f, _ = strconv.ParseFloat(sign+strings.ReplaceAll(body, "_", ""), 64)
	return f, true
}

// isDecimal reports whether s is digits with an optional point and exponent.
func isDecimal(s string) bool {
	whole, rest := digits(s)
	part := 0
	if strings.HasPrefix(rest, ".") {
		part, rest = digits(rest[1:])
	}
	if whole <= 0 && part <= 0 || whole < 0 || part < 0 {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '+' || rest[0] == '-') {
		rest = rest[1:]
	}
	n, rest := digits(rest)
	return n > 0 && rest == ""
}

// digits counts the leading digits, between which single underscores may stand;
// n is -1 where an underscore stands elsewhere.
func digits(s string) (n int, rest string) {
	i := 0
	for ; i < len(s) && (s[i] == '_' || '0' <= s[i] && s[i] <= '9'); i++ {
		if s[i] != '_' {
			n++
			continue
		}
		if n == 0 || i+1 == len(s) || s[i+1] < '0' || s[i+1] > '9' {
			return -1, s[i:]
		}
	}
	return n, s[i:]
}

// asciiDigits replaces decimal digits of other scripts.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			return r
		}
		// Decimal digits stand in runs of ten, each from its zero on.
		for _, t := range unicode.Nd.R16 {
			if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
				return '0' + (r-lo)%10
			}
		}
		for _, t := range unicode.Nd.R32 {
			if lo, hi := rune(t.Lo), rune(t.Hi); lo <= r && r <= hi {
				return '0' + (r-lo)%10
			}
		}
		return r
	}, s)
}

// pyRepr writes a number as Python's repr does: the shortest form that reads
// back the same, with a point or an exponent.
func pyRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
