package perf

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSketch(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	var whole, left, right Sketch
	var exact []float64
	for i := range 20000 {
		v := math.Exp(dice.NormFloat64()*2 + 3)
		if i%50 == 0 {
			v = 0
		}
		exact = append(exact, v)
		whole.Add(v)
		if i%3 == 0 {
			left.Add(v)
		} else {
			right.Add(v)
		}
	}
	left.Merge(&right)
	slices.Sort(exact)
	for _, q := range []float64{0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		want := exact[max(1, int(math.Ceil(q*float64(len(exact)))))-1]
		for name, s := range map[string]*Sketch{"whole": &whole, "merged": &left} {
			if got := s.Quantile(q); math.Abs(got-want) > 0.0101*want {
				t.Errorf("%s: quantile %v = %v, want %v within 1 %%", name, q, got, want)
			}
		}
	}
	if whole.max != exact[len(exact)-1] || len(whole.bins) > 1500 {
		t.Errorf("max %v, %d bins", whole.max, len(whole.bins))
	}
}

func TestSketchOfFew(t *testing.T) {
	var s Sketch
	if s.Quantiles() != nil || s.Quantile(0.5) != 0 {
		t.Error("an empty sketch has quantiles")
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), -1} {
		s.Add(v)
	}
	if s.n != 0 {
		t.Error("it holds what is no value")
	}
	s.Add(0)
	s.Add(7)
	q := s.Quantiles()
	if q.N != 2 || q.P50 != 0 || q.Max != 7 || math.Abs(q.P99-7) > 0.07 {
		t.Errorf("%+v", q)
	}
}
