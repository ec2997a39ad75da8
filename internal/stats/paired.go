package stats

import (
	"fmt"
	"math"
)

// Paired is a comparison of run B with run A on the same questions.
type Paired struct {
	// N is the number of questions; 0 where nothing can be compared, and all
	// other numbers are then 0 (P is 1).
	N int
	// Wins counts the questions on which B is better, Losses those on which A
	// is, Ties the others.
	Wins, Losses, Ties int
	// Clusters is the number of clusters; 0 if the questions are independent.
	Clusters int
	// Delta is B − A in the metric's own unit.
	Delta float64
	// SE is the standard error of Delta and [Lo, Hi] its 95 % interval,
	// whatever alpha. Both are defined only if HasSE; otherwise they are 0.
	SE, Lo, Hi float64
	HasSE      bool
	// P is the two-sided p-value, not adjusted; 1 unless HasP.
	P    float64
	HasP bool
	// EquivLo and EquivHi are the 1−2·alpha interval of Delta, which
	// [Verdict] holds against the region of equivalence. Unless HasSE they are
	// ∓math.MaxFloat64, which lies within nothing.
	EquivLo, EquivHi float64
	// Method names the test, or says "none: " and why there is none.
	Method   string
	Warnings []string
	// Corr is Pearson's correlation of what the questions contribute to A and
	// to B; 0 where one of them is constant.
	Corr float64
}

// PairOptions are the choices of a comparison.
type PairOptions struct {
	// Alpha is the level of the equivalence interval, below 0.5; 0 means 0.05.
	Alpha          float64
	HigherIsBetter bool
	// Permutations is the number of random sign flips where not all can be
	// tried; 0 means 10,000.
	Permutations int
	// Seed of the random flips and resamples.
	Seed uint64
	// Resamples is the number of bootstrap samples; 0 means 10,000.
	Resamples int
	// Use names methods instead of the table's, for [Compare]; empty fields are
	// the table's.
	Use Choice

	untested bool // leave the test to the caller
}

// alpha is the level asked for, else 0.05.
func (o PairOptions) alpha() float64 {
	if o.Alpha == 0 {
		return 0.05
	}
	return o.Alpha
}

func incomparable(reason string) Paired {
	return Paired{P: 1, EquivLo: -math.MaxFloat64, EquivHi: math.MaxFloat64, Method: "none: " + reason}
}

// ComparePaired compares the means of a and b, question by question. The
// standard error is that of the mean difference: sd(b−a)/√n, or CR1 over
// clusters; intervals are Student's. The p-value is McNemar's mid-p where all
// values are 0 or 1 and independent, else that of a sign-flip test in which
// whole clusters flip. With fewer than 5 clusters there is neither.
func ComparePaired(a, b []float64, clusters []int32, o PairOptions) Paired {
	mustPair(a, b)
	g := group(clusters, len(a))
	if len(a) == 0 {
		return incomparable("no questions in common")
	}
	d := make([]float64, len(a))
	for i := range d {
		d[i] = b[i] - a[i]
	}
	meanA, meanB := mean(a), mean(b)
	if !allFinite(a) || !allFinite(b) || !allFinite(d) || !finite(meanB-meanA) {
		return incomparable("a value is not finite")
	}
	p := tally(a, b, g, o)
	p.Delta = meanB - meanA
	p.spread(deviations(d, mean(d)), float64(p.N), g, o)
	p.Corr = correlation(deviations(a, meanA), deviations(b, meanB))
	if o.untested {
		return p
	}
	if g.count == 0 && binary(a) && binary(b) {
		p.P, p.HasP, p.Method = McNemarMidP(p.Wins, p.Losses), true, "mcnemar mid-p"
		return p
	}
	p.flip(d, rounding(a)+rounding(b), g, o)
	return p
}

// mustPair panics unless a and b have one length.
func mustPair(a, b []float64) {
	if len(a) != len(b) {
		panic("stats: A and B need a value for each question")
	}
}

// tally starts a comparison with its counts and warnings.
func tally(a, b []float64, g grouping, o PairOptions) Paired {
	p := incomparable("")
	p.N, p.Clusters, p.Warnings = len(a), g.count, sizeWarnings(len(a), g)
	for i := range a {
		switch {
		case a[i] == b[i]:
			p.Ties++
		case (b[i] > a[i]) == o.HigherIsBetter:
			p.Wins++
		default:
			p.Losses++
		}
	}
	return p
}

// spread fills in standard error and intervals from contributions that sum to 0
// and are scale times too large.
func (p *Paired) spread(contributions []float64, scale float64, g grouping, o PairOptions) {
	s := standardError(contributions, scale, g)
	if s.reason != "" {
		return
	}
	half := float64(tQuantile(0.975, s.df) * s.se)
	if !finite(p.Delta-half) || !finite(p.Delta+half) {
		return
	}
	p.HasSE, p.SE, p.Lo, p.Hi = true, s.se, p.Delta-half, p.Delta+half
	alpha := o.alpha()
	narrow := 0.0
	if alpha < 0.5 {
		narrow = float64(tQuantile(1-alpha, s.df) * s.se)
	}
	p.EquivLo, p.EquivHi = p.Delta-narrow, p.Delta+narrow
	if s.se == 0 {
		p.Warnings = append(p.Warnings, NoVariance)
	}
}

// flip fills in the p-value of the sign-flip test of contributions whose sum is
// 0 where A and B are the same.
func (p *Paired) flip(contributions []float64, noise float64, g grouping, o PairOptions) {
	prefix := ""
	if g.count > 0 {
		prefix = "cluster "
		if g.count < minClusters {
			p.Method = fmt.Sprintf("none: %s, %d needed", plural(g.count, "cluster"), minClusters)
			return
		}
	}
	flips := o.Permutations
	if flips <= 0 {
		flips = 10_000
	}
	v, how := flipTest(g.sums(contributions), noise, flips, o.Seed)
	if how == "" {
		p.Method = "none: the sum is not finite"
		return
	}
	p.Method = prefix + "sign-flip, " + how
	p.P, p.HasP = v, true
}

// rounding bounds the error that the last bits of x can make in a sum of
// differences.
func rounding(x []float64) float64 {
	return sumOf(len(x), func(i int) float64 { return math.Abs(x[i]) }) * 0x1p-51
}

// correlation of values that sum to 0; 0 where one of them is constant.
func correlation(x, y []float64) float64 {
	n := len(x)
	xx := math.Sqrt(sumOf(n, func(i int) float64 { return x[i] * x[i] }))
	yy := math.Sqrt(sumOf(n, func(i int) float64 { return y[i] * y[i] }))
	r := sumOf(n, func(i int) float64 { return x[i] * y[i] }) / xx / yy
	if !finite(r) {
		return 0
	}
	return max(-1, min(1, r))
}
