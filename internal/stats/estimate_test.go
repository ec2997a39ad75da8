package stats

import (
	"math"
	"slices"
	"testing"
)

// near compares with a relative tolerance (absolute below 1).
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s = %.17g, want %.17g", what, got, want)
	}
}

// zeroOne is n values, the first k of them 1.
func zeroOne(k, n int) []float64 {
	x := make([]float64, n)
	for i := range k {
		x[i] = 1
	}
	return x
}

// blocks numbers n questions in clusters of size.
func blocks(n, size int) []int32 {
	c := make([]int32, n)
	for i := range c {
		c[i] = int32(100 - i/size)
	}
	return c
}

var (
	fixtureA = []float64{1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1}
	fixtureB = []float64{1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0}
)

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{
		{0, 20, 0, .1611}, {17, 20, .6396, .9476}, {20, 20, .8389, 1},
		{27, 30, .7438, .9654}, {137, 164, .7711, .8843}, {655, 1000, .6250, .6838},
	} {
		lo, hi := Wilson(float64(c.k), c.n)
		near(t, "lo", lo, c.lo, 6e-5)
		near(t, "hi", hi, c.hi, 6e-5)
		r := Mean(zeroOne(c.k, c.n), nil)
		if r.Lo != lo || r.Hi != hi || r.Method != "wilson" || !r.HasSE {
			t.Errorf("Mean of %d/%d = %+v, want Wilson's interval", c.k, c.n, r)
		}
		p := float64(c.k) / float64(c.n)
		near(t, "value", r.Value, p, 1e-15)
		near(t, "se", r.SE, math.Sqrt(p*(1-p)/float64(c.n-1)), 1e-14)
		if small := c.n < 30; small != slices.Contains(r.Warnings, SmallN) {
			t.Errorf("n = %d: warnings %v", c.n, r.Warnings)
		}
	}
	if lo, hi := Wilson(0, 0); lo != 0 || hi != 1 {
		t.Errorf("Wilson of nothing = [%g, %g]", lo, hi)
	}
}

func TestMean(t *testing.T) {
	r := Mean([]float64{2, 4, 4, 4, 5, 5, 7, 9}, nil)
	se := math.Sqrt(32.0/7) / math.Sqrt(8)
	near(t, "value", r.Value, 5, 0)
	near(t, "se", r.SE, se, 1e-15)
	near(t, "lo", r.Lo, 5-2.364624251592785*se, 1e-12) // t(0.975, 7)
	near(t, "hi", r.Hi, 5+2.364624251592785*se, 1e-12)
	if r.Method != "t" || r.N != 8 || r.Clusters != 0 {
		t.Errorf("got %+v", r)
	}
	if r := Mean([]float64{.1, .1, .1}, nil); r.Value != .1 || r.SE != 0 || r.Lo != .1 || r.Hi != .1 {
		t.Errorf("mean of equal values = %+v", r)
	}
}

func TestMeanClusters(t *testing.T) {
	// A's deviations by cluster: 0.5, 0.5, -1.5, 0.5.
	four := Mean(fixtureA, blocks(16, 4))
	if four.HasSE || four.Clusters != 4 || four.Method != "none: 4 clusters, 5 needed" || four.Lo != 0 || four.Hi != 0 {
		t.Errorf("four clusters: %+v", four)
	}
	if !slices.Contains(four.Warnings, FewClusters) {
		t.Errorf("four clusters: warnings %v", four.Warnings)
	}
	eight := Mean(fixtureA, blocks(16, 2))
	// Pair sums 2 1 2 1 0 1 1 2, mean 1.25.
	ss := 3*.75*.75 + 4*.25*.25 + 1.25*1.25
	near(t, "CR1", eight.SE, math.Sqrt(8.0/7*ss)/16, 1e-15)
	near(t, "lo", eight.Lo, .625-2.364624251592785*eight.SE, 1e-12)
	if eight.Method != "cluster t" || eight.Hi > 1 {
		t.Errorf("eight clusters: %+v", eight)
	}
	alone := make([]int32, 16)
	for i := range alone {
		alone[i] = int32(7 - i)
	}
	if got, want := Mean(fixtureA, alone), Mean(fixtureA, nil); got.SE != want.SE || got.Clusters != 0 || got.Method != want.Method {
		t.Errorf("all different clusters: %+v, want %+v", got, want)
	}
	if one := Mean([]float64{1, 2}, []int32{3, 3}); one.Method != "none: 1 cluster, 5 needed" {
		t.Errorf("one cluster: %q", one.Method)
	}
	lo, _ := Wilson(8, 8)
	if full := Mean(zeroOne(16, 16), blocks(16, 2)); full.Lo != lo || full.Hi != 1 {
		t.Errorf("all right in 8 clusters: [%g, %g], want [%g, 1]", full.Lo, full.Hi, lo)
	}
}

func TestUndefined(t *testing.T) {
	inf := math.Inf(1)
	for name, r := range map[string]Result{
		"nothing":          Mean(nil, nil),
		"nothing, ratio":   Ratio(nil, nil, nil),
		"nothing, weights": Ratio([]float64{}, []float64{}, nil),
		"infinite":         Mean([]float64{1, inf}, nil),
		"not a number":     Mean([]float64{1, math.NaN()}, nil),
		"overflow":         Mean([]float64{1e308, 1e308, 1.1e308}, nil),
		"no weight":        Ratio([]float64{1, 2}, []float64{0, 0}, nil),
		"negative weight":  Ratio([]float64{1, 2}, []float64{-1, 2}, nil),
		"infinite weight":  Ratio([]float64{1, 2}, []float64{inf, 2}, nil),
		"exp overflow":     ExpRatio([]float64{1000, 800}, []float64{1, 2}, nil),
	} {
		if r.N != 0 || !math.IsNaN(r.Value) || r.HasSE || r.SE != 0 || r.Lo != 0 || r.Hi != 0 || r.Method[:6] != "none: " {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := Mean([]float64{3}, nil); r.Value != 3 || r.N != 1 || r.HasSE || r.Method != "none: one question" {
		t.Errorf("one value: %+v", r)
	}
	if r := ExpRatio([]float64{-700, 700}, []float64{1, 1}, nil); r.Value != 1 || r.HasSE {
		t.Errorf("an interval past the largest number: %+v", r)
	}
}

func TestRatio(t *testing.T) {
	v, w := []float64{1, 2, 4, 3}, []float64{10, 20, 10, 60}
	r := Ratio(v, w, nil)
	near(t, "value", r.Value, 2.7, 1e-15)
	// w(v−R): −17, −14, 13, 18; mean weight 25.
	near(t, "se", r.SE, math.Sqrt((289+196+169+324.)/(4*3))/25, 1e-14)
	if r.Method != "t" {
		t.Errorf("method %q", r.Method)
	}
	e := ExpRatio(v, w, nil)
	near(t, "exp", e.Value, math.Exp(2.7), 1e-15)
	near(t, "exp se", e.SE, math.Exp(2.7)*r.SE, 1e-15)
	near(t, "exp lo", e.Lo, math.Exp(r.Lo), 1e-14)
	near(t, "exp hi", e.Hi, math.Exp(r.Hi), 1e-14)

	same := []float64{7, 7, 7, 7}
	if got, want := Ratio(v, same, nil), Mean(v, nil); got.SE != want.SE || got.Value != want.Value {
		t.Errorf("equal weights: %+v, want %+v", got, want)
	}
	// A cluster of questions counts as their sum: two questions of one cluster
	// are as good as one with their joint weight and value.
	v6, w6 := []float64{1, 2, 4, 3, 5, 0}, []float64{10, 20, 10, 60, 1, 2}
	whole := Ratio(v6, w6, nil)
	split := Ratio(append(slices.Clone(v6), 2), []float64{10, 8, 10, 60, 1, 2, 12}, []int32{0, 1, 2, 3, 4, 5, 1})
	near(t, "split value", split.Value, whole.Value, 1e-15)
	near(t, "split se", split.SE, whole.SE, 1e-14)
}

func TestSumOrder(t *testing.T) {
	x := []float64{1, 1e100, 1, -1e100}
	if got := sum(x); got != 2 {
		t.Errorf("compensated sum = %g, want 2", got)
	}
	if got := (grouping{of: []int32{0, 0, 0, 0}, count: 1}).sums(x)[0]; got != 2 {
		t.Errorf("compensated cluster sum = %g, want 2", got)
	}
}

func TestPlanning(t *testing.T) {
	near(t, "z", MDE80Paired(1), 2.801585218, 1e-9)
	near(t, "unpaired", MDE80(1), 2.801585218*math.Sqrt2, 1e-9)
	near(t, "n 198", MDE80Paired(math.Sqrt((1./9+2./6)/198)), .1327, 5e-5)
	near(t, "n 100", MDE80Paired(math.Sqrt(.04/100)), .0560317, 1e-7)
	if got := NNeeded(1./3, .03); got != 969 {
		t.Errorf("NNeeded = %d, want 969", got)
	}
	for _, c := range []struct {
		sd, delta float64
		want      int
	}{{1, 0, 0}, {math.NaN(), 1, 0}, {1, math.Inf(1), 0}, {1, 1e-200, math.MaxInt}, {0, .1, 0}, {1. / 3, -.03, 969}} {
		if got := NNeeded(c.sd, c.delta); got != c.want {
			t.Errorf("NNeeded(%g, %g) = %d, want %d", c.sd, c.delta, got, c.want)
		}
	}
}

func TestStudent(t *testing.T) {
	for df, want := range map[int]float64{1: 12.706204736432095, 4: 2.7764451051977987, 29: 2.045229642132703, 999: 1.9623414611334487, 14041: 1.9601329} {
		near(t, "t quantile", tQuantile(.975, df), want, 1e-7)
	}
}

func TestPassK(t *testing.T) {
	for _, c := range []struct {
		n, c, k int
		pow, at float64
	}{
		{10, 5, 2, .2222, .7778}, {10, 5, 3, .0833, .9167}, {4, 2, 2, .1667, .8333}, {8, 7, 4, .5, 1},
		{5, 0, 2, 0, 0}, {5, 5, 2, 1, 1}, {2, 1, 5, 0, 1}, {2, 2, 5, 1, 1}, {0, 0, 1, 0, 0},
	} {
		near(t, "pass^k", PassPowK(c.n, c.c, c.k), c.pow, 5e-5)
		near(t, "pass@k", PassAtK(c.n, c.c, c.k), c.at, 5e-5)
	}
}
