package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// AddedToken is a token that is looked for in the text before any other step.
type AddedToken struct {
	ID      int    `json:"id"`
	Content string `json:"content"`
	// SingleWord takes it only where no word goes on beside it.
	SingleWord bool `json:"single_word"`
	// LStrip and RStrip make it swallow the spaces before and after it.
	LStrip bool `json:"lstrip"`
	RStrip bool `json:"rstrip"`
	// Normalized looks for it in the normalized text.
	Normalized bool `json:"normalized"`
	// Special tokens are left out of decoded text when asked.
	Special bool `json:"special"`
}

// trie finds the longest of many texts at a place.
type trie struct {
	nodes []trieNode
}

type trieNode struct {
	next  map[byte]int32
	token *AddedToken
}

func (t *trie) add(text string, a *AddedToken) {
	if text == "" {
		return
	}
	if t.nodes == nil {
		t.nodes = []trieNode{{}}
	}
	at := int32(0)
	for i := range len(text) {
		next, ok := t.nodes[at].next[text[i]]
		if !ok {
			next = int32(len(t.nodes))
			t.nodes = append(t.nodes, trieNode{})
			if t.nodes[at].next == nil {
				t.nodes[at].next = map[byte]int32{}
			}
			t.nodes[at].next[text[i]] = next
		}
		at = next
	}
	t.nodes[at].token = a
}

// find is the longest text at the beginning of s.
func (t *trie) find(s string) (a *AddedToken, n int) {
	at := int32(0)
	for i := range len(s) {
		next, ok := t.nodes[at].next[s[i]]
		if !ok {
			break
		}
		at = next
		if t.nodes[at].token != nil {
			a, n = t.nodes[at].token, i+1
		}
	}
	return a, n
}

// split calls text with what lies between added tokens and token with each of
// them, in order.
func (t *trie) split(p *piece, text func(p piece) error, token func(a *AddedToken, at span)) error {
	if t.nodes == nil {
		return text(*p)
	}
	s := p.text
	var first [256]bool
	for b := range t.nodes[0].next {
		first[b] = true
	}
	last := 0
	for i := 0; i < len(s); {
		if !first[s[i]] {
			i++
			continue
		}
		a, n := t.find(s[i:])
		if a == nil {
			i++
			continue
		}
		from, to := i, i+n
		i = to
		if a.SingleWord && (endsWithWord(s[:from]) || beginsWithWord(s[to:])) {
			continue
		}
		if a.LStrip {
			from = max(last, len(strings.TrimRightFunc(s[:from], unicode.IsSpace)))
		}
		if a.RStrip {
			to = len(s) - len(strings.TrimLeftFunc(s[to:], unicode.IsSpace))
			i = to
		}
		if last < from {
			if err := text(p.cut(last, from)); err != nil {
				return err
			}
		}
		token(a, p.span(from, to))
		last = to
	}
	if last < len(s) {
		return text(p.cut(last, len(s)))
	}
	return nil
}

func endsWithWord(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && isWordRune(r)
}

func beginsWithWord(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && isWordRune(r)
}
