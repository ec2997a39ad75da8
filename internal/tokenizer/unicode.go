package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The library puts a joiner, U+034F, into runs of more than 30 combining marks,
// which models' tokenizers do not. Such texts are normalized segment by segment,
// the long ones here.
const (
	joiner   = "\u034F"
	longMark = 8 // runes of a segment; a rune becomes three marks at most
)

// toForm normalizes to a form of Unicode.
func toForm(f norm.Form) normalizer {
	return func(p piece) (piece, error) {
		if f.IsNormalString(p.text) {
			return p, nil
		}
		if !p.job.track {
			text := f.String(p.text)
			if strings.Count(text, joiner) <= strings.Count(p.text, joiner) {
				p.text, p.at = text, nil
				return p, nil
			}
		}
		e := newEdit(&p)
		for i := 0; i < len(p.text); {
			n := segment(f, p.text[i:])
			if s := normal(f, p.text[i:i+n]); s == p.text[i:i+n] {
				e.keep(i, i+n)
			} else {
				e.put(s, i, i+n)
			}
			i += n
		}
		return e.piece()
	}
}

// segment is the length of what comes before the next place where text may be
// cut without changing what it normalizes to.
func segment(f norm.Form, s string) int {
	_, n := utf8.DecodeRuneInString(s)
	for n < len(s) {
		p := f.PropertiesString(s[n:])
		if p.BoundaryBefore() || p.Size() == 0 {
			break
		}
		n += p.Size()
	}
	return n
}

// normal normalizes one segment.
func normal(f norm.Form, s string) string {
	if utf8.RuneCountInString(s) < longMark {
		return f.String(s)
	}
	decompose := norm.NFD
	if f == norm.NFKC || f == norm.NFKD {
		decompose = norm.NFKD
	}
	var out []rune
	for _, r := range s {
		out = append(out, []rune(decompose.String(string(r)))...)
	}
	for i := 0; i < len(out); i++ {
		j := i
		for j < len(out) && class(out[j]) != 0 {
			j++
		}
		if j > i {
			slices.SortStableFunc(out[i:j], func(a, b rune) int { return int(class(a)) - int(class(b)) })
			i = j - 1
		}
	}
	if f == norm.NFD || f == norm.NFKD {
		return string(out)
	}
	return string(compose(out))
}

// class is the canonical combining class of a character.
func class(r rune) uint8 { return norm.NFD.PropertiesString(string(r)).CCC() }

// compose joins characters with the last that begins, where nothing of the same
// class or a higher one stands between.
func compose(in []rune) []rune {
	out := in[:0:0]
	starter, last := -1, uint8(0)
	for _, r := range in {
		c := class(r)
		if starter >= 0 && (len(out)-1 == starter || last != 0 && last < c) {
			if one := []rune(norm.NFC.String(string([]rune{out[starter], r}))); len(one) == 1 {
				out[starter] = one[0]
				continue
			}
		}
		if c == 0 {
			starter = len(out)
		}
		out, last = append(out, r), c
	}
	return out
}
