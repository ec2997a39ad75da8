package main

import (
	"math/rand/v2"

	"olmoeval/internal/stats"
)

// familyStudies hold the adjustments for many tests.
func familyStudies() []study {
	return []study{bhStudy(), maxTStudy(), rankStudy(), suiteStudy(), unpairedStudy()}
}

// bhStudy is 20 tasks, of which half improve: of the findings, the share that is
// false, and of the data sets, the share with any after Holm.
func bhStudy() study {
	const tasks, n = 20, 100
	s := study{name: "family of 20 tasks, 10 unchanged", n: n, icc: -1, sets: fewSets, claims: []claim{
		{"false share of BH's findings", 0, alpha}, {"false share of BY's findings", 0, alpha}, {"any false finding of Holm's", 0, alpha + 0.015},
		{"any false finding without adjustment", alpha + 0.015, 1}}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		p := make([]float64, tasks)
		for t := range p {
			by := 0.0
			if t >= tasks/2 {
				by = 0.6
			}
			p[t] = stats.Compare(stats.Pairs{A: normals(rng, n, 0), B: shift(normals(rng, n, 0), by)},
				stats.PairOptions{Use: stats.Choice{Test: stats.MethodT, Difference: stats.MethodT}}).P
		}
		share := func(adjusted []float64) (falseShare, any float64) {
			found, wrong := 0.0, 0.0
			for t, v := range adjusted {
				found += one(v < alpha)
				wrong += one(v < alpha && t < tasks/2)
			}
			return wrong / max(found, 1), one(wrong > 0)
		}
		bh, _ := share(stats.AdjustBH(p))
		by, _ := share(stats.AdjustBY(p))
		_, holm := share(stats.AdjustHolm(p))
		_, raw := share(p)
		return []float64{bh, by, holm, raw}, "paired t, adjusted"
	}
	return s
}

// maxTStudy is 6 models that are alike: 15 dependent tests.
func maxTStudy() study {
	const n = 60
	s := study{name: "matrix of 6 equal models", n: n, icc: -1, sets: fewSets, claims: []claim{
		{"any false finding of max-T", alpha - 0.015, alpha + 0.015}, shown("any false finding of Holm's")}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		g := stats.Matrix(equalModels(rng, 6, n, nil), stats.PairOptions{Permutations: resamples, Seed: uint64(i)})
		p := make([]float64, len(g.Cells))
		maxT := 0.0
		for k, c := range g.Cells {
			p[k] = c.P
			maxT = max(maxT, one(c.PMax < alpha))
		}
		holm := 0.0
		for _, v := range stats.AdjustHolm(p) {
			holm = max(holm, one(v < alpha))
		}
		return []float64{maxT, holm}, "max-T, joint sign flips"
	}
	return s
}

// equalModels share the questions' difficulty; by shifts each.
func equalModels(rng *rand.Rand, models, n int, by []float64) stats.Models {
	m := stats.Models{Scores: make([][]float64, models)}
	for range n {
		easy := rng.NormFloat64()
		for k := range m.Scores {
			v := easy + rng.NormFloat64()
			if by != nil {
				v += by[k]
			}
			m.Scores[k] = append(m.Scores[k], v)
		}
	}
	return m
}

// rankStudy is 6 models a little apart: all true places within their bounds.
func rankStudy() study {
	s := study{name: "ranks of 6 models", n: 100, icc: -1, sets: fewSets, claims: []claim{atLeast95("all places within bounds")}}
	by := []float64{0, 0.1, 0.2, 0.5, 0.55, 1}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		g := stats.Matrix(equalModels(rng, 6, 100, by), stats.PairOptions{HigherIsBetter: true, Permutations: resamples, Seed: uint64(i)})
		all := true
		for _, r := range stats.Ranks(g, alpha, true) {
			place := 6 - r.Model
			all = all && r.Best <= place && place <= r.Worst
		}
		return []float64{one(all)}, "max-T bounds"
	}
	return s
}

// suiteStudy is 8 tasks of different size that do not change.
func suiteStudy() study {
	s := study{name: "suite of 8 tasks of 20 to 300 questions", n: 980, icc: -1, sets: manySets, claims: []claim{typeI(false, 980), coverage(980, 0)}}
	s.one = func(rng *rand.Rand, _ int) ([]float64, string) {
		var strata []stats.Stratum
		for _, n := range []int{20, 40, 60, 80, 120, 160, 200, 300} {
			c := stats.Compare(stats.Pairs{A: normals(rng, n, 0), B: normals(rng, n, 0)}, stats.PairOptions{Use: stats.Choice{Test: stats.MethodT, Difference: stats.MethodT}})
			strata = append(strata, stats.Stratum{Weight: 1.0 / 8, Delta: c.Delta, SE: c.SE, DF: c.DF, N: n})
		}
		m, _ := stats.Stratified(strata, alpha)
		return []float64{one(m.P < alpha), one(m.Lo <= 0 && 0 <= m.Hi)}, m.Method
	}
	return s
}

// unpairedStudy is runs on other questions, of unlike size and spread.
func unpairedStudy() study {
	s := study{name: "unpaired, normal, 30 against 100", n: 130, icc: -1, sets: manySets, claims: []claim{typeI(false, 130), coverage(130, 0)}}
	s.one = func(rng *rand.Rand, _ int) ([]float64, string) {
		a := normals(rng, 30, 0)
		for i := range a {
			a[i] *= 2
		}
		r := stats.CompareUnpaired(stats.Scores{Values: a}, stats.Scores{Values: normals(rng, 100, 0)}, stats.PairOptions{})
		return []float64{one(r.P < alpha), one(r.Lo <= 0 && 0 <= r.Hi)}, r.Method
	}
	return s
}
