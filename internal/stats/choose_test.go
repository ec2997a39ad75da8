package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestChoose goes through the table, with the shapes on either side of its lines.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		shape Shape
		want  Choice
	}{
		{Shape{N: 10, Binary: true}, Choice{Row: "0/1 values", Interval: MethodWilson, Test: MethodMcNemarMidP, Beside: MethodMcNemar, Difference: MethodTango}},
		{Shape{N: 9999, Binary: true}, Choice{Row: "0/1 values", Interval: MethodWilson, Test: MethodMcNemarMidP, Beside: MethodMcNemar, Difference: MethodTango}},
		{Shape{N: 199}, Choice{Row: "fewer than 200 values", Interval: MethodBCa, Test: MethodSignFlip, Difference: MethodBootT}},
		{Shape{N: 200}, Choice{Row: "200 values or more", Interval: MethodT, Test: MethodSignFlip, Beside: MethodT, Difference: MethodT}},
		{Shape{N: 500, Clusters: 30}, Choice{Row: "30 clusters or more", Interval: MethodClusterT, Test: MethodClusterFlip, Beside: MethodClusterT, Difference: MethodClusterT}},
		{Shape{N: 500, Clusters: 29, Binary: true}, Choice{Row: "5 to 29 clusters", Interval: MethodClusterBootT, Test: MethodClusterFlip, Difference: MethodClusterBootT}},
		{Shape{N: 500, Clusters: 5}, Choice{Row: "5 to 29 clusters", Interval: MethodClusterBootT, Test: MethodClusterFlip, Difference: MethodClusterBootT}},
		{Shape{N: 500, Clusters: 4}, Choice{Row: "fewer than 5 clusters", Interval: MethodNone, Test: MethodNone, Difference: MethodNone}},
		{Shape{N: 500, Clusters: 4, Ratio: true}, Choice{Row: "fewer than 5 clusters", Interval: MethodNone, Test: MethodNone, Difference: MethodNone}},
		{Shape{N: 500, Ratio: true}, Choice{Row: "ratio metric", Interval: MethodDelta, Test: MethodRatioBoot, Difference: MethodRatioBoot}},
		{Shape{N: 29, Ratio: true}, Choice{Row: "ratio metric, fewer than 30 units", Interval: MethodRatioBoot, Test: MethodRatioBoot, Difference: MethodRatioBoot}},
		{Shape{N: 100, Samples: 8}, Choice{Row: "fewer than 200 values", Interval: MethodBCa, Test: MethodSignFlip, Difference: MethodBootT, Split: true}},
	} {
		if got := Choose(c.shape); got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.shape, got, c.want)
		}
	}
}

// draw is n scores of a kind, of two runs.
func draw(rng *rand.Rand, n int, zeroOne bool) (a, b []float64) {
	for range n {
		x, y := rng.NormFloat64(), rng.NormFloat64()+.3
		if zeroOne {
			x, y = coin01(x), coin01(y)
		}
		a, b = append(a, x), append(b, y)
	}
	return a, b
}

// TestCompareMethods: the methods that are chosen are those that are used.
func TestCompareMethods(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct {
		n, cluster       int
		zeroOne, weights bool
		method, interval string
	}{
		{50, 0, true, false, "mcnemar mid-p", "tango"},
		{50, 0, false, false, "sign-flip, 300 flips", "bootstrap-t"},
		{15, 0, false, false, "sign-flip, exact", "bootstrap-t"},
		{250, 0, false, false, "sign-flip, 300 flips", "t"},
		{100, 10, true, false, "cluster sign-flip, exact", "cluster bootstrap-t"},
		{100, 3, false, false, "cluster sign-flip, 300 flips", "cluster t"},
		{100, 30, false, false, "none: descriptive only", "none"},
		{100, 0, false, true, "ratio bootstrap-t", "ratio bootstrap-t"},
		{100, 5, false, true, "ratio bootstrap-t", "ratio bootstrap-t"},
	} {
		a, b := draw(rng, c.n, c.zeroOne)
		p := Pairs{A: a, B: b}
		if c.cluster > 0 {
			p.Clusters = blocks(c.n, c.cluster)
		}
		if c.weights {
			p.WeightsA, p.WeightsB = make([]float64, c.n), make([]float64, c.n)
			for i := range a {
				p.WeightsA[i], p.WeightsB[i] = 1+rng.Float64(), 1+rng.Float64()
			}
		}
		o := PairOptions{HigherIsBetter: true, Permutations: 300, Resamples: 400, Seed: 4}
		got := Compare(p, o)
		if got.Method != c.method || got.Interval != c.interval {
			t.Errorf("%+v: method %q, interval %q", c, got.Method, got.Interval)
		}
		if got.HasP != got.HasSE || got.HasP == (got.Choice.Test == MethodNone) {
			t.Errorf("%+v: p %v, interval %v", c, got.HasP, got.HasSE)
		}
		if got.HasSE && !(got.Lo < got.Delta && got.Delta < got.Hi && got.Lo < got.EquivLo && got.EquivHi < got.Hi) {
			t.Errorf("%+v: [%g, %g] and [%g, %g] about %g", c, got.Lo, got.Hi, got.EquivLo, got.EquivHi, got.Delta)
		}
		if again := Compare(p, o); again.P != got.P || again.Lo != got.Lo {
			t.Errorf("%+v: the same seed gave other numbers", c)
		}
		if lower := Compare(p, PairOptions{Permutations: 300, Resamples: 400, Seed: 4}); lower.HasProb && math.Abs(lower.ProbBetter+got.ProbBetter-1) > 1e-9 || lower.Lo != got.Lo {
			t.Errorf("%+v: lower is better: %g and %g", c, lower.ProbBetter, got.ProbBetter)
		}
	}
}

// TestCompareFixture is the worked example of 16 questions in 4 clusters.
func TestCompareFixture(t *testing.T) {
	// B − A here; the recorded figures are of A − B.
	c := Compare(Pairs{A: fixtureB, B: fixtureA}, PairOptions{HigherIsBetter: true})
	near(t, "delta", c.Delta, 0.25, 1e-15)
	near(t, "se", c.SE, 0.144337567, 1e-9)
	if c.Wins != 5 || c.Losses != 1 || c.Ties != 10 {
		t.Errorf("wins %d losses %d ties %d", c.Wins, c.Losses, c.Ties)
	}
	if mde, ok := c.MDE80(); !ok || mde <= MDE80Paired(c.SE) || mde > 1.1*MDE80Paired(c.SE) {
		t.Errorf("mde80 %g, of a known standard error %g", mde, MDE80Paired(c.SE))
	}
	near(t, "exact", c.Beside, 0.21875, 1e-12)
	near(t, "mid-p", c.P, 0.125, 1e-12)
	four := Compare(Pairs{A: fixtureB, B: fixtureA, Clusters: blocks(16, 4)}, PairOptions{HigherIsBetter: true})
	if four.HasP || four.HasSE || four.Clusters != 4 || four.Delta != 0.25 {
		t.Errorf("four clusters: %+v", four)
	}
	// CR1 of the four clusters, which is below the five that an interval needs.
	d := deviations(subtract(fixtureA, fixtureB), 0.25)
	ss := 0.0
	for k := range 4 {
		s := sum(d[4*k : 4*k+4])
		ss += s * s
	}
	near(t, "sum of squares", ss, 6, 1e-12)
	near(t, "CR0", math.Sqrt(ss)/16, 0.153093109, 1e-9)
	near(t, "CR1", math.Sqrt(4.0/3*ss)/16, 0.176776695, 1e-9)
	u := CompareUnpaired(Scores{Values: fixtureB}, Scores{Values: fixtureA}, PairOptions{HigherIsBetter: true})
	near(t, "unpaired se", u.SE, 0.176776695, 1e-9)
	if !slices.Contains(u.Warnings, Unpaired) || u.Method != "welch t, unpaired" {
		t.Errorf("unpaired: %+v", u)
	}
}

func TestCompareAsked(t *testing.T) {
	a, b := fixtureB, fixtureA
	for _, c := range []struct {
		use              Choice
		method, interval string
	}{
		{Choice{Test: MethodMcNemar}, "mcnemar exact", "tango"},
		{Choice{Test: MethodSignFlip, Difference: MethodNewcombe}, "sign-flip, exact", "newcombe"},
		{Choice{Test: MethodT, Difference: MethodT}, "t", "t"},
		{Choice{Test: MethodBootT, Difference: MethodBootT}, "bootstrap-t", "bootstrap-t"},
	} {
		got := Compare(Pairs{A: a, B: b}, PairOptions{HigherIsBetter: true, Use: c.use, Resamples: 999})
		if got.Method != c.method || got.Interval != c.interval || !got.HasP {
			t.Errorf("%+v: %q %q", c.use, got.Method, got.Interval)
		}
	}
	got := Compare(Pairs{A: a, B: b, Clusters: blocks(16, 4)}, PairOptions{Use: Choice{Test: MethodClusterFlip}})
	if got.HasP {
		t.Errorf("a test was made of four clusters: %+v", got)
	}
}

func TestCompareWarns(t *testing.T) {
	has := func(w []string, code string) bool {
		return slices.ContainsFunc(w, func(s string) bool { return s == code || strings.HasPrefix(s, code+":") })
	}
	c := Compare(Pairs{A: zeroOne(0, 40), B: zeroOne(3, 40)}, PairOptions{HigherIsBetter: true})
	if !has(c.Warnings, CannotReject) || c.P != 0.125 {
		t.Errorf("three wins: %+v", c)
	}
	c = Compare(Pairs{A: zeroOne(0, 40), B: zeroOne(9, 40)}, PairOptions{HigherIsBetter: true})
	if has(c.Warnings, CannotReject) {
		t.Errorf("nine wins: %v", c.Warnings)
	}
	c = Compare(Pairs{A: zeroOne(20, 40), B: zeroOne(20, 40)}, PairOptions{HigherIsBetter: true})
	if has(c.Warnings, NoVariance) || !(c.Lo < -0.05 && c.Hi > 0.05) || c.P != 1 {
		t.Errorf("equal answers have an interval of some width: %+v", c)
	}
	none := Compare(Pairs{}, PairOptions{})
	if none.N != 0 || none.HasP || !strings.HasPrefix(none.Method, "none: ") {
		t.Errorf("nothing: %+v", none)
	}
	// Nearly all differences are equal, so that many samples do not vary.
	a, b := make([]float64, 12), make([]float64, 12)
	b[0] = .5
	c = Compare(Pairs{A: a, B: b}, PairOptions{Resamples: 999})
	if !has(c.Warnings, BootDegenerate) || c.Interval != "t" {
		t.Errorf("one difference: %+v", c)
	}
}

func TestCompareSamples(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	a, b := make([][]float64, 60), make([][]float64, 60)
	for q := range a {
		onA, onB := rng.Float64(), rng.Float64()
		for range 5 {
			a[q] = append(a[q], coin(rng, onA))
			b[q] = append(b[q], coin(rng, onB))
		}
	}
	c := Compare(Pairs{SamplesA: a, SamplesB: b}, PairOptions{HigherIsBetter: true})
	if !c.Choice.Split || c.SplitA == nil || c.SplitB == nil || c.Choice.Row != "fewer than 200 values" {
		t.Fatalf("got %+v", c)
	}
	near(t, "delta", c.Delta, mean(Means(b))-mean(Means(a)), 1e-12)
	k, ok := ComponentsOf(c)
	if !ok {
		t.Fatal("no components")
	}
	near(t, "variance", k.Variance(5, 5), c.SE*c.SE*60, 1e-9)
	if k.Variance(50, 50) >= k.Variance(5, 5) {
		t.Error("more samples do not lessen the variance")
	}
}

func TestSplitVariance(t *testing.T) {
	// Two questions of four samples, by hand: means .75 and .25, within 1/4 both.
	s, ok := SplitVariance([][]float64{{1, 1, 1, 0}, {0, 0, 0, 1}})
	if !ok {
		t.Fatal("no split")
	}
	near(t, "within", s.Within, 0.25, 1e-15)
	near(t, "between", s.Between, 0.125-0.0625, 1e-15)
	near(t, "se", s.SE, 0.25, 1e-15)
	near(t, "parts", math.Hypot(s.SEQuestions, s.SESamples), s.SE, 1e-15)
	near(t, "at", s.At(2, 4), s.SE, 1e-15)
	if s, ok := SplitVariance([][]float64{{1, 0}, {1, 0}, {0, 1}}); !ok || s.Between != 0 || !slices.Contains(s.Warnings, NegativeBetween) {
		t.Errorf("no spread of means: %+v", s)
	}
	if _, ok := SplitVariance([][]float64{{1}, {0}}); ok {
		t.Error("one sample a question splits")
	}
}

func TestEstimateMethods(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 7))
	x, _ := draw(rng, 240, false)
	bits := zeroOne(30, 240)
	w := make([]float64, 240)
	for i := range w {
		w[i] = 1 + rng.Float64()
	}
	for _, c := range []struct {
		s    Scores
		want string
	}{
		{Scores{Values: bits}, "wilson"},
		{Scores{Values: x}, "t"},
		{Scores{Values: x[:100]}, "bca bootstrap"},
		{Scores{Values: x, Clusters: blocks(240, 8)}, "cluster t"},
		{Scores{Values: x, Clusters: blocks(240, 20)}, "cluster bootstrap-t"},
		{Scores{Values: x, Clusters: blocks(240, 80)}, "none: 3 clusters, 5 needed"},
		{Scores{Values: x, Weights: w}, "delta method, t"},
		{Scores{Values: x, Weights: w, Exp: true}, "delta method, log t"},
		{Scores{Values: x[:20], Weights: w[:20]}, "ratio bootstrap-t"},
		{Scores{Values: x[:20], Weights: w[:20], Exp: true}, "ratio bootstrap-t"},
	} {
		r := Estimate(c.s, ScoreOptions{Resamples: 500, Seed: 1})
		if r.Method != c.want {
			t.Errorf("method %q, want %q", r.Method, c.want)
		}
		if r.HasSE && !(r.Lo < r.Value && r.Value < r.Hi) {
			t.Errorf("%s: %g not in [%g, %g]", c.want, r.Value, r.Lo, r.Hi)
		}
	}
	lo, hi := ClopperPearson(30, 240, 0.95)
	if r := Estimate(Scores{Values: bits}, ScoreOptions{Interval: MethodExact}); r.Method != "clopper-pearson" || r.Lo != lo || r.Hi != hi {
		t.Errorf("the exact interval was asked for: %+v", r)
	}
	if r := Estimate(Scores{Values: x}, ScoreOptions{Interval: MethodJeffreys}); r.Method != "t" {
		t.Errorf("an interval of proportions was given to others: %+v", r)
	}
	if r := Estimate(Scores{Values: bits}, ScoreOptions{Interval: MethodT}); r.Method != "t" || r.Hi-r.Value != r.Value-r.Lo {
		t.Errorf("t was asked for: %+v", r)
	}
}

// TestMultinomial: drawing counts and drawing values give the same spread.
func TestMultinomial(t *testing.T) {
	x := append(zeroOne(30, 90), make([]float64, 30)...)
	for i := range 20 {
		x[100+i] = -1
	}
	boot := bootMeans(x, 20_000, 3)
	near(t, "mean", mean(boot), mean(x), 2e-3)
	want := math.Sqrt(variance(x) * float64(len(x)-1) / float64(len(x)) / float64(len(x)))
	near(t, "sd", math.Sqrt(variance(boot))/want, 1, 0.03)
	if !slices.IsSorted(boot) {
		t.Error("not sorted")
	}
}
