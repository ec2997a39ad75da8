package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Warnings of a trend.
const (
	// Autocorrelated: neighbours' distances from the line are alike, so that the
	// slope's standard error is widened and change points may be curvature.
	Autocorrelated = "autocorrelated"
	FewCheckpoints = "few_checkpoints" // fewer than 8
)

const fewCheckpoints = 8

// Checkpoint is one score of a training run.
type Checkpoint struct {
	// X is the place in training, such as steps or the logarithm of tokens.
	X, Score float64
	SE       float64 // of the score, from sampling questions; 0 if not known
}

// Trend is what the scores of one run over its checkpoints say.
type Trend struct {
	N int
	// Slope of the least-squares line per unit of X, with standard error and 95 %
	// interval; P is that of no slope. Defined only if HasSlope.
	Slope, SlopeSE, Lo, Hi, P float64
	HasSlope                  bool
	// StepNoise is the standard deviation of a score around the course of its
	// neighbours: what moves from checkpoint to checkpoint and is not trend.
	// Defined, with its 95 % interval, only if HasNoise.
	StepNoise, NoiseLo, NoiseHi float64
	HasNoise                    bool
	// Sampling is the root mean square of the scores' own standard errors, which
	// the questions make. With the same questions at all checkpoints it is mostly
	// common to them, and StepNoise does not hold it.
	Sampling float64
	// Autocorrelation of the distances from the line, one step apart.
	Autocorrelation float64
	// Last is the mean of the last LastN scores, LastSE its standard error from
	// StepNoise alone; LastNoise is their standard deviation over their mean.
	Last, LastSE, LastNoise float64
	LastN                   int
	Changes                 []Change
	Method                  string
	Warnings                []string
}

// TrendOptions are the choices of [TrendOf].
type TrendOptions struct {
	Last    int     // checkpoints that Last averages; 0 means 5
	Alpha   float64 // of change points; 0 means 0.01
	Samples int     // simulations of a change point's p-value; 0 means 999
	Seed    uint64
}

// TrendOf describes scores in ascending order of X.
func TrendOf(points []Checkpoint, o TrendOptions) Trend {
	t := Trend{N: len(points), P: 1}
	for i, p := range points {
		if !finite(p.X) || !finite(p.Score) || i > 0 && p.X <= points[i-1].X {
			t.Method = fmt.Sprintf("none: checkpoint %d is not finite or not after the one before", i+1)
			return t
		}
	}
	if t.N == 0 {
		t.Method = "none: no checkpoints"
		return t
	}
	if t.N < fewCheckpoints {
		t.Warnings = append(t.Warnings, FewCheckpoints)
	}
	t.Method = "least squares; noise from neighbours; change points by sup-F, simulated"
	t.Sampling = math.Sqrt(sumOf(t.N, func(i int) float64 { return points[i].SE * points[i].SE }) / float64(t.N))
	t.noise(points)
	t.line(points)
	t.last(points, o)
	t.Changes = changes(points, o)
	return t
}

// noise compares each score with the line through its neighbours, whose distance
// has variance σ²(1+w²+(1−w)²), w being the place between them.
func (t *Trend) noise(points []Checkpoint) {
	m := len(points) - 2
	if m < 1 {
		return
	}
	ss := sumOf(m, func(i int) float64 {
		a, b, c := points[i], points[i+1], points[i+2]
		w := (b.X - a.X) / (c.X - a.X)
		d := b.Score - float64((1-w)*a.Score) - float64(w*c.Score)
		return d * d / (1 + float64(w*w) + float64((1-w)*(1-w)))
	})
	t.StepNoise, t.HasNoise = math.Sqrt(ss/float64(m)), true
	// Neighbouring distances share scores: with even steps they correlate by −2/3
	// and 1/6, which leaves 1/(1+2(4/9+1/36)) of the degrees of freedom.
	chi := distuv.ChiSquared{K: max(1, float64(m)/(1+2*(4.0/9+1.0/36)))}
	t.NoiseLo = t.StepNoise * math.Sqrt(chi.K/chi.Quantile(0.975))
	t.NoiseHi = t.StepNoise * math.Sqrt(chi.K/chi.Quantile(0.025))
}

// line fits the slope. Its standard error is widened by √((1+r)/(1−r)) for an
// autocorrelation r above 0.
func (t *Trend) line(points []Checkpoint) {
	n := float64(t.N)
	if t.N < 3 {
		return
	}
	mx := sumOf(t.N, func(i int) float64 { return points[i].X }) / n
	my := sumOf(t.N, func(i int) float64 { return points[i].Score }) / n
	sxx := sumOf(t.N, func(i int) float64 { return (points[i].X - mx) * (points[i].X - mx) })
	sxy := sumOf(t.N, func(i int) float64 { return (points[i].X - mx) * (points[i].Score - my) })
	t.Slope = sxy / sxx
	residual := make([]float64, t.N)
	for i, p := range points {
		residual[i] = p.Score - my - float64(t.Slope*(p.X-mx))
	}
	ss := sumOf(t.N, func(i int) float64 { return residual[i] * residual[i] })
	if !finite(t.Slope) || !finite(ss) {
		t.Slope = 0
		return
	}
	if ss > 0 {
		t.Autocorrelation = sumOf(t.N-1, func(i int) float64 { return residual[i] * residual[i+1] }) / ss
	}
	t.SlopeSE, t.HasSlope = math.Sqrt(ss/(n-2)/sxx), true
	if r := t.Autocorrelation; r > 2/math.Sqrt(n) {
		t.Warnings = append(t.Warnings, Autocorrelated)
		t.SlopeSE *= math.Sqrt((1 + r) / (1 - min(r, 0.95)))
	}
	half := float64(tQuantile(0.975, t.N-2) * t.SlopeSE)
	t.Lo, t.Hi = t.Slope-half, t.Slope+half
	t.P, _ = tP(t.Slope, t.SlopeSE, t.N-2)
}

func (t *Trend) last(points []Checkpoint, o TrendOptions) {
	k := o.Last
	if k <= 0 {
		k = 5
	}
	t.LastN = min(k, t.N)
	scores := make([]float64, t.LastN)
	for i := range scores {
		scores[i] = points[t.N-t.LastN+i].Score
	}
	t.Last = mean(scores)
	t.LastSE = t.StepNoise / math.Sqrt(float64(t.LastN))
	if t.LastN > 1 && t.Last != 0 {
		t.LastNoise = math.Sqrt(variance(scores)) / math.Abs(t.Last)
	}
}
