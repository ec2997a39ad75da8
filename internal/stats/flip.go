package stats

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// exactUnits is the number of units up to which all signs are tried.
const exactUnits = 20

// flipTest is the two-sided sign-flip test of the units' sum: under the null
// hypothesis that A and B are exchangeable, each unit (question or cluster)
// could as well have come out with the other sign. With at most 20 units that
// are not 0 the p-value is the share of all sign patterns whose sum is as far
// from 0; else (1+hits)/(flips+1) of random ones, or of more than 65,536 units
// the share of a random group of them, [flipGroup]. noise is the rounding error
// that the units' sum may have: sums closer than it count as equal. how names
// the patterns; it is empty if the units are too large to add.
func flipTest(units []float64, noise float64, flips int, seed uint64) (p float64, how string) {
	whole, slack, ok := quantise(units, noise)
	if !ok {
		return 1, ""
	}
	var observed int64
	for _, q := range whole {
		observed += q
	}
	bound := max(observed, -observed) - slack
	switch {
	case len(whole) <= exactUnits && bound <= 0: // every pattern is as far from 0
		return 1, "exact"
	case len(whole) <= exactUnits:
		return flipAll(whole, bound), "exact"
	case len(whole) > groupedUnits:
		p, size := flipGroup(whole, max(bound, 0), flips, seed)
		return p, fmt.Sprintf("group of %d", size)
	case bound <= 0:
		return 1, fmt.Sprintf("%d flips", flips)
	}
	hits := flipRandom(whole, bound, flips, seed)
	return float64(1+hits) / float64(flips+1), fmt.Sprintf("%d flips", flips)
}

// quantise writes the units that are not 0 as whole numbers of a common,
// tiny step, so that sums of them are exact in any order. slack is what rounding
// to the step and noise can change in a pair of sums.
func quantise(units []float64, noise float64) (whole []int64, slack int64, ok bool) {
	total := sumOf(len(units), func(i int) float64 { return math.Abs(units[i]) })
	if !finite(total) {
		return nil, 0, false
	}
	_, exponent := math.Frexp(total)
	shift := 60 - exponent // the sum of magnitudes is below 2^60 steps
	for _, u := range units {
		if u != 0 {
			whole = append(whole, int64(math.RoundToEven(math.Ldexp(u, shift))))
		}
	}
	steps := min(math.Ldexp(noise, shift), 1<<61)
	return whole, int64(len(whole)) + int64(steps), true
}

// flipAll goes through the sign patterns by Gray code. Opposite patterns are
// equally far from 0, so the last sign stays.
func flipAll(whole []int64, bound int64) float64 {
	var sum int64
	for _, q := range whole {
		sum += q
	}
	signed := slices.Clone(whole)
	patterns := 1 << (len(whole) - 1)
	hits := 0
	for i := range patterns {
		if i > 0 {
			k := bits.TrailingZeros(uint(i))
			sum -= 2 * signed[k]
			signed[k] = -signed[k]
		}
		if sum >= bound || sum <= -bound {
			hits++
		}
	}
	return float64(hits) / float64(patterns)
}

// flipRandom counts the random sign patterns whose sum is as far from 0. It
// takes eight units at a time: the sums of their 256 patterns are tabled, and
// each random byte picks one for one flip.
func flipRandom(whole []int64, bound int64, flips int, seed uint64) int {
	rng := rand.NewPCG(seed, 0x9e3779b97f4a7c15)
	sums := make([]int64, (flips+7)/8*8)
	var table [256]int64
	for ; len(whole) > 0; whole = whole[min(8, len(whole)):] {
		tabulate(&table, whole[:min(8, len(whole))])
		for f := 0; f < len(sums); f += 8 {
			word := rng.Uint64()
			eight := (*[8]int64)(sums[f:])
			for j := range eight {
				eight[j] += table[byte(word>>(8*j))]
			}
		}
	}
	hits := 0
	for _, s := range sums[:flips] {
		if s >= bound || s <= -bound {
			hits++
		}
	}
	return hits
}

// tabulate sets table[pattern] to the sum of the units, those with a bit in the
// pattern taken as they are and the others negated. With fewer than eight units
// the upper bits change nothing.
func tabulate(table *[256]int64, units []int64) {
	table[0] = 0
	for _, q := range units {
		table[0] -= q
	}
	for j := range 8 {
		var double int64
		if j < len(units) {
			double = 2 * units[j]
		}
		for low := range 1 << j {
			table[1<<j|low] = table[low] + double
		}
	}
}
