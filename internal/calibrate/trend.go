package main

import (
	"math/rand/v2"

	"olmoeval/internal/stats"
)

// trendStudies hold what is said of checkpoints.
func trendStudies() []study {
	var out []study
	for _, n := range []int{12, 30} {
		s := study{name: "checkpoints on a line", n: n, icc: -1, sets: fewSets, claims: []claim{
			{"any change point at 0.01", 0, 0.03}, coverage(10, 0), atLeast92("step noise within its interval")}}
		s.claims[1].name = "slope's coverage"
		s.one = func(rng *rand.Rand, i int) ([]float64, string) {
			const slope, noise = 0.01, 0.05
			points := make([]stats.Checkpoint, n)
			for k := range points {
				points[k] = stats.Checkpoint{X: float64(k + 1), Score: slope*float64(k) + noise*rng.NormFloat64()}
			}
			t := stats.TrendOf(points, stats.TrendOptions{Seed: uint64(i), Samples: 299})
			return []float64{one(len(t.Changes) > 0), one(t.Lo <= slope && slope <= t.Hi), one(t.NoiseLo <= noise && noise <= t.NoiseHi)}, "least squares; sup-F"
		}
		out = append(out, s)
	}
	s := study{name: "checkpoints with a fall of 5 step noises", n: 30, icc: -1, sets: fewSets, claims: []claim{{"found within 1 checkpoint", 0.9, 1}}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		points := make([]stats.Checkpoint, 30)
		for k := range points {
			points[k] = stats.Checkpoint{X: float64(k + 1), Score: 0.01*float64(k) + 0.02*rng.NormFloat64()}
			if k >= 18 {
				points[k].Score -= 0.1
			}
		}
		for _, c := range stats.TrendOf(points, stats.TrendOptions{Seed: uint64(i), Samples: 299}).Changes {
			if c.Index >= 17 && c.Index <= 19 {
				return []float64{1}, "sup-F"
			}
		}
		return []float64{0}, "sup-F"
	}
	return append(out, s)
}

func atLeast92(name string) claim { return claim{name, 0.92, 1} }
