package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// LogEValue is the logarithm of the e-value of wins and losses against even
// odds, with a prior Beta(a, a) on the odds of a win:
// B(W+a, L+a)/(B(a, a)·2^−(W+L)). Under even odds its expectation is 1 at every
// time, so that it reaches 1/alpha ever with probability at most alpha (Ville).
func LogEValue(wins, losses int, a float64) float64 {
	w, l := float64(wins), float64(losses)
	return mathext.Lbeta(w+a, l+a) - mathext.Lbeta(a, a) + float64((w+l)*math.Ln2)
}

// bet is the size of the j-th of [bets] fixed bets: 0.9, 0.45, …
func bet(j int) float64 { return math.Ldexp(0.9, -j) }

const bets = 10

// capital is the logarithm of what each of the bets, on either side, has made of
// one unit of money on differences in [−1, 1] whose mean is 0.
type capital [2 * bets]float64

func (c *capital) add(x float64) {
	for j := range bets {
		step := float64(bet(j) * x)
		c[j] += math.Log1p(step)
		c[bets+j] += math.Log1p(-step)
	}
}

// log of the mean capital.
func (c *capital) log() float64 { return logMeanExp(c[:]) }

func logMeanExp(x []float64) float64 {
	most := math.Inf(-1)
	for _, v := range x {
		most = max(most, v)
	}
	s := 0.0
	for _, v := range x {
		s += math.Exp(v - most)
	}
	return most + math.Log(s/float64(len(x)))
}

// BettingInterval is the confidence sequence at 1−alpha of the mean difference
// of 0/1 scores, from how many differences were +1, −1 and 0. A mean m is in it
// if no mixture of bets against m has made 1/alpha of its money. The capital is
// convex in m and at most 1 at the mean seen.
func BettingInterval(up, down, ties int, alpha float64) (lo, hi float64) {
	n := up + down + ties
	if n == 0 {
		return -1, 1
	}
	limit := -math.Log(alpha)
	centre := float64(up-down) / float64(n)
	lo = bisect(-1, centre, func(m float64) bool { return bettingLog(up, down, ties, m) < limit })
	hi = bisect(centre, 1, func(m float64) bool { return bettingLog(up, down, ties, m) >= limit })
	return lo, hi
}

// bettingLog is the log capital against the mean m. A bet c on a higher mean
// makes 1−c+c(1+d)/(1+m) of each unit, one on a lower mean 1−c+c(1−d)/(1−m).
func bettingLog(up, down, ties int, m float64) float64 {
	var x [2 * bets]float64
	for j := range bets {
		c := bet(j)
		higher, lower := c/(1+m), c/(1-m)
		x[j] = gain(up, 1-c+2*higher) + gain(down, 1-c) + gain(ties, 1-c+higher)
		x[bets+j] = gain(up, 1-c) + gain(down, 1-c+2*lower) + gain(ties, 1-c+lower)
	}
	return logMeanExp(x[:])
}

func gain(n int, factor float64) float64 {
	if n == 0 {
		return 0
	}
	return float64(n) * math.Log(factor)
}

// bernstein is the predictable plug-in empirical Bernstein confidence sequence
// of the mean of values in [0, 1] (Waudby-Smith and Ramdas, 2024, theorem 2).
type bernstein struct {
	alpha           float64
	n               int
	sum, squares    float64 // of values, and of distances from the mean so far
	lambda, lambdaX float64
	cost            float64
}

func newBernstein(alpha float64) bernstein { return bernstein{alpha: alpha} }

func (b *bernstein) add(x float64) {
	before := (0.5 + b.sum) / float64(b.n+1)
	variance := (0.25 + b.squares) / float64(b.n+1)
	b.n++
	t := float64(b.n)
	l := min(math.Sqrt(2*math.Log(2/b.alpha)/(variance*t*math.Log1p(t))), 0.5)
	b.lambda += l
	b.lambdaX += float64(l * x)
	away := x - before
	b.cost += float64(away * away * (-math.Log1p(-l) - l)) // v·ψ with v = 4(x−μ)², ψ = (−log(1−λ)−λ)/4
	b.sum += x
	after := x - (0.5+b.sum)/(t+1)
	b.squares += float64(after * after)
}

func (b *bernstein) interval(alpha float64) (lo, hi float64) {
	centre := b.lambdaX / b.lambda
	half := (math.Log(2/alpha) + b.cost) / b.lambda
	return max(0, centre-half), min(1, centre+half)
}
