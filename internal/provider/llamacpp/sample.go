package llamacpp

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"olmoeval/eval"
)

// sampler draws tokens for one sample: penalties, then temperature, min_p,
// top_k, top_p, in the order of vLLM.
type sampler struct {
	how    *eval.Sampling
	rng    *rand.Rand
	prompt map[token]bool // for the repetition penalty
	counts map[token]int  // of what was generated, for penalties
	work   []float64
}

// newSampler makes the sampler of sample k; a request without a seed gets one
// that differs from call to call.
func newSampler(how *eval.Sampling, k int, prompt []token, work []float64) *sampler {
	seed := rand.Uint64()
	if how.Seed != nil {
		seed = uint64(*how.Seed + int64(k))
	}
	s := &sampler{how: how, rng: rand.New(rand.NewPCG(seed, 0x6f6c6d6f)), work: work}
	if how.RepetitionPenalty != nil || how.FrequencyPenalty != nil || how.PresencePenalty != nil {
		s.counts, s.prompt = map[token]int{}, map[token]bool{}
		for _, id := range prompt {
			s.prompt[id] = true
		}
	}
	return s
}

// next draws a token. The logits are not changed.
func (s *sampler) next(logits []float32) token {
	l := s.work[:0]
	for _, v := range logits {
		l = append(l, float64(v))
	}
	s.work = l
	s.penalise(l)
	id := greatest(l)
	if !s.how.Greedy() {
		id = s.draw(l, l[id])
	}
	if s.counts != nil {
		s.counts[id]++
	}
	return id
}

// penalise makes tokens that were there before less likely.
func (s *sampler) penalise(l []float64) {
	if s.counts == nil {
		return
	}
	if p := s.how.RepetitionPenalty; p != nil && *p > 0 {
		for id := range l {
			if !s.prompt[token(id)] && s.counts[token(id)] == 0 {
				continue
			}
			if l[id] > 0 {
				l[id] /= *p
			} else {
				l[id] *= *p
			}
		}
	}
	for id, n := range s.counts {
		if p := s.how.FrequencyPenalty; p != nil {
			l[id] -= *p * float64(n)
		}
		if p := s.how.PresencePenalty; p != nil {
			l[id] -= *p
		}
	}
}

// greatest is the token with the greatest logit, the first of several.
func greatest(l []float64) token {
	best := 0
	for i, v := range l {
		if v > l[best] {
			best = i
		}
	}
	return token(best)
}

// candidate is a token with its weight, exp of what it is below the greatest.
type candidate struct {
	id token
	w  float64
}

// draw chooses among l, whose greatest value is top.
func (s *sampler) draw(l []float64, top float64) token {
	t := s.how.Temperature
	least := 0.0
	if p := s.how.MinP; p != nil {
		least = *p
	}
	weight := func(v float64) float64 {
		if w := math.Exp((v - top) / t); w >= least {
			return w
		}
		return 0
	}
	k, p := len(l), 1.0
	if n := s.how.TopK; n != nil && *n > 0 {
		k = min(k, *n)
	}
	if q := s.how.TopP; q != nil && *q < 1 {
		p = max(*q, 0)
	}
	if k == len(l) && p == 1 {
		sum := 0.0
		for i, v := range l {
			l[i] = weight(v)
			sum += l[i]
		}
		at, last := s.rng.Float64()*sum, token(0)
		for i, w := range l {
			if w == 0 {
				continue
			}
			last = token(i)
			if at -= w; at < 0 {
				break
			}
		}
		return last
	}
	return s.choose(nucleus(l, weight, k, p))
}

// nucleus lists the most likely tokens in order: at most k, and no more than
// it takes to hold p of what k hold. Sorting a whole vocabulary is slow, so only tokens
// above a threshold are, which is lowered until they suffice.
func nucleus(l []float64, weight func(float64) float64, k int, p float64) []candidate {
	all := 0.0
	weights := make([]float64, len(l))
	for i, v := range l {
		weights[i] = weight(v)
		all += weights[i]
	}
	var c []candidate
	for _, least := range [...]float64{1e-2, 1e-4, 1e-7, 0} {
		c = c[:0]
		held := 0.0
		for i, w := range weights {
			if w > least {
				c = append(c, candidate{token(i), w})
				held += w
			}
		}
		if len(c) >= k || held >= p*all {
			break
		}
	}
	slices.SortFunc(c, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.w, a.w), cmp.Compare(a.id, b.id))
	})
	if len(c) > k {
		c = c[:k]
	}
	if k < len(l) {
		all = 0
		for _, x := range c {
			all += x.w
		}
	}
	held := 0.0
	for i, x := range c {
		if held += x.w; held >= p*all {
			return c[:i+1]
		}
	}
	return c
}

// choose draws one of some candidates.
func (s *sampler) choose(c []candidate) token {
	sum := 0.0
	for _, x := range c {
		sum += x.w
	}
	at := s.rng.Float64() * sum
	for _, x := range c {
		if at -= x.w; at < 0 {
			return x.id
		}
	}
	return c[len(c)-1].id
}
