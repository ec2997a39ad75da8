package stats

import "math"

// worker carries a comparison's data through its test and intervals.
type worker struct {
	in    Pairs
	g     grouping
	o     PairOptions
	shape Shape
	c     *Comparison

	boot, bootP []float64 // distributions of |t*|, made once
}

// test fills in the p-value that the verdict rests on.
func (w *worker) test() {
	c := w.c
	switch m := w.c.Choice.Test; m {
	case MethodMcNemarMidP, MethodMcNemar:
		if !w.shape.Binary || w.g.count > 0 || w.shape.Ratio {
			w.flip()
			return
		}
		test := McNemarMidP
		least := math.Exp2(-float64(c.Wins + c.Losses))
		if m == MethodMcNemar {
			test, least = McNemarExact, 2*least
		}
		c.P, c.HasP, c.Method = test(c.Wins, c.Losses), true, string(m)
		w.cannotReject(min(1, least))
	case MethodT, MethodClusterT:
		if p, ok := tP(c.Delta, c.SE, c.DF); ok {
			c.P, c.HasP, c.Method = p, true, tMethod(w.g)
		}
	case MethodRatioBoot, MethodBootT, MethodClusterBootT:
		w.bootTest()
	case MethodNone:
		c.Method = "none: descriptive only"
	default:
		w.flip()
	}
}

// units is what the questions contribute to the difference, 0 in sum where A
// and B are the same, with its rounding error.
func (w *worker) units() (x []float64, noise float64) {
	if w.shape.Ratio {
		n := len(w.in.A)
		return commonUnits(w.in.A, orOnes(w.in.WeightsA, n), w.in.B, orOnes(w.in.WeightsB, n))
	}
	return subtract(w.in.B, w.in.A), rounding(w.in.A) + rounding(w.in.B)
}

func (w *worker) flip() {
	x, noise := w.units()
	w.c.flip(x, noise, w.g, w.o)
	if !w.c.HasP {
		return
	}
	moved := 0
	for _, u := range w.g.sums(x) {
		if u != 0 {
			moved++
		}
	}
	w.cannotReject(min(1, math.Exp2(1-float64(moved))))
}

// mostDraws bounds a bootstrap's work: beyond it there are fewer resamples, and
// with fewer than 999 of them the delta method takes over.
const mostDraws = 20_000_000

// resamples is how many bootstrap samples the units allow; 0 if too few.
func (w *worker) resamples() int {
	b := w.o.Resamples
	if b <= 0 {
		b = defaultResamples
	}
	if n := w.shape.units(); b*n > mostDraws {
		if b = mostDraws / n; b < 999 {
			return 0
		}
	}
	return b
}

// distribution is that of |t*| on a scale; nil if there are too many units.
func (w *worker) distribution(f scale) []float64 {
	b := w.resamples()
	if b == 0 {
		return nil
	}
	n := len(w.in.A)
	if !w.shape.Ratio {
		d := subtract(w.in.B, w.in.A)
		return studentised(nil, sideOf(d, orOnes(nil, n), mean(d), float64(n), w.g), f, b, w.o.Seed)
	}
	aW, bW := orOnes(w.in.WeightsA, n), orOnes(w.in.WeightsB, n)
	rA, tA, _ := ratio(w.in.A, aW)
	rB, tB, _ := ratio(w.in.B, bW)
	a := sideOf(w.in.A, aW, rA, tA, w.g)
	return studentised(&a, sideOf(w.in.B, bW, rB, tB, w.g), f, b, w.o.Seed)
}

// bootTest is the bootstrap-t test; of exponentials that of their logarithms.
func (w *worker) bootTest() {
	c := w.c
	if !c.HasSE || c.SE == 0 {
		c.Method = "none: nothing varies"
		return
	}
	delta, se := c.Delta, c.SE
	if w.in.Exp {
		o := w.o
		logs := CompareRatio(w.in.A, w.in.WeightsA, w.in.B, w.in.WeightsB, w.in.Clusters, o)
		if delta, se = logs.Delta, logs.SE; !(se > 0) {
			c.Method = "none: nothing varies"
			return
		}
	}
	w.bootP = w.distribution(plainScale())
	if w.bootP == nil {
		if p, ok := tP(delta, se, c.DF); ok {
			c.P, c.HasP, c.Method = p, true, "delta method, "+tMethod(w.g)
		}
		return
	}
	c.P, c.HasP, c.Method = bootP(w.bootP, delta/se), true, string(c.Choice.Test)
}

// interval fills in [Lo, Hi] and the equivalence interval.
func (w *worker) interval() {
	c := w.c
	if !c.HasSE {
		return
	}
	exact := w.shape.Binary && w.g.count == 0 && !w.shape.Ratio
	equiv := max(0, 1-2*w.o.alpha())
	switch m := c.Choice.Difference; {
	case m == MethodTango && exact:
		up, down := w.gained()
		c.Lo, c.Hi = Tango(up, down, c.N, 0.95)
		c.EquivLo, c.EquivHi = Tango(up, down, c.N, equiv)
		c.Interval = string(m)
		c.drop(NoVariance)
	case m == MethodNewcombe && exact:
		up, down := w.gained()
		both := 0
		for i, v := range w.in.A {
			if v == 1 && w.in.B[i] == 1 {
				both++
			}
		}
		neither := c.N - up - down - both
		c.Lo, c.Hi = Newcombe(both, up, down, neither, 0.95)
		c.EquivLo, c.EquivHi = Newcombe(both, up, down, neither, equiv)
		c.Interval = string(m)
		c.drop(NoVariance)
	case m == MethodBootT, m == MethodClusterBootT, m == MethodRatioBoot:
		w.bootInterval(equiv)
	}
}

// gained is the questions that only B has right and those that only A has.
func (w *worker) gained() (up, down int) {
	if w.o.HigherIsBetter {
		return w.c.Wins, w.c.Losses
	}
	return w.c.Losses, w.c.Wins
}

func (w *worker) bootInterval(equiv float64) {
	c := w.c
	if c.SE == 0 {
		return
	}
	f := plainScale()
	if w.in.Exp {
		f = expScale()
	} else {
		w.boot = w.bootP // the test may have made it
	}
	if w.boot == nil {
		w.boot = w.distribution(f)
	}
	if w.boot == nil {
		c.Interval = "delta method, " + tMethod(w.g)
		return
	}
	wide, narrow := upperTail(w.boot, 0.05), upperTail(w.boot, 1-equiv)
	if !finite(wide*c.SE) || !finite(narrow*c.SE) {
		c.Warnings = append(c.Warnings, BootDegenerate)
		return
	}
	c.Lo, c.Hi = c.Delta-float64(wide*c.SE), c.Delta+float64(wide*c.SE)
	c.EquivLo, c.EquivHi = c.Delta-float64(narrow*c.SE), c.Delta+float64(narrow*c.SE)
	c.Interval = string(c.Choice.Difference)
}

// beside fills in the second p-value.
func (w *worker) beside() {
	c := w.c
	switch c.Choice.Beside {
	case MethodMcNemar:
		c.Beside, c.HasBeside = McNemarExact(c.Wins, c.Losses), true
	case MethodMcNemarMidP:
		c.Beside, c.HasBeside = McNemarMidP(c.Wins, c.Losses), true
	case MethodT, MethodClusterT:
		c.Beside, c.HasBeside = tP(c.Delta, c.SE, c.DF)
	}
}

// drop removes a warning that no longer holds.
func (p *Paired) drop(code string) {
	var kept []string
	for _, w := range p.Warnings {
		if w != code {
			kept = append(kept, w)
		}
	}
	p.Warnings = kept
}
