package main

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// size of the simulated clusters.
const size = 5

// clusterOf numbers n questions in clusters; nil without dependence.
func clustersOf(n int, icc float64) []int32 {
	if icc == 0 {
		return nil
	}
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i / size)
	}
	return out
}

func clusterCount(n int, icc float64) int {
	if icc == 0 {
		return 0
	}
	return n / size
}

// proportionOf is the i-th data set's: 0.05, 0.10, … 0.95 in turn.
func proportionOf(i int) float64 { return 0.05 * float64(1+i%19) }

// normals have mean 0, variance 1 and the intraclass correlation.
func normals(rng *rand.Rand, n int, icc float64) []float64 {
	out := make([]float64, n)
	common := 0.0
	for i := range out {
		if i%size == 0 {
			common = rng.NormFloat64()
		}
		out[i] = math.Sqrt(icc)*common + math.Sqrt(1-icc)*rng.NormFloat64()
	}
	return out
}

// normalsIn are the same in clusters of any size.
func normalsIn(rng *rand.Rand, clusters []int32, icc float64) []float64 {
	out := make([]float64, len(clusters))
	common := 0.0
	for i, c := range clusters {
		if i == 0 || c != clusters[i-1] {
			common = rng.NormFloat64()
		}
		out[i] = math.Sqrt(icc)*common + math.Sqrt(1-icc)*rng.NormFloat64()
	}
	return out
}

// answers are right with probability p; in a cluster that probability is drawn
// from a beta distribution whose intraclass correlation is icc.
func answers(rng *rand.Rand, n int, p, icc float64) []float64 {
	out := make([]float64, n)
	now := p
	for i := range out {
		if icc > 0 && i%size == 0 {
			now = beta(rng, p*(1-icc)/icc, (1-p)*(1-icc)/icc)
		}
		out[i] = one(rng.Float64() < now)
	}
	return out
}

// pairedAnswers of questions whose difficulty is drawn from Beta(2p, 2(1−p)), or
// of clusters as in answers.
func pairedAnswers(rng *rand.Rand, n int, p, icc float64) (a, b []float64) {
	if icc > 0 {
		return answers(rng, n, p, icc), answers(rng, n, p, icc)
	}
	for range n {
		easy := beta(rng, 2*p, 2*(1-p))
		a, b = append(a, one(rng.Float64() < easy)), append(b, one(rng.Float64() < easy))
	}
	return a, b
}

// differing is the share of pairedAnswers that differ: 2E[e(1−e)].
func differing(p float64) float64 { return 2 * p * (1 - p) * 2 / 3 }

// graded scores in [0, 1] that lean to one side, with their mean.
func graded(rng *rand.Rand, n int) (x []float64, mean float64) {
	for range n {
		x = append(x, beta(rng, 3, 1.5))
	}
	return x, 3 / 4.5
}

func beta(rng *rand.Rand, a, b float64) float64 {
	x := distuv.Gamma{Alpha: a, Beta: 1, Src: rng}.Rand()
	y := distuv.Gamma{Alpha: b, Beta: 1, Src: rng}.Rand()
	if x+y == 0 { // both too small for a float64
		return one(rng.Float64() < a/(a+b))
	}
	return x / (x + y)
}

// sized is values with weights between 1 and 5 on which they depend, whose ratio
// is truth.
func sized(rng *rand.Rand, n int, icc float64) (v, w []float64, truth float64) {
	noise := normals(rng, n, icc)
	for i := range n {
		w = append(w, 1+4*rng.Float64())
		v = append(v, 2+0.1*w[i]+noise[i]/math.Sqrt(w[i]))
	}
	// E[w(2+0.1w)]/E[w] = 2 + 0.1·E[w²]/E[w], w uniform in [1, 5].
	return v, w, 2 + 0.1*(9+16.0/12)/3
}

func shift(x []float64, by float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v + by
	}
	return out
}
