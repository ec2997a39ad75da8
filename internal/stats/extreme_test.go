package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestExtremes: whatever comes in, no NaN or infinity comes out, except the
// value of a result of nothing; and what is defined is in order.
func TestExtremes(t *testing.T) {
	pool := []float64{0, 1, 1, -1, .5, 2.25, 700, -700, 1e-300, 5e-324, 1e154, 1e308, -1e308}
	bad := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}
	rng := rand.New(rand.NewPCG(41, 43))
	column := func(n int, weight bool) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = pool[rng.IntN(5+rng.IntN(len(pool)-4))]
			if rng.IntN(60) == 0 {
				x[i] = bad[rng.IntN(len(bad))]
			}
			if weight && rng.IntN(20) != 0 {
				x[i] = math.Abs(x[i])
			}
		}
		return x
	}
	for range 4_000 {
		n := rng.IntN(28)
		var clusters []int32
		if rng.IntN(2) == 0 {
			clusters = make([]int32, n)
			for i := range clusters {
				clusters[i] = rng.Int32N(12)
			}
		}
		a, b, v, w := column(n, false), column(n, false), column(n, true), column(n, true)
		for _, r := range []Result{Mean(a, clusters), Ratio(a, w, clusters), ExpRatio(a, w, clusters)} {
			checkResult(t, r, n)
		}
		o := PairOptions{Permutations: 9}
		for _, p := range []Paired{
			ComparePaired(a, b, clusters, o), CompareRatio(a, v, b, w, clusters, o), CompareExpRatio(a, v, b, w, clusters, o),
		} {
			checkPaired(t, p, n)
		}
		o.Resamples = 19
		if n > 0 {
			checkResult(t, Estimate(Scores{Values: a, Clusters: clusters}, ScoreOptions{Resamples: 19}).Result, n)
			checkResult(t, Estimate(Scores{Values: a, Weights: w, Clusters: clusters, Exp: true}, ScoreOptions{Resamples: 19}).Result, n)
			checkPaired(t, Compare(Pairs{A: a, B: b, Clusters: clusters}, o).Paired, n)
			checkPaired(t, Compare(Pairs{A: a, B: b, WeightsA: v, WeightsB: w, Clusters: clusters, Exp: n%2 == 0}, o).Paired, n)
		}
		if t.Failed() {
			t.Fatalf("a %v\nb %v\nv %v\nw %v\nclusters %v", a, b, v, w, clusters)
		}
	}
}

func checkResult(t *testing.T, r Result, n int) {
	t.Helper()
	ok := finite(r.SE) && finite(r.Lo) && finite(r.Hi) && r.Method != ""
	if r.N == 0 {
		ok = ok && math.IsNaN(r.Value) && !r.HasSE
	} else {
		ok = ok && finite(r.Value) && r.N == n
	}
	if r.HasSE {
		slack := 1e-12 * math.Abs(r.Value)
		ok = ok && r.SE >= 0 && r.Lo <= r.Value+slack && r.Value <= r.Hi+slack
	} else {
		ok = ok && r.SE == 0 && r.Lo == 0 && r.Hi == 0 && r.Method[:5] == "none:"
	}
	if !ok {
		t.Errorf("%+v", r)
	}
}

func checkPaired(t *testing.T, p Paired, n int) {
	t.Helper()
	ok := p.N == 0 || p.N == n && p.Wins+p.Losses+p.Ties == n
	for _, x := range []float64{p.Delta, p.SE, p.Lo, p.Hi, p.P, p.EquivLo, p.EquivHi, p.Corr} {
		ok = ok && finite(x)
	}
	ok = ok && p.P > 0 && p.P <= 1 && (p.HasP || p.P == 1) && p.Method != "" && p.Method != "none: "
	ok = ok && (!p.HasSE || p.Lo <= p.EquivLo && p.EquivLo <= p.Delta && p.Delta <= p.EquivHi && p.EquivHi <= p.Hi)
	if !ok {
		t.Errorf("%+v", p)
	}
}
