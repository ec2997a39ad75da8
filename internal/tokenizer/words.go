package tokenizer

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// words turns words into tokens by the model, and remembers those it has seen.
type words struct {
	model     model
	byteLevel bool   // the model takes bytes as characters
	mark      string // if set, words are cut before each run of it
	shards    [shardCount]shard
}

// The memory of words is bounded: a full shard is emptied. A word longer than
// longWord is not kept.
const (
	shardCount = 16
	shardWords = 1 << 13
	longWord   = 96
)

type shard struct {
	mu   sync.RWMutex
	seen map[string][]token
}

// each calls found with the tokens of one word after the other.
func (w *words) each(p *piece, found func(p *piece, at int, tokens []token)) {
	if w.mark == "" {
		found(p, 0, w.tokens(p.text))
		return
	}
	start := 0
	for i := 0; i < len(p.text); {
		k := strings.Index(p.text[i:], w.mark)
		if k < 0 {
			break
		}
		if k > 0 {
			found(p, start, w.tokens(p.text[start:i+k]))
			start = i + k
		}
		i += k + len(w.mark)
	}
	if start < len(p.text) {
		found(p, start, w.tokens(p.text[start:]))
	}
}

// tokens are the tokens of a word, which may not be changed.
func (w *words) tokens(word string) []token {
	if word == "" {
		return nil
	}
	if len(word) > longWord {
		return w.compute(word)
	}
	s := &w.shards[(int(word[0])+7*int(word[len(word)-1])+31*len(word))%shardCount]
	s.mu.RLock()
	got, ok := s.seen[word]
	s.mu.RUnlock()
	if ok {
		return got
	}
	got = w.compute(word)
	s.mu.Lock()
	if s.seen == nil || len(s.seen) >= shardWords {
		s.seen = make(map[string][]token)
	}
	s.seen[strings.Clone(word)] = got
	s.mu.Unlock()
	return got
}

func (w *words) compute(word string) []token {
	if !w.byteLevel {
		return w.model.tokens(make([]token, 0, 4), word)
	}
	mapped := string(byteLevelWord(make([]byte, 0, 2*len(word)), word))
	out := w.model.tokens(make([]token, 0, 4), mapped)
	for i, at := 0, 0; i < len(out); i++ {
		n := int(out[i].n)
		out[i].n = int32(utf8.RuneCountInString(mapped[at : at+n]))
		at += n
	}
	return out
}
