package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Unpaired is the warning of a comparison of runs without common questions: it
// takes the questions of either run for a sample of the same population, and
// finds less than a paired one.
const Unpaired = "unpaired"

// Independent is a comparison of runs on different questions.
type Independent struct {
	NA, NB            int
	ClustersA         int
	ClustersB         int
	Delta, SE, Lo, Hi float64
	EquivLo, EquivHi  float64
	DF, P             float64
	HasSE, HasP       bool
	Method            string
	Warnings          []string
	ProbBetter        float64 // defined only if HasP
	MDE80             float64 // defined only if HasSE
}

// CompareUnpaired is the fallback where nothing aligns: Welch's t of B − A with
// Satterthwaite's degrees of freedom, of CR1 standard errors where there are
// clusters. It always warns [Unpaired].
func CompareUnpaired(a, b Scores, o PairOptions) Independent {
	x, y := Ratio(a.scores(), a.Weights, a.Clusters), Ratio(b.scores(), b.Weights, b.Clusters)
	out := Independent{NA: x.N, NB: y.N, ClustersA: x.Clusters, ClustersB: y.Clusters, P: 1,
		EquivLo: -math.MaxFloat64, EquivHi: math.MaxFloat64, Warnings: []string{Unpaired}}
	if x.N == 0 || y.N == 0 {
		out.Method = "none: a run has no scores"
		return out
	}
	out.Delta = y.Value - x.Value
	if min(x.N, y.N) < fewQuestions {
		out.Warnings = append(out.Warnings, SmallN)
	}
	if few(x.Clusters) || few(y.Clusters) {
		out.Warnings = append(out.Warnings, FewClusters)
	}
	if !x.HasSE || !y.HasSE || !finite(out.Delta) {
		out.Method = "none: a run has no standard error"
		return out
	}
	out.HasSE, out.Method, out.SE = true, string(MethodWelch), math.Hypot(x.SE, y.SE)
	out.MDE80 = MDE80Paired(out.SE)
	out.Lo, out.Hi, out.EquivLo, out.EquivHi = out.Delta, out.Delta, out.Delta, out.Delta
	if out.SE == 0 {
		out.Warnings = append(out.Warnings, NoVariance)
		return out
	}
	va, vb := x.SE*x.SE, y.SE*y.SE
	out.DF = (va + vb) * (va + vb) / (va*va/float64(unitsOf(x)-1) + vb*vb/float64(unitsOf(y)-1))
	t := distuv.StudentsT{Sigma: 1, Nu: out.DF}
	wide, narrow := float64(t.Quantile(0.975)*out.SE), float64(t.Quantile(max(0.5, 1-o.alpha()))*out.SE)
	out.Lo, out.Hi = out.Delta-wide, out.Delta+wide
	out.EquivLo, out.EquivHi = out.Delta-narrow, out.Delta+narrow
	out.P, out.HasP = positive(min(1, 2*t.CDF(-math.Abs(out.Delta)/out.SE))), true
	towards := out.Delta / out.SE
	if !o.HigherIsBetter {
		towards = -towards
	}
	out.ProbBetter = t.CDF(towards)
	return out
}

// scores is the values, or the means of the samples.
func (s Scores) scores() []float64 {
	if s.Samples != nil {
		return Means(s.Samples)
	}
	return s.Values
}

func few(clusters int) bool { return clusters > 0 && clusters < fewClusters }

func unitsOf(r Result) int {
	if r.Clusters > 0 {
		return r.Clusters
	}
	return r.N
}
