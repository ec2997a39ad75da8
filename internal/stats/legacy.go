package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Legacy is a comparison by the normal-approximate sign test that other tools
// report, for holding old figures against new ones. It is wrong where few
// questions differ: a single win has P 0. Nothing here rests on it.
type Legacy struct {
	N       int // questions that differ
	WinRate float64
	// SE is √(r(1−r)/(N−1)) of the win rate r, 0 at unanimity; P is from
	// (r−½)/SE, and 0 at unanimity; ProbBetter is one minus a one-sided P.
	SE, P, ProbBetter float64
	Method            string
	Warnings          []string
}

// LegacyUnanimous is the warning of a P of 0 that only unanimity made.
const LegacyUnanimous = "legacy_p_is_zero"

// LegacySign is the legacy test of wins against losses.
func LegacySign(wins, losses int) Legacy {
	l := Legacy{N: wins + losses, WinRate: 0.5, P: 1, ProbBetter: 0.5, Method: "legacy"}
	if l.N == 0 {
		return l
	}
	l.WinRate = float64(wins) / float64(l.N)
	if l.N > 1 {
		l.SE = math.Sqrt(l.WinRate * (1 - l.WinRate) / float64(l.N-1))
	}
	switch {
	case l.SE > 0:
		z := (l.WinRate - 0.5) / l.SE
		l.P, l.ProbBetter = math.Erfc(math.Abs(z)/math.Sqrt2), distuv.UnitNormal.CDF(z)
	case wins != losses:
		l.P, l.ProbBetter = 0, one01(wins > losses)
		l.Warnings = append(l.Warnings, LegacyUnanimous)
	}
	if l.N < fewQuestions {
		l.Warnings = append(l.Warnings, SmallN)
	}
	return l
}

func one01(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
