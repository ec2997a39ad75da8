package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// zQuantile is the quantile of the normal distribution.
func zQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }

// WilsonAt is Wilson's score interval of a proportion, k of n, at a level such
// as 0.95 (Wilson, 1927). Of nothing it is [0, 1].
func WilsonAt(k float64, n int, level float64) (lo, hi float64) {
	if n == 0 {
		return 0, 1
	}
	z := zQuantile(0.5 + level/2)
	size := float64(n)
	p, a := k/size, z*z/size
	centre := p + a/2
	half := float64(z * math.Sqrt((float64(p*(1-p))+a/4)/size))
	lo, hi = max((centre-half)/(1+a), 0), min((centre+half)/(1+a), 1)
	if k <= 0 {
		lo = 0
	}
	if k >= size {
		hi = 1
	}
	return lo, hi
}

// ClopperPearson is the exact interval of a proportion, k of n, which covers at
// least at its level and mostly more (Clopper and Pearson, 1934).
func ClopperPearson(k, n int, level float64) (lo, hi float64) {
	lo, hi = 0, 1
	tail := (1 - level) / 2
	if k > 0 {
		lo = betaQuantile(float64(k), float64(n-k+1), tail)
	}
	if k < n {
		hi = betaQuantile(float64(k+1), float64(n-k), 1-tail)
	}
	return lo, hi
}

// Jeffreys is the equal-tailed posterior interval of a proportion, k of n, under
// the prior Beta(½, ½), with the end that no data bounds at 0 or 1 (Brown, Cai
// and DasGupta, 2001).
func Jeffreys(k, n int, level float64) (lo, hi float64) {
	lo, hi = 0, 1
	tail := (1 - level) / 2
	a, b := float64(k)+0.5, float64(n-k)+0.5
	if k > 0 {
		lo = betaQuantile(a, b, tail)
	}
	if k < n {
		hi = betaQuantile(a, b, 1-tail)
	}
	return lo, hi
}

// betaQuantile starts from the library's answer and polishes it by bisection of
// its bracket, since the library stops early in the tails.
func betaQuantile(a, b, p float64) float64 {
	x := mathext.InvRegIncBeta(a, b, p)
	lo, hi := 0.0, 1.0
	for w := 1e-12; w < 1; w *= 16 {
		l, h := max(x-w, 0), min(x+w, 1)
		if mathext.RegIncBeta(a, b, l) <= p && p <= mathext.RegIncBeta(a, b, h) {
			lo, hi = l, h
			break
		}
	}
	return bisect(lo, hi, func(x float64) bool { return mathext.RegIncBeta(a, b, x) >= p })
}

// bisect is where above turns from false to true between lo and hi.
func bisect(lo, hi float64, above func(float64) bool) float64 {
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid == lo || mid == hi {
			break
		}
		if above(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return lo + (hi-lo)/2
}

// Tango is the score interval of the difference of two paired proportions:
// gained questions are right only in B, lost only in A, n are all (Tango, 1998).
// It holds at small n and for extreme proportions, where Student's does not. Of
// nothing it is [-1, 1].
func Tango(gained, lost, n int, level float64) (lo, hi float64) {
	if n == 0 {
		return -1, 1
	}
	z := zQuantile(0.5 + level/2)
	delta := float64(gained-lost) / float64(n)
	lo = bisect(-1, delta, func(d float64) bool { return tangoZ(gained, lost, n, d) <= z })
	hi = bisect(delta, 1, func(d float64) bool { return tangoZ(gained, lost, n, d) < -z })
	if gained == n {
		hi = 1
	}
	if lost == n {
		lo = -1
	}
	return lo, hi
}

// tangoZ is the score statistic of the hypothesis that the difference is d: how
// far the observed one is above it, over the standard error that the restricted
// maximum likelihood estimate implies. It falls as d grows.
func tangoZ(gained, lost, n int, d float64) float64 {
	b, c, size := float64(gained), float64(lost), float64(n)
	qa := 2 * size
	qb := -b - c + float64((qa-b+c)*d)
	qc := -c * d * (1 - d)
	root := math.Sqrt(max(0, float64(qb*qb)-float64(4*qa*qc)))
	q := (root - qb) / (2 * qa)
	if qb > 0 { // the same root without cancellation
		q = -2 * qc / (root + qb)
		if root+qb == 0 {
			q = 0
		}
	}
	variance := size * (2*max(q, 0) + float64(d*(1-d)))
	distance := b - c - float64(size*d)
	if !(variance > 0) {
		switch {
		case distance > 0:
			return math.Inf(1)
		case distance < 0:
			return math.Inf(-1)
		}
		return 0
	}
	return distance / math.Sqrt(variance)
}

// Newcombe is the hybrid score interval of the difference of two paired
// proportions B − A (Newcombe, 1998, method 10): Wilson's intervals of both,
// combined with their correlation, whose table is both right, gained (only B),
// lost (only A) and neither.
func Newcombe(both, gained, lost, neither int, level float64) (lo, hi float64) {
	n := both + gained + lost + neither
	if n == 0 {
		return -1, 1
	}
	ka, kb, size := both+lost, both+gained, float64(n)
	pa, pb := float64(ka)/size, float64(kb)/size
	la, ua := WilsonAt(float64(ka), n, level)
	lb, ub := WilsonAt(float64(kb), n, level)
	phi := 0.0
	if margins := float64(ka) * float64(n-ka) * float64(kb) * float64(n-kb); margins > 0 {
		cross := float64(both)*float64(neither) - float64(gained)*float64(lost)
		if cross > 0 {
			cross = max(cross-size/2, 0)
		}
		phi = cross / math.Sqrt(margins)
	}
	half := func(down, up float64) float64 {
		return math.Sqrt(max(0, float64(down*down)-float64(2*phi*down*up)+float64(up*up)))
	}
	delta := pb - pa
	return delta - half(pb-lb, ua-pa), delta + half(ub-pb, pa-la)
}
