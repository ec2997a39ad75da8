package stats

import "math"

// CompareRatio compares Σvalue·weight/Σweight of A with that of B, question by
// question. Each ratio is linearised: a question contributes w(v−R)/Σw, and the
// standard error of the difference is that of the summed differences of the two
// contributions, clusters respected. The sign-flip test linearises both at their
// common ratio, so that with equal weights on both sides it is the exact test of
// Σw(b−a)/Σw. Wins and losses compare the values alone. Weights of nil, or all
// equal on both sides, make it [ComparePaired].
func CompareRatio(aV, aW, bV, bW []float64, clusters []int32, o PairOptions) Paired {
	return compareRatio(aV, aW, bV, bW, clusters, o, nil)
}

// CompareExpRatio compares exp(Σvalue·weight/Σweight) of A with that of B, such
// as two corpus perplexities. Delta, standard error and intervals are of the
// difference of the exponentials (delta method), the p-value that of
// [CompareRatio] of the logarithms.
func CompareExpRatio(aV, aW, bV, bW []float64, clusters []int32, o PairOptions) Paired {
	return compareRatio(aV, aW, bV, bW, clusters, o, math.Exp)
}

// compareRatio compares ratios, or what scale makes of them, a function that is
// its own derivative; nil is the ratio itself.
func compareRatio(aV, aW, bV, bW []float64, clusters []int32, o PairOptions, scale func(float64) float64) Paired {
	mustPair(aV, bV)
	n := len(aV)
	evenA, evenB := equalWeights(aW, n), equalWeights(bW, n)
	if scale == nil && evenA && evenB {
		return ComparePaired(aV, bV, clusters, o)
	}
	aW, bW = orOnes(aW, n), orOnes(bW, n)
	g := group(clusters, n)
	ratioA, totalA, reasonA := ratio(aV, aW)
	ratioB, totalB, reasonB := ratio(bV, bW)
	if reason := firstOf(reasonA, reasonB); reason != "" {
		return incomparable(reason)
	}
	common := commonRatio(ratioA, totalA, ratioB, totalB)
	p := tally(aV, bV, g, o)
	p.Delta = ratioB - ratioA
	a, b := weighted(aV, aW, ratioA), weighted(bV, bW, ratioB)
	p.Corr = correlation(a, b)
	unitA, unitB := 1/totalA, 1/totalB
	if scale != nil {
		unitA *= scale(ratioA)
		unitB *= scale(ratioB)
		p.Delta = scale(ratioB) - scale(ratioA)
	}
	if !finite(p.Delta) || !finite(common) {
		return incomparable("the exponential is not finite")
	}
	p.spread(differences(a, unitA, b, unitB), 1, g, o)

	if !o.untested {
		units, noise := commonUnits(aV, aW, bV, bW)
		p.flip(units, noise, g, o)
	}
	return p
}

// commonUnits is what each question contributes to the difference of the ratios
// where both are linearised at their common value, with the rounding error that
// the sum may have.
func commonUnits(aV, aW, bV, bW []float64) (units []float64, noise float64) {
	ratioA, totalA, _ := ratio(aV, aW)
	ratioB, totalB, _ := ratio(bV, bW)
	common := commonRatio(ratioA, totalA, ratioB, totalB)
	units = differences(weighted(aV, aW, common), 1/totalA, weighted(bV, bW, common), 1/totalB)
	return units, ratioNoise(aV, aW, common)/totalA + ratioNoise(bV, bW, common)/totalB
}

func commonRatio(ratioA, totalA, ratioB, totalB float64) float64 {
	return float64(totalA/(totalA+totalB)*ratioA) + float64(totalB/(totalA+totalB)*ratioB)
}

// differences is b·unitB − a·unitA of each question.
func differences(a []float64, unitA float64, b []float64, unitB float64) []float64 {
	out := make([]float64, len(a))
	for i := range out {
		out[i] = float64(b[i]*unitB) - float64(a[i]*unitA)
	}
	return out
}

// ratioNoise bounds the error that last bits can make in a sum of w(v−centre).
func ratioNoise(v, w []float64, centre float64) float64 {
	return sumOf(len(v), func(i int) float64 { return w[i] * (math.Abs(v[i]) + math.Abs(centre)) }) * 0x1p-50
}

func orOnes(weights []float64, n int) []float64 {
	if weights != nil {
		return weights
	}
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
