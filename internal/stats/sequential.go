package stats

import (
	"fmt"
	"math"
)

// SequentialOptions are the choices of an anytime-valid comparison, made before
// the first question.
type SequentialOptions struct {
	Alpha          float64 // 0 means 0.05
	Rope           float64 // 0: nothing is equivalent
	HigherIsBetter bool
	// Binary says that every score is 0 or 1. It must be known beforehand: the
	// test may not be chosen by the data it tests.
	Binary bool
	// Range is the greatest difference that two scores can have; 0 means 1.
	Range float64
	// MaxCluster is the size of the greatest cluster where whole clusters are
	// added; 0 means questions are independent.
	MaxCluster int
}

// Sequential compares B with A question by question and may be looked at after
// each: the chance that it ever calls runs different that are alike is at most
// alpha, however often one looks and whenever one stops. Questions must come in
// an order that does not depend on their outcome, such as a random one fixed by
// a seed; with clusters, whole clusters in such an order.
//
// The evidence is an e-value: of 0/1 scores the beta-binomial mixture on the
// questions that differ, with prior Beta(½, ½) on the odds of a win; of bounded
// scores the mean of the capital of fixed bets on the differences. The interval
// of the difference is a confidence sequence, valid at all times together: of
// 0/1 scores by betting, of bounded scores the empirical Bernstein one, both of
// Waudby-Smith and Ramdas (2024). Equivalence is concluded from the 1−2·alpha
// sequence within ±rope.
type Sequential struct {
	o             SequentialOptions
	units, n      int
	up, down, tie int // B − A above, below and at 0
	sum           float64
	bets          capital
	bernstein     bernstein
	mostLogE      float64
	even          int // size of all clusters; −1 if they differ
	decided       string
	at            int
}

// SequentialState is what is known after some questions.
type SequentialState struct {
	N, Units           int // questions, and clusters or questions
	Wins, Losses, Ties int // of units, of B
	Delta              float64
	// E is the e-value against "no difference", capped at 1e300; P = 1/max E is
	// a p-value valid at every look.
	E, P float64
	// [Lo, Hi] is the 95 % confidence sequence at alpha 0.05 (1−alpha in
	// general), [EquivLo, EquivHi] that at 1−2·alpha. Defined only if HasInterval:
	// not where clusters differ in size.
	Lo, Hi, EquivLo, EquivHi float64
	HasInterval              bool
	// Verdict is the first that was reached and does not change; DecidedAt the
	// number of questions then, 0 if there is none yet.
	Verdict   string
	DecidedAt int
	// More is about how many further questions would bring a difference to
	// light if it is what it seems; 0 if decided or if nothing points that way.
	More     int
	Method   string
	Warnings []string
}

// NewSequential starts a comparison.
func NewSequential(o SequentialOptions) *Sequential {
	if o.Alpha == 0 {
		o.Alpha = 0.05
	}
	if o.Range == 0 {
		o.Range = 1
	}
	if o.Binary {
		o.Range = 1
	}
	return &Sequential{o: o, bernstein: newBernstein(o.Alpha), decided: Unresolved}
}

// Add adds a question with its scores in A and in B. Scores outside of what the
// options promise are an error and change nothing.
func (s *Sequential) Add(a, b float64) error {
	if s.o.MaxCluster > 0 {
		return fmt.Errorf("sequential comparison: clusters were announced; add whole clusters")
	}
	if err := s.check(a, b); err != nil {
		return err
	}
	s.unit(b-a, 1)
	return nil
}

// AddCluster adds the questions of a whole cluster.
func (s *Sequential) AddCluster(a, b []float64) error {
	mustPair(a, b)
	if len(a) == 0 || len(a) > s.o.MaxCluster {
		return fmt.Errorf("sequential comparison: a cluster of %d questions, 1 to %d were announced", len(a), s.o.MaxCluster)
	}
	for i := range a {
		if err := s.check(a[i], b[i]); err != nil {
			return err
		}
	}
	if s.even == 0 {
		s.even = len(a)
	} else if s.even != len(a) {
		s.even = -1
	}
	s.unit(sum(subtract(b, a)), len(a))
	return nil
}

func (s *Sequential) check(a, b float64) error {
	if s.o.Binary && (a != 0 && a != 1 || b != 0 && b != 1) {
		return fmt.Errorf("sequential comparison: scores %v and %v, only 0 and 1 were announced", a, b)
	}
	if !(math.Abs(b-a) <= s.o.Range) {
		return fmt.Errorf("sequential comparison: scores %v and %v differ by more than the announced %v", a, b, s.o.Range)
	}
	return nil
}

// byCounts tells if the counts of wins and losses say all.
func (s *Sequential) byCounts() bool { return s.o.Binary && s.o.MaxCluster == 0 }

// bound is the most that a unit's difference can be.
func (s *Sequential) bound() float64 {
	return s.o.Range * float64(max(1, s.o.MaxCluster))
}

func (s *Sequential) unit(d float64, questions int) {
	s.units++
	s.n += questions
	s.sum += d
	switch {
	case d > 0:
		s.up++
	case d < 0:
		s.down++
	default:
		s.tie++
	}
	if !s.byCounts() {
		x := max(-1, min(1, d/s.bound()))
		s.bets.add(x)
		s.bernstein.add((x + 1) / 2)
	}
	s.mostLogE = max(s.mostLogE, s.logE())
	s.decide()
}

func (s *Sequential) logE() float64 {
	if s.byCounts() {
		return LogEValue(s.up, s.down, 0.5)
	}
	return s.bets.log()
}

func (s *Sequential) decide() {
	if s.decided != Unresolved {
		return
	}
	if s.logE() >= -math.Log(s.o.Alpha) {
		s.decided, s.at = Worse, s.n
		if (s.sum > 0) == s.o.HigherIsBetter {
			s.decided = Better
		}
		return
	}
	if s.o.Rope > 0 && s.within(s.o.Rope, 2*s.o.Alpha) {
		s.decided, s.at = Equivalent, s.n
	}
}

// within tells if the confidence sequence at 1−alpha lies within ±rope. Of
// counts it looks only at its ends, since the interval costs more.
func (s *Sequential) within(rope, alpha float64) bool {
	if s.byCounts() {
		limit := -math.Log(alpha)
		return math.Abs(s.sum) <= rope*float64(s.n) && rope < 1 &&
			bettingLog(s.up, s.down, s.tie, -rope) >= limit && bettingLog(s.up, s.down, s.tie, rope) >= limit
	}
	lo, hi, ok := s.interval(alpha)
	return ok && -rope <= lo && hi <= rope
}

// interval is the confidence sequence at 1−alpha, in the score's unit.
func (s *Sequential) interval(alpha float64) (lo, hi float64, ok bool) {
	if s.units == 0 || s.even < 0 {
		return 0, 0, false
	}
	scale := s.bound() / float64(max(1, s.even))
	if s.byCounts() {
		lo, hi = BettingInterval(s.up, s.down, s.tie, alpha)
		return lo, hi, true
	}
	lo, hi = s.bernstein.interval(alpha)
	return (2*lo - 1) * scale, (2*hi - 1) * scale, true
}

// Verdict is what is decided so far, and the number of questions when it was, 0
// if it is not: cheaper than [Sequential.State], to ask after each question.
func (s *Sequential) Verdict() (verdict string, at int) { return s.decided, s.at }

// State is what is known now.
func (s *Sequential) State() SequentialState {
	out := SequentialState{
		N: s.n, Units: s.units, Wins: s.up, Losses: s.down, Ties: s.tie,
		E: math.Exp(min(s.logE(), 690)), P: math.Exp(-min(s.mostLogE, 690)),
		Verdict: s.decided, DecidedAt: s.at, Method: s.method(),
	}
	if !s.o.HigherIsBetter {
		out.Wins, out.Losses = s.down, s.up
	}
	if s.n > 0 {
		out.Delta = s.sum / float64(s.n)
	}
	out.Lo, out.Hi, out.HasInterval = s.interval(s.o.Alpha)
	out.EquivLo, out.EquivHi, _ = s.interval(2 * s.o.Alpha)
	if s.even < 0 {
		out.Warnings = append(out.Warnings, "no_interval: clusters differ in size")
	}
	if l := s.logE(); s.decided == Unresolved && l > 0.5 {
		out.More = int(math.Ceil(float64(s.n)*(-math.Log(s.o.Alpha)/l) - float64(s.n)))
	}
	if s.units < fewQuestions {
		out.Warnings = append(out.Warnings, SmallN)
	}
	return out
}

func (s *Sequential) method() string {
	switch {
	case s.byCounts():
		return "beta-binomial e-value, betting confidence sequence"
	case s.o.MaxCluster > 0:
		return "cluster betting e-value, empirical Bernstein confidence sequence"
	}
	return "betting e-value, empirical Bernstein confidence sequence"
}
