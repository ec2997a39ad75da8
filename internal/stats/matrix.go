package stats

import (
	"fmt"
	"math"
)

// Models are the scores of several runs on the same questions.
type Models struct {
	// Scores[m][q] is the score of run m on question q; NaN where it has none.
	Scores   [][]float64
	Clusters []int32 // of the questions; nil if they are independent
}

// Cell compares run J with run I on the questions that both have.
type Cell struct {
	I, J               int
	N, Clusters        int
	Delta, SE          float64 // J − I; SE is 0 unless HasSE
	HasSE              bool
	Wins, Losses, Ties int // of J
	// P is the p-value of this pair alone: McNemar's mid-p of independent 0/1
	// values, else the sign-flip test's. PMax is adjusted over all pairs by
	// max-T. Both are 1 unless HasP.
	P, PMax  float64
	HasP     bool
	Method   string
	Warnings []string
}

// Grid is all pairs of runs, I < J, in the order (0,1), (0,2), …
type Grid struct {
	Models int
	Cells  []Cell
	Method string
}

// Cell is the one of runs i < j.
func (g Grid) Cell(i, j int) Cell {
	return g.Cells[i*(2*g.Models-i-1)/2+j-i-1]
}

// Matrix compares all pairs of runs, each on the questions that both have, with
// joint sign flips: a question's sign (a cluster's, where there are clusters) is
// the same for all pairs. Since the sum of a pair's differences is the
// difference of two sums, flips cost as much as there are runs, not pairs.
// o.Permutations of 0 means 2,000.
func Matrix(in Models, o PairOptions) Grid {
	flips := o.Permutations
	if flips <= 0 {
		flips = 2_000
	}
	m := newMatrix(in, o)
	t := tests{scale: make([]float64, len(m.cells)), observed: make([]float64, len(m.cells))}
	for k := range m.cells {
		m.describe(k, &t)
	}
	t.order()
	m.count(&t, flips, o.Seed)
	return Grid{Models: len(in.Scores), Cells: m.cells, Method: fmt.Sprintf("max-T over %d pairs, %d joint sign flips", len(m.cells), flips)}
}

// matrix is the state of [Matrix].
type matrix struct {
	in      Models
	o       PairOptions
	g       grouping
	units   int
	whole   [][]int64 // scores in steps; 0 where missing
	sums    [][]int64 // the same by unit
	missing [][]int32 // questions that a run lacks
	has     [][]bool  // nil where it lacks none
	binary  []bool
	cells   []Cell
}

func newMatrix(in Models, o PairOptions) *matrix {
	m := &matrix{in: in, o: o}
	n := 0
	if len(in.Scores) > 0 {
		n = len(in.Scores[0])
	}
	m.g = group(in.Clusters, n)
	m.units = n
	if m.g.count > 0 {
		m.units = m.g.count
	}
	m.missing, m.binary = make([][]int32, len(in.Scores)), make([]bool, len(in.Scores))
	m.has = make([][]bool, len(in.Scores))
	for i, s := range in.Scores {
		if len(s) != n {
			panic("stats: all runs need a place for each question")
		}
		m.binary[i] = true
		for q, v := range s {
			if !finite(v) {
				m.missing[i] = append(m.missing[i], int32(q))
			} else if v != 0 && v != 1 {
				m.binary[i] = false
			}
		}
		if len(m.missing[i]) > 0 {
			m.has[i] = make([]bool, n)
			for q, v := range s {
				m.has[i][q] = finite(v)
			}
		}
		for j := i + 1; j < len(in.Scores); j++ {
			m.cells = append(m.cells, Cell{I: i, J: j, P: 1, PMax: 1})
		}
	}
	m.whole = steps(in.Scores)
	m.sums = make([][]int64, len(m.whole))
	for i, w := range m.whole {
		m.sums[i] = m.byUnit(w)
	}
	return m
}

func (m *matrix) byUnit(x []int64) []int64 {
	if m.g.count == 0 {
		return x
	}
	out := make([]int64, m.g.count)
	for q, k := range m.g.of {
		out[k] += x[q]
	}
	return out
}

// describe fills in all of a cell but its adjusted p-value, and the observed
// statistic.
func (m *matrix) describe(k int, t *tests) {
	c := &m.cells[k]
	a, b := m.in.Scores[c.I], m.in.Scores[c.J]
	var sum int64
	unit := make([]int64, 0)
	if m.g.count > 0 {
		unit = make([]int64, m.g.count)
	}
	used := make([]bool, m.g.count)
	squares, total := 0.0, 0.0
	wa, wb, hasA, hasB := m.whole[c.I], m.whole[c.J], m.has[c.I], m.has[c.J]
	for q := range a {
		if hasA != nil && !hasA[q] || hasB != nil && !hasB[q] {
			continue
		}
		c.N++
		d := wb[q] - wa[q]
		switch {
		case a[q] == b[q]:
			c.Ties++
		case (b[q] > a[q]) == m.o.HigherIsBetter:
			c.Wins++
		default:
			c.Losses++
		}
		sum += d
		total += b[q] - a[q]
		if m.g.count > 0 {
			unit[m.g.of[q]] += d
			used[m.g.of[q]] = true
		} else {
			squares += float64(d) * float64(d)
		}
	}
	for _, u := range unit {
		squares += float64(u) * float64(u)
	}
	for _, u := range used {
		if u {
			c.Clusters++
		}
	}
	t.note(k, math.Abs(float64(sum)), squares, float64(c.N)+math.Ldexp(1, 10))
	m.error(c, total)
}

// error fills in the difference with its standard error, and the notes.
func (m *matrix) error(c *Cell, total float64) {
	c.Warnings = sizeWarnings(c.N, grouping{count: c.Clusters})
	switch {
	case c.N == 0:
		c.Method = "none: no questions in common"
		return
	case m.g.count > 0 && c.Clusters < minClusters:
		c.Delta = total / float64(c.N)
		c.Method = fmt.Sprintf("none: %s, %d needed", plural(c.Clusters, "cluster"), minClusters)
		return
	}
	c.Delta, c.HasP = total/float64(c.N), true
	a, b, hasA, hasB := m.in.Scores[c.I], m.in.Scores[c.J], m.has[c.I], m.has[c.J]
	var ss float64
	unit := make([]float64, m.g.count)
	for q := range a {
		if hasA != nil && !hasA[q] || hasB != nil && !hasB[q] {
			continue
		}
		e := b[q] - a[q] - c.Delta
		if m.g.count > 0 {
			unit[m.g.of[q]] += e
		} else {
			ss += float64(e * e)
		}
	}
	for _, u := range unit {
		ss += float64(u * u)
	}
	pieces := c.N
	if m.g.count > 0 {
		pieces = c.Clusters
	}
	if pieces > 1 {
		c.SE, c.HasSE = math.Sqrt(float64(pieces)/float64(pieces-1)*ss)/float64(c.N), true
	}
}
