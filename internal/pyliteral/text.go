package pyliteral

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// unquote is the text of a string literal. Line is where it begins.
func unquote(lit string, line int) (string, error) {
	at := strings.IndexAny(lit, `"'`)
	prefix := strings.ToLower(lit[:at])
	switch {
	case strings.ContainsAny(prefix, "ft"):
		return "", errorAt(line, "a string with prefix %s: what it is shows only when it is run", prefix)
	case strings.Contains(prefix, "b"):
		return "", errorAt(line, "bytes, not text")
	}
	quotes := 1
	if len(lit) >= at+6 && lit[at+1] == lit[at] && lit[at+2] == lit[at] {
		quotes = 3
	}
	body := lit[at+quotes : len(lit)-quotes]
	if prefix == "r" || !strings.Contains(body, `\`) {
		return body, nil
	}
	return unescape(body, line)
}

// unescape replaces the escapes of a string. Those that Python does not know
// stay as they are, as there.
func unescape(body string, line int) (string, error) {
	var out strings.Builder
	for i := 0; i < len(body); {
		if body[i] != '\\' {
			if body[i] == '\n' {
				line++
			}
			out.WriteByte(body[i])
			i++
			continue
		}
		c := body[i+1] // the lexer lets no string end in a lone backslash
		i += 2
		switch c {
		case '\n':
			line++
		case '\\', '\'', '"':
			out.WriteByte(c)
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			out.WriteByte("\a\b\f\n\r\t\v"[strings.IndexByte("abfnrtv", c)])
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := rune(c - '0')
			for k := 0; k < 2 && i < len(body) && '0' <= body[i] && body[i] <= '7'; k++ {
				n = n*8 + rune(body[i]-'0')
				i++
			}
			out.WriteRune(n)
		case 'x', 'u', 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			if i+n > len(body) {
				n = len(body) - i
			}
			v, err := strconv.ParseUint(body[i:i+n], 16, 32)
			if err != nil || n < 2 || c == 'u' && n < 4 || c == 'U' && n < 8 {
				return "", errorAt(line, `a malformed \%c escape`, c)
			}
			if v > utf8.MaxRune || !utf8.ValidRune(rune(v)) {
				return "", errorAt(line, `\%c%s is no character`, c, body[i:i+n])
			}
			out.WriteRune(rune(v))
			i += n
		case 'N':
			return "", errorAt(line, `\N escapes are not read`)
		default:
			out.WriteByte('\\')
			i-- // the character itself may be of several bytes
		}
	}
	return out.String(), nil
}
