package stats

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

func TestPairedFixture(t *testing.T) {
	p := ComparePaired(fixtureA, fixtureB, nil, PairOptions{HigherIsBetter: true})
	near(t, "delta", p.Delta, -.25, 0)
	near(t, "se", p.SE, .144337567, 1e-9)
	near(t, "lo", p.Lo, -.25-2.131449545559323*p.SE, 1e-12) // t(0.975, 15)
	near(t, "equiv hi", p.EquivHi, -.25+1.7530503556925547*p.SE, 1e-12)
	near(t, "p", p.P, McNemarMidP(1, 5), 0)
	if p.Wins != 1 || p.Losses != 5 || p.Ties != 10 || p.Method != "mcnemar mid-p" || !p.HasP || !p.HasSE || p.N != 16 {
		t.Errorf("got %+v", p)
	}
	near(t, "se a", Mean(fixtureA, nil).SE, .125, 1e-12)
	near(t, "se b", Mean(fixtureB, nil).SE, .125, 1e-12)
	// Var(d) = var(a) + var(b) − 2·cov(a, b) has the correlation.
	near(t, "corr", p.Corr, (2*.25-1./3)/(2*.25), 1e-12)

	lower := ComparePaired(fixtureA, fixtureB, nil, PairOptions{})
	if lower.Wins != 5 || lower.Losses != 1 || lower.Delta != p.Delta {
		t.Errorf("lower is better: %+v", lower)
	}
}

func TestPairedClusters(t *testing.T) {
	g := group(blocks(16, 4), 16)
	d := make([]float64, 16)
	for i := range d {
		d[i] = fixtureA[i] - fixtureB[i]
	}
	ss := 0.
	for _, u := range g.sums(deviations(d, .25)) {
		ss += u * u
	}
	near(t, "cluster sum of squares", ss, 6, 1e-15)
	// CR1 of the fixture's four clusters is 0.1768, but four are too few to
	// report; two copies of it are eight, with the same sums.
	p := ComparePaired(fixtureA, fixtureB, blocks(16, 4), PairOptions{HigherIsBetter: true})
	if p.HasSE || p.HasP || p.P != 1 || p.Lo != 0 || p.Method != "none: 4 clusters, 5 needed" || p.EquivHi != math.MaxFloat64 {
		t.Errorf("four clusters: %+v", p)
	}
	a2, b2 := slices.Concat(fixtureA, fixtureA), slices.Concat(fixtureB, fixtureB)
	p = ComparePaired(a2, b2, blocks(32, 4), PairOptions{HigherIsBetter: true})
	near(t, "CR1", p.SE, math.Sqrt(8./7*12)/32, 1e-15)
	near(t, "CR1 of the fixture", p.SE, .176776695*math.Sqrt((8./7*12)/(4./3*6))/2, 1e-9)
	if p.Clusters != 8 || p.Method != "cluster sign-flip, exact" {
		t.Errorf("eight clusters: %+v", p)
	}
	near(t, "p", p.P, bruteFlip(group(blocks(32, 4), 32).sums(slices.Concat(d, d))), 0)
}

// bruteFlip tries all sign patterns in floating point.
func bruteFlip(u []float64) float64 {
	observed, hits := math.Abs(sum(u)), 0
	for pattern := range 1 << len(u) {
		s := 0.
		for i, v := range u {
			if pattern>>i&1 == 1 {
				v = -v
			}
			s += v
		}
		if math.Abs(s) >= observed-1e-9 {
			hits++
		}
	}
	return float64(hits) / float64(int(1)<<len(u))
}

func TestFlipExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 12; n++ {
		u := make([]float64, n)
		for i := range u {
			u[i] = float64(rng.IntN(7)-3) / 10 // many ties, none exact in binary
		}
		got, how := flipTest(u, 1e-15, 10, 1)
		if want := bruteFlip(u); got != want || how != "exact" {
			t.Errorf("%v: p = %g, want %g", u, got, want)
		}
	}
	// Differences of decimals: 0.3−0.2, 0.2−0.1 and 0.1 are meant to tie.
	p := ComparePaired([]float64{.2, .1, 0, 1000.1}, []float64{.3, .2, .1, 1000.2}, nil, PairOptions{HigherIsBetter: true})
	if p.P != 2./16 {
		t.Errorf("equal differences: p = %g, want 1/8", p.P)
	}
}

func TestFlipRandomNearExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		u := make([]float64, 20)
		for i := range u {
			u[i] = rng.NormFloat64() + .3
		}
		exact, _ := flipTest(u, 0, 1, 1)
		whole, slack, _ := quantise(u, 0)
		var observed int64
		for _, q := range whole {
			observed += q
		}
		const flips = 200_000
		got := float64(flipRandom(whole, max(observed, -observed)-slack, flips, 5)) / flips
		if sd := math.Sqrt(exact * (1 - exact) / flips); math.Abs(got-exact) > 4*sd {
			t.Errorf("random flips p = %g, exact %g", got, exact)
		}
	}
}

func TestTabulate(t *testing.T) {
	var table [256]int64
	units := []int64{3, -5, 7}
	tabulate(&table, units)
	for pattern := range 256 {
		var want int64
		for j, q := range units {
			if pattern>>j&1 == 0 {
				q = -q
			}
			want += q
		}
		if table[pattern] != want {
			t.Errorf("table[%b] = %d, want %d", pattern, table[pattern], want)
		}
	}
}

func TestPairedEdges(t *testing.T) {
	up := PairOptions{HigherIsBetter: true}
	nan, inf := math.NaN(), math.Inf(1)
	for name, p := range map[string]Paired{
		"nothing":     ComparePaired(nil, nil, nil, up),
		"nan":         ComparePaired([]float64{1, nan}, []float64{1, 2}, nil, up),
		"inf":         ComparePaired([]float64{1, 2}, []float64{1, inf}, nil, up),
		"overflow":    ComparePaired([]float64{-1e308, 2}, []float64{1e308, 2}, nil, up),
		"no weight":   CompareRatio([]float64{1, 2}, []float64{0, 0}, []float64{1, 2}, []float64{1, 2}, nil, up),
		"exp":         CompareExpRatio([]float64{1, 2}, nil, []float64{1000, 2000}, nil, nil, up),
		"ratio empty": CompareRatio(nil, nil, nil, nil, nil, up),
	} {
		if p.N != 0 || p.HasSE || p.HasP || p.P != 1 || p.Delta != 0 || p.Method[:6] != "none: " {
			t.Errorf("%s: %+v", name, p)
		}
	}
	one := ComparePaired([]float64{.5}, []float64{.75}, nil, up)
	if one.HasSE || !one.HasP || one.P != 1 || one.Delta != .25 || one.Wins != 1 || one.EquivLo != -math.MaxFloat64 {
		t.Errorf("one question: %+v", one)
	}
	same := ComparePaired(fixtureA, fixtureA, nil, up)
	if same.P != 1 || same.Delta != 0 || same.SE != 0 || same.Corr < 1-1e-15 || !slices.Contains(same.Warnings, NoVariance) {
		t.Errorf("a run against itself: %+v", same)
	}
	x := []float64{.1, .2, .7}
	if p := ComparePaired(x, x, nil, up); p.P != 1 || p.Method != "sign-flip, exact" || p.Ties != 3 {
		t.Errorf("values against themselves: %+v", p)
	}
}

func TestPairedRepeats(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	a, b := make([]float64, 500), make([]float64, 500)
	for i := range a {
		a[i], b[i] = rng.Float64(), rng.Float64()+.02
	}
	o := PairOptions{HigherIsBetter: true, Seed: 11}
	first := ComparePaired(a, b, nil, o)
	if again := ComparePaired(a, b, nil, o); !reflect.DeepEqual(first, again) {
		t.Errorf("the same comparison twice: %+v and %+v", first, again)
	}
	if back := ComparePaired(b, a, nil, o); back.P != first.P || back.Delta != -first.Delta || back.SE != first.SE || back.Wins != first.Losses {
		t.Errorf("B against A: %+v, want the mirror of %+v", back, first)
	}
	o.Seed = 12
	if other := ComparePaired(a, b, nil, o); math.Abs(other.P-first.P) > .03 || other.Method != "sign-flip, 10000 flips" {
		t.Errorf("another seed: %+v, want about %+v", other, first)
	}
	o.Permutations = 99
	if p := ComparePaired(a, b, nil, o).P * 100; math.Abs(p-math.Round(p)) > 1e-9 {
		t.Errorf("99 flips: p = %g, want hundredths", p/100)
	}
}

func TestCompareRatio(t *testing.T) {
	up := PairOptions{}
	a, b := []float64{1, 2, 4, 3, 1, 2}, []float64{1.5, 2, 3, 2, 1.25, 1}
	w, w2 := []float64{10, 20, 10, 60, 5, 9}, []float64{11, 18, 12, 55, 6, 9}
	p := CompareRatio(a, w, b, w2, nil, up)
	near(t, "delta", p.Delta, Ratio(b, w2, nil).Value-Ratio(a, w, nil).Value, 1e-15)
	if p.Wins != 3 || p.Losses != 2 || p.Ties != 1 || p.Method != "sign-flip, exact" {
		t.Errorf("got %+v", p)
	}
	// Equal weights: the test is that of w(b−a), exactly.
	u := make([]float64, len(a))
	for i := range u {
		u[i] = w[i] * (b[i] - a[i])
	}
	p = CompareRatio(a, w, b, w, nil, up)
	near(t, "p", p.P, bruteFlip(u), 0)
	d := make([]float64, len(a))
	for i := range d {
		d[i] = b[i] - a[i]
	}
	near(t, "se", p.SE, Ratio(d, w, nil).SE, 1e-14)
	e := CompareExpRatio(a, w, b, w, nil, up)
	near(t, "exp p", e.P, p.P, 0)
	near(t, "exp delta", e.Delta, ExpRatio(b, w, nil).Value-ExpRatio(a, w, nil).Value, 1e-14)
	if c := CompareRatio(a, nil, b, nil, nil, up); !reflect.DeepEqual(c, ComparePaired(a, b, nil, up)) {
		t.Errorf("no weights: %+v", c)
	}
	if c := CompareRatio(zeroOne(3, 6), []float64{2, 2, 2, 2, 2, 2}, zeroOne(5, 6), nil, nil, up); c.Method != "mcnemar mid-p" {
		t.Errorf("equal weights of 0/1 values: %q", c.Method)
	}
}

// TestExpRatioDelta holds the delta method against a slight change of scale:
// for small differences the exponential is linear.
func TestExpRatioDelta(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	n := 200
	a, b, w := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range a {
		a[i] = 1e-6 * rng.NormFloat64()
		b[i], w[i] = a[i]+1e-6*rng.NormFloat64(), 1+rng.Float64()
	}
	linear := CompareRatio(a, w, b, w, nil, PairOptions{})
	exp := CompareExpRatio(a, w, b, w, nil, PairOptions{})
	near(t, "delta", exp.Delta/linear.Delta, 1, 1e-5)
	near(t, "se", exp.SE/linear.SE, 1, 1e-5)
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		p, lo, hi, rope, delta float64
		higher                 bool
		want, warning          string
	}{
		{.01, .02, .08, .01, .05, true, Better, ""},
		{.01, .02, .08, .01, .05, false, Worse, ""},
		{.01, -.08, -.02, .01, -.05, true, Worse, ""},
		{.01, -.08, -.02, .01, -.05, false, Better, ""},
		{.05, -.01, .08, .01, .05, true, Unresolved, ""},
		{.5, -.004, .006, .01, .001, true, Equivalent, ""},
		{.5, -.004, .0101, .01, .003, true, Unresolved, ""},
		{.01, .001, .006, .01, .004, true, Equivalent, WithinRope},
		{1, 0, 0, 0, 0, true, Unresolved, ""},
		{1, -math.MaxFloat64, math.MaxFloat64, .01, 0, true, Unresolved, ""},
	} {
		got, warning := Verdict(c.p, .05, c.lo, c.hi, c.rope, c.delta, c.higher)
		if got != c.want || warning != c.warning {
			t.Errorf("%+v: %s %q", c, got, warning)
		}
	}
}

func TestAdjust(t *testing.T) {
	p := []float64{.074, .001, .205, .008, .216, .039, .041, .212, .042, .06}
	bh := []float64{.1057, .01, .216, .04, .216, .084, .084, .216, .084, .1}
	holm := []float64{.312, .01, .615, .072, .615, .312, .312, .615, .312, .312}
	kept := slices.Clone(p)
	gotBH, gotHolm := AdjustBH(p), AdjustHolm(p)
	for i := range p {
		near(t, "BH", gotBH[i], bh[i], 5e-5)
		near(t, "Holm", gotHolm[i], holm[i], 5e-5)
	}
	if !slices.Equal(p, kept) {
		t.Error("the p-values given were changed")
	}
	if len(AdjustBH(nil)) != 0 || AdjustHolm([]float64{.3, .9, .9})[2] != 1 || AdjustBH([]float64{.3})[0] != .3 {
		t.Error("none, one, or capped p-values go wrong")
	}
}

// large is a comparison of 15,000 questions without equal differences.
func large() (a, b []float64) {
	rng := rand.New(rand.NewPCG(9, 9))
	a, b = make([]float64, 15_000), make([]float64, 15_000)
	for i := range a {
		a[i] = rng.NormFloat64()
		b[i] = a[i] + rng.NormFloat64()*.1
	}
	return a, b
}

func BenchmarkComparePaired(b *testing.B) {
	x, y := large()
	for b.Loop() {
		ComparePaired(x, y, nil, PairOptions{})
	}
}

func BenchmarkFlipAll(b *testing.B) {
	x, y := large()
	for b.Loop() {
		ComparePaired(x[:20], y[:20], nil, PairOptions{})
	}
}
