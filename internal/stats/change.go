package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// CannotReject is the warning of an exact test with so few units that differ
// that not even the most extreme outcome is significant.
const CannotReject = "cannot_reject"

// Pairs are the scores of two runs, A and B, on the same questions.
type Pairs struct {
	// A and B are the values of each question, nil if samples are given.
	A, B []float64
	// SamplesA and SamplesB are the scores of each question's samples, at least
	// one each; the question's value is their mean.
	SamplesA, SamplesB [][]float64
	// WeightsA and WeightsB make the score of a run Σvalue·weight/Σweight.
	WeightsA, WeightsB []float64
	Clusters           []int32
	Exp                bool // the score is the exponential of the ratio
}

// Comparison is a paired comparison by the table of methods.
type Comparison struct {
	Paired
	Choice Choice
	// Interval names how [Lo, Hi] and the equivalence interval were got.
	Interval string
	// Beside is the second p-value that the table reports, of Choice.Beside;
	// defined only if HasBeside.
	Beside    float64
	HasBeside bool
	// ProbBetter is the posterior probability that B is better: of 0/1 values
	// that of wins over losses under the prior Beta(½, ½), else Student's with a
	// flat prior. Defined only if HasProb.
	ProbBetter float64
	HasProb    bool
	// DF is the degrees of freedom of SE.
	DF int
	// SplitA and SplitB divide the variance where there are samples.
	SplitA, SplitB *Split
	// Clustering is that of the differences, nil without clusters.
	Clustering *Clustering
}

// values fills in the means of samples.
func (p Pairs) values() Pairs {
	if p.SamplesA != nil || p.SamplesB != nil {
		p.A, p.B = Means(p.SamplesA), Means(p.SamplesB)
	}
	return p
}

// Shape is what the choice of a method depends on.
func (p Pairs) Shape() Shape {
	p = p.values()
	g := group(p.Clusters, len(p.A))
	even := equalWeights(p.WeightsA, len(p.A)) && equalWeights(p.WeightsB, len(p.B))
	return Shape{
		N: len(p.A), Clusters: g.count, Samples: max(longest(p.SamplesA), longest(p.SamplesB)),
		Binary: binary(p.A) && binary(p.B), Ratio: p.Exp || !even,
	}
}

// Compare compares B with A by the methods that [Choose] names, or those of
// o.Use. With fewer than 5 clusters it describes only.
func Compare(in Pairs, o PairOptions) Comparison {
	in = in.values()
	mustPair(in.A, in.B)
	shape := in.Shape()
	o.untested = true
	c := Comparison{Choice: Choose(shape).with(o.Use)}
	if in.Exp {
		c.Paired = CompareExpRatio(in.A, in.WeightsA, in.B, in.WeightsB, in.Clusters, o)
	} else {
		c.Paired = CompareRatio(in.A, in.WeightsA, in.B, in.WeightsB, in.Clusters, o)
	}
	if c.N == 0 {
		return c
	}
	g := group(in.Clusters, c.N)
	c.DF = max(shape.units()-1, 0)
	c.Interval, c.Method = string(MethodNone), "none: no test"
	if c.HasSE {
		c.Interval = tMethod(g)
	}
	if in.SamplesA != nil {
		c.SplitA, c.SplitB = splitOf(in.SamplesA), splitOf(in.SamplesB)
	}
	if g.count > 0 && !shape.Ratio {
		if k, ok := ClusteringOf(subtract(in.B, in.A), in.Clusters); ok {
			c.Clustering = &k
		}
	}
	w := worker{in: in, g: g, o: o, shape: shape, c: &c}
	w.test()
	w.interval()
	w.beside()
	w.probability()
	return c
}

// MDE80 is the smallest true difference that such a comparison finds at 5 % in
// 80 % of cases, by [MDET]: with few clusters more than [MDE80Paired], which
// leaves the degrees of freedom out. ok is false without a standard error.
func (c Comparison) MDE80() (mde float64, ok bool) {
	if !c.HasSE || !(c.SE > 0) || c.DF < 1 {
		return 0, false
	}
	mde = MDET(c.SE, c.DF, 0.05, 0.8)
	return mde, finite(mde)
}

func splitOf(samples [][]float64) *Split {
	if s, ok := SplitVariance(samples); ok {
		return &s
	}
	return nil
}

func subtract(b, a []float64) []float64 {
	d := make([]float64, len(a))
	for i := range d {
		d[i] = b[i] - a[i]
	}
	return d
}

// tP is the two-sided p-value of Student's t; ok is false without variance.
func tP(delta, se float64, df int) (p float64, ok bool) {
	if !(se > 0) || df < 1 {
		return 1, false
	}
	return positive(2 * distuv.StudentsT{Sigma: 1, Nu: float64(df)}.CDF(-math.Abs(delta)/se)), true
}

// probability fills in ProbBetter.
func (w *worker) probability() {
	c := w.c
	switch {
	case w.shape.Binary && !w.shape.Ratio && w.g.count == 0:
		c.ProbBetter, c.HasProb = ProbBetter(c.Wins, c.Losses), true
	case c.HasSE && c.SE > 0 && c.DF > 0:
		t := c.Delta / c.SE
		if !w.o.HigherIsBetter {
			t = -t
		}
		c.ProbBetter, c.HasProb = distuv.StudentsT{Sigma: 1, Nu: float64(c.DF)}.CDF(t), true
	}
}

// cannotReject warns where an exact test of so many units, all of one sign,
// would still not be significant.
func (w *worker) cannotReject(least float64) {
	if least >= w.o.alpha() {
		w.c.Warnings = append(w.c.Warnings, fmt.Sprintf("%s: the least possible p is %.3g", CannotReject, least))
	}
}
