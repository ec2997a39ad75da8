package tokenizer

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// unigram takes the tokens of the greatest total score.
type unigram struct {
	vocab        map[string]int32
	scores       []scored
	longest      int // bytes of the longest token
	lowest       float64
	unk          int32
	byteFallback bool
}

var _ model = (*unigram)(nil)

// unkPenalty is how much worse an unknown character is than the worst token.
const unkPenalty = 10

// maxUnigram bounds the bytes of a token, since all lengths up to the longest
// are tried at each place.
const maxUnigram = 512

func newUnigram(f *modelFile) (*unigram, error) {
	if f.UnkID == nil {
		return nil, errors.New("unigram without unk_id is not supported")
	}
	if *f.UnkID < 0 || *f.UnkID >= len(f.Vocab.scores) {
		return nil, fmt.Errorf("unk_id %d is not in the vocabulary of %d", *f.UnkID, len(f.Vocab.scores))
	}
	u := &unigram{vocab: f.Vocab.ids, scores: f.Vocab.scores, unk: int32(*f.UnkID), byteFallback: f.ByteFallback}
	for _, s := range u.scores {
		u.longest, u.lowest = max(u.longest, len(s.text)), min(u.lowest, s.score)
	}
	if u.longest > maxUnigram {
		return nil, fmt.Errorf("has a token of %d bytes, more than %d", u.longest, maxUnigram)
	}
	return u, nil
}

func (u *unigram) vocabulary() map[string]int32 { return u.vocab }

// step is the best way to a place: by the token that begins at from.
type step struct {
	score float64
	from  int
	id    int32
}

func (u *unigram) tokens(dst []token, word string) []token {
	best := make([]step, len(word)+1)
	for i := range best {
		best[i] = step{math.Inf(-1), -1, 0}
	}
	best[0].score = 0
	for i, r := range word {
		char := utf8.RuneLen(r)
		single := false
		for j := i + char; j <= len(word) && j-i <= u.longest; j++ {
			if j < len(word) && !utf8.RuneStart(word[j]) {
				continue
			}
			id, ok := u.vocab[word[i:j]]
			if !ok {
				continue
			}
			single = single || j == i+char
			if s := best[i].score + u.scores[id].score; s > best[j].score || best[j].from < 0 {
				best[j] = step{s, i, id}
			}
		}
		if s := best[i].score + u.lowest - unkPenalty; !single && (s > best[i+char].score || best[i+char].from < 0) {
			best[i+char] = step{s, i, u.unk}
		}
	}
	var back []int
	for j := len(word); j > 0; j = best[j].from {
		back = append(back, j)
	}
	return u.write(dst, word, best, back)
}

// write puts out the way found, unknowns side by side as one.
func (u *unigram) write(dst []token, word string, best []step, back []int) []token {
	unkFrom, at := -1, 0
	flush := func(to int) {
		if unkFrom < 0 {
			return
		}
		bytes, all := make([]token, 0, to-unkFrom), u.byteFallback
		for k := unkFrom; k < to && all; k++ {
			id, ok := u.vocab[fmt.Sprintf("<0x%02X>", word[k])]
			bytes, all = append(bytes, token{id, 1}), ok
		}
		if !all {
			bytes = []token{{u.unk, int32(to - unkFrom)}}
		}
		dst, unkFrom = append(dst, bytes...), -1
	}
	for k := len(back) - 1; k >= 0; k-- {
		j := back[k]
		if id := best[j].id; id == u.unk {
			if unkFrom < 0 {
				unkFrom = at
			}
		} else {
			flush(at)
			dst = append(dst, token{id, int32(j - at)})
		}
		at = j
	}
	flush(at)
	return dst
}
