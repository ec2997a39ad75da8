package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Change is a place in training where the course of a score breaks.
type Change struct {
	Index int     // of the first checkpoint after the break
	X     float64 // its place
	// Jump is how far the line after is from the line before, at the break;
	// SlopeBefore and SlopeAfter are their slopes.
	Jump, SlopeBefore, SlopeAfter float64
	// P is that of one straight line instead, by simulation.
	P float64
}

// leastPiece is the fewest checkpoints of a piece between breaks.
const leastPiece = 4

// changes looks for breaks of a straight course by binary segmentation: the best
// split into two lines is a break if so good a split of a straight line with
// independent normal noise is rarer than alpha, by simulation at the same X (the
// supremum of F, Andrews, 1993); then either side is looked at.
func changes(points []Checkpoint, o TrendOptions) []Change {
	alpha, samples := o.Alpha, o.Samples
	if alpha == 0 {
		alpha = 0.01
	}
	if samples <= 0 {
		samples = 999
	}
	var out []Change
	var look func(from, till int)
	look = func(from, till int) {
		piece := points[from:till]
		if len(piece) < 2*leastPiece {
			return
		}
		c, p := bestSplit(piece, samples, o.Seed+uint64(from)<<32+uint64(till))
		if p >= alpha {
			return
		}
		c.P = p
		look(from, from+c.Index)
		at := from + c.Index
		c.Index = at
		out = append(out, c)
		look(at, till)
	}
	look(0, len(points))
	return out
}

// bestSplit is the best place to break a piece, with its p-value.
func bestSplit(piece []Checkpoint, samples int, seed uint64) (Change, float64) {
	x, y := make([]float64, len(piece)), make([]float64, len(piece))
	for i, p := range piece {
		x[i], y[i] = p.X, p.Score
	}
	x, y = deviations(x, mean(x)), deviations(y, mean(y))
	at, gain := supF(x, y)
	if gain == 0 {
		return Change{}, 1
	}
	rng := rand.New(rand.NewPCG(seed, 0x2545f4914f6cdd1d))
	hits := 0
	noise := make([]float64, len(x))
	for range samples {
		for i := range noise {
			noise[i] = rng.NormFloat64()
		}
		if _, g := supF(x, noise); g >= gain {
			hits++
		}
	}
	before, after := fit(x[:at], y[:at]), fit(x[at:], y[at:])
	c := Change{Index: at, X: piece[at].X, SlopeBefore: before.slope, SlopeAfter: after.slope}
	c.Jump = after.at(x[at]) - before.at(x[at])
	return c, float64(1+hits) / float64(samples+1)
}

// supF is the split with the greatest relative fall of the residual squares.
func supF(x, y []float64) (at int, gain float64) {
	n := len(x)
	whole := fit(x, y).rss
	var left, right moments
	for i := range n {
		right.add(x[i], y[i], 1)
	}
	for k := range n {
		if k >= leastPiece && n-k >= leastPiece {
			rss := left.rss() + right.rss()
			if floor := whole * 1e-24; rss < floor {
				rss = floor
			}
			if g := (whole - rss) / rss; whole > 0 && g > gain {
				at, gain = k, g
			}
		}
		left.add(x[k], y[k], 1)
		right.add(x[k], y[k], -1)
	}
	return at, gain
}

// moments are running sums for a line.
type moments struct{ n, x, y, xx, xy, yy float64 }

func (m *moments) add(x, y, sign float64) {
	m.n += sign
	m.x += sign * x
	m.y += sign * y
	m.xx += float64(sign * x * x)
	m.xy += float64(sign * x * y)
	m.yy += float64(sign * y * y)
}

func (m *moments) rss() float64 {
	sxx, sxy, syy := m.xx-m.x*m.x/m.n, m.xy-m.x*m.y/m.n, m.yy-m.y*m.y/m.n
	if sxx <= 0 {
		return max(0, syy)
	}
	return max(0, syy-sxy*sxy/sxx)
}

// straight is a least-squares line.
type straight struct{ mx, my, slope, rss float64 }

func (s straight) at(x float64) float64 { return s.my + float64(s.slope*(x-s.mx)) }

func fit(x, y []float64) straight {
	s := straight{mx: mean(x), my: mean(y)}
	dx, dy := deviations(x, s.mx), deviations(y, s.my)
	sxx := sumOf(len(x), func(i int) float64 { return dx[i] * dx[i] })
	if sxx > 0 {
		s.slope = sumOf(len(x), func(i int) float64 { return dx[i] * dy[i] }) / sxx
	}
	s.rss = sumOf(len(x), func(i int) float64 { r := dy[i] - float64(s.slope*dx[i]); return r * r })
	return s
}

// SignalNoise says how well a task tells models apart (Heineman and others, 2025).
type SignalNoise struct {
	// Signal is the spread of the models' final scores, (max − min)/mean; Noise
	// the standard deviation over the last checkpoints of a run, over their mean
	// (the root mean square of several runs); Ratio is Signal/Noise, infinite
	// without noise.
	Signal, Noise, Ratio float64
	Models, Runs         int
	Method               string
	Warnings             []string
}

// SignalToNoise compares the spread of the final scores of models with the noise
// over the last checkpoints of one run or more. ok is false with fewer than 2
// models, without a run of 2 checkpoints, or where a mean is 0.
func SignalToNoise(finals []float64, lasts [][]float64) (s SignalNoise, ok bool) {
	if len(finals) < 2 || !allFinite(finals) || mean(finals) == 0 {
		return s, false
	}
	s = SignalNoise{Models: len(finals), Method: "relative range over relative standard deviation of last checkpoints"}
	s.Signal = (slices.Max(finals) - slices.Min(finals)) / math.Abs(mean(finals))
	squares := 0.0
	for _, x := range lasts {
		if len(x) < 2 || !allFinite(x) || mean(x) == 0 {
			continue
		}
		s.Runs++
		squares += variance(x) / (mean(x) * mean(x))
		if len(x) < 5 && len(s.Warnings) == 0 {
			s.Warnings = append(s.Warnings, FewCheckpoints)
		}
	}
	if s.Runs == 0 {
		return SignalNoise{}, false
	}
	s.Noise = math.Sqrt(squares / float64(s.Runs))
	s.Ratio = s.Signal / s.Noise
	return s, !math.IsNaN(s.Ratio)
}

// DecisionAccuracy is the share of pairs of models that two scales put in the
// same order; pairs that are equal at one scale only count half. ok is false
// with fewer than 2 models.
func DecisionAccuracy(small, large []float64) (share float64, pairs int, ok bool) {
	mustPair(small, large)
	same := 0.0
	for i := range small {
		for j := range i {
			x, y := small[i]-small[j], large[i]-large[j]
			pairs++
			switch {
			case x == 0 && y == 0, x*y > 0, x > 0 && y > 0, x < 0 && y < 0:
				same++
			case x == 0 || y == 0:
				same += 0.5
			}
		}
	}
	if pairs == 0 {
		return 0, 0, false
	}
	return same / float64(pairs), pairs, true
}
