package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// TOST is the p-value of the hypothesis that the difference is outside ±rope, by
// two one-sided t tests (Schuirmann, 1987): below alpha it says that A and B are
// equivalent, and is then the same as the 1−2·alpha interval within ±rope. ok is
// false without a rope or a standard error.
func TOST(delta, se float64, df int, rope float64) (p float64, ok bool) {
	if !(rope > 0) || !(se >= 0) || df < 1 || !finite(delta) {
		return 1, false
	}
	if se == 0 {
		if math.Abs(delta) <= rope {
			return 0, true
		}
		return 1, true
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(df)}
	return max(t.CDF((delta-rope)/se), t.CDF(-(delta+rope)/se)), true
}

// TOSTPaired is [TOST] of 0/1 values by the score test of [Tango].
func TOSTPaired(gained, lost, n int, rope float64) (p float64, ok bool) {
	if !(rope > 0) || n == 0 || rope >= 1 {
		return 1, false
	}
	above := distuv.UnitNormal.CDF(tangoZ(gained, lost, n, rope))
	below := distuv.UnitNormal.CDF(-tangoZ(gained, lost, n, -rope))
	return max(above, below), true
}

// Outcome is a verdict and, where there is none yet, what would bring one.
type Outcome struct {
	Verdict, Warning string
	// More is how many further questions (or clusters, where the comparison has
	// these) would bring a verdict in 80 % of cases if the difference and the
	// spread are what they seem; 0 if it is decided, or if no number would do.
	More int
	// Toward is the verdict that takes the fewest: of a difference, better or
	// worse, or equivalent.
	Toward string
	Unit   string // "questions" or "clusters"
	// MoreSamples is how many samples a question would do instead, with the
	// same questions; 0 if no number would, or without samples.
	MoreSamples int
}

// Decide names what a comparison shows, by [Verdict], and what more it would
// take. pAdj is the p-value adjusted for its family; a comparison without one
// gives 1. A rope of 0 makes nothing equivalent.
func Decide(c Comparison, pAdj, rope float64, o PairOptions) Outcome {
	out := Outcome{Verdict: Unresolved, Unit: "questions"}
	if c.Clusters > 0 {
		out.Unit = "clusters"
	}
	if c.N == 0 || c.Choice.Test == MethodNone {
		return out
	}
	out.Verdict, out.Warning = Verdict(pAdj, o.alpha(), c.EquivLo, c.EquivHi, rope, c.Delta, o.HigherIsBetter)
	if out.Verdict != Unresolved || !c.HasSE || c.SE == 0 {
		return out
	}
	have := c.N
	if c.Clusters > 0 {
		have = c.Clusters
	}
	sd := c.SE * math.Sqrt(float64(have))
	level := o.alpha()
	if pAdj > c.P && c.P > 0 { // the family's price, as a stricter level
		level *= c.P / pAdj
	}
	differ := SampleSize(sd*sd, c.Delta, level, 0.8)
	equal := EquivalenceSize(sd*sd, c.Delta, rope, o.alpha(), 0.8)
	need := differ
	out.Toward = Better
	if (c.Delta > 0) != o.HigherIsBetter {
		out.Toward = Worse
	}
	if need == 0 || equal > 0 && equal < need {
		need, out.Toward = equal, Equivalent
	}
	if need == 0 {
		out.Toward = ""
		return out
	}
	out.More = max(need-have, 1)
	if c.SplitA != nil && c.SplitB != nil && c.Clusters == 0 {
		out.MoreSamples = c.samplesFor(need)
	}
	return out
}

// samplesFor is the number of samples a question with which c's questions are
// worth as much as need questions of as many samples as now; 0 if more samples
// cannot do it.
func (c Comparison) samplesFor(need int) int {
	target := c.SE * c.SE * float64(c.N) * float64(c.N) / float64(need) // variance of a difference
	within := c.SplitA.Within/c.SplitA.Samples + c.SplitB.Within/c.SplitB.Samples
	between := max(0, c.SE*c.SE*float64(c.N)-within)
	if between >= target {
		return 0
	}
	k := math.Ceil((c.SplitA.Within + c.SplitB.Within) / (target - between))
	if !(k < 1<<31) {
		return 0
	}
	return int(k)
}
