package main

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync"
)

// Data sets of a study: of closed forms, and of methods that resample.
const (
	manySets = 10_000
	fewSets  = 2_000
)

// Resamples and flips of a simulated data set. Fewer than in use: a test's level
// does not depend on them, and an interval's hardly.
const resamples = 999

// claim is a rate with the bounds that it has to keep.
type claim struct {
	name   string
	lo, hi float64
}

// holds allows for room standard errors of a simulation of sets, given as
// room/√sets; 0 allows none.
func (c claim) holds(rate, room float64) bool {
	slack := func(p float64) float64 { return room * math.Sqrt(max(p*(1-p), 0.01)) }
	return rate >= c.lo-slack(c.lo) && rate <= c.hi+slack(c.hi)
}

func (c claim) bounds() string {
	switch {
	case c.lo <= 0 && c.hi >= 1:
		return "shown only"
	case c.lo <= 0:
		return fmt.Sprintf("≤ %.4g %%", 100*c.hi)
	case c.hi >= 1:
		return fmt.Sprintf("≥ %.4g %%", 100*c.lo)
	}
	return fmt.Sprintf("%.4g–%.4g %%", 100*c.lo, 100*c.hi)
}

const alpha = 0.05

// typeI is the share of rejections of a true hypothesis; a discrete test may
// reject less.
func typeI(discrete bool, n int) claim {
	c := claim{"type I error", alpha - 0.015, alpha + 0.015}
	if discrete || n < 100 {
		c.lo = 0
	}
	return c
}

// coverage of a 95 % interval, of so many questions in so many clusters (0: none).
func coverage(n, clusters int) claim {
	c := claim{"coverage", 0.935, 0.965}
	if n <= 10 || clusters > 0 && clusters < 30 {
		c.lo, c.hi = 0.92, 1
	}
	return c
}

func power() claim                { return claim{"power at the MDE", 0.76, 0.84} }
func atMost(name string) claim    { return claim{name, 0, alpha + 0.015} }
func shown(name string) claim     { return claim{name, 0, 1} }
func fails(name string) claim     { return claim{name, alpha + 0.015, 1} }
func failsToCover(n string) claim { return claim{n, 0, 0.935} }
func atLeast95(name string) claim { return claim{name, 0.935, 1} }

// study is data sets of one kind and what is counted in them.
type study struct {
	name   string
	n      int
	icc    float64 // below 0: does not apply
	sets   int
	claims []claim
	// one makes a data set, the i-th, and gives what each claim counts in it (0
	// or 1, or a share), with the method used.
	one func(rng *rand.Rand, i int) (counts []float64, method string)
}

type result struct {
	study  study
	rate   []float64
	method string
	sets   int
}

func (s study) seed() uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, s.name, s.n, s.icc)
	return h.Sum64()
}

// run simulates a share of the study's data sets.
func (s study) run(share float64) result {
	sets := max(1, int(share*float64(s.sets)))
	r := result{study: s, rate: make([]float64, len(s.claims)), sets: sets}
	rng := rand.New(rand.NewPCG(s.seed(), 0x853c49e6748fea9b))
	methods := map[string]int{}
	for i := range sets {
		counts, method := s.one(rng, i)
		for k, c := range counts {
			r.rate[k] += c
		}
		methods[method]++
		if n := methods[method]; n > methods[r.method] || n == methods[r.method] && method < r.method {
			r.method = method
		}
	}
	for k := range r.rate {
		r.rate[k] /= float64(sets)
	}
	return r
}

// runAll runs studies beside one another; the results are in their order.
func runAll(all []study, share float64, workers int) []result {
	out := make([]result, len(all))
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Go(func() {
			for i := range next {
				out[i] = all[i].run(share)
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next) // by this function alone
	wg.Wait()
	return out
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// studies is everything that is claimed.
func studies() []study {
	var out []study
	out = append(out, scoreStudies()...)
	out = append(out, pairStudies()...)
	out = append(out, blindStudies()...)
	out = append(out, familyStudies()...)
	out = append(out, sequentialStudies()...)
	out = append(out, trendStudies()...)
	return out
}
