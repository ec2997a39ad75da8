package main

import (
	"fmt"
	"math/rand/v2"

	"olmoeval/internal/stats"
)

var (
	sizes = [...]int{10, 30, 100, 500}
	iccs  = [...]float64{0, 0.2, 0.7}
)

// enough tells if there is an interval at all: at least five clusters.
func enough(n int, icc float64) bool { return icc == 0 || n/size >= 5 }

// scoreStudies hold the intervals of one score.
func scoreStudies() []study {
	var out []study
	for _, n := range sizes {
		for _, icc := range iccs {
			if !enough(n, icc) {
				continue
			}
			g, clusters := clusterCount(n, icc), clustersOf(n, icc)
			out = append(out, covers("score, 0/1, p = 0.05…0.95", n, icc, coverage(n, g), func(rng *rand.Rand, i int) (stats.Scores, float64) {
				p := proportionOf(i)
				return stats.Scores{Values: answers(rng, n, p, icc), Clusters: clusters}, p
			}))
			out = append(out, covers("score, normal", n, icc, coverage(n, g), func(rng *rand.Rand, _ int) (stats.Scores, float64) {
				return stats.Scores{Values: normals(rng, n, icc), Clusters: clusters}, 0
			}))
			out = append(out, covers("score, ratio", n, icc, coverage(n, g), func(rng *rand.Rand, _ int) (stats.Scores, float64) {
				v, w, truth := sized(rng, n, icc)
				return stats.Scores{Values: v, Weights: w, Clusters: clusters}, truth
			}))
		}
		out = append(out, covers("score, graded (skewed)", n, 0, coverage(n, 0), func(rng *rand.Rand, _ int) (stats.Scores, float64) {
			x, truth := graded(rng, n)
			return stats.Scores{Values: x}, truth
		}))
		out = append(out, covers("score, exponential", n, 0, shown("coverage"), func(rng *rand.Rand, _ int) (stats.Scores, float64) {
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.ExpFloat64()
			}
			return stats.Scores{Values: x}, 1
		}))
		out = append(out, covers("score, 4 samples a question", n, 0, coverage(n, 0), func(rng *rand.Rand, i int) (stats.Scores, float64) {
			p := proportionOf(i)*0.8 + 0.1
			return stats.Scores{Samples: sampled(rng, n, 4, p)}, p
		}))
	}
	return out
}

// sampled is k right or wrong answers a question, of difficulty Beta(3p, 3(1−p)).
func sampled(rng *rand.Rand, n, k int, p float64) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		easy := beta(rng, 3*p, 3*(1-p))
		for range k {
			out[i] = append(out[i], one(rng.Float64() < easy))
		}
	}
	return out
}

// covers counts how often the table's interval holds the truth.
func covers(name string, n int, icc float64, c claim, draw func(*rand.Rand, int) (stats.Scores, float64)) study {
	s := study{name: name, n: n, icc: icc, claims: []claim{c}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		scores, truth := draw(rng, i)
		r := stats.Estimate(scores, stats.ScoreOptions{Resamples: resamples, Seed: uint64(i)})
		return []float64{one(r.HasSE && r.Lo <= truth && truth <= r.Hi)}, r.Method
	}
	// Closed forms are cheap: more data sets. What they are is asked of one.
	probe, _ := draw(rand.New(rand.NewPCG(1, 1)), 5)
	s.sets = setsFor(stats.Estimate(probe, stats.ScoreOptions{Resamples: resamples}).Choice.Interval)
	return s
}

func setsFor(m stats.Method) int {
	switch m {
	case stats.MethodBCa, stats.MethodBootT, stats.MethodClusterBootT, stats.MethodRatioBoot, stats.MethodSignFlip, stats.MethodClusterFlip:
		return fewSets
	case stats.MethodNone:
		panic(fmt.Sprintf("no interval to calibrate: %s", m))
	}
	return manySets
}
