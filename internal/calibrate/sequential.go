package main

import (
	"math/rand/v2"

	"olmoeval/internal/stats"
)

// sequentialStudies look after every question.
func sequentialStudies() []study {
	return []study{alike01(), alikeGraded(), alikeClusters(), edgeOfRope(), differs01()}
}

const length = 1_000

// alike01 is runs that are alike, looked at after each question: how often they
// are ever called different, how often the sequence ever misses 0, and how often
// mid-p, looked at as often, ever falls below alpha.
func alike01() study {
	s := study{name: "looked at after each question, 0/1", n: length, icc: -1, sets: fewSets, claims: []claim{
		atMost("ever called different"), atLeast95("always covered"), fails("mid-p ever below 0.05")}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		p := proportionOf(i)
		q := stats.NewSequential(stats.SequentialOptions{Binary: true, HigherIsBetter: true})
		covered, naive := true, false
		wins, losses := 0, 0
		for k := range length {
			a, b := pairedAnswers(rng, 1, p, 0)
			must(q.Add(a[0], b[0]))
			wins += int(b[0] * (1 - a[0]))
			losses += int(a[0] * (1 - b[0]))
			naive = naive || wins != losses && stats.McNemarMidP(wins, losses) < alpha
			if k%20 == 19 {
				lo, hi := stats.BettingInterval(wins, losses, k+1-wins-losses, alpha)
				covered = covered && lo <= 0 && 0 <= hi
			}
		}
		return []float64{one(q.State().Verdict != stats.Unresolved), one(covered), one(naive)}, q.State().Method
	}
	return s
}

func alikeGraded() study {
	s := study{name: "looked at after each question, graded", n: length, icc: -1, sets: fewSets, claims: []claim{
		atMost("ever called different"), atLeast95("always covered")}}
	s.one = func(rng *rand.Rand, _ int) ([]float64, string) {
		q := stats.NewSequential(stats.SequentialOptions{HigherIsBetter: true})
		covered := true
		for range length {
			must(q.Add(rng.Float64(), beta(rng, 2, 2))) // both of mean ½
			st := q.State()
			covered = covered && st.Lo <= 0 && 0 <= st.Hi
		}
		return []float64{one(q.State().Verdict != stats.Unresolved), one(covered)}, q.State().Method
	}
	return s
}

func alikeClusters() study {
	s := study{name: "looked at after each cluster, 0/1", n: length, icc: 0.7, sets: fewSets, claims: []claim{
		atMost("ever called different"), atLeast95("covered at the end")}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		q := stats.NewSequential(stats.SequentialOptions{Binary: true, HigherIsBetter: true, MaxCluster: size})
		for range length / size {
			a, b := pairedAnswers(rng, size, proportionOf(i), 0.7)
			must(q.AddCluster(a, b))
		}
		st := q.State()
		return []float64{one(st.Verdict != stats.Unresolved), one(st.Lo <= 0 && 0 <= st.Hi)}, st.Method
	}
	return s
}

// edgeOfRope is runs that differ by just the rope: equivalent is then wrong, and
// better is right.
func edgeOfRope() study {
	const rope = 0.1
	s := study{name: "looked at after each question, at the edge of the rope", n: length, icc: -1, sets: fewSets, claims: []claim{
		atMost("ever called equivalent"), shown("called better")}}
	s.one = func(rng *rand.Rand, _ int) ([]float64, string) {
		counts, method := decided(rng, 0.2, rope, rope)
		return counts[:2], method
	}
	return s
}

// differs01 is a difference of 0.1 with 30 % of the questions differing: how
// often, and after what share of the 1,000 questions, it is found.
func differs01() study {
	s := study{name: "looked at after each question, B better by 0.1", n: length, icc: -1, sets: fewSets, claims: []claim{
		shown("called equivalent"), {"called better", 0.8, 1}, shown("share of the questions used")}}
	s.one = func(rng *rand.Rand, _ int) ([]float64, string) {
		return decided(rng, 0.3, 0.1, 0)
	}
	return s
}

func decided(rng *rand.Rand, differ, by, rope float64) ([]float64, string) {
	q := stats.NewSequential(stats.SequentialOptions{Binary: true, HigherIsBetter: true, Rope: rope})
	used := length
	for range length {
		a, b := 0.0, 0.0
		switch u := rng.Float64(); {
		case u < (differ+by)/2:
			b = 1
		case u < differ:
			a = 1
		}
		must(q.Add(a, b))
		if v, at := q.Verdict(); v != stats.Unresolved {
			used = at
			break
		}
	}
	st := q.State()
	return []float64{one(st.Verdict == stats.Equivalent), one(st.Verdict == stats.Better), float64(used) / length}, st.Method
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
