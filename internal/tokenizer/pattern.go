package tokenizer

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// patternTime is how long one search with a file's regular expression may take.
const patternTime = 5 * time.Second

// patternFile is a pattern as files give it: one of the two.
type patternFile struct {
	String *string
	Regex  *string
}

// pattern finds parts of a text: a literal, a regular expression in the dialect
// of Oniguruma, or one of the known expressions, which are scanned by hand.
type pattern struct {
	source  string
	literal bool
	scan    func(s string, i int) int // end of the match at i; matches cover all
	re      *regexp2.Regexp
}

func newPattern(f patternFile) (*pattern, error) {
	switch {
	case f.String != nil && f.Regex == nil:
		return &pattern{source: *f.String, literal: true}, nil
	case f.Regex != nil && f.String == nil:
		return newRegexp(*f.Regex)
	}
	return nil, fmt.Errorf("a pattern must have either String or Regex")
}

func newRegexp(source string) (*pattern, error) {
	if scan, ok := scanners[source]; ok {
		return &pattern{source: source, scan: scan}, nil
	}
	return newSlowRegexp(source)
}

func newSlowRegexp(source string) (*pattern, error) {
	translated, err := translate(source)
	if err != nil {
		return nil, fmt.Errorf("regular expression %.80q: %w", source, err)
	}
	re, err := compile(translated)
	if err != nil {
		return nil, fmt.Errorf("regular expression %.80q: %w", source, err)
	}
	re.MatchTimeout = patternTime
	return &pattern{source: source, re: re}, nil
}

// maxPattern bounds the length of a regular expression; the longest in use have
// some hundred bytes.
const maxPattern = 1 << 14

// compile guards against the panics of the library on odd expressions.
func compile(source string) (re *regexp2.Regexp, err error) {
	if len(source) > maxPattern {
		return nil, fmt.Errorf("longer than %d bytes", maxPattern)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be compiled: %v", p)
		}
	}()
	return regexp2.Compile(source, regexp2.Multiline)
}

// each calls found with the bytes of every match in order. Matches do not
// overlap.
func (p *pattern) each(j *job, s string, found func(i, j int)) error {
	switch {
	case p.literal:
		if p.source == "" {
			return nil
		}
		for i := 0; ; {
			k := strings.Index(s[i:], p.source)
			if k < 0 {
				return nil
			}
			found(i+k, i+k+len(p.source))
			i += k + len(p.source)
		}
	case p.scan != nil:
		for i := 0; i < len(s); {
			end := p.scan(s, i)
			found(i, end)
			i = end
		}
		return nil
	}
	return p.search(j, s, found)
}

func (p *pattern) search(j *job, s string, found func(i, j int)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("regular expression %.80q: %v", p.source, r)
		}
	}()
	runes := []rune(s)
	at, bytes := 0, 0 // a position in runes and in bytes
	forward := func(to int) int {
		for ; at < to; at++ {
			bytes += utf8.RuneLen(runes[at])
		}
		return bytes
	}
	m, err := p.re.FindRunesMatch(runes)
	for m != nil && err == nil {
		i := forward(m.Index)
		found(i, forward(m.Index+m.Length))
		if time.Now().After(j.end) {
			return fmt.Errorf("regular expression %.80q: took longer than %s", p.source, patternTotal)
		}
		m, err = p.re.FindNextMatch(m)
	}
	if err != nil {
		return fmt.Errorf("regular expression %.80q: a search took longer than %s", p.source, patternTime)
	}
	return nil
}
