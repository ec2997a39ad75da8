package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// ProbBetter is the posterior probability that B wins more often than it loses,
// of the questions that differ, under the prior Beta(½, ½): 1 − I½(W+½, L+½).
func ProbBetter(wins, losses int) float64 {
	return mathext.RegIncBeta(float64(losses)+0.5, float64(wins)+0.5, 0.5)
}

// Posterior is what 0/1 values of two runs say of their difference, under the
// prior Dirichlet(½, ½, ½) on wins, losses and ties.
type Posterior struct {
	N        int
	Mean     float64 // of the share of wins minus that of losses
	Lo, Hi   float64 // the middle 95 %
	Better   float64 // P(difference > 0)
	InRope   float64 // P(−rope ≤ difference ≤ rope)
	Method   string
	Warnings []string
}

// posteriorNodes is the points of the integral over the odds of a win.
const posteriorNodes = 512

// PosteriorDiff is the posterior of wins/n − losses/n. Of a Dirichlet, the share
// of questions that differ, D ~ Beta(W+L+1, T+½), and the odds of a win among
// them, θ ~ Beta(W+½, L+½), are independent and the difference is D(2θ−1): its
// distribution is one integral over θ, here by the midpoints of equal shares of
// probability, which is good to about 1e-5.
func PosteriorDiff(wins, losses, ties int, rope float64) Posterior {
	w, l, t := float64(wins)+0.5, float64(losses)+0.5, float64(ties)+0.5
	lean := make([]float64, posteriorNodes)
	for i := range lean {
		lean[i] = 2*mathext.InvRegIncBeta(w, l, (float64(i)+0.5)/posteriorNodes) - 1
	}
	differ := func(x float64) float64 { return mathext.RegIncBeta(w+l, t, min(max(x, 0), 1)) }
	cdf := func(x float64) float64 { // P(D·lean ≤ x)
		s := 0.0
		for _, k := range lean {
			switch {
			case k > 0 && x >= 0:
				s += differ(x / k)
			case k <= 0 && x >= 0:
				s++
			case k < 0 && x < 0:
				s += 1 - differ(x/k)
			}
		}
		return s / posteriorNodes
	}
	p := Posterior{
		N: wins + losses + ties, Mean: (w - l) / (w + l + t), Better: ProbBetter(wins, losses),
		Method: "dirichlet(1/2) posterior",
	}
	tail := func(share float64) float64 {
		lo, hi := -1.0, 1.0
		for range 40 {
			mid := (lo + hi) / 2
			if cdf(mid) >= share {
				hi = mid
			} else {
				lo = mid
			}
		}
		return (lo + hi) / 2
	}
	p.Lo, p.Hi = tail(0.025), tail(0.975)
	if rope > 0 {
		p.InRope = max(0, cdf(rope)-cdf(math.Nextafter(-rope, -1)))
	}
	if p.N < fewQuestions {
		p.Warnings = append(p.Warnings, SmallN)
	}
	return p
}
