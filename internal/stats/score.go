package stats

import "math"

// BootDegenerate is the warning of a bootstrap in too many of whose samples
// nothing varies: the interval is Student's instead.
const BootDegenerate = "bootstrap_degenerate"

// Scores are one run's scores on the questions of a task.
type Scores struct {
	// Values of the questions, or nil if Samples are given.
	Values []float64
	// Samples are the scores of each question's samples; its value is their mean.
	// A question without samples is left out: the other slices skip it too.
	Samples [][]float64
	// Weights make the score Σvalue·weight/Σweight; nil is the plain mean.
	Weights  []float64
	Clusters []int32
	// Exp makes the score the exponential of the ratio.
	Exp bool
}

// ScoreOptions are the choices of an estimate.
type ScoreOptions struct {
	Interval  Method // instead of the table's; empty is the table's
	Resamples int    // of a bootstrap; 0 means 10,000
	Seed      uint64
}

// Score is a score with its uncertainty and how it was got.
type Score struct {
	Result
	Choice Choice
	// Split is the variance of questions and samples, nil without samples.
	Split *Split
	// Clustering is what questions of a cluster have in common, nil without
	// clusters.
	Clustering *Clustering
}

// Estimate gives a score with the 95 % interval that the table of methods has
// for it.
func Estimate(s Scores, o ScoreOptions) Score {
	var out Score
	if s.Samples != nil {
		if split, ok := SplitVariance(s.Samples); ok {
			out.Split = &split
		}
		s.Values = Means(s.Samples)
	}
	g := group(s.Clusters, len(s.Values))
	if c, ok := ClusteringOf(s.Values, s.Clusters); ok {
		out.Clustering = &c
	}
	ratio := s.Exp || !equalWeights(s.Weights, len(s.Values))
	out.Choice = Choose(Shape{
		N: len(s.Values), Clusters: g.count, Samples: longest(s.Samples),
		Binary: binary(s.Values), Ratio: ratio,
	}).with(Choice{Interval: o.Interval})
	switch {
	case s.Exp:
		out.Result = ExpRatio(s.Values, s.Weights, s.Clusters)
	default:
		out.Result = Ratio(s.Values, s.Weights, s.Clusters)
	}
	if out.HasSE {
		out.interval(s, g, o)
	}
	return out
}

// interval puts the chosen one in the place of the one that [Ratio] made.
func (s *Score) interval(in Scores, g grouping, o ScoreOptions) {
	independent := g.count == 0
	switch m := s.Choice.Interval; {
	case m == MethodT && independent && s.Method != string(MethodT) && !in.Exp:
		half := float64(tQuantile(0.975, s.df(g)) * s.SE)
		s.Lo, s.Hi, s.Method = s.Value-half, s.Value+half, string(m)
	case m == MethodBCa && independent && equalWeights(in.Weights, len(in.Values)) && !in.Exp:
		if lo, hi, ok := BCa(in.Values, o.Resamples, o.Seed); ok && finite(lo) && finite(hi) {
			s.Lo, s.Hi, s.Method = lo, hi, string(m)
		}
	case (m == MethodExact || m == MethodJeffreys) && independent && binary(in.Values) && s.Method == string(MethodWilson):
		exact := Jeffreys
		if m == MethodExact {
			exact = ClopperPearson
		}
		s.Lo, s.Hi = exact(int(math.Round(s.Value*float64(s.N))), s.N, 0.95)
		s.Method = string(m)
	case m == MethodClusterBootT && !independent, m == MethodRatioBoot, m == MethodBootT:
		s.bootT(in, g, o)
	case m == MethodDelta:
		s.Method = "delta method, " + s.Method
	}
}

// bootT is the symmetric bootstrap-t interval, on the log scale for the
// exponential of a ratio.
func (s *Score) bootT(in Scores, g grouping, o ScoreOptions) {
	if s.SE == 0 {
		return
	}
	n := len(in.Values)
	weights := orOnes(in.Weights, n)
	r, total, _ := ratio(in.Values, weights)
	q := upperTail(studentised(nil, sideOf(in.Values, weights, r, total, g), plainScale(), o.Resamples, o.Seed), 0.05)
	se := s.SE
	if in.Exp {
		se /= s.Value
	}
	lo, hi := r-float64(q*se), r+float64(q*se)
	if in.Exp {
		lo, hi = math.Exp(lo), math.Exp(hi)
	}
	if !finite(q) || !finite(lo) || !finite(hi) {
		s.Warnings = append(s.Warnings, BootDegenerate)
		return
	}
	if binary(in.Values) && !in.Exp {
		lo, hi = max(lo, 0), min(hi, 1)
	}
	s.Lo, s.Hi, s.Method = lo, hi, string(s.Choice.Interval)
}

// Means is the mean of each question's samples; a question without samples is
// left out.
func Means(samples [][]float64) []float64 {
	out := make([]float64, 0, len(samples))
	for _, x := range samples {
		if len(x) > 0 {
			out = append(out, mean(x))
		}
	}
	return out
}

func longest(samples [][]float64) int {
	most := 0
	for _, x := range samples {
		most = max(most, len(x))
	}
	return most
}
