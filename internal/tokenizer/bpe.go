package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// token is one token of a word: its id and how many bytes of the word it takes.
type token struct{ id, n int32 }

// model cuts a word into tokens. Words may not be kept.
type model interface {
	tokens(dst []token, word string) []token
	// vocabulary maps texts of tokens to ids.
	vocabulary() map[string]int32
}

// merge says what two neighbouring symbols become; the lowest rank goes first.
type merge struct{ rank, id int32 }

// bpe is byte-pair encoding.
type bpe struct {
	vocab   map[string]int32
	ascii   [utf8.RuneSelf]int32
	merges  map[uint64]merge
	bytes   [256]int32 // of <0x00> … <0xFF>; allBytes if all are there
	hasUnk  bool
	unk     int32
	fuseUnk bool
	// byteFallback writes characters that have no token as bytes.
	byteFallback bool
	ignoreMerges bool
	prefix       string // before all symbols of a word but the first
	suffix       string // after the last symbol of a word
}

var _ model = (*bpe)(nil)

func pair(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

func newBPE(f *modelFile) (*bpe, error) {
	if f.Dropout != nil && *f.Dropout != 0 {
		return nil, fmt.Errorf("dropout %v makes tokens random: set it to null", *f.Dropout)
	}
	b := &bpe{
		vocab: f.Vocab.ids, fuseUnk: f.FuseUnk, byteFallback: f.ByteFallback, ignoreMerges: f.IgnoreMerges,
		prefix: f.Prefix, suffix: f.Suffix, merges: make(map[uint64]merge, len(f.Merges.pairs)),
	}
	if f.UnkToken != nil && *f.UnkToken != "" {
		if b.unk, b.hasUnk = b.vocab[*f.UnkToken]; !b.hasUnk {
			return nil, fmt.Errorf("unk_token %q is not in the vocabulary", *f.UnkToken)
		}
	}
	for i := range b.bytes {
		id, ok := b.vocab[fmt.Sprintf("<0x%02X>", i)]
		if !ok {
			id = -1
		}
		b.bytes[i] = id
	}
	for r := range b.ascii {
		id, ok := b.vocab[string(rune(r))]
		if !ok {
			id = -1
		}
		b.ascii[r] = id
	}
	for rank, m := range f.Merges.pairs {
		left, ok1 := b.vocab[m[0]]
		right, ok2 := b.vocab[m[1]]
		whole, ok3 := b.vocab[m[0]+strings.TrimPrefix(m[1], b.prefix)]
		if !ok1 || !ok2 || !ok3 {
			return nil, fmt.Errorf("merge %d, %q and %q: the tokens or what they make is not in the vocabulary", rank, m[0], m[1])
		}
		b.merges[pair(left, right)] = merge{int32(rank), whole}
	}
	return b, nil
}

func (b *bpe) vocabulary() map[string]int32 { return b.vocab }

// neverJoins reports whether no token reaches across a place where mark follows
// something else, so that text can be cut there.
func (b *bpe) neverJoins(merges [][2]string, mark string) bool {
	if _, ok := b.vocab[mark]; !ok || b.ignoreMerges || b.prefix != "" || b.suffix != "" {
		return false
	}
	for _, m := range merges {
		if strings.HasPrefix(m[1], mark) && !strings.HasSuffix(m[0], mark) {
			return false
		}
	}
	return true
}

// tokens cuts a word.
func (b *bpe) tokens(dst []token, word string) []token {
	if b.ignoreMerges {
		if id, ok := b.vocab[word]; ok {
			return append(dst, token{id, int32(len(word))})
		}
	}
	start := len(dst)
	dst = b.symbols(dst, word)
	if n := len(dst) - start; n > smallWord {
		return dst[:start+b.mergeMany(dst[start:])]
	} else if n > 1 {
		return dst[:start+b.mergeFew(dst[start:])]
	}
	return dst
}

// symbols are the characters of a word, or their bytes, or unknowns.
func (b *bpe) symbols(dst []token, word string) []token {
	unk, lost := int32(0), int32(0) // bytes of an unknown not yet written, and of nothing at all
	start := len(dst)
	add := func(id, n int32) {
		dst = append(dst, token{id, n + lost})
		lost = 0
	}
	flush := func() {
		if unk > 0 {
			add(b.unk, unk)
			unk = 0
		}
	}
	for i, r := range word {
		n := utf8.RuneLen(r)
		if id := b.symbol(word, i, n, r); id >= 0 {
			flush()
			add(id, int32(n))
			continue
		}
		if b.byteFallback && b.hasBytes(word[i:i+n]) {
			for k := range n {
				add(b.bytes[word[i+k]], 1)
			}
			continue
		}
		switch {
		case !b.hasUnk && len(dst) > start:
			dst[len(dst)-1].n += int32(n)
		case !b.hasUnk:
			lost += int32(n)
		default:
			if !b.fuseUnk {
				flush()
			}
			unk += int32(n)
		}
	}
	flush()
	return dst
}

func (b *bpe) symbol(word string, i, n int, r rune) int32 {
	if b.prefix == "" && b.suffix == "" {
		if r < utf8.RuneSelf {
			return b.ascii[r]
		}
		if id, ok := b.vocab[word[i:i+n]]; ok {
			return id
		}
		return -1
	}
	s := word[i : i+n]
	if i > 0 {
		s = b.prefix + s
	}
	if i+n == len(word) {
		s += b.suffix
	}
	if id, ok := b.vocab[s]; ok {
		return id
	}
	return -1
}

func (b *bpe) hasBytes(s string) bool {
	for i := range len(s) {
		if b.bytes[s[i]] < 0 {
			return false
		}
	}
	return true
}

// smallWord is how many symbols are merged by looking at all pairs each time.
const smallWord = 32

// mergeFew merges in place and gives the number of symbols left.
func (b *bpe) mergeFew(w []token) int {
	var ranks [smallWord]merge
	none := merge{rank: -1}
	look := func(i int) merge {
		if i+1 >= len(w) {
			return none
		}
		if m, ok := b.merges[pair(w[i].id, w[i+1].id)]; ok {
			return m
		}
		return none
	}
	for i := range w {
		ranks[i] = look(i)
	}
	for {
		best := -1
		for i := range len(w) - 1 {
			if r := ranks[i].rank; r >= 0 && (best < 0 || r < ranks[best].rank) {
				best = i
			}
		}
		if best < 0 {
			return len(w)
		}
		w[best] = token{ranks[best].id, w[best].n + w[best+1].n}
		copy(w[best+1:], w[best+2:])
		copy(ranks[best+1:len(w)-1], ranks[best+2:len(w)])
		w = w[:len(w)-1]
		ranks[best] = look(best)
		if best > 0 {
			ranks[best-1] = look(best - 1)
		}
	}
}
