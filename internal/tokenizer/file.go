package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-json"
)

// tokenizerFile is tokenizer.json.
type tokenizerFile struct {
	Added         []AddedToken      `json:"added_tokens"`
	Normalizer    *normalizerFile   `json:"normalizer"`
	PreTokenizer  *preTokenizerFile `json:"pre_tokenizer"`
	PostProcessor *postFile         `json:"post_processor"`
	Decoder       *decoderFile      `json:"decoder"`
	Model         *modelFile        `json:"model"`
}

// modelFile is the model of a tokenizer.json.
type modelFile struct {
	Type         string     `json:"type"`
	Vocab        vocabulary `json:"vocab"`
	Merges       mergeList  `json:"merges"`
	Dropout      *float64   `json:"dropout"`
	UnkToken     *string    `json:"unk_token"`
	UnkID        *int       `json:"unk_id"`
	Prefix       string     `json:"continuing_subword_prefix"`
	Suffix       string     `json:"end_of_word_suffix"`
	FuseUnk      bool       `json:"fuse_unk"`
	ByteFallback bool       `json:"byte_fallback"`
	IgnoreMerges bool       `json:"ignore_merges"`
	MaxChars     int        `json:"max_input_chars_per_word"`
}

// maxID bounds token ids; the largest vocabularies have some 300,000.
const maxID = 1 << 22

// vocabulary is an object of texts and ids or, of Unigram models, a list of
// texts and scores.
type vocabulary struct {
	ids    map[string]int32
	scores []scored // by id
}

type scored struct {
	text  string
	score float64
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *vocabulary) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, &v.ids)
	}
	var list [][]json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	v.ids = make(map[string]int32, len(list))
	for i, entry := range list {
		var s scored
		if len(entry) != 2 {
			return fmt.Errorf("vocabulary entry %d has %d parts, want text and score", i, len(entry))
		}
		if err := errors.Join(json.Unmarshal(entry[0], &s.text), json.Unmarshal(entry[1], &s.score)); err != nil {
			return fmt.Errorf("vocabulary entry %d: %w", i, err)
		}
		v.ids[s.text] = int32(i)
		v.scores = append(v.scores, s)
	}
	return nil
}

// mergeList is a list of pairs, each written "a b" or ["a","b"].
type mergeList struct{ pairs [][2]string }

// UnmarshalJSON implements json.Unmarshaler.
func (m *mergeList) UnmarshalJSON(b []byte) error {
	rest := bytes.TrimLeft(b, " \t\r\n[")
	if bytes.Equal(b, []byte("null")) || len(rest) == 0 {
		return nil
	}
	if bytes.Count(b[:len(b)-len(rest)], []byte("[")) > 1 {
		var lists [][]string
		if err := json.Unmarshal(b, &lists); err != nil {
			return err
		}
		m.pairs = make([][2]string, len(lists))
		for i, l := range lists {
			if len(l) != 2 {
				return fmt.Errorf("merge %d has %d parts, want 2", i, len(l))
			}
			m.pairs[i] = [2]string{l[0], l[1]}
		}
		return nil
	}
	var lines []string
	if err := json.Unmarshal(b, &lines); err != nil {
		return err
	}
	m.pairs = make([][2]string, len(lines))
	for i, l := range lines {
		left, right, ok := strings.Cut(l, " ")
		if !ok {
			return fmt.Errorf("merge %d, %.40q, is not two tokens", i, l)
		}
		m.pairs[i] = [2]string{left, right}
	}
	return nil
}

// tokenAndID is ["[SEP]", 102].
type tokenAndID struct {
	text string
	id   int
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *tokenAndID) UnmarshalJSON(b []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) != 2 {
		return errors.New("want a token and its id")
	}
	return errors.Join(json.Unmarshal(parts[0], &t.text), json.Unmarshal(parts[1], &t.id))
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *patternFile) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' { // old files: a literal
		p.String = new(string)
		return json.Unmarshal(b, p.String)
	}
	var both struct{ String, Regex *string }
	if err := json.Unmarshal(b, &both); err != nil {
		return err
	}
	p.String, p.Regex = both.String, both.Regex
	return nil
}
