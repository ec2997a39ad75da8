package compare

import (
	"context"
	"fmt"

	"olmoeval/internal/stats"
)

// Verdicts of a change held against another one.
const (
	Holds    = "holds"    // C→D changes as A→B does, and not shown to change less
	Smaller  = "smaller"  // C→D is shown to change less
	Reversed = "reversed" // C→D is shown to change the other way
)

// Against says whether the change from A to B holds from C to D.
type Against struct {
	C     Checkpoint   `json:"c"`
	D     Checkpoint   `json:"d"`
	Tasks []AgainstRow `json:"tasks"`
}

// AgainstRow is one task on the questions that all four sides have. The
// p-values of each kind are adjusted over the tasks.
type AgainstRow struct {
	Task   string   `json:"task"`
	Metric string   `json:"metric"`
	Unit   string   `json:"unit"`
	N      int      `json:"n"`
	AB     *float64 `json:"ab"` // b − a
	CD     *float64 `json:"cd"` // d − c
	PAB    *float64 `json:"p_ab"`
	PCD    *float64 `json:"p_cd"`
	// Delta is (d − c) − (b − a); of corpus_perplexity of the logarithms.
	Delta    *float64    `json:"delta"`
	SE       *float64    `json:"se"`
	CI95     *[2]float64 `json:"ci95"`
	P        *float64    `json:"p"`
	PAdj     *float64    `json:"p_adj"`
	Method   string      `json:"method"`
	Verdict  string      `json:"verdict"`
	Warnings []string    `json:"warnings"` // codes
	Notes    []string    `json:"notes,omitempty"`
}

// quads collects the tasks of a comparison with four sides.
type quads struct{ rows []AgainstRow }

// add compares the changes of one task, question by question.
func (q *quads) add(ctx context.Context, t taskOf, p *pairs, o Options) error {
	r := AgainstRow{Task: t.label, Metric: p.metric.ID, Unit: p.metric.Unit, Verdict: stats.Unresolved}
	defer func() { q.rows = append(q.rows, r) }()
	if len(t.c) == 0 || len(t.d) == 0 {
		r.Method = "none: C or D has no such task"
		return nil
	}
	for _, side := range [][]part{t.c, t.d} {
		if _, ok := metricOf(side[0].task, p.metric.ID); !ok && !side[0].run.Foreign {
			r.Method = fmt.Sprintf("none: C or D has no metric %s", p.metric.ID)
			return nil
		}
	}
	c, err := read(ctx, t.c, p.reading)
	if err != nil {
		return err
	}
	d, err := read(ctx, t.d, p.reading)
	if err != nil {
		return err
	}
	four := p.four(c, d)
	r.fill(four, p, o)
	return nil
}

// quad is the observations of the questions that all four sides have.
type quad struct {
	a, b, c, d []float64
	weights    []float64
	even       bool // a question weighs the same on all sides
	clusters   []int32
	seed       uint64
}

func (p *pairs) four(c, d *column) quad {
	f := quad{even: true}
	keep := func(q int) bool {
		i, j := p.ia[q], p.ib[q]
		if !p.a.has(i) || !p.b.has(j) {
			return false
		}
		k, inC := c.row[p.a.keys[i]]
		l, inD := d.row[p.a.keys[i]]
		return inC && inD && c.has(k) && d.has(l) && sameItem(p.a.digests[i], c.digests[k]) && sameItem(p.a.digests[i], d.digests[l])
	}
	for q := range p.ia {
		if !keep(q) {
			continue
		}
		i, j := p.ia[q], p.ib[q]
		k, l := c.row[p.a.keys[i]], d.row[p.a.keys[i]]
		f.a, f.b = append(f.a, p.a.value[i]), append(f.b, p.b.value[j])
		f.c, f.d = append(f.c, c.value[k]), append(f.d, d.value[l])
		w := p.a.weightOf(i)
		f.even = f.even && w == p.b.weightOf(j) && w == c.weightOf(k) && w == d.weightOf(l)
		f.weights = append(f.weights, w)
	}
	s := p.take(keep, true)
	f.clusters, f.seed = s.clusters, s.seed
	return f
}

func sameItem(x, y uint64) bool { return x == y || x == 0 || y == 0 }

func (r *AgainstRow) fill(f quad, p *pairs, o Options) {
	r.N = len(f.a)
	switch {
	case r.N == 0:
		r.Method = "none: no questions in common to all four"
		return
	case !f.even:
		r.Method = "none: a question does not weigh the same on all sides"
		return
	}
	opt := stats.PairOptions{Alpha: o.Alpha, HigherIsBetter: p.metric.HigherIsBetter, Seed: f.seed}
	ab := stats.CompareRatio(f.a, f.weights, f.b, f.weights, f.clusters, opt)
	cd := stats.CompareRatio(f.c, f.weights, f.d, f.weights, f.clusters, opt)
	x, y := make([]float64, r.N), make([]float64, r.N)
	for i := range x {
		x[i], y[i] = f.b[i]-f.a[i], f.d[i]-f.c[i]
	}
	dd := stats.CompareRatio(x, f.weights, y, f.weights, f.clusters, opt)
	r.Method = dd.Method
	if p.metric.ID == corpusPerplexity {
		r.Unit = "nats/token"
	}
	if ab.N == 0 || cd.N == 0 || dd.N == 0 {
		return
	}
	r.AB, r.CD, r.Delta = finite(ab.Delta), finite(cd.Delta), finite(dd.Delta)
	for _, x := range []struct {
		into *(*float64)
		p    stats.Paired
	}{{&r.PAB, ab}, {&r.PCD, cd}, {&r.P, dd}} {
		if x.p.HasP {
			*x.into = &x.p.P
		}
	}
	if dd.HasSE {
		r.SE, r.CI95 = &dd.SE, &[2]float64{dd.Lo, dd.Hi}
	}
	for _, w := range dd.Warnings {
		n := Numbers{}
		n.explain(w, dd)
		r.Notes = append(r.Notes, n.Notes...)
	}
}

// result adjusts each kind of p-value over the tasks and gives the verdicts.
func (q *quads) result(o Options) *Against {
	out := &Against{C: o.Against[0].checkpoint(), D: o.Against[1].checkpoint(), Tasks: q.rows}
	adjusted := func(of func(*AgainstRow) *float64) []*float64 {
		rows := make([]Numbers, len(q.rows))
		list := make([]*Numbers, len(rows))
		for i := range rows {
			rows[i].P, list[i] = of(&q.rows[i]), &rows[i]
		}
		settle(list, o)
		out := make([]*float64, len(rows))
		for i := range rows {
			out[i] = rows[i].PAdj
		}
		return out
	}
	ab := adjusted(func(r *AgainstRow) *float64 { return r.PAB })
	cd := adjusted(func(r *AgainstRow) *float64 { return r.PCD })
	dd := adjusted(func(r *AgainstRow) *float64 { return r.P })
	for i := range q.rows {
		r := &q.rows[i]
		r.PAdj = dd[i]
		below := func(p *float64) bool { return p != nil && *p < o.Alpha }
		if !below(ab[i]) || r.AB == nil || *r.AB == 0 {
			r.Notes = append(r.Notes, "no_change: a change from A to B is not shown, so there is none to hold")
			continue
		}
		r.Verdict = holding(*r.AB, *r.CD, *r.Delta, below(cd[i]), below(dd[i]))
	}
	return out
}

// holding names what becomes of a change that is shown; changed says that C→D
// is one too, differs that the two are not the same.
func holding(ab, cd, delta float64, changed, differs bool) string {
	sameWay := (ab > 0) == (cd > 0) && cd != 0
	switch {
	case changed && !sameWay:
		return Reversed
	case differs && (delta > 0) != (ab > 0):
		return Smaller
	case changed:
		return Holds
	}
	return stats.Unresolved
}
