package pyrand

import "math/bits"

// Numpy is numpy's default generator (numpy.random.Generator over PCG64).
type Numpy struct {
	hi, lo       uint64 // 128-bit state
	incHi, incLo uint64
	spare        uint32 // upper half of the last draw, kept for the next uint32
	hasSpare     bool
}

// NumpyRNG is numpy.random.default_rng(seed). numpy refuses negative seeds,
// hence the unsigned type.
func NumpyRNG(seed uint64) *Numpy {
	var w [8]uint32
	seedSequence(seed, &w)
	word := func(i int) uint64 { return uint64(w[2*i]) | uint64(w[2*i+1])<<32 }
	initHi, initLo, seqHi, seqLo := word(0), word(1), word(2), word(3)
	g := &Numpy{incHi: seqHi<<1 | seqLo>>63, incLo: seqLo<<1 | 1}
	g.step()
	var carry uint64
	g.lo, carry = bits.Add64(g.lo, initLo, 0)
	g.hi, _ = bits.Add64(g.hi, initHi, carry)
	g.step()
	return g
}

// seedSequence is numpy's SeedSequence: it spreads the seed over a pool of four
// words and reads the generator's eight from it.
func seedSequence(seed uint64, out *[8]uint32) {
	const (
		initA, multA = 0x43b0d7e5, 0x931e8875
		initB, multB = 0x8b51f9dd, 0x58f38ded
		mixL, mixR   = 0xca01f9dd, 0x4973f715
	)
	hash := uint32(initA)
	scramble := func(v uint32) uint32 {
		v ^= hash
		hash *= multA
		v *= hash
		return v ^ v>>16
	}
	pool := [4]uint32{uint32(seed), uint32(seed >> 32)}
	for i := range pool {
		pool[i] = scramble(pool[i])
	}
	for src := range pool {
		for dst := range pool {
			if src != dst {
				v := mixL*pool[dst] - mixR*scramble(pool[src])
				pool[dst] = v ^ v>>16
			}
		}
	}
	hash = initB
	for i := range out {
		v := pool[i%len(pool)] ^ hash
		hash *= multB
		v *= hash
		out[i] = v ^ v>>16
	}
}

// step advances the 128-bit linear congruential state.
func (g *Numpy) step() {
	const mulHi, mulLo = 0x2360ed051fc65da4, 0x4385df649fccf645
	hi, lo := bits.Mul64(g.lo, mulLo)
	hi += g.hi*mulLo + g.lo*mulHi
	var carry uint64
	g.lo, carry = bits.Add64(lo, g.incLo, 0)
	g.hi, _ = bits.Add64(hi, g.incHi, carry)
}

// Uint64 gives 64 uniform bits (PCG XSL-RR).
func (g *Numpy) Uint64() uint64 {
	g.step()
	return bits.RotateLeft64(g.hi^g.lo, -int(g.hi>>58))
}

// uint32 gives half a draw and keeps the other half.
func (g *Numpy) uint32() uint32 {
	if g.hasSpare {
		g.hasSpare = false
		return g.spare
	}
	v := g.Uint64()
	g.spare, g.hasSpare = uint32(v>>32), true
	return uint32(v)
}

// Random is random(): uniform in [0, 1) with 53 bits.
func (g *Numpy) Random() float64 {
	return float64(g.Uint64()>>11) / (1 << 53)
}

// Integers is integers(low, high, size): uniform in [low, high). It panics
// unless low < high.
func (g *Numpy) Integers(low, high int64, size int) []int64 {
	if low >= high {
		panic("pyrand: Integers wants low < high")
	}
	last := uint64(high) - uint64(low) - 1
	out := make([]int64, size)
	for i := range out {
		out[i] = int64(uint64(low) + g.upTo(last))
	}
	return out
}

// upTo is uniform in [0, last] by Lemire's multiplication, on 32 bits where they
// suffice.
func (g *Numpy) upTo(last uint64) uint64 {
	switch {
	case last == 0:
		return 0
	case last == 1<<32-1:
		return uint64(g.uint32())
	case last == 1<<64-1:
		return g.Uint64()
	case last < 1<<32:
		n := uint32(last) + 1
		m := uint64(g.uint32()) * uint64(n)
		if uint32(m) < n {
			for reject := -n % n; uint32(m) < reject; {
				m = uint64(g.uint32()) * uint64(n)
			}
		}
		return m >> 32
	}
	n := last + 1
	hi, lo := bits.Mul64(g.Uint64(), n)
	if lo < n {
		for reject := -n % n; lo < reject; {
			hi, lo = bits.Mul64(g.Uint64(), n)
		}
	}
	return hi
}

// Choice is the positions that choice(n, size) takes with replacement from n.
// It panics if n is below 1.
func (g *Numpy) Choice(n, size int) []int {
	out := make([]int, size)
	for i, v := range g.Integers(0, int64(n), size) {
		out[i] = int(v)
	}
	return out
}

// Permutation is permutation(n): the numbers below n, shuffled.
func (g *Numpy) Permutation(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := g.masked(uint64(i))
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// masked is uniform in [0, last] by rejection under a mask, as numpy's shuffle
// draws.
func (g *Numpy) masked(last uint64) uint64 {
	mask := uint64(1)<<bits.Len64(last) - 1
	for {
		v := uint64(0)
		if last < 1<<32 {
			v = uint64(g.uint32()) & mask
		} else {
			v = g.Uint64() & mask
		}
		if v <= last {
			return v
		}
	}
}
