package stats

import "math"

// McNemarExact is the two-sided exact p-value of wins against losses under even
// odds: min(1, 2·P(X ≤ min)), X binomial. Without either it is 1.
func McNemarExact(wins, losses int) float64 {
	if wins == losses {
		return 1
	}
	at, tail := binomialHalf(wins, losses)
	return positive(min(1, at*(2*tail)))
}

// McNemarMidP is the mid-p variant, which counts half of what was observed in
// each tail: it rejects about as often as it says, where the exact test rejects
// less. Without wins and losses it is 1.
func McNemarMidP(wins, losses int) float64 {
	if wins == losses {
		return 1
	}
	at, tail := binomialHalf(wins, losses)
	return positive(min(1, at*(2*tail-1)))
}

// positive keeps a p-value that is too small for a float64 from becoming 0.
func positive(p float64) float64 {
	return max(p, math.SmallestNonzeroFloat64)
}

// binomialHalf gives P(X = k) for k the lesser of the two counts and X binomial
// with even odds, and P(X ≤ k) as a multiple of it. Its relative error is about
// k·2⁻⁵².
func binomialHalf(wins, losses int) (at, tail float64) {
	if wins < 0 || losses < 0 {
		panic("stats: wins and losses are counts")
	}
	n, k := wins+losses, min(wins, losses)
	m, e := 1.0, -n // the coefficient C(n,k) as m·2^(e+n)
	for i := 1; i <= k; i++ {
		m = m * float64(n-k+i) / float64(i)
		if m > 1e200 {
			f, shift := math.Frexp(m)
			m, e = f, e+shift
		}
	}
	term := 1.0
	tail = 1
	for i := k; i > 0 && term > tail*1e-18; i-- {
		term = term * float64(i) / float64(n-i+1)
		tail += term
	}
	return math.Ldexp(m, e), tail
}
