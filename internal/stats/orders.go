package stats

import "math"

// unitsWith is the sums of a run's scores and their number by unit.
func unitsWith(scores []float64, g grouping) side {
	n := len(scores)
	if g.count > 0 {
		n = g.count
	}
	out := side{e: make([]float64, n), v: make([]float64, n)}
	for q, s := range scores {
		if !finite(s) {
			continue
		}
		k := q
		if g.count > 0 {
			k = int(g.of[q])
		}
		out.e[k] += s
		out.v[k]++
	}
	return out
}

// mean with each unit counted so many times; NaN of nothing.
func (s side) mean(count []float64) float64 {
	var e, v float64
	for k, c := range count {
		e += float64(c * s.e[k])
		v += float64(c * s.v[k])
	}
	return e / v
}

// credit gives the best of means its share.
func credit(share, means []float64, higher bool, amount float64) {
	best, ties := math.NaN(), 0.0
	for _, v := range means {
		switch {
		case math.IsNaN(v):
		case math.IsNaN(best), higher && v > best, !higher && v < best:
			best, ties = v, 1
		case v == best:
			ties++
		}
	}
	for i, v := range means {
		if v == best {
			share[i] += amount / ties
		}
	}
}
