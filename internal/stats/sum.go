package stats

import "math"

// sumOf adds n terms in order with Neumaier's compensation. A term that is a
// product is rounded before it is added, so that machines with a fused
// multiply-add get the same bits.
func sumOf(n int, term func(i int) float64) float64 {
	var sum, lost float64
	for i := range n {
		x := float64(term(i))
		t := sum + x
		if math.Abs(sum) >= math.Abs(x) {
			lost += (sum - t) + x
		} else {
			lost += (x - t) + sum
		}
		sum = t
	}
	if !finite(sum) {
		return sum // lost is then NaN
	}
	return sum + lost
}

func sum(x []float64) float64 {
	return sumOf(len(x), func(i int) float64 { return x[i] })
}

// mean of at least one value; of equal values it is exactly that value.
func mean(x []float64) float64 {
	if constant(x) {
		return x[0]
	}
	return sum(x) / float64(len(x))
}

func deviations(x []float64, centre float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v - centre
	}
	return out
}

// ratio is Σvw/Σw with its denominator, or the reason why there is none.
func ratio(values, weights []float64) (value, total float64, reason string) {
	if len(values) == 0 {
		return 0, 0, "no values"
	}
	if !allFinite(values) || !allFinite(weights) {
		return 0, 0, "a value is not finite"
	}
	for _, w := range weights {
		if w < 0 {
			return 0, 0, "a weight is negative"
		}
	}
	total = sum(weights)
	if total == 0 {
		return 0, 0, "all weights are 0"
	}
	value = sumOf(len(values), func(i int) float64 { return values[i] * weights[i] }) / total
	if constant(values) {
		value = values[0]
	}
	if !finite(value) || !finite(total) {
		return 0, 0, "the sum is not finite"
	}
	return value, total, ""
}

// weighted is w(v−centre) of each question.
func weighted(values, weights []float64, centre float64) []float64 {
	out := deviations(values, centre)
	for i, w := range weights {
		out[i] *= w
	}
	return out
}

// equalWeights tells if the weights change nothing: none, or one positive number.
func equalWeights(weights []float64, n int) bool {
	if weights == nil {
		return true
	}
	if len(weights) != n {
		panic("stats: as many weights as values are needed")
	}
	return n == 0 || constant(weights) && weights[0] > 0 && finite(weights[0])
}

func constant(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

func binary(x []float64) bool {
	for _, v := range x {
		if v != 0 && v != 1 {
			return false
		}
	}
	return true
}

func finite(x float64) bool {
	return !math.IsNaN(x) && !math.IsInf(x, 0)
}

func allFinite(x []float64) bool {
	for _, v := range x {
		if !finite(v) {
			return false
		}
	}
	return true
}
