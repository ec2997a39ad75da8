// Package stats puts error bars on scores and decides what a difference
// between two runs says.
//
// [Estimate] gives one run's score with its interval, [Compare] the difference of
// two runs, both by the methods that [Choose] picks from [Table]; [Decide] names
// the outcome and what more it would take. [Matrix] compares many runs, with
// [Ranks]; [Stratified] adds up a suite; [AdjustBH], [AdjustHolm], [AdjustBY] and
// [AdjustMaxT] adjust the p-values of a family. [NewSequential] compares while
// questions come in; [TrendOf] and [SignalToNoise] look at checkpoints.
// docs/statistics.md derives the formulas. Beneath these, one method each:
// [Mean], [Ratio] and [ExpRatio] of one score; [ComparePaired], [CompareRatio]
// and [CompareExpRatio] of two runs, with Student's intervals at any n; [Verdict].
//
// Every function is a function of its arguments alone: sums run in the order of
// the values, random flips come from the seed given, and no argument is kept or
// changed. Values are per question and in the order of the questions; clusters,
// where not nil, number the group of dependent questions that each belongs to,
// and nil or all different numbers mean independent questions. Slices that
// belong together have one length; the functions panic if they do not.
package stats

import (
	"fmt"
	"math"
)

// Warnings of results and comparisons.
const (
	SmallN      = "small_n"      // fewer than 30 questions
	FewClusters = "few_clusters" // fewer than 30 clusters; below 5 no interval is given
	// NoVariance: all questions differ by the same amount, so the interval of
	// the difference has no width and understates what is not known.
	NoVariance = "no_variance"
)

const (
	fewQuestions = 30
	fewClusters  = 30
	minClusters  = 5
)

// Result is a score with its uncertainty.
type Result struct {
	// Value is NaN where there is none, which is when N is 0: no values, a total
	// weight that is not above 0, or a value or score that is not finite.
	Value float64
	// SE is the standard error, [Lo, Hi] the 95 % interval. Both are defined
	// only if HasSE; otherwise they are 0.
	SE, Lo, Hi float64
	HasSE      bool
	N          int
	// Clusters is the number of clusters; 0 if the questions are independent.
	Clusters int
	// Method names the interval, or says "none: " and why there is none.
	Method   string
	Warnings []string
}

func undefined(reason string) Result {
	return Result{Value: math.NaN(), Method: "none: " + reason}
}

// Mean is the plain mean. Its standard error is s/√n, with n−1 in s; with
// clusters it is the cluster-robust √(G/(G−1)·Σ(cluster sums of deviations)²)/n
// (CR1). The interval is Wilson's where all values are 0 or 1 and independent,
// else Student's with n−1, or G−1, degrees of freedom; of clustered 0/1 values
// it is cut to [0, 1], and where they are all equal it is Wilson's on G.
func Mean(values []float64, clusters []int32) Result {
	g := group(clusters, len(values))
	if len(values) == 0 {
		return undefined("no values")
	}
	value := mean(values)
	if !finite(value) || !allFinite(values) {
		return undefined("a value is not finite")
	}
	r := Result{Value: value, N: len(values), Clusters: g.count}
	r.spread(deviations(values, value), float64(len(values)), g)
	if !r.HasSE || !binary(values) {
		return r
	}
	switch {
	case g.count == 0:
		r.Method = "wilson"
		r.Lo, r.Hi = Wilson(math.Round(value*float64(r.N)), r.N)
	case value == 0 || value == 1:
		r.Method = "cluster wilson"
		r.Lo, r.Hi = Wilson(value*float64(g.count), g.count)
	default:
		r.Lo, r.Hi = max(r.Lo, 0), min(r.Hi, 1)
	}
	return r
}

// Ratio is Σvalue·weight / Σweight, such as bits over bytes. Its standard error
// is the delta method's, √(n/(n−1)·Σ(w(v−R))²)/Σw, or CR1 over the cluster sums
// of w(v−R); the interval is Student's. Weights of nil, or all equal, make it
// [Mean]. Weights are not negative.
func Ratio(values, weights []float64, clusters []int32) Result {
	if equalWeights(weights, len(values)) {
		return Mean(values, clusters)
	}
	g := group(clusters, len(values))
	value, total, reason := ratio(values, weights)
	if reason != "" {
		return undefined(reason)
	}
	r := Result{Value: value, N: len(values), Clusters: g.count}
	r.spread(weighted(values, weights, value), total, g)
	return r
}

// ExpRatio is exp(Σvalue·weight / Σweight), such as a corpus perplexity of minus
// the mean log-probabilities weighted by tokens. Interval and standard error are
// those of [Ratio] on the log scale: exp of the ends, and value times the
// standard error of the logarithm.
func ExpRatio(values, weights []float64, clusters []int32) Result {
	r := Ratio(values, weights, clusters)
	if r.N == 0 {
		return r
	}
	g := group(clusters, len(values))
	log := r.Value
	if r.Value = math.Exp(log); !finite(r.Value) {
		return undefined("the exponential is not finite")
	}
	if !r.HasSE {
		return r
	}
	half := float64(tQuantile(0.975, r.df(g)) * r.SE)
	r.Method = "log " + tMethod(g)
	r.SE, r.Lo, r.Hi = r.Value*r.SE, math.Exp(log-half), math.Exp(log+half)
	if !finite(r.Hi) || !finite(r.SE) {
		r.SE, r.Lo, r.Hi, r.HasSE, r.Method = 0, 0, 0, false, "none: the interval is not finite"
	}
	return r
}

// spread fills in standard error, interval, method and warnings from
// contributions that sum to 0 and are scale times too large.
func (r *Result) spread(contributions []float64, scale float64, g grouping) {
	r.Warnings = sizeWarnings(r.N, g)
	s := standardError(contributions, scale, g)
	if s.reason != "" {
		r.Method = "none: " + s.reason
		return
	}
	half := float64(tQuantile(0.975, s.df) * s.se)
	r.HasSE, r.SE, r.Method = true, s.se, tMethod(g)
	r.Lo, r.Hi = r.Value-half, r.Value+half
	if !finite(r.Lo) || !finite(r.Hi) {
		r.SE, r.Lo, r.Hi, r.HasSE, r.Method = 0, 0, 0, false, "none: the interval is not finite"
	}
}

// df is the degrees of freedom of the result's standard error.
func (r *Result) df(g grouping) int {
	if g.count > 0 {
		return g.count - 1
	}
	return r.N - 1
}

func tMethod(g grouping) string {
	if g.count > 0 {
		return "cluster t"
	}
	return "t"
}

func sizeWarnings(n int, g grouping) []string {
	var w []string
	if n < fewQuestions {
		w = append(w, SmallN)
	}
	if g.count > 0 && g.count < fewClusters {
		w = append(w, FewClusters)
	}
	return w
}

// errorBar is a standard error with its degrees of freedom, or the reason why
// there is none.
type errorBar struct {
	se     float64
	df     int
	reason string
}

// standardError is √(m/(m−1)·Σu²)/scale over the m units (questions, or
// clusters) of contributions that sum to 0.
func standardError(contributions []float64, scale float64, g grouping) errorBar {
	units := g.sums(contributions)
	m := len(units)
	switch {
	case g.count > 0 && m < minClusters:
		return errorBar{reason: fmt.Sprintf("%s, %d needed", plural(m, "cluster"), minClusters)}
	case m < 2:
		return errorBar{reason: "one question"}
	}
	ss := sumOf(m, func(i int) float64 { return units[i] * units[i] })
	se := math.Sqrt(float64(m)/float64(m-1)*ss) / scale
	if !finite(se) {
		return errorBar{reason: "the standard error is not finite"}
	}
	return errorBar{se: se, df: m - 1}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
