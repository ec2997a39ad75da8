package tokenizer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decoder turns texts of tokens into texts that are joined to the whole.
type decoder func(j *job, tokens []string) ([]string, error)

// decoderFile is one entry of a file.
type decoderFile struct {
	Type     string        `json:"type"`
	Decoders []decoderFile `json:"decoders"`

	Pattern patternFile `json:"pattern"`
	Content string      `json:"content"`
	Start   int         `json:"start"`
	Stop    int         `json:"stop"`

	Replacement    string `json:"replacement"`
	PrependScheme  string `json:"prepend_scheme"`
	AddPrefixSpace *bool  `json:"add_prefix_space"`

	Prefix  string `json:"prefix"`
	Suffix  string `json:"suffix"`
	Cleanup bool   `json:"cleanup"`
}

func newDecoder(f *decoderFile) (decoder, error) {
	switch f.Type {
	case "Sequence":
		var steps []decoder
		for i := range f.Decoders {
			d, err := newDecoder(&f.Decoders[i])
			if err != nil {
				return nil, err
			}
			steps = append(steps, d)
		}
		return decodeInTurn(steps), nil
	case "ByteLevel":
		return func(_ *job, tokens []string) ([]string, error) {
			var b []byte
			for _, t := range tokens {
				b = fromByteLevel(b, t)
			}
			return []string{lossy(b)}, nil
		}, nil
	case "ByteFallback":
		return decodeBytes, nil
	case "Fuse":
		return func(_ *job, tokens []string) ([]string, error) { return []string{strings.Join(tokens, "")}, nil }, nil
	case "Replace":
		p, err := newPattern(f.Pattern)
		if err != nil {
			return nil, fmt.Errorf("decoder Replace: %w", err)
		}
		return func(j *job, tokens []string) ([]string, error) { return decodeReplace(j, tokens, p, f.Content) }, nil
	case "Strip":
		if utf8.RuneCountInString(f.Content) != 1 {
			return nil, fmt.Errorf("decoder Strip: content %.20q is not one character", f.Content)
		}
		return eachToken(func(_ int, t string) string { return stripToken(t, f.Content, f.Start, f.Stop) }), nil
	case "Metaspace":
		return newMetaspaceDecoder(f), nil
	case "WordPiece":
		return newWordPieceDecoder(f), nil
	case "BPEDecoder":
		return func(_ *job, tokens []string) ([]string, error) {
			out := make([]string, len(tokens))
			for i, t := range tokens {
				by := " "
				if i == len(tokens)-1 {
					by = ""
				}
				out[i] = strings.ReplaceAll(t, f.Suffix, by)
			}
			return out, nil
		}, nil
	}
	return nil, fmt.Errorf("decoder %q is not supported", f.Type)
}

// decodeInTurn runs decoders one after the other, and stops those that make
// texts grow without end.
func decodeInTurn(steps []decoder) decoder {
	return func(j *job, tokens []string) (_ []string, err error) {
		for _, step := range steps {
			if tokens, err = step(j, tokens); err != nil {
				return nil, err
			}
			size := 0
			for _, t := range tokens {
				size += len(t)
			}
			if size > j.bytes {
				return nil, errGrows
			}
		}
		return tokens, nil
	}
}

func eachToken(f func(i int, token string) string) decoder {
	return func(_ *job, tokens []string) ([]string, error) {
		out := make([]string, len(tokens))
		for i, t := range tokens {
			out[i] = f(i, t)
		}
		return out, nil
	}
}

// decodeBytes joins runs of <0x00> … <0xFF>. A run that is no UTF-8 becomes as
// many U+FFFD as it has bytes.
func decodeBytes(_ *job, tokens []string) ([]string, error) {
	var out []string
	var run []byte
	flush := func() {
		switch {
		case len(run) == 0:
		case utf8.Valid(run):
			out = append(out, string(run))
		default:
			out = append(out, strings.Repeat(replacement, len(run)))
		}
		run = run[:0]
	}
	for _, t := range tokens {
		if b, ok := byteOf(t); ok {
			run = append(run, b)
			continue
		}
		flush()
		out = append(out, t)
	}
	flush()
	return out, nil
}

// byteOf is the byte that a token such as <0x0A> stands for.
func byteOf(token string) (byte, bool) {
	if len(token) != 6 || !strings.HasPrefix(token, "<0x") || token[5] != '>' {
		return 0, false
	}
	b, err := strconv.ParseUint(token[3:5], 16, 8)
	return byte(b), err == nil
}

func decodeReplace(j *job, tokens []string, p *pattern, with string) ([]string, error) {
	out := make([]string, len(tokens))
	size := 0
	for i, t := range tokens {
		var b strings.Builder
		last := 0
		err := p.each(j, t, func(from, to int) {
			if size += to - last + len(with); size < j.bytes {
				b.WriteString(t[last:from])
				b.WriteString(with)
			}
			last = to
		})
		if err != nil {
			return nil, err
		}
		if size >= j.bytes {
			return nil, errGrows
		}
		out[i] = b.String() + t[last:]
	}
	return out, nil
}

func stripToken(t, content string, start, stop int) string {
	for range start {
		if !strings.HasPrefix(t, content) {
			break
		}
		t = t[len(content):]
	}
	for range stop {
		if !strings.HasSuffix(t, content) {
			break
		}
		t = t[:len(t)-len(content)]
	}
	return t
}

func newMetaspaceDecoder(f *decoderFile) decoder {
	mark := f.Replacement
	if mark == "" {
		mark = "▁"
	}
	drops := f.PrependScheme != "never" && (f.PrependScheme != "" || f.AddPrefixSpace == nil || *f.AddPrefixSpace)
	return eachToken(func(i int, t string) string {
		if i == 0 && drops {
			return strings.ReplaceAll(t, mark, "")
		}
		return strings.ReplaceAll(t, mark, " ")
	})
}

func newWordPieceDecoder(f *decoderFile) decoder {
	return eachToken(func(i int, t string) string {
		if i > 0 {
			if rest, ok := strings.CutPrefix(t, f.Prefix); ok && f.Prefix != "" {
				t = rest
			} else {
				t = " " + t
			}
		}
		if f.Cleanup {
			t = cleanUp.Replace(t)
		}
		return t
	})
}

// cleanUp takes back the spaces that WordPiece puts before signs.
var cleanUp = strings.NewReplacer(" .", ".", " ?", "?", " !", "!", " ,", ",", " ' ", "'",
	" n't", "n't", " 'm", "'m", " do not", " don't", " 's", "'s", " 've", "'ve", " 're", "'re")

var errNoToken = errors.New("no such token id")

// Decode is the text of ids; special tokens are left out if skipSpecial. Bytes
// that make no character become U+FFFD. Ids without a token are an error. Spaces
// are left as the decoder makes them: clean_up_tokenization_spaces is not heeded.
func (t *Tokenizer) Decode(ids []int, skipSpecial bool) (string, error) {
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		text, ok := t.text(id)
		if !ok {
			return "", fmt.Errorf("token id %d: %w", id, errNoToken)
		}
		if skipSpecial && t.special[id] {
			continue
		}
		tokens = append(tokens, text)
	}
	if t.decoder == nil {
		return strings.Join(tokens, " "), nil
	}
	size := 0
	for _, text := range tokens {
		size += len(text)
	}
	parts, err := t.decoder(newJob(size), tokens)
	return strings.Join(parts, ""), err
}
