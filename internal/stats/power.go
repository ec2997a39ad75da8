package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Components are the parts of the variance of a paired difference: Between
// questions, and Within the samples of either run (Miller, 2024).
type Components struct {
	Between, WithinA, WithinB float64
}

// Variance is that of a question's difference with ka and kb samples.
func (c Components) Variance(ka, kb int) float64 {
	return c.Between + c.WithinA/float64(ka) + c.WithinB/float64(kb)
}

// ComponentsOf is the components of a comparison with samples on both sides; ok
// is false without. A Between below 0 is floored at 0.
func ComponentsOf(c Comparison) (k Components, ok bool) {
	if c.SplitA == nil || c.SplitB == nil || !c.HasSE {
		return k, false
	}
	k.WithinA, k.WithinB = c.SplitA.Within, c.SplitB.Within
	k.Between = max(0, c.SE*c.SE*float64(c.N)-k.WithinA/c.SplitA.Samples-k.WithinB/c.SplitB.Samples)
	return k, true
}

// zSum is z(1−alpha/2) + z(power).
func zSum(alpha, power float64) float64 { return zQuantile(1-alpha/2) + zQuantile(power) }

// SampleSize is the number of questions with which a two-sided test at alpha
// finds delta with the power, ⌈(z(1−α/2)+z(power))²·variance/delta²⌉, variance
// being that of a question's difference. 0: there is no such number.
func SampleSize(variance, delta, alpha, power float64) int {
	return wholeNumber(math.Pow(zSum(alpha, power)/delta, 2)*variance, delta)
}

// wholeNumber rounds a sample size up; 0 where it is none.
func wholeNumber(n, delta float64) int {
	switch {
	case delta == 0 || !finite(delta) || !(n > 0):
		return 0
	case n >= 1<<53:
		return 0
	}
	return int(math.Ceil(n * (1 - 1e-14)))
}

// MDE is the smallest difference that n questions find with the power,
// (z(1−α/2)+z(power))·√(variance/n).
func MDE(variance float64, n int, alpha, power float64) float64 {
	return zSum(alpha, power) * math.Sqrt(variance/float64(n))
}

// MDET is the smallest difference that Student's t finds with the power, for a
// standard error with df degrees of freedom: with few of them more than [MDE].
func MDET(se float64, df int, alpha, power float64) float64 {
	if df < 1 || !(se > 0) {
		return math.NaN()
	}
	q := tQuantile(1-alpha/2, df)
	hi := 4.0
	for powerT(hi, q, df) < power && hi < 1e6 {
		hi *= 2
	}
	return se * bisect(0, hi, func(d float64) bool { return powerT(d, q, df) >= power })
}

// PowerT is the chance that the two-sided t test at alpha finds a difference of
// delta, given its standard error and degrees of freedom: the noncentral t.
func PowerT(delta, se float64, df int, alpha float64) float64 {
	return powerT(math.Abs(delta)/se, tQuantile(1-alpha/2, df), df)
}

// powerT is the chance that |t| is above q if the difference is so many
// standard errors.
func powerT(distance, q float64, df int) float64 {
	t := distuv.NoncentralT{Nu: float64(df), Mu: distance}
	return min(1, max(0, 1-t.CDF(q)+t.CDF(-q)))
}

// PowerZ is the same for a known standard error.
func PowerZ(delta, se, alpha float64) float64 {
	q, d := zQuantile(1-alpha/2), math.Abs(delta)/se
	return distuv.UnitNormal.CDF(d-q) + distuv.UnitNormal.CDF(-d-q)
}

// SampleSizePaired01 is the number of questions with which McNemar's test finds
// a difference of two paired proportions, given the share of questions on which
// the runs differ (Connor, 1987). 0: there is no such number; a difference above
// that share is not possible.
func SampleSizePaired01(differ, delta, alpha, power float64) int {
	d := math.Abs(delta)
	if d > differ || differ > 1 {
		return 0
	}
	root := zQuantile(1-alpha/2)*math.Sqrt(differ) + zQuantile(power)*math.Sqrt(differ-float64(d*d))
	root /= d
	return wholeNumber(root*root, delta)
}

// MDEPaired01 is the smallest difference that n questions find, of which a share
// differs: the root of [SampleSizePaired01]. It is NaN if not even a difference
// as large as that share is found.
func MDEPaired01(differ float64, n int, alpha, power float64) float64 {
	enough := func(d float64) bool {
		root := zQuantile(1-alpha/2)*math.Sqrt(differ) + zQuantile(power)*math.Sqrt(max(0, differ-float64(d*d)))
		return root <= d*math.Sqrt(float64(n))
	}
	if !(differ > 0) || n < 1 || !enough(differ) {
		return math.NaN()
	}
	return bisect(0, differ, enough)
}

// EquivalenceSize is the number of questions with which two one-sided tests at
// alpha show a true difference of delta to be within ±rope: with delta 0
// ((z(1−α)+z((1+power)/2))·sd/rope)², else the nearer side alone. 0: there is no
// such number, since delta is not within.
func EquivalenceSize(variance, delta, rope, alpha, power float64) int {
	room := rope - math.Abs(delta)
	if !(room > 0) {
		return 0
	}
	// Both sides matter where delta is near 0: the larger of the two bounds is
	// never too small.
	one := (zQuantile(1-alpha) + zQuantile(power)) / room
	two := (zQuantile(1-alpha) + zQuantile((1+power)/2)) / rope
	return wholeNumber(math.Pow(max(one, two), 2)*variance, room)
}

// ClustersNeeded is the number of clusters of m questions in place of n
// independent ones, for an intraclass correlation of the differences.
func ClustersNeeded(n int, m, icc float64) int {
	return int(math.Ceil(float64(n) * max(DesignEffect(icc, m), 0) / m * (1 - 1e-14)))
}

// BestSamples is the number of samples a question, and of questions, that gives
// the least variance for a budget of answers, where a question costs perQuestion
// answers besides its samples (0: none): √(perQuestion·within/between), at least
// 1. questions is what the budget then allows, at most most where that is above
// 0; then more samples take the rest.
func BestSamples(c Components, budget, perQuestion float64, most int) (samples, questions int) {
	within := c.WithinA + c.WithinB
	best := 1.0
	if c.Between > 0 && within > 0 {
		best = max(1, math.Round(math.Sqrt(perQuestion*within/c.Between)))
	}
	n := math.Floor(budget / (perQuestion + best))
	if most > 0 && n > float64(most) {
		n = float64(most)
		best = max(1, math.Floor(budget/n-perQuestion))
	}
	return int(best), int(max(n, 0))
}
