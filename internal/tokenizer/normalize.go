package tokenizer

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalizer rewrites a piece of text.
type normalizer func(p piece) (piece, error)

// normalizerFile is one entry of a file.
type normalizerFile struct {
	Type        string           `json:"type"`
	Normalizers []normalizerFile `json:"normalizers"`
	Pattern     patternFile      `json:"pattern"`
	Content     string           `json:"content"`
	Prepend     string           `json:"prepend"`
	StripLeft   bool             `json:"strip_left"`
	StripRight  bool             `json:"strip_right"`

	CleanText    *bool `json:"clean_text"`
	ChineseChars *bool `json:"handle_chinese_chars"`
	StripAccents *bool `json:"strip_accents"`
	Lowercase    *bool `json:"lowercase"`
}

func newNormalizer(f *normalizerFile) (normalizer, error) {
	switch f.Type {
	case "Sequence":
		var steps []normalizer
		for i := range f.Normalizers {
			n, err := newNormalizer(&f.Normalizers[i])
			if err != nil {
				return nil, err
			}
			steps = append(steps, n)
		}
		return inTurn(steps), nil
	case "NFC":
		return toForm(norm.NFC), nil
	case "NFD":
		return toForm(norm.NFD), nil
	case "NFKC":
		return toForm(norm.NFKC), nil
	case "NFKD":
		return toForm(norm.NFKD), nil
	case "Lowercase":
		return eachRune(lower), nil
	case "StripAccents":
		return eachRune(dropIf(isMark)), nil
	case "Nmt":
		return eachRune(nmt), nil
	case "Strip":
		return func(p piece) (piece, error) { return strip(p, f.StripLeft, f.StripRight), nil }, nil
	case "Prepend":
		return func(p piece) (piece, error) { return prepend(p, f.Prepend) }, nil
	case "Replace":
		pattern, err := newPattern(f.Pattern)
		if err != nil {
			return nil, fmt.Errorf("normalizer Replace: %w", err)
		}
		return func(p piece) (piece, error) { return replace(p, pattern, f.Content) }, nil
	case "ByteLevel":
		return toByteLevel, nil
	case "BertNormalizer":
		return newBert(f), nil
	}
	return nil, fmt.Errorf("normalizer %q is not supported", f.Type)
}

func inTurn(steps []normalizer) normalizer {
	return func(p piece) (piece, error) {
		var err error
		for _, step := range steps {
			if p, err = step(p); err != nil {
				return p, err
			}
		}
		return p, nil
	}
}

// eachRune rewrites rune by rune.
func eachRune(f func(r rune) string) normalizer {
	return func(p piece) (piece, error) {
		e := newEdit(&p)
		for i, r := range p.text {
			n := utf8.RuneLen(r)
			if s := f(r); s == p.text[i:i+n] {
				e.keep(i, i+n)
			} else {
				e.put(s, i, i+n)
			}
		}
		return e.piece()
	}
}

// lower is a character in lower case, whatever stands round it.
func lower(r rune) string {
	if r == 'İ' {
		return "i̇"
	}
	return string(unicode.ToLower(r))
}

func isMark(r rune) bool { return unicode.Is(unicode.Mn, r) }

func dropIf(drop func(rune) bool) func(rune) string {
	return func(r rune) string {
		if drop(r) {
			return ""
		}
		return string(r)
	}
}

// nmt drops control characters and makes odd spaces plain, as the pipelines of
// translation models do.
func nmt(r rune) string {
	switch {
	case r >= 0x01 && r <= 0x08, r == 0x0B, r >= 0x0E && r <= 0x1F, r == 0x7F, r == 0x8F, r == 0x9F:
		return ""
	case r == 0x09, r == 0x0A, r == 0x0C, r == 0x0D, r == 0x1680, r >= 0x200B && r <= 0x200F,
		r == 0x2028, r == 0x2029, r == 0x2581, r == 0xFEFF, r == 0xFFFD:
		return " "
	}
	return string(r)
}

func strip(p piece, left, right bool) piece {
	i, j := 0, len(p.text)
	if left {
		i = j - len(strings.TrimLeftFunc(p.text, unicode.IsSpace))
	}
	if right {
		j = i + len(strings.TrimRightFunc(p.text[i:], unicode.IsSpace))
	}
	return p.cut(i, j)
}

// prepend puts s before a piece that is not empty.
func prepend(p piece, s string) (piece, error) {
	if p.text == "" || s == "" {
		return p, nil
	}
	e := newEdit(&p)
	e.put(s, 0, 0)
	e.keep(0, len(p.text))
	return e.piece()
}

func replace(p piece, by *pattern, with string) (piece, error) {
	e := newEdit(&p)
	last := 0
	err := by.each(p.job, p.text, func(i, j int) {
		e.keep(last, i)
		e.put(with, i, j)
		last = j
	})
	e.keep(last, len(p.text))
	if err != nil {
		return p, err
	}
	return e.piece()
}

// newBert is the normalizer of BERT: controls out, spaces plain, CJK characters
// set apart, accents and capitals away where asked.
func newBert(f *normalizerFile) normalizer {
	on := func(b *bool, otherwise bool) bool {
		if b == nil {
			return otherwise
		}
		return *b
	}
	var steps []normalizer
	if on(f.CleanText, true) {
		steps = append(steps, eachRune(bertClean))
	}
	if on(f.ChineseChars, true) {
		steps = append(steps, eachRune(func(r rune) string {
			if isChinese(r) {
				return " " + string(r) + " "
			}
			return string(r)
		}))
	}
	if on(f.StripAccents, on(f.Lowercase, true)) {
		steps = append(steps, toForm(norm.NFD), eachRune(dropIf(isMark)))
	}
	if on(f.Lowercase, true) {
		steps = append(steps, eachRune(lower))
	}
	return inTurn(steps)
}

func bertClean(r rune) string {
	switch {
	case unicode.IsSpace(r):
		return " "
	case r == 0 || r == 0xFFFD || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
		return ""
	}
	return string(r)
}

func isChinese(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF || r >= 0x20000 && r <= 0x2A6DF ||
		r >= 0x2A700 && r <= 0x2B73F || r >= 0x2B740 && r <= 0x2B81F || r >= 0x2B920 && r <= 0x2CEAF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
}
