package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVectors are sample sizes and differences worked out elsewhere.
func TestVectors(t *testing.T) {
	if n := SampleSize(1.0/9, 0.03, 0.05, 0.8); n != 969 {
		t.Errorf("n = %d, want 969", n)
	}
	one := Components{Between: 1.0 / 9, WithinA: 1.0 / 6, WithinB: 1.0 / 6}
	near(t, "K = 1", MDE(one.Variance(1, 1), 198, 0.05, 0.8), 0.1327, 5e-5)
	near(t, "K = 10", MDE(one.Variance(10, 10), 198, 0.05, 0.8), 0.0757, 5e-5)
	near(t, "n = 100", MDE(0.04, 100, 0.05, 0.8), 0.0560317, 5e-8)
	for _, c := range []struct{ n, variance, points float64 }{
		{100, .1, 8.9}, {100, .2, 12.5}, {100, .3, 15.3}, {164, .1, 6.9}, {164, .2, 9.8}, {164, .3, 12.0},
		{500, .1, 4.0}, {500, .2, 5.6}, {500, .3, 6.9}, {1000, .1, 2.8}, {1000, .2, 4.0}, {1000, .3, 4.9},
		{5000, .1, 1.25}, {5000, .2, 1.77}, {5000, .3, 2.17}, {14042, .1, .75}, {14042, .2, 1.06}, {14042, .3, 1.29},
	} {
		if got := 100 * MDE(c.variance, int(c.n), .05, .8); math.Abs(got-c.points) > .051 {
			t.Errorf("n %g, variance %g: %g points, want %g", c.n, c.variance, got, c.points)
		}
	}
	near(t, "deff", DesignEffect(.2, 10), 2.8, 1e-12)
	near(t, "deff", DesignEffect(.05, 4), 1.15, 1e-12)
	near(t, "deff", DesignEffect(.71, 10), 7.39, 1e-12)
	if g := ClustersNeeded(1000, 10, .2); g != 280 {
		t.Errorf("%d clusters, want 280", g)
	}
	if SampleSize(.1, 0, .05, .8) != 0 || SampleSizePaired01(.1, .2, .05, .8) != 0 || EquivalenceSize(.1, .02, .01, .05, .8) != 0 {
		t.Error("there is a number where there is none")
	}
	if !math.IsNaN(MDEPaired01(.01, 20, .05, .8)) {
		t.Error("a difference is found that cannot be")
	}
}

func TestIntervalVectors(t *testing.T) {
	for _, c := range []struct {
		k, n               int
		wilson, exact, jef [2]float64
	}{
		{0, 20, [2]float64{0, .1611}, [2]float64{0, .1684}, [2]float64{0, .1166}},
		{17, 20, [2]float64{.6396, .9476}, [2]float64{.6211, .9679}, [2]float64{.6514, .9559}},
		{20, 20, [2]float64{.8389, 1}, [2]float64{.8316, 1}, [2]float64{.8834, 1}},
		{27, 30, [2]float64{.7438, .9654}, [2]float64{.7347, .9789}, [2]float64{.7566, .9710}},
		{137, 164, [2]float64{.7711, .8843}, [2]float64{.7696, .8886}, [2]float64{.7730, .8860}},
		{655, 1000, [2]float64{.6250, .6838}, [2]float64{.6246, .6845}, [2]float64{.6251, .6840}},
	} {
		lo, hi := WilsonAt(float64(c.k), c.n, .95)
		nearBoth(t, "wilson", lo, hi, c.wilson, 6e-5)
		lo, hi = ClopperPearson(c.k, c.n, .95)
		nearBoth(t, "exact", lo, hi, c.exact, 6e-5)
		lo, hi = Jeffreys(c.k, c.n, .95)
		nearBoth(t, "jeffreys", lo, hi, c.jef, 6e-5)
	}
}

func TestBestSamples(t *testing.T) {
	c := Components{Between: .1, WithinA: .2, WithinB: .2}
	if k, n := BestSamples(c, 1000, 0, 0); k != 1 || n != 1000 {
		t.Errorf("free questions: %d samples of %d", k, n)
	}
	if k, n := BestSamples(c, 1000, 4, 0); k != 4 || n != 125 {
		t.Errorf("a question costs 4 answers: %d samples of %d", k, n)
	}
	if k, n := BestSamples(c, 1000, 0, 100); k != 10 || n != 100 {
		t.Errorf("100 questions exist: %d samples of %d", k, n)
	}
}

func TestDecide(t *testing.T) {
	o := PairOptions{HigherIsBetter: true}
	split := &Split{Within: .2, Samples: 4}
	base := Paired{N: 400, Delta: .03, SE: .02, HasSE: true, Lo: -.01, Hi: .07, EquivLo: -.003, EquivHi: .063, P: .13, HasP: true}
	c := Comparison{Paired: base, Choice: Choice{Test: MethodSignFlip}, SplitA: split, SplitB: split}
	got := Decide(c, .13, .01, o)
	// (2.8016/1.5)² = 3.488 times the questions.
	if got.Verdict != Unresolved || got.More != 1396-400 || got.Toward != Better || got.Unit != "questions" {
		t.Errorf("got %+v", got)
	}
	// 400 questions' variance .16 is .06 between and .1 within four samples: a
	// target of .16·400/1396 = .0458 is below .06.
	if got.MoreSamples != 0 {
		t.Errorf("%d samples, though none suffice", got.MoreSamples)
	}
	c.SplitA, c.SplitB = &Split{Within: .32, Samples: 4}, &Split{Within: .32, Samples: 4} // nothing between
	if got = Decide(c, .13, .01, o); got.MoreSamples != 14 {                              // .64/.04585
		t.Errorf("%d samples, want 14", got.MoreSamples)
	}
	c.Clusters = 40
	if got = Decide(c, .13, .01, o); got.Unit != "clusters" || got.More != 100 {
		t.Errorf("clusters: %+v", got)
	}
	c.Clusters = 0
	c.Delta = .001 // equivalence within ±.02 is nearer than the difference
	if got = Decide(c, .9, .02, o); got.Toward != Equivalent || got.More == 0 {
		t.Errorf("near 0: %+v", got)
	}
	c.Delta = -.03
	if got = Decide(c, .13, .01, o); got.Toward != Worse {
		t.Errorf("below 0: %+v", got)
	}
	if adjusted := Decide(c, .5, .01, o); adjusted.More <= got.More {
		t.Errorf("a family asks no more: %d and %d", adjusted.More, got.More)
	}
	c.P = .001
	if got = Decide(c, .001, .01, o); got.Verdict != Worse || got.More != 0 || got.Toward != "" {
		t.Errorf("decided: %+v", got)
	}
	c.Choice.Test = MethodNone
	if got = Decide(c, 1, .01, o); got.Verdict != Unresolved || got.More != 0 {
		t.Errorf("descriptive: %+v", got)
	}
}

// TestTOST agrees with the interval within the rope.
func TestTOST(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 4))
	seen := [2]int{}
	for range 300 {
		a, b := draw(rng, 40, true)
		c := Compare(Pairs{A: a, B: b}, PairOptions{HigherIsBetter: true})
		p, ok := TOSTPaired(c.Wins, c.Losses, c.N, .3)
		inside := -.3 <= c.EquivLo && c.EquivHi <= .3
		if !ok || inside != (p < .05) {
			t.Fatalf("p = %g, interval [%g, %g]", p, c.EquivLo, c.EquivHi)
		}
		if inside {
			seen[1]++
		} else {
			seen[0]++
		}
	}
	if seen[0] == 0 || seen[1] == 0 {
		t.Errorf("only one side was seen: %v", seen)
	}
	if p, ok := TOST(.01, 0, 9, .02); !ok || p != 0 {
		t.Error("no spread, within")
	}
	if p, ok := TOST(.03, 0, 9, .02); !ok || p != 1 {
		t.Error("no spread, outside")
	}
	if _, ok := TOST(0, 1, 9, 0); ok {
		t.Error("without a rope nothing is equivalent")
	}
}

func TestStratifiedEdges(t *testing.T) {
	if _, ok := Stratified(nil, .05); ok {
		t.Error("of nothing")
	}
	if _, ok := Stratified([]Stratum{{Weight: 1, SE: math.NaN(), DF: 3}}, .05); ok {
		t.Error("a standard error is missing")
	}
	m, ok := Stratified([]Stratum{{Weight: .5, DF: 9}, {Weight: .5, DF: 9}}, .05)
	if !ok || m.P != 1 || !m.HasP || m.Lo != 0 || m.Hi != 0 || len(m.Warnings) != 1 {
		t.Errorf("nothing varies: %+v", m)
	}
}

func TestPosterior(t *testing.T) {
	p := PosteriorDiff(12, 3, 85, .02)
	near(t, "mean", p.Mean, 9/101.5, 1e-12)
	if !(p.Lo < p.Mean && p.Mean < p.Hi) || p.Better < .98 || p.InRope <= 0 || p.InRope > .1 {
		t.Errorf("got %+v", p)
	}
	q := PosteriorDiff(3, 12, 85, .02)
	near(t, "mirror", q.Lo, -p.Hi, 1e-4)
	if even := PosteriorDiff(5, 5, 2, 0); math.Abs(even.Better-.5) > 1e-12 || !slices.Contains(even.Warnings, SmallN) {
		t.Errorf("even: %+v", even)
	}
}
