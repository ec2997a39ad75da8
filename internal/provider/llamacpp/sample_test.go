package llamacpp

import (
	"math"
	"slices"
	"testing"

	"olmoeval/eval"
)

// counts draws n tokens.
func counts(s eval.Sampling, n int, logits ...float32) []int {
	seed := int64(1)
	s.Seed = &seed
	out := make([]int, len(logits))
	d := newSampler(&s, 0, nil, nil)
	for range n {
		out[d.next(logits)]++
	}
	return out
}

func TestDraw(t *testing.T) {
	logit := func(p float64) float32 { return float32(math.Log(p)) }
	l := []float32{logit(0.1), logit(0.5), logit(0.3), logit(0.1)}
	two, three := 2, 3
	half, most, all := 0.5, 0.75, 1.0
	fifth := 0.4
	for name, c := range map[string]struct {
		s    eval.Sampling
		want []float64
	}{
		"greedy":          {eval.Sampling{}, []float64{0, 1, 0, 0}},
		"all":             {eval.Sampling{Temperature: 1}, []float64{0.1, 0.5, 0.3, 0.1}},
		"top_p of all":    {eval.Sampling{Temperature: 1, TopP: &all}, []float64{0.1, 0.5, 0.3, 0.1}},
		"top_k":           {eval.Sampling{Temperature: 1, TopK: &two}, []float64{0, 0.625, 0.375, 0}},
		"top_k with ties": {eval.Sampling{Temperature: 1, TopK: &three}, []float64{1. / 9, 5. / 9, 3. / 9, 0}},
		"top_p":           {eval.Sampling{Temperature: 1, TopP: &half}, []float64{0, 1, 0, 0}},
		"top_p of more":   {eval.Sampling{Temperature: 1, TopP: &most}, []float64{0, 0.625, 0.375, 0}},
		"both":            {eval.Sampling{Temperature: 1, TopK: &two, TopP: &half}, []float64{0, 1, 0, 0}},
		"min_p":           {eval.Sampling{Temperature: 1, MinP: &fifth}, []float64{0, 0.625, 0.375, 0}},
		"min_p and top_p": {eval.Sampling{Temperature: 1, MinP: &fifth, TopP: &most}, []float64{0, 0.625, 0.375, 0}},
		"cold":            {eval.Sampling{Temperature: 0.5}, []float64{1. / 36, 25. / 36, 9. / 36, 1. / 36}},
		"very cold":       {eval.Sampling{Temperature: 1e-4}, []float64{0, 1, 0, 0}},
	} {
		const n = 20000
		for i, got := range counts(c.s, n, l...) {
			// Five standard errors; the seed is fixed.
			if p := c.want[i]; math.Abs(float64(got)-p*n) > 5*math.Sqrt(n*p*(1-p)) {
				t.Errorf("%s: token %d came %d times of %d, want %.0f", name, i, got, n, p*n)
			}
		}
	}
}

// TestNucleus compares with sorting everything.
func TestNucleus(t *testing.T) {
	logits := make([]float32, 5000)
	seed := int64(9)
	noise := newSampler(&eval.Sampling{Seed: &seed}, 0, nil, nil).rng
	for i := range logits {
		logits[i] = float32(noise.NormFloat64() * 3)
	}
	l := make([]float64, len(logits))
	for i, v := range logits {
		l[i] = float64(v)
	}
	top := slices.Max(l)
	weight := func(v float64) float64 { return math.Exp(v - top) }
	sorted := slices.Clone(l)
	slices.SortFunc(sorted, func(a, b float64) int { return int(math.Copysign(1, b-a)) })
	all := 0.0
	for _, v := range sorted {
		all += weight(v)
	}
	for _, p := range []float64{0.1, 0.5, 0.9, 0.99, 0.9999} {
		want, held := 0, 0.0
		for held < p*all {
			held += weight(sorted[want])
			want++
		}
		if got := len(nucleus(l, weight, len(l), p)); got < want-1 || got > want+1 {
			t.Errorf("top_p=%v keeps %d, want %d", p, got, want)
		}
	}
	for _, k := range []int{1, 7, 4999} {
		if got := len(nucleus(l, weight, k, 1)); got != k {
			t.Errorf("top_k=%d keeps %d", k, got)
		}
	}
}

func TestPenalties(t *testing.T) {
	two, half, one := 2.0, 0.5, 1.0
	l := []float32{2, 3, -1}
	// Repetition halves what was in the prompt: 3 becomes 1.5.
	s := newSampler(&eval.Sampling{RepetitionPenalty: &two}, 0, []token{1}, nil)
	if got := s.next(l); got != 0 {
		t.Errorf("token %d, want 0", got)
	}
	// Then 2 becomes 1 as well, and 1.5 is the greatest.
	if got := s.next(l); got != 1 {
		t.Errorf("token %d, want 1", got)
	}
	// Presence and frequency count what was generated only: 3, 2.5 (0.5 once
	// less), 2 …
	s = newSampler(&eval.Sampling{FrequencyPenalty: &half}, 0, []token{1}, nil)
	for i, want := range []token{1, 1, 0} {
		if i == 2 {
			l[0] = 2.1
		}
		if got := s.next(l); got != want {
			t.Errorf("draw %d: token %d, want %d", i, got, want)
		}
	}
	l[0] = 2.5
	s = newSampler(&eval.Sampling{PresencePenalty: &one}, 0, nil, nil)
	for i, want := range []token{1, 0, 1} {
		if i == 2 {
			l[0] = 2.9
		}
		if got := s.next(l); got != want {
			t.Errorf("draw %d: token %d, want %d", i, got, want)
		}
	}
}

func TestSeeds(t *testing.T) {
	l := []float32{0, 0, 0, 0, 0, 0, 0, 0}
	draw := func(seed *int64, k int) (out []token) {
		s := newSampler(&eval.Sampling{Temperature: 1, Seed: seed}, k, nil, nil)
		for range 20 {
			out = append(out, s.next(l))
		}
		return out
	}
	five, six := int64(5), int64(6)
	if !slices.Equal(draw(&five, 1), draw(&six, 0)) || slices.Equal(draw(&five, 0), draw(&six, 0)) {
		t.Error("sample k is not drawn with seed+k")
	}
	if slices.Equal(draw(nil, 0), draw(nil, 0)) {
		t.Error("without a seed, two samples are equal")
	}
}
