package stats

import (
	"math/bits"
	"math/rand/v2"
)

// groupedUnits is the number of units from which the sign-flip test goes through
// a group of patterns instead of independent ones.
const groupedUnits = 1 << 16

// flipGroup is the share of a random group's sign patterns whose sum is as far
// from 0. Each unit draws a column c other than 0, and pattern g flips it if g&c
// has an odd number of bits. These patterns are a subgroup of all sign patterns,
// with the data themselves as g = 0, so that the p-value keeps its level exactly
// (Hemerik and Goeman, 2018). The sums of all patterns are the Walsh–Hadamard
// transform of the columns' sums: the cost is that of reading the units, where
// independent flips cost as many times more as there are flips. Units of one
// column flip together, which costs power only where their common sum tells of
// the effect: a share of the columns' size times (mean/sd)², nothing at sizes
// where an effect is in doubt.
func flipGroup(whole []int64, bound int64, flips int, seed uint64) (p float64, size int) {
	size = 1 << bits.Len(uint(flips))
	sums := make([]int64, size)
	rng := rand.NewPCG(seed, 0x632be59bd9b4e019)
	n := uint64(size - 1)
	for i := 0; i < len(whole); i += 2 {
		w := rng.Uint64()
		sums[1+(w&0xffffffff)*n>>32] += whole[i]
		if i+1 < len(whole) {
			sums[1+(w>>32)*n>>32] += whole[i+1]
		}
	}
	walsh(sums)
	hits := 0
	for _, s := range sums {
		if s >= bound || s <= -bound {
			hits++
		}
	}
	return float64(hits) / float64(size), size
}

// walsh is the Walsh–Hadamard transform in place: x[g] becomes Σ±x[c], minus
// where g&c has an odd number of bits. The length is a power of two.
func walsh(x []int64) {
	for half := 1; half < len(x); half *= 2 {
		for at := 0; at < len(x); at += 2 * half {
			low, high := x[at:at+half], x[at+half:at+2*half]
			for i, a := range low {
				b := high[i]
				low[i], high[i] = a+b, a-b
			}
		}
	}
}
