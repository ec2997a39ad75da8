package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Simulated experiments: a claim of 5 % or 95 % has to hold within 1.5 points.
const (
	simulations = 2000
	tolerance   = .015
)

// draws makes one simulated pair of runs in which neither is better.
type draws func(rng *rand.Rand, units int) (a, b []float64, clusters []int32)

// exponential scores are skewed; their differences are not.
func exponential(rng *rand.Rand, n int) (a, b []float64, clusters []int32) {
	for range n {
		easy := rng.ExpFloat64()
		a, b = append(a, easy+rng.ExpFloat64()), append(b, easy+rng.ExpFloat64())
	}
	return a, b, nil
}

// answers are right or wrong on questions of different difficulty.
func answers(rng *rand.Rand, n int) (a, b []float64, clusters []int32) {
	for range n {
		easy := rng.Float64()
		a, b = append(a, coin(rng, easy)), append(b, coin(rng, easy))
	}
	return a, b, nil
}

// passages are clusters of 1 to 9 questions on which a run does well or badly
// as a whole.
func passages(rng *rand.Rand, groups int) (a, b []float64, clusters []int32) {
	for g := range groups {
		onA, onB := rng.NormFloat64(), rng.NormFloat64()
		for range 1 + rng.IntN(9) {
			a, b = append(a, onA+rng.NormFloat64()), append(b, onB+rng.NormFloat64())
			clusters = append(clusters, int32(g))
		}
	}
	return a, b, clusters
}

func coin(rng *rand.Rand, p float64) float64 {
	if rng.Float64() < p {
		return 1
	}
	return 0
}

func TestCalibrationPaired(t *testing.T) {
	for _, c := range []struct {
		name     string
		draw     draws
		discrete bool // may reject less often than it says
	}{
		{"exponential", exponential, false}, {"answers", answers, true}, {"passages", passages, false},
	} {
		for _, units := range []int{10, 30, 100} {
			t.Run(fmt.Sprint(c.name, units), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(units), 17))
				rejected, covered := 0, 0
				for i := range simulations {
					a, b, clusters := c.draw(rng, units)
					p := ComparePaired(a, b, clusters, PairOptions{Permutations: 499, Seed: uint64(i)})
					if p.P < .05 {
						rejected++
					}
					if p.Lo <= 0 && 0 <= p.Hi {
						covered++
					}
				}
				inBand(t, "type-I error", rejected, .05, c.discrete)
				inBand(t, "not covered", simulations-covered, .05, false)
			})
		}
	}
}

// TestCalibrationWrong: the same test, blind to clusters, does reject too often.
func TestCalibrationWrong(t *testing.T) {
	rng := rand.New(rand.NewPCG(30, 17))
	rejected := 0
	for i := range 500 {
		a, b, _ := passages(rng, 30)
		if ComparePaired(a, b, nil, PairOptions{Permutations: 199, Seed: uint64(i)}).P < .05 {
			rejected++
		}
	}
	if rate := float64(rejected) / 500; rate < .15 {
		t.Errorf("blind to clusters, the type-I error is %.3f: the simulation has no dependence in it", rate)
	}
}

func TestCalibrationOne(t *testing.T) {
	for name, one := range map[string]func(*rand.Rand) (r Result, truth float64){
		"normal 10": func(rng *rand.Rand) (Result, float64) { return Mean(normals(rng, 10, 3), nil), 3 },
		// Of a fixed proportion the coverage swings with n; the level holds over
		// proportions.
		"proportion 10":  proportion(10),
		"proportion 30":  proportion(30),
		"proportion 100": proportion(100),
		"passages 30": func(rng *rand.Rand) (Result, float64) {
			a, _, clusters := passages(rng, 30)
			return Mean(a, clusters), 0
		},
		"ratio 200": func(rng *rand.Rand) (Result, float64) {
			v, w := sized(rng, 200)
			return Ratio(v, w, nil), 2
		},
		"exp ratio 200": func(rng *rand.Rand) (Result, float64) {
			v, w := sized(rng, 200)
			return ExpRatio(v, w, nil), math.Exp(2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(23, 29))
			missed := 0
			for range simulations {
				if r, truth := one(rng); truth < r.Lo || r.Hi < truth {
					missed++
				}
			}
			inBand(t, "not covered", missed, .05, false)
		})
	}
}

func proportion(n int) func(*rand.Rand) (Result, float64) {
	return func(rng *rand.Rand) (Result, float64) {
		p := .05 + .9*rng.Float64()
		return Mean(coins(rng, n, p), nil), p
	}
}

func inBand(t *testing.T, what string, count int, want float64, less bool) {
	t.Helper()
	rate := float64(count) / simulations
	if rate > want+tolerance || !less && rate < want-tolerance {
		t.Errorf("%s is %.4f, want %.2f within %.3f", what, rate, want, tolerance)
	}
}

func normals(rng *rand.Rand, n int, mean float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + rng.NormFloat64()
	}
	return x
}

func coins(rng *rand.Rand, n int, p float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = coin(rng, p)
	}
	return x
}

// sized is values whose mean, weighted by their sizes, is 2.
func sized(rng *rand.Rand, n int) (v, w []float64) {
	for range n {
		w = append(w, 1+rng.ExpFloat64())
		v = append(v, 2+rng.NormFloat64()/math.Sqrt(w[len(w)-1]))
	}
	return v, w
}

// TestCalibrationRatio: type-I error and coverage of a difference of ratios with
// other weights on either side.
func TestCalibrationRatio(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 37))
	rejected, missed := 0, 0
	for i := range simulations {
		a, aw := sized(rng, 100)
		b, bw := sized(rng, 100)
		p := CompareRatio(a, aw, b, bw, nil, PairOptions{Permutations: 499, Seed: uint64(i)})
		if p.P < .05 {
			rejected++
		}
		if p.Lo > 0 || p.Hi < 0 {
			missed++
		}
	}
	inBand(t, "type-I error", rejected, .05, false)
	inBand(t, "not covered", missed, .05, false)
}
