// Package pyrand draws the random numbers that CPython and numpy draw, so that
// a seed chooses the same questions, shots and choice orders here as in a
// harness written in Python.
//
// Start with [New] for an integer seed and [NewString] for a string seed (both
// are random.Random(seed)), or with [NumpyRNG] (numpy.random.default_rng(seed)).
// A generator is not safe for use by several goroutines; make one where it is
// used, from an explicit seed.
package pyrand

import (
	"crypto/sha512"
	"math/big"
	"math/bits"
)

// Random is CPython's random.Random: a Mersenne Twister (MT19937) with the
// draws of CPython 3.11 on top.
type Random struct {
	mt twister
}

// New is random.Random(seed) for an integer; as there, -5 and 5 are one seed.
func New(seed int64) *Random {
	return NewBig(big.NewInt(seed))
}

// NewBig is random.Random(seed) for an integer of any size. The sign is
// ignored. The argument is not kept.
func NewBig(seed *big.Int) *Random {
	r := &Random{}
	r.mt.seedKeys(words32(seed.Bytes()))
	return r
}

// NewString is random.Random(seed) for a string (seeding version 2): the
// integer whose big-endian bytes are the text in UTF-8 and its SHA-512.
func NewString(seed string) *Random {
	sum := sha512.Sum512([]byte(seed))
	r := &Random{}
	r.mt.seedKeys(words32(append([]byte(seed), sum[:]...)))
	return r
}

// words32 cuts a big-endian magnitude into 32-bit words, lowest first, without
// leading zeros but never empty.
func words32(b []byte) []uint32 {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return []uint32{0}
	}
	keys := make([]uint32, (len(b)+3)/4)
	for i := range b {
		keys[i/4] |= uint32(b[len(b)-1-i]) << (8 * (i % 4))
	}
	return keys
}

// Random is random(): uniform in [0, 1) with 53 bits.
func (r *Random) Random() float64 {
	hi, lo := r.mt.next()>>5, r.mt.next()>>6
	return float64(uint64(hi)<<26|uint64(lo)) / (1 << 53)
}

// Bits is getrandbits(k) for k of 0 to 64. It panics for another k.
func (r *Random) Bits(k int) uint64 {
	switch {
	case k == 0:
		return 0
	case k > 0 && k <= 32:
		return uint64(r.mt.next() >> (32 - k))
	case k > 0 && k <= 64:
		lo := uint64(r.mt.next())
		return lo | uint64(r.mt.next()>>(64-k))<<32
	}
	panic("pyrand: Bits wants 0 to 64 bits")
}

// Getrandbits is getrandbits(k) for any k that is not negative; it panics for
// one that is. [Random.Bits] is faster up to 64 bits.
func (r *Random) Getrandbits(k int) *big.Int {
	if k < 0 {
		panic("pyrand: Getrandbits wants a number of bits that is not negative")
	}
	be := make([]byte, 4*((k+31)/32))
	for end := len(be); end > 0; end -= 4 {
		w := r.mt.next()
		if k < 32 {
			w >>= 32 - k
		}
		k -= 32
		be[end-4], be[end-3], be[end-2], be[end-1] = byte(w>>24), byte(w>>16), byte(w>>8), byte(w)
	}
	return new(big.Int).SetBytes(be)
}

// below is the rejection draw behind every choice: as many bits as n has, until
// they make a number below n. n is at least 1.
func (r *Random) below(n uint64) uint64 {
	k := bits.Len64(n)
	for {
		if v := r.Bits(k); v < n {
			return v
		}
	}
}

// RandBelow is randrange(n): uniform in [0, n). It panics if n is below 1.
func (r *Random) RandBelow(n int) int {
	if n < 1 {
		panic("pyrand: RandBelow wants a bound of at least 1")
	}
	return int(r.below(uint64(n)))
}

// RandInt is randint(a, b): uniform in [a, b], both ends included. It panics if
// b < a.
func (r *Random) RandInt(a, b int64) int64 {
	if b < a {
		panic("pyrand: RandInt wants a <= b")
	}
	width := uint64(b) - uint64(a) + 1
	if width != 0 {
		return int64(uint64(a) + r.below(width))
	}
	for { // 2^64 values have a bound of 65 bits
		lo := r.Bits(64)
		if r.Bits(1) == 0 {
			return int64(uint64(a) + lo)
		}
	}
}
