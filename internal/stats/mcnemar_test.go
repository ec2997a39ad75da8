package stats

import (
	"math/big"
	"testing"
)

func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		w, l       int
		exact, mid float64
	}{
		{0, 0, 1, 1}, {1, 0, 1, .5}, {5, 0, .0625, .03125}, {3, 1, .625, .375}, {7, 3, .34375, .2265625},
		{8, 2, .109375, .065430}, {9, 1, .021484375, .011719}, {14, 6, .115318298, .078354},
		{25, 10, .016674, .011331}, {60, 40, .056887934, .046044}, {40, 60, .056887934, .046044}, {50, 50, 1, 1},
	} {
		near(t, "exact", McNemarExact(c.w, c.l), c.exact, 5e-7)
		near(t, "mid", McNemarMidP(c.w, c.l), c.mid, 5e-7)
	}
	near(t, "90:10", McNemarExact(90, 10)/3.06329017e-17, 1, 1e-8)
	if p := McNemarExact(3000, 1); p <= 0 || p > 1e-300 {
		t.Errorf("3000:1: p = %g, want the smallest number above 0", p)
	}
}

// TestMcNemarLarge holds thousands against whole-number arithmetic.
func TestMcNemarLarge(t *testing.T) {
	for _, c := range [][2]int{{31, 30}, {700, 300}, {1500, 1400}, {2600, 2400}, {5000, 4700}} {
		n, k := c[0]+c[1], min(c[0], c[1])
		at, tail := big.NewInt(1), big.NewInt(1)
		for i := 1; i <= k; i++ {
			at.Mul(at, big.NewInt(int64(n-i+1)))
			at.Div(at, big.NewInt(int64(i)))
			tail.Add(tail, at)
		}
		exact := tail.Lsh(tail, 1)
		mid := new(big.Int).Sub(exact, at)
		near(t, "exact", McNemarExact(c[0], c[1])/overPower(exact, n), 1, 1e-11)
		near(t, "mid", McNemarMidP(c[0], c[1])/overPower(mid, n), 1, 1e-11)
	}
}

// overPower is x/2^n.
func overPower(x *big.Int, n int) float64 {
	f := new(big.Float).SetInt(x)
	v, _ := f.SetMantExp(f, -n).Float64()
	return v
}
