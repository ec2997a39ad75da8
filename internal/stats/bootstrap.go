package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// defaultResamples is the number of bootstrap samples where none is asked for.
const defaultResamples = 10_000

// dice draws questions with replacement. The stream sets apart uses of one seed.
type dice struct {
	src *rand.PCG
	n   uint64
}

func newDice(seed, stream uint64, n int) dice {
	return dice{rand.NewPCG(seed, 0x9e3779b97f4a7c15*(stream+1)), uint64(n)}
}

// fill draws an index for each place of into. An index's probability is 1/n
// within n/2³².
func (d dice) fill(into []int32) {
	for i := 0; i < len(into); i += 2 {
		w := d.src.Uint64()
		into[i] = int32((w & 0xffffffff) * d.n >> 32)
		if i+1 < len(into) {
			into[i+1] = int32((w >> 32) * d.n >> 32)
		}
	}
}

// bootMeans is the means of b bootstrap samples of x, from the least to the
// greatest. Of up to three distinct values the counts are drawn, as a
// multinomial, instead of the values.
func bootMeans(x []float64, b int, seed uint64) []float64 {
	out := make([]float64, b)
	if values, counts := distinct(x, 3); values != nil {
		src := rand.NewPCG(seed, 0x9e3779b97f4a7c15)
		for i := range out {
			out[i] = multinomialMean(values, counts, len(x), src)
		}
	} else {
		d := newDice(seed, 0, len(x))
		idx := make([]int32, len(x))
		for i := range out {
			d.fill(idx)
			s := 0.0
			for _, k := range idx {
				s += x[k]
			}
			out[i] = s / float64(len(x))
		}
	}
	slices.Sort(out)
	return out
}

// distinct is the values of x with their counts, in ascending order, or nil if
// there are more than most.
func distinct(x []float64, most int) (values []float64, counts []int) {
	for _, v := range x {
		i, ok := slices.BinarySearchFunc(values, v, cmp.Compare[float64])
		if !ok {
			if len(values) == most {
				return nil, nil
			}
			values, counts = slices.Insert(values, i, v), slices.Insert(counts, i, 0)
		}
		counts[i]++
	}
	return values, counts
}

func multinomialMean(values []float64, counts []int, n int, src rand.Source) float64 {
	left, pool, s := n, n, 0.0
	for i, v := range values {
		k := left
		switch {
		case i == len(values)-1 || left == 0:
		case counts[i] == pool:
		default:
			k = int(distuv.Binomial{N: float64(left), P: float64(counts[i]) / float64(pool), Src: src}.Rand())
		}
		s += float64(v * float64(k))
		left, pool = left-k, pool-counts[i]
	}
	return s / float64(n)
}

// BCa is the 95 % interval of a mean by the bias-corrected and accelerated
// bootstrap (Efron, 1987), with the quantiles of Student's t spread by
// √(n/(n−1)) in place of the normal ones (Hesterberg, 2015): without them the
// interval of a few questions is too narrow. resamples of 0 means 10,000. ok is
// false with fewer than 2 values.
func BCa(x []float64, resamples int, seed uint64) (lo, hi float64, ok bool) {
	n := float64(len(x))
	if n < 2 || !allFinite(x) {
		return 0, 0, false
	}
	q := float64(math.Sqrt(n/(n-1)) * tQuantile(0.975, len(x)-1))
	return bca(x, resamples, seed, q)
}

// bca with the quantile q in the place of z(0.975).
func bca(x []float64, resamples int, seed uint64, q float64) (lo, hi float64, ok bool) {
	centre := mean(x)
	if constant(x) {
		return centre, centre, true
	}
	if resamples <= 0 {
		resamples = defaultResamples
	}
	boot := bootMeans(x, resamples, seed)
	z0 := bias(boot, centre)
	d := deviations(x, centre)
	ss := sumOf(len(d), func(i int) float64 { return d[i] * d[i] })
	a := sumOf(len(d), func(i int) float64 { return d[i] * d[i] * d[i] }) / (6 * ss * math.Sqrt(ss))
	if !finite(a) {
		a = 0
	}
	at := func(z float64) float64 {
		w := z0 + z
		share := distuv.UnitNormal.CDF(z0 + w/max(1-a*w, 1e-3))
		return quantileOf(boot, share)
	}
	return at(-q), at(q), true
}

// bias is how far, in normal quantiles, the bootstrap's median is from the
// estimate; equal ones count half.
func bias(sorted []float64, estimate float64) float64 {
	tolerance := 1e-12 * math.Max(math.Abs(estimate), 1e-300)
	below, equal := 0.0, 0.0
	for _, v := range sorted {
		switch {
		case math.Abs(v-estimate) <= tolerance:
			equal++
		case v < estimate:
			below++
		}
	}
	b := float64(len(sorted))
	share := (below + equal/2) / b
	return zQuantile(min(max(share, 1/(2*b)), 1-1/(2*b)))
}

// quantileOf is the p-quantile of sorted values, between two neighbours in
// proportion (Hyndman and Fan's type 6).
func quantileOf(sorted []float64, p float64) float64 {
	at := p*float64(len(sorted)+1) - 1
	low := int(math.Floor(at))
	switch {
	case low < 0:
		return sorted[0]
	case low >= len(sorted)-1:
		return sorted[len(sorted)-1]
	}
	part := at - float64(low)
	if part == 0 || sorted[low] == sorted[low+1] {
		return sorted[low]
	}
	return sorted[low] + float64(part*(sorted[low+1]-sorted[low]))
}
