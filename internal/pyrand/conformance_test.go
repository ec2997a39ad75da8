package pyrand

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"olmoeval/internal/corpus"
)

type row struct {
	Kind      string
	Seed      json.RawMessage
	N, K      int
	Size      int
	Low, High int64
	Args      [][2]int64
	Bits      []int
	Values    json.RawMessage
}

func (r row) random(t *testing.T) *Random {
	var s string
	if json.Unmarshal(r.Seed, &s) == nil {
		return NewString(s)
	}
	n, ok := new(big.Int).SetString(string(r.Seed), 10)
	if !ok {
		t.Fatalf("seed %s is neither text nor a whole number", r.Seed)
	}
	if n.IsInt64() {
		return New(n.Int64())
	}
	return NewBig(n)
}

func (r row) numpy(t *testing.T) *Numpy {
	var n uint64
	if err := json.Unmarshal(r.Seed, &n); err != nil {
		t.Fatal(err)
	}
	return NumpyRNG(n)
}

// times draws as often as the row has values.
func times[T any](t *testing.T, r row, draw func(i int) T) []T {
	var vs []json.RawMessage
	if err := json.Unmarshal(r.Values, &vs); err != nil {
		t.Fatal(err)
	}
	out := make([]T, len(vs))
	for i := range out {
		out[i] = draw(i)
	}
	return out
}

// same compares what was drawn with the row's values.
func same[T comparable](t *testing.T, r row, got []T) bool {
	var want []T
	if err := json.Unmarshal(r.Values, &want); err != nil {
		t.Fatal(err)
	}
	return slices.Equal(got, want)
}

func check(t *testing.T, r row) bool {
	switch r.Kind {
	case "getrandbits32":
		g := r.random(t)
		return same(t, r, times(t, r, func(int) uint64 { return g.Bits(32) }))
	case "getrandbits":
		return checkBits(t, r)
	case "random":
		g := r.random(t)
		return same(t, r, times(t, r, func(int) float64 { return g.Random() }))
	case "randint":
		g := r.random(t)
		return same(t, r, times(t, r, func(i int) int64 { return g.RandInt(r.Args[i][0], r.Args[i][1]) }))
	case "sample":
		return same(t, r, r.random(t).Sample(r.N, r.K))
	case "shuffle":
		return same(t, r, shuffled(r.random(t), r.N))
	case "choice":
		g := r.random(t)
		return same(t, r, times(t, r, func(int) int { return g.Choice(r.N) }))
	case "choices":
		return same(t, r, r.random(t).Choices(r.N, r.K))
	case "np_default_rng_permutation":
		return same(t, r, r.numpy(t).Permutation(r.N))
	case "np_default_rng_random":
		g := r.numpy(t)
		return same(t, r, times(t, r, func(int) float64 { return g.Random() }))
	case "np_default_rng_integers":
		var want []int64
		if err := json.Unmarshal(r.Values, &want); err != nil {
			t.Fatal(err)
		}
		return slices.Equal(r.numpy(t).Integers(r.Low, r.High, len(want)), want)
	case "np_default_rng_choice":
		return same(t, r, r.numpy(t).Choice(r.N, r.Size))
	}
	t.Fatalf("unknown kind %q", r.Kind)
	return false
}

// checkBits draws by both ways where both are defined.
func checkBits(t *testing.T, r row) bool {
	big, fast := r.random(t), r.random(t)
	ok := true
	got := make([]string, len(r.Bits))
	for i, k := range r.Bits {
		got[i] = big.Getrandbits(k).String()
		if k <= 64 {
			ok = ok && fmt.Sprint(fast.Bits(k)) == got[i]
		} else {
			fast.Getrandbits(k)
		}
	}
	return ok && same(t, r, got)
}

func TestConformance(t *testing.T) {
	want := map[string]int{
		"sample": 102, "shuffle": 78, "choices": 10, "getrandbits32": 9, "getrandbits": 9,
		"random": 9, "choice": 8, "randint": 7, "np_default_rng_permutation": 15,
		"np_default_rng_random": 3, "np_default_rng_integers": 2, "np_default_rng_choice": 2,
	}
	seen, passed := map[string]int{}, 0
	corpus.Rows(t, "rng", func(r row) {
		seen[r.Kind]++
		if check(t, r) {
			passed++
		} else {
			t.Errorf("%s: seed %s, n %d, k %d: draws differ", r.Kind, r.Seed, r.N, r.K)
		}
	})
	for kind, n := range want {
		if seen[kind] != n {
			t.Errorf("%d rows of kind %s, want %d", seen[kind], kind, n)
		}
	}
	t.Logf("%d rows agree: %v", passed, seen)
}
