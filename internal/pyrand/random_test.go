package pyrand

import (
	"math"
	"math/big"
	"slices"
	"testing"
)

func TestSampleKnown(t *testing.T) {
	for _, c := range []struct {
		seed int64
		n, k int
		want []int
	}{
		{42, 100, 5, []int{81, 14, 3, 94, 35}},
		{42, 10, 3, []int{1, 0, 4}},
		{42, 1319, 5, []int{1309, 228, 51, 563, 501}},
		{42, 20, 15, []int{3, 0, 8, 7, 16, 2, 11, 1, 10, 17, 12, 6, 18, 15, 13}},
		{1234, 1000, 4, []int{989, 796, 451, 119}},
		{1234, 100, 5, []int{99, 56, 14, 0, 11}},
		{1234, 164, 4, []int{112, 29, 1, 23}},
		{7, 3, 0, []int{}},
		{7, 10_000_000, 8, []int{5433012, 2530829, 6624039, 810111, 1215279, 8990608, 1579240, 6135241}},
	} {
		if got := New(c.seed).Sample(c.n, c.k); !slices.Equal(got, c.want) {
			t.Errorf("Random(%d).sample(range(%d), %d) = %v, want %v", c.seed, c.n, c.k, got, c.want)
		}
	}
}

func TestShuffleKnown(t *testing.T) {
	for seed, want := range map[string][]int{
		"42:0":   {3, 1, 2, 0},
		"42:1":   {0, 3, 2, 1},
		"1234:7": {2, 1, 3, 0},
		"42:7":   {4, 0, 2, 1, 3},
	} {
		if got := shuffled(NewString(seed), len(want)); !slices.Equal(got, want) {
			t.Errorf("Random(%q).shuffle = %v, want %v", seed, got, want)
		}
	}
	for seed, want := range map[int64][]int{
		0:  {2, 0, 1, 3},
		1:  {3, 0, 2, 1},
		5:  {0, 1, 3, 2},
		42: {7, 3, 2, 8, 5, 6, 9, 4, 0, 1},
	} {
		if got := shuffled(New(seed), len(want)); !slices.Equal(got, want) {
			t.Errorf("Random(%d).shuffle = %v, want %v", seed, got, want)
		}
	}
}

func shuffled(r *Random, n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	r.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

func TestSeedSign(t *testing.T) {
	for _, s := range []int64{5, 1 << 40, math.MaxInt64} {
		if New(s).Bits(64) != New(-s).Bits(64) {
			t.Errorf("seeds %d and %d differ", s, -s)
		}
	}
	small := New(math.MinInt64).Bits(64)
	if want := NewBig(new(big.Int).Lsh(big.NewInt(1), 63)).Bits(64); small != want {
		t.Errorf("the least int64 seeds %d, want %d", small, want)
	}
}

func TestRandIntEnds(t *testing.T) {
	r := New(3)
	if got := r.RandInt(9, 9); got != 9 {
		t.Errorf("RandInt(9, 9) = %d", got)
	}
	r = New(7)
	for _, want := range []int64{8261657684473197624, 2784249659845191438, -8531699129511414324, -1509457273540090022} {
		if got := r.RandInt(math.MinInt64, math.MaxInt64); got != want {
			t.Errorf("of the whole range: %d, want %d", got, want)
		}
	}
	for range 64 {
		if v := r.RandInt(-3, -1); v < -3 || v > -1 {
			t.Fatalf("RandInt(-3, -1) = %d", v)
		}
	}
}

func TestPanics(t *testing.T) {
	r := New(1)
	for name, f := range map[string]func(){
		"RandBelow(0)":       func() { r.RandBelow(0) },
		"RandInt(1, 0)":      func() { r.RandInt(1, 0) },
		"Sample(2, 3)":       func() { r.Sample(2, 3) },
		"Bits(65)":           func() { r.Bits(65) },
		"Getrandbits(-1)":    func() { r.Getrandbits(-1) },
		"Choices(0, 1)":      func() { r.Choices(0, 1) },
		"numpy.Integers 3,3": func() { NumpyRNG(1).Integers(3, 3, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}

func TestPoolLimit(t *testing.T) {
	for k, want := range map[int]int{0: 21, 5: 21, 6: 21 + 64, 21: 21 + 64, 22: 21 + 256, 85: 21 + 256, 86: 21 + 1024} {
		if got := poolLimit(k); got != want {
			t.Errorf("poolLimit(%d) = %d, want %d", k, got, want)
		}
	}
}

func TestSampleDistinct(t *testing.T) {
	for _, n := range []int{50_000, 5_000_000} {
		got := New(9).Sample(n, 20_000)
		slices.Sort(got)
		if len(slices.Compact(got)) != 20_000 || got[0] < 0 || got[len(got)-1] >= n {
			t.Errorf("sample of 20000 from %d repeats or leaves the range", n)
		}
	}
}

func TestNumpyWide(t *testing.T) {
	g := NumpyRNG(7)
	for _, v := range g.Integers(math.MinInt64, math.MaxInt64, 100) {
		if v == math.MaxInt64 {
			t.Error("the upper end is not excluded")
		}
	}
	for _, v := range g.Integers(-5, 1<<40, 100) {
		if v < -5 || v >= 1<<40 {
			t.Errorf("%d is outside [-5, 2^40)", v)
		}
	}
}

func BenchmarkSample(b *testing.B) {
	for b.Loop() {
		New(42).Sample(1_000_000, 100_000)
	}
}

func BenchmarkSampleSet(b *testing.B) {
	for b.Loop() {
		New(42).Sample(10_000_000, 100_000)
	}
}
