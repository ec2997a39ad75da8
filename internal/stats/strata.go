package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Stratum is one task's difference in a suite.
type Stratum struct {
	// Weight in the suite's score, as the run recorded it; weights sum to what
	// the score shown has, mostly 1.
	Weight float64
	// Delta, SE and DF as [Compare] gives them.
	Delta, SE float64
	DF        int
	N         int // questions
}

// Macro is the difference of a suite's score.
type Macro struct {
	Delta, SE, Lo, Hi float64
	// EquivLo and EquivHi are the 1−2·alpha interval.
	EquivLo, EquivHi float64
	DF               float64
	P                float64
	HasP             bool
	// Q is Cochran's statistic of the differences' heterogeneity, QP its p-value
	// and I2 the share of their variance beyond sampling.
	Q, QP, I2 float64
	// SENewTasks is the standard error for tasks like these instead of these
	// tasks: it holds the spread between the tasks; 0 with fewer than 2.
	SENewTasks float64
	N, Strata  int
	Method     string
	Warnings   []string
}

// Stratified combines the differences of tasks, which have no questions in
// common: Δ = Σw·d, SE² = Σw²·se², Student's t with Welch and Satterthwaite's
// degrees of freedom. ok is false without strata or where a standard error is
// missing (not finite).
func Stratified(strata []Stratum, alpha float64) (m Macro, ok bool) {
	var variance, df float64
	zero := 0
	for _, s := range strata {
		if !finite(s.SE) || !finite(s.Delta) || s.SE < 0 || s.DF < 1 {
			return Macro{}, false
		}
		v := float64(s.Weight*s.Weight) * float64(s.SE*s.SE)
		m.Delta += float64(s.Weight * s.Delta)
		m.N += s.N
		variance += v
		df += v * v / float64(s.DF)
		if s.SE == 0 {
			zero++
		}
	}
	if len(strata) == 0 {
		return Macro{}, false
	}
	m.Strata, m.SE, m.P = len(strata), math.Sqrt(variance), 1
	m.Method = "stratified t"
	if zero > 0 {
		m.Warnings = append(m.Warnings, fmt.Sprintf("%s: in %d of %d tasks all differences are equal", NoVariance, zero, len(strata)))
	}
	m.spread(variance*variance/df, alpha)
	m.heterogeneity(strata)
	return m, true
}

func (m *Macro) spread(df, alpha float64) {
	if alpha == 0 {
		alpha = 0.05
	}
	m.Lo, m.Hi, m.EquivLo, m.EquivHi = m.Delta, m.Delta, m.Delta, m.Delta
	if m.SE == 0 {
		m.HasP = m.Delta == 0
		return
	}
	m.DF = max(df, 1)
	t := distuv.StudentsT{Sigma: 1, Nu: m.DF}
	wide, narrow := float64(t.Quantile(0.975)*m.SE), 0.0
	if alpha < 0.5 {
		narrow = float64(t.Quantile(1-alpha) * m.SE)
	}
	m.Lo, m.Hi = m.Delta-wide, m.Delta+wide
	m.EquivLo, m.EquivHi = m.Delta-narrow, m.Delta+narrow
	m.P, m.HasP = positive(min(1, 2*t.CDF(-math.Abs(m.Delta)/m.SE))), true
}

// heterogeneity fills in Q, I² and the standard error for new tasks.
func (m *Macro) heterogeneity(strata []Stratum) {
	m.QP = 1
	var precision, weighted, squares float64
	known := 0
	total := sumOf(len(strata), func(i int) float64 { return strata[i].Weight })
	for _, s := range strata {
		if s.SE > 0 {
			known++
			precision += 1 / (s.SE * s.SE)
			weighted += s.Delta / (s.SE * s.SE)
		}
		d := s.Weight * (s.Delta - m.Delta/total)
		squares += float64(d * d)
	}
	if n := float64(len(strata)); n > 1 && total != 0 {
		m.SENewTasks = math.Sqrt(n / (n - 1) * squares)
	}
	if known < 2 {
		return
	}
	centre := weighted / precision
	for _, s := range strata {
		if s.SE > 0 {
			z := (s.Delta - centre) / s.SE
			m.Q += float64(z * z)
		}
	}
	k := float64(known - 1)
	m.QP = distuv.ChiSquared{K: k}.Survival(m.Q)
	if m.Q > 0 {
		m.I2 = max(0, (m.Q-k)/m.Q)
	}
}
