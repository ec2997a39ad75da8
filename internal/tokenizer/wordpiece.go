package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// wordPiece takes the longest token at each place, or calls the whole word
// unknown.
type wordPiece struct {
	vocab    map[string]int32
	unk      int32
	prefix   string // of tokens that do not begin a word
	maxChars int
}

var _ model = (*wordPiece)(nil)

// maxWordPiece bounds the characters of a word, whose parts are all tried.
const maxWordPiece = 1000

func newWordPiece(f *modelFile) (*wordPiece, error) {
	w := &wordPiece{vocab: f.Vocab.ids, prefix: f.Prefix, maxChars: f.MaxChars}
	unk := "[UNK]"
	if f.UnkToken != nil {
		unk = *f.UnkToken
	}
	var ok bool
	if w.unk, ok = w.vocab[unk]; !ok {
		return nil, fmt.Errorf("unk_token %q is not in the vocabulary", unk)
	}
	if w.prefix == "" {
		w.prefix = "##"
	}
	if w.maxChars <= 0 {
		w.maxChars = 100
	}
	if w.maxChars > maxWordPiece {
		return nil, fmt.Errorf("max_input_chars_per_word is %d, more than %d", w.maxChars, maxWordPiece)
	}
	return w, nil
}

func (w *wordPiece) vocabulary() map[string]int32 { return w.vocab }

func (w *wordPiece) tokens(dst []token, word string) []token {
	start, unknown := len(dst), token{w.unk, int32(len(word))}
	if utf8.RuneCountInString(word) > w.maxChars {
		return append(dst, unknown)
	}
	for i := 0; i < len(word); {
		j := len(word)
		for ; j > i; j-- {
			text := word[i:j]
			if i > 0 {
				text = w.prefix + text
			}
			if id, ok := w.vocab[text]; ok {
				dst = append(dst, token{id, int32(j - i)})
				break
			}
		}
		if j == i {
			return append(dst[:start], unknown)
		}
		i = j
	}
	return dst
}
