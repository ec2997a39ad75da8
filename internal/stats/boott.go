package stats

import (
	"math"
	"slices"
)

// side is what the units (questions or clusters) bring to a ratio Σu/Σv: sizes v
// and residuals e = u − R·v, which sum to 0.
type side struct {
	ratio, total float64
	e, v         []float64
}

// sideOf sums up a ratio of values and weights over its units.
func sideOf(values, weights []float64, ratio, total float64, g grouping) side {
	return side{ratio, total, g.sums(weighted(values, weights, ratio)), g.sums(weights)}
}

// studentised is the bootstrap distribution of |t*| = |Δ*−Δ|/se*, in ascending
// order, for Δ = f(B) − f(A) of two ratios of the same units, or f(B) alone
// where a is nil. f and its derivative slope are those of the score's scale. se*
// is CR1 of the linearised units of each sample. Infinite values mark samples in
// which nothing varies though Δ* is another: they are of the distribution.
func studentised(a *side, b side, scale scale, resamples int, seed uint64) []float64 {
	n := len(b.e)
	if resamples <= 0 {
		resamples = defaultResamples
	}
	d, idx := newDice(seed, 1, n), make([]int32, n)
	none := side{e: make([]float64, n), v: make([]float64, n), total: 1}
	two := a != nil
	if !two {
		a = &none
	}
	scaled := scale.f(b.ratio)
	if two {
		scaled -= scale.f(a.ratio)
	}
	out := make([]float64, resamples)
	for r := range out {
		d.fill(idx)
		out[r] = studentise(a, &b, two, idx, scaled, scale)
	}
	slices.Sort(out)
	return out
}

func studentise(a, b *side, two bool, idx []int32, delta float64, f scale) float64 {
	var eA, vA, eB, vB float64
	for _, k := range idx {
		eB += b.e[k]
		vB += b.v[k]
	}
	if two {
		for _, k := range idx {
			eA += a.e[k]
			vA += a.v[k]
		}
	}
	if vB == 0 || two && vA == 0 {
		return math.Inf(1)
	}
	rB, rA, unitA := eB/vB, 0.0, 0.0
	moved, unitB := f.f(b.ratio+rB), f.slope(b.ratio+rB)/vB
	if two {
		rA = eA / vA
		moved -= f.f(a.ratio + rA)
		unitA = f.slope(a.ratio+rA) / vA
	}
	ss := 0.0
	if two {
		for _, k := range idx {
			u := (b.e[k]-float64(rB*b.v[k]))*unitB - float64((a.e[k]-float64(rA*a.v[k]))*unitA)
			ss += float64(u * u)
		}
	} else {
		for _, k := range idx {
			u := (b.e[k] - float64(rB*b.v[k])) * unitB
			ss += float64(u * u)
		}
	}
	n := float64(len(idx))
	se := math.Sqrt(n / (n - 1) * ss)
	distance := math.Abs(moved - delta)
	if distance <= 1e-12*(math.Abs(moved)+math.Abs(delta)) {
		return 0
	}
	if !(se > distance*1e-9) {
		return math.Inf(1)
	}
	return distance / se
}

// scale is a function of a ratio with its derivative.
type scale struct{ f, slope func(float64) float64 }

func plainScale() scale {
	return scale{func(x float64) float64 { return x }, func(float64) float64 { return 1 }}
}

func expScale() scale { return scale{math.Exp, math.Exp} }

// upperTail is the least |t*| that at most a share of alpha of the samples
// exceeds; infinite if too many samples are degenerate.
func upperTail(sorted []float64, alpha float64) float64 {
	at := int(math.Ceil(float64(len(sorted)+1)*(1-alpha))) - 1
	if at >= len(sorted) {
		return math.Inf(1)
	}
	return sorted[max(at, 0)]
}

// bootP is the share of samples, the data themselves counted, whose |t*| is at
// least t.
func bootP(sorted []float64, t float64) float64 {
	at, _ := slices.BinarySearch(sorted, math.Abs(t)*(1-1e-12))
	return float64(1+len(sorted)-at) / float64(len(sorted)+1)
}
