package stats

import (
	"cmp"
	"slices"
)

// AdjustBH is the p-values of one family, in their order, adjusted to hold the
// false discovery rate (Benjamini and Hochberg, 1995). A comparison without a
// p-value belongs to no family.
func AdjustBH(p []float64) []float64 {
	out := make([]float64, len(p))
	order := ascending(p)
	least := 1.0
	for rank := len(p); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, p[i]*float64(len(p))/float64(rank))
		out[i] = least
	}
	return out
}

// AdjustHolm is the p-values of one family, in their order, adjusted to hold
// the chance of any false finding (Holm, 1979).
func AdjustHolm(p []float64) []float64 {
	out := make([]float64, len(p))
	most := 0.0
	for rank, i := range ascending(p) {
		most = max(most, p[i]*float64(len(p)-rank))
		out[i] = min(most, 1)
	}
	return out
}

// ascending is the positions of p from its least value to its greatest.
func ascending(p []float64) []int {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	return order
}

// AdjustBY is [AdjustBH] for p-values that depend on one another in any way
// (Benjamini and Yekutieli, 2001): larger by the factor Σ1/i.
func AdjustBY(p []float64) []float64 {
	factor := sumOf(len(p), func(i int) float64 { return 1 / float64(i+1) })
	out := make([]float64, len(p))
	order := ascending(p)
	least := 1.0
	for rank := len(p); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, factor*p[i]*float64(len(p))/float64(rank))
		out[i] = least
	}
	return out
}
