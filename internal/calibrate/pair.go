package main

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"olmoeval/internal/stats"
)

func options(i int) stats.PairOptions {
	return stats.PairOptions{HigherIsBetter: true, Permutations: resamples, Resamples: resamples, Seed: uint64(i)}
}

// pairStudies hold the tests and intervals of a difference.
func pairStudies() []study {
	var out []study
	for _, n := range sizes {
		for _, icc := range iccs {
			if !enough(n, icc) {
				continue
			}
			g, clusters := clusterCount(n, icc), clustersOf(n, icc)
			out = append(out, null("pair, 0/1, p = 0.05…0.95", n, icc, true, coverage(n, g), func(rng *rand.Rand, i int) stats.Pairs {
				a, b := pairedAnswers(rng, n, proportionOf(i), icc)
				return stats.Pairs{A: a, B: b, Clusters: clusters}
			}))
			out = append(out, null("pair, normal", n, icc, g > 0 && g < 10, coverage(n, g), func(rng *rand.Rand, _ int) stats.Pairs {
				return stats.Pairs{A: normals(rng, n, icc), B: normals(rng, n, icc), Clusters: clusters}
			}))
			out = append(out, null("pair, ratio", n, icc, false, coverage(n, g), func(rng *rand.Rand, _ int) stats.Pairs {
				a, aw, _ := sized(rng, n, icc)
				b, bw, _ := sized(rng, n, icc)
				return stats.Pairs{A: a, WeightsA: aw, B: b, WeightsB: bw, Clusters: clusters}
			}))
			if n >= 100 {
				out = append(out, powerStudy(n, icc, g, clusters))
			}
		}
		out = append(out, null("pair, exponential", n, 0, false, coverage(n, 0), func(rng *rand.Rand, _ int) stats.Pairs {
			a, b := make([]float64, n), make([]float64, n)
			for i := range a {
				easy := rng.ExpFloat64()
				a[i], b[i] = easy+rng.ExpFloat64(), easy+rng.ExpFloat64()
			}
			return stats.Pairs{A: a, B: b}
		}))
		out = append(out, null("pair, 4 samples a question", n, 0, true, coverage(n, 0), func(rng *rand.Rand, i int) stats.Pairs {
			p := proportionOf(i)*0.8 + 0.1
			a := make([][]float64, n)
			b := make([][]float64, n)
			for q := range a {
				easy := beta(rng, 3*p, 3*(1-p))
				for range 4 {
					a[q], b[q] = append(a[q], one(rng.Float64() < easy)), append(b[q], one(rng.Float64() < easy))
				}
			}
			return stats.Pairs{SamplesA: a, SamplesB: b}
		}))
		out = append(out, enumerated(n), equivalent(n))
		if n >= 100 {
			out = append(out, uneven(n))
		}
		if n >= 100 {
			out = append(out, power01(n))
		}
	}
	return out
}

// uneven is clusters of 1 to 9 questions.
func uneven(n int) study {
	var clusters []int32
	for g := int32(0); len(clusters) < n; g++ {
		for range [...]int{1, 9, 5, 3, 7}[g%5] {
			clusters = append(clusters, g)
		}
	}
	const icc = 0.7
	g := int(clusters[n-1]) + 1
	return null("pair, normal, clusters of 1 to 9", n, icc, g < 10, coverage(n, g), func(rng *rand.Rand, _ int) stats.Pairs {
		return stats.Pairs{A: normalsIn(rng, clusters, icc), B: normalsIn(rng, clusters, icc), Clusters: clusters}
	})
}

// null is runs that are alike: rejections, and intervals with 0 in them.
func null(name string, n int, icc float64, discrete bool, cover claim, draw func(*rand.Rand, int) stats.Pairs) study {
	s := study{name: name, n: n, icc: icc, claims: []claim{typeI(discrete, n), cover}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		c := stats.Compare(draw(rng, i), options(i))
		return []float64{one(c.P < alpha), one(c.HasSE && c.Lo <= 0 && 0 <= c.Hi)}, named(c)
	}
	probe := stats.Compare(draw(rand.New(rand.NewPCG(1, 1)), 5), options(1))
	s.sets = min(setsFor(probe.Choice.Test), setsFor(probe.Choice.Difference))
	return s
}

func named(c stats.Comparison) string { return c.Method + "; " + c.Interval }

// powerStudy shifts B by the smallest difference that is said to be found, from
// the standard error, which is known here, and its degrees of freedom; and by
// 2.8016 standard errors, which leaves the degrees of freedom out.
func powerStudy(n int, icc float64, g int, clusters []int32) study {
	se, df := math.Sqrt(2*stats.DesignEffect(icc, size)/float64(n)), g-1
	if g == 0 {
		se, df = math.Sqrt(2/float64(n)), n-1
	}
	by := [2]float64{stats.MDET(se, df, alpha, 0.8), stats.MDE80Paired(se)}
	s := study{name: "pair, normal, B better", n: n, icc: icc, sets: fewSets, claims: []claim{power(), shown("at 2.8016 standard errors")}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		a, b := normals(rng, n, icc), normals(rng, n, icc)
		var found [2]float64
		var method string
		for k := range by {
			c := stats.Compare(stats.Pairs{A: a, B: shift(b, by[k]), Clusters: clusters}, options(i))
			found[k], method = one(c.P < alpha && c.Delta > 0), c.Method
		}
		return found[:], method
	}
	return s
}

// power01 has 30 % of the questions differ.
func power01(n int) study {
	const differ = 0.3
	by := stats.MDEPaired01(differ, n, alpha, 0.8)
	s := study{name: "pair, 0/1, B better, 30 % differ", n: n, icc: 0, sets: manySets, claims: []claim{power()}}
	s.one = func(rng *rand.Rand, _ int) ([]float64, string) {
		a, b := make([]float64, n), make([]float64, n)
		for i := range a {
			switch u := rng.Float64(); {
			case u < (differ+by)/2:
				b[i] = 1
			case u < differ:
				a[i] = 1
			}
		}
		c := stats.Compare(stats.Pairs{A: a, B: b}, options(1))
		return []float64{one(c.P < alpha && c.Delta > 0)}, c.Method
	}
	return s
}

// enumerated holds the simulated level of McNemar's test against the exact one,
// summed over all outcomes.
func enumerated(n int) study {
	exact := 0.0
	for i := range 19 {
		exact += level01(n, differing(proportionOf(i))) / 19
	}
	s := study{name: "pair, 0/1, against enumeration", n: n, icc: 0, sets: manySets, claims: []claim{{"type I error", exact - 0.0075, exact + 0.0075}}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		a, b := pairedAnswers(rng, n, proportionOf(i), 0)
		c := stats.Compare(stats.Pairs{A: a, B: b}, options(i))
		return []float64{one(c.P < alpha)}, c.Method
	}
	return s
}

// level01 is the chance that mid-p rejects if n questions differ with a
// probability, at even odds.
func level01(n int, differ float64) float64 {
	total := 0.0
	for m := 1; m <= n; m++ {
		at := distuv.Binomial{N: float64(n), P: differ}.Prob(float64(m))
		if at < 1e-12 {
			continue
		}
		for w := range m + 1 {
			if stats.McNemarMidP(w, m-w) < alpha {
				total += at * distuv.Binomial{N: float64(m), P: 0.5}.Prob(float64(w))
			}
		}
	}
	return total
}

// equivalent is runs that differ by just the rope: equivalence is then wrong.
func equivalent(n int) study {
	const rope = 0.5
	s := study{name: "pair, normal, at the edge of the rope", n: n, icc: 0, sets: fewSets, claims: []claim{atMost("called equivalent")}}
	s.one = func(rng *rand.Rand, i int) ([]float64, string) {
		a := normals(rng, n, 0)
		b := normals(rng, n, 0)
		for k := range b {
			b[k] = a[k] + 0.8*b[k] + rope
		}
		c := stats.Compare(stats.Pairs{A: a, B: b}, options(i))
		return []float64{one(-rope <= c.EquivLo && c.EquivHi <= rope)}, c.Interval
	}
	return s
}

// blindStudies show what happens to methods that do not know of the clusters.
func blindStudies() []study {
	var out []study
	for _, n := range []int{30, 100, 500} {
		for _, icc := range []float64{0.2, 0.7} {
			s := study{name: "pair, normal, clusters ignored", n: n, icc: icc, sets: fewSets, claims: []claim{fails("type I error"), failsToCover("coverage")}}
			s.one = func(rng *rand.Rand, i int) ([]float64, string) {
				c := stats.Compare(stats.Pairs{A: normals(rng, n, icc), B: normals(rng, n, icc)}, options(i))
				return []float64{one(c.P < alpha), one(c.Lo <= 0 && 0 <= c.Hi)}, named(c)
			}
			out = append(out, s)
			s = study{name: "score, 0/1, clusters ignored", n: n, icc: icc, sets: manySets, claims: []claim{failsToCover("coverage")}}
			s.one = func(rng *rand.Rand, i int) ([]float64, string) {
				p := proportionOf(i)
				r := stats.Estimate(stats.Scores{Values: answers(rng, n, p, icc)}, stats.ScoreOptions{})
				return []float64{one(r.Lo <= p && p <= r.Hi)}, r.Method
			}
			out = append(out, s)
		}
	}
	return out
}
