package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// emit takes a piece; an error stops the work.
type emit func(p piece) error

// preTokenizer cuts a piece into words, or rewrites it, and hands on what it
// made.
type preTokenizer func(p piece, next emit) error

// preTokenizerFile is one entry of a file.
type preTokenizerFile struct {
	Type          string             `json:"type"`
	PreTokenizers []preTokenizerFile `json:"pretokenizers"`

	AddPrefixSpace *bool `json:"add_prefix_space"`
	UseRegex       *bool `json:"use_regex"`

	Pattern   patternFile `json:"pattern"`
	Behavior  string      `json:"behavior"`
	Invert    bool        `json:"invert"`
	Delimiter string      `json:"delimiter"`

	Replacement   string `json:"replacement"`
	PrependScheme string `json:"prepend_scheme"`
	Split         *bool  `json:"split"`

	IndividualDigits bool `json:"individual_digits"`
	Length           int  `json:"length"`
}

// newPreTokenizers is the chain of an entry. Bytes says that the chain ends by
// writing bytes as characters; that step is left out, for the words to do it.
func newPreTokenizers(f *preTokenizerFile) (chain []preTokenizer, bytes bool, err error) {
	if f.Type == "Sequence" {
		for i := range f.PreTokenizers {
			if bytes {
				chain = append(chain, byteLevelStep)
			}
			var more []preTokenizer
			if more, bytes, err = newPreTokenizers(&f.PreTokenizers[i]); err != nil {
				return nil, false, err
			}
			chain = append(chain, more...)
		}
		return chain, bytes, nil
	}
	if f.Type == "ByteLevel" {
		if f.AddPrefixSpace == nil || *f.AddPrefixSpace {
			chain = append(chain, prefixSpace)
		}
		if f.UseRegex == nil || *f.UseRegex {
			p, err := newRegexp(gpt2Words)
			if err != nil {
				return nil, false, err
			}
			chain = append(chain, isolate(p))
		}
		return chain, true, nil
	}
	one, err := newPreTokenizer(f)
	if err != nil {
		return nil, false, err
	}
	return []preTokenizer{one}, false, nil
}

func newPreTokenizer(f *preTokenizerFile) (preTokenizer, error) {
	switch f.Type {
	case "Split":
		p, err := newPattern(f.Pattern)
		if err != nil {
			return nil, fmt.Errorf("pre-tokenizer Split: %w", err)
		}
		if (f.Behavior == "Isolated" || f.Behavior == "") && !f.Invert {
			return isolate(p), nil
		}
		b, err := newBehaviour(f.Behavior)
		if err != nil {
			return nil, fmt.Errorf("pre-tokenizer Split: %w", err)
		}
		return splitBy(p, f.Invert, b), nil
	case "Metaspace":
		return newMetaspace(f)
	case "Digits":
		if f.IndividualDigits {
			return byRune(unicode.IsNumber, func(in []part) []part { return in }), nil
		}
		return byRune(unicode.IsNumber, contiguous), nil
	case "Punctuation":
		b, err := newBehaviour(f.Behavior)
		if err != nil {
			return nil, fmt.Errorf("pre-tokenizer Punctuation: %w", err)
		}
		return byRune(isPunctuation, b), nil
	case "WhitespaceSplit":
		return byRune(unicode.IsSpace, removed), nil
	case "Whitespace":
		return whitespace, nil
	case "BertPreTokenizer":
		spaces, punctuation := byRune(unicode.IsSpace, removed), byRune(isPunctuation, func(in []part) []part { return in })
		return func(p piece, next emit) error {
			return spaces(p, func(p piece) error { return punctuation(p, next) })
		}, nil
	case "CharDelimiterSplit":
		delimiter, n := utf8.DecodeRuneInString(f.Delimiter)
		if n == 0 || n != len(f.Delimiter) {
			return nil, fmt.Errorf("pre-tokenizer CharDelimiterSplit: delimiter %.20q is not one character", f.Delimiter)
		}
		return byRune(func(r rune) bool { return r == delimiter }, removed), nil
	case "FixedLength":
		if f.Length < 1 {
			return nil, errors.New("pre-tokenizer FixedLength: length must be 1 or more")
		}
		return fixedLength(f.Length), nil
	}
	return nil, fmt.Errorf("pre-tokenizer %q is not supported", f.Type)
}

func byteLevelStep(p piece, next emit) error {
	p, err := toByteLevel(p)
	if err != nil {
		return err
	}
	return next(p)
}

// prefixSpace puts a space before a piece that does not begin with one.
func prefixSpace(p piece, next emit) error {
	if strings.HasPrefix(p.text, " ") {
		return next(p)
	}
	p, err := prepend(p, " ")
	if err != nil {
		return err
	}
	return next(p)
}

// isolate makes words of matches and of what lies between them.
func isolate(by *pattern) preTokenizer {
	return func(p piece, next emit) error {
		last := 0
		var failed error
		one := func(i, j int) {
			if i < j && failed == nil {
				failed = next(p.cut(i, j))
			}
		}
		err := by.each(p.job, p.text, func(i, j int) {
			one(last, i)
			one(i, j)
			last = j
		})
		one(last, len(p.text))
		return errors.Join(err, failed)
	}
}

func splitBy(by *pattern, invert bool, b behaviour) preTokenizer {
	return func(p piece, next emit) error {
		found, err := parts(&p, by, invert)
		if err != nil {
			return err
		}
		return cutParts(&p, b(found), next)
	}
}

func cutParts(p *piece, found []part, next emit) error {
	for _, f := range found {
		if err := next(p.cut(f.i, f.j)); err != nil {
			return err
		}
	}
	return nil
}

// byRune splits where single characters match.
func byRune(match func(rune) bool, b behaviour) preTokenizer {
	return func(p piece, next emit) error {
		var found []part
		last := 0
		for i, r := range p.text {
			if !match(r) {
				continue
			}
			j := i + utf8.RuneLen(r)
			if last < i {
				found = append(found, part{last, i, false})
			}
			found = append(found, part{i, j, true})
			last = j
		}
		if last < len(p.text) {
			found = append(found, part{last, len(p.text), false})
		}
		return cutParts(&p, b(found), next)
	}
}

// isPunctuation is all ASCII signs, and what Unicode calls punctuation.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return r > ' ' && r < 0x7F && !isWordRune(r) || r == '_'
	}
	return unicode.IsPunct(r)
}

// isWordRune is \w.
func isWordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.In(r, unicode.Nd, unicode.M, unicode.Pc, unicode.Other_Alphabetic, unicode.Nl)
}

// whitespace makes words of \w+ and of runs that are neither word nor space.
func whitespace(p piece, next emit) error {
	class := func(r rune) int {
		switch {
		case isWordRune(r):
			return 1
		case unicode.IsSpace(r):
			return 0
		}
		return 2
	}
	start, of := 0, 0
	for i, r := range p.text {
		if c := class(r); c != of {
			if of != 0 {
				if err := next(p.cut(start, i)); err != nil {
					return err
				}
			}
			start, of = i, c
		}
	}
	if of != 0 {
		return next(p.cut(start, len(p.text)))
	}
	return nil
}

func fixedLength(n int) preTokenizer {
	return func(p piece, next emit) error {
		start, count := 0, 0
		for i := range p.text {
			if count == n {
				if err := next(p.cut(start, i)); err != nil {
					return err
				}
				start, count = i, 0
			}
			count++
		}
		if start < len(p.text) {
			return next(p.cut(start, len(p.text)))
		}
		return nil
	}
}

// newMetaspace writes spaces as a visible character, and begins words with it.
func newMetaspace(f *preTokenizerFile) (preTokenizer, error) {
	mark, scheme := f.Replacement, f.PrependScheme
	if mark == "" {
		mark = "▁"
	}
	if scheme == "" { // files from before the scheme had a name
		scheme = "always"
		if f.AddPrefixSpace != nil && !*f.AddPrefixSpace {
			scheme = "never"
		}
	}
	if scheme != "always" && scheme != "first" && scheme != "never" {
		return nil, fmt.Errorf("pre-tokenizer Metaspace: prepend_scheme %q is not known: want always, first or never", scheme)
	}
	spaces, marks := &pattern{source: " ", literal: true}, &pattern{source: mark, literal: true}
	cut := splitBy(marks, false, mergedWithNext)
	whole := f.Split != nil && !*f.Split
	return func(p piece, next emit) error {
		first := p.start == 0
		p, err := replace(p, spaces, mark)
		if err != nil {
			return err
		}
		if (scheme == "always" || scheme == "first" && first) && !strings.HasPrefix(p.text, mark) {
			if p, err = prepend(p, mark); err != nil {
				return err
			}
		}
		if whole {
			return next(p)
		}
		return cut(p, next)
	}, nil
}
