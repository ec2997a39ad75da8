package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// zDetect is z(0.975) + z(0.8): how many standard errors a difference measures
// that a two-sided test at 5 % finds four times in five.
func zDetect() float64 {
	return distuv.UnitNormal.Quantile(0.975) + distuv.UnitNormal.Quantile(0.8)
}

// tQuantile is the quantile of Student's t with df >= 1. The library's answer is
// good to 1e-9; two steps of Newton's method make it good to the last digits.
func tQuantile(p float64, df int) float64 {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(df)}
	q := t.Quantile(p)
	for range 2 {
		if step := (t.CDF(q) - p) / t.Prob(q); finite(step) {
			q -= step
		}
	}
	return q
}

// MDE80 is the smallest true difference between a score with this standard
// error and that of another, independent run like it that a two-sided test at
// 5 % finds in 80 % of cases: 2.8016·√2·se.
func MDE80(se float64) float64 {
	return zDetect() * math.Sqrt2 * se
}

// MDE80Paired is the same for a paired comparison whose difference has this
// standard error: 2.8016·se(delta).
func MDE80Paired(seDelta float64) float64 {
	return zDetect() * seDelta
}

// NNeeded is the number of questions with which a paired comparison finds delta
// at 5 % in 80 % of cases: ⌈(2.8016·sdDiff/delta)²⌉. sdDiff is the standard
// deviation of the differences per question; se·√n of a [Paired] has the
// clusters in it. It is 0, meaning that there is no such number, where delta
// or sdDiff is 0 or not finite, and at most [math.MaxInt].
func NNeeded(sdDiff, delta float64) int {
	if delta == 0 || !finite(delta) || !finite(sdDiff) {
		return 0
	}
	root := zDetect() * sdDiff / delta
	n := math.Ceil(root * root)
	if n >= math.MaxInt {
		return math.MaxInt
	}
	return int(n)
}

// Wilson is the 95 % interval of a proportion, k of n (Wilson's score
// interval). Of nothing it is [0, 1].
func Wilson(k float64, n int) (lo, hi float64) {
	return WilsonAt(k, n, 0.95)
}
