package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// scored is two runs of n questions: 0/1 or continuous.
func scored(n int, zeroOne bool) (a, b []float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	a, b = make([]float64, n), make([]float64, n)
	for i := range a {
		easy := rng.NormFloat64()
		a[i], b[i] = easy+rng.NormFloat64(), easy+rng.NormFloat64()
		if zeroOne {
			a[i], b[i] = coin01(a[i]), coin01(b[i])
		}
	}
	return a, b
}

func coin01(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

func BenchmarkCompareMillion01(b *testing.B) {
	x, y := scored(1_000_000, true)
	for b.Loop() {
		Compare(Pairs{A: x, B: y}, PairOptions{HigherIsBetter: true})
	}
}

func BenchmarkCompareMillion(b *testing.B) {
	x, y := scored(1_000_000, false)
	for b.Loop() {
		Compare(Pairs{A: x, B: y}, PairOptions{HigherIsBetter: true})
	}
}

func BenchmarkCompareMillionClustered(b *testing.B) {
	x, y := scored(1_000_000, true)
	clusters := blocks(len(x), 10)
	for b.Loop() {
		Compare(Pairs{A: x, B: y, Clusters: clusters}, PairOptions{HigherIsBetter: true})
	}
}

// models is 50 runs of 15,000 questions.
func models(zeroOne bool, missing int) Models {
	rng := rand.New(rand.NewPCG(3, 4))
	m := Models{Scores: make([][]float64, 50)}
	for i := range m.Scores {
		m.Scores[i] = make([]float64, 15_000)
	}
	for q := range 15_000 {
		easy := rng.NormFloat64()
		for i := range m.Scores {
			v := easy + rng.NormFloat64() + 0.01*float64(i)
			if zeroOne {
				v = coin01(v)
			}
			if missing > 0 && rng.IntN(missing) == 0 {
				v = math.NaN()
			}
			m.Scores[i][q] = v
		}
	}
	return m
}

func benchmarkMatrix(b *testing.B, m Models) {
	for b.Loop() {
		Matrix(m, PairOptions{HigherIsBetter: true})
	}
}

func BenchmarkMatrix01(b *testing.B)     { benchmarkMatrix(b, models(true, 0)) }
func BenchmarkMatrix(b *testing.B)       { benchmarkMatrix(b, models(false, 0)) }
func BenchmarkMatrixRagged(b *testing.B) { benchmarkMatrix(b, models(false, 100)) }

func BenchmarkSequential(b *testing.B) {
	x, y := scored(10_000, true)
	for b.Loop() {
		s := NewSequential(SequentialOptions{Binary: true, HigherIsBetter: true, Rope: 0.001})
		for i := range x {
			if err := s.Add(x[i], y[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
}
