package compare

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
	"olmoeval/internal/stats"
)

// corpusPerplexity is the metric whose observations are on the log scale.
const corpusPerplexity = "corpus_perplexity"

// pairs are the questions of a task on both sides.
type pairs struct {
	label  string
	metric journal.Metric
	a, b   *column
	// ia and ib are the rows of each question that either side has; -1 where
	// that side has none. A's order, then what only B has.
	ia, ib []int32
	// mismatched counts questions left out because their content differs;
	// prompts those that were asked otherwise.
	mismatched, prompts int
	reading             reading
	rowNotes            []string // code: words
	warnings            []string // of the whole comparison
}

// pair reads both sides of a task, at the same time, and aligns them.
func (t taskOf) pair(ctx context.Context, o Options) (*pairs, error) {
	p := &pairs{label: t.label}
	var err error
	if p.metric, err = t.metric(o.Metric); err != nil {
		return nil, err
	}
	p.reading = reading{byID: t.byID(), metric: p.metric.ID, slicer: slicer(o.By)}
	var errB error
	var wg sync.WaitGroup
	wg.Go(func() { p.b, errB = read(ctx, t.b, p.reading) })
	p.a, err = read(ctx, t.a, p.reading)
	wg.Wait()
	if err == nil {
		err = errB
	}
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", t.label, err)
	}
	p.align()
	p.remark(t, o)
	return p, nil
}

// metric is the metric to compare: the asked one, else A's primary. Foreign
// results have one value a question, which stands for any metric.
func (t taskOf) metric(asked string) (journal.Metric, error) {
	from := t.a[0]
	if from.run.Foreign && !t.b[0].run.Foreign {
		from = t.b[0]
	}
	id := asked
	if id == "" {
		id = from.task.Primary
	}
	if from.run.Foreign {
		id = from.task.Primary
	}
	var out journal.Metric
	for i, p := range []part{t.a[0], t.b[0]} {
		if p.run.Foreign && p.task != from.task {
			continue
		}
		m, ok := metricOf(p.task, id)
		if !ok {
			return out, usage("task %s: run %s has no metric %q%s", t.label, "AB"[i:i+1], id, nearest.Hint(id, metricIDs(p.task)))
		}
		if p.task == from.task {
			out = m
		}
	}
	return out, nil
}

func metricOf(t *journal.Task, id string) (journal.Metric, bool) {
	for _, m := range t.Metrics {
		if m.ID == id {
			return m, true
		}
	}
	return journal.Metric{}, false
}

func metricIDs(t *journal.Task) []string {
	var out []string
	for _, m := range t.Metrics {
		out = append(out, m.ID)
	}
	return out
}

// align pairs the rows; those whose digests disagree are left out.
func (p *pairs) align() {
	taken := 0
	for i, k := range p.a.keys {
		j, ok := p.b.row[k]
		if !ok {
			p.ia, p.ib = append(p.ia, int32(i)), append(p.ib, -1)
			continue
		}
		taken++
		if x, y := p.a.digests[i], p.b.digests[j]; x != y && x != 0 && y != 0 {
			p.mismatched++
			continue
		}
		if x, y := p.a.prompts[i], p.b.prompts[j]; x != y && x != 0 && y != 0 {
			p.prompts++
		}
		p.ia, p.ib = append(p.ia, int32(i)), append(p.ib, j)
	}
	if taken == len(p.b.keys) {
		return
	}
	for j, k := range p.b.keys {
		if _, ok := p.a.row[k]; !ok {
			p.ia, p.ib = append(p.ia, -1), append(p.ib, int32(j))
		}
	}
}

// remark collects what a reader of the row should know.
func (p *pairs) remark(t taskOf, o Options) {
	add := func(code, format string, args ...any) {
		p.rowNotes = append(p.rowNotes, code+": "+fmt.Sprintf(format, args...))
	}
	if p.mismatched > 0 {
		add("digest_mismatch", "%d questions have the same id and another content; they are left out", p.mismatched)
	}
	if x, y := t.a[0].task.Primary, t.b[0].task.Primary; o.Metric == "" && x != y && !t.a[0].run.Foreign && !t.b[0].run.Foreign {
		add("primary", "A's primary metric is %s, B's is %s; %s is compared", x, y, p.metric.ID)
	}
	for _, s := range []struct {
		name  string
		parts []part
		left  int
		c     *column
	}{{"A", t.a, t.leftA, p.a}, {"B", t.b, t.leftB, p.b}} {
		if len(s.parts) > 1 {
			add("replicates", "%s has %d runs of the task; a question's value is their mean", s.name, len(s.parts))
		}
		if s.left > 0 {
			add("left_out", "%s has %d older runs of the task with other prompts, data or scoring; the newest is compared", s.name, s.left)
		}
		for _, w := range s.c.warnings {
			p.rowNotes = append(p.rowNotes, w+" ("+s.name+")")
		}
		for _, q := range s.parts {
			if st := q.run.Manifest.Status; st != journal.Complete {
				p.warnings = append(p.warnings, fmt.Sprintf("unfinished: run %s (%s) is %s: task %s has %d of %d questions", q.run.Manifest.RunID, s.name, st, p.label, len(s.c.keys), q.task.N))
			}
		}
	}
}

// sample is the paired observations of some questions.
type sample struct {
	aV, aW, bV, bW     []float64
	clusters           []int32
	missingA, missingB int
	seed               uint64
}

// take collects the pairs that keep lets through; nil keeps all.
func (p *pairs) take(keep func(i int) bool, clustered bool) sample {
	var s sample
	h := sha256.New()
	var buf [40]byte
	weighted := p.a.weight != nil || p.b.weight != nil
	cluster, names := p.clusterOf()
	alone := int32(names)
	for q := range p.ia {
		if keep != nil && !keep(q) {
			continue
		}
		i, j := p.ia[q], p.ib[q]
		hasA, hasB := p.a.has(i), p.b.has(j)
		if !hasA {
			s.missingA++
		}
		if !hasB {
			s.missingB++
		}
		if !hasA || !hasB {
			continue
		}
		aw, bw := p.a.weightOf(i), p.b.weightOf(j)
		s.aV, s.bV = append(s.aV, p.a.value[i]), append(s.bV, p.b.value[j])
		if weighted {
			s.aW, s.bW = append(s.aW, aw), append(s.bW, bw)
		}
		if cluster != nil && clustered {
			k := cluster(q)
			if k == 0 {
				alone++
				k = alone
			}
			s.clusters = append(s.clusters, k)
		}
		binary.LittleEndian.PutUint64(buf[:], p.a.keys[i])
		for n, v := range []float64{p.a.value[i], aw, p.b.value[j], bw} {
			binary.LittleEndian.PutUint64(buf[8+8*n:], math.Float64bits(v))
		}
		h.Write(buf[:])
	}
	s.seed = binary.LittleEndian.Uint64(h.Sum(nil))
	return s
}

// clusterOf numbers the cluster of a question, 0 for one of its own; it is nil
// without clusters. A's word counts, B's where A has none at all.
func (p *pairs) clusterOf() (of func(q int) int32, n int) {
	switch {
	case p.a.cluster != nil:
		return func(q int) int32 { return p.a.cluster[p.ia[q]] }, len(p.a.clusters.texts)
	case p.b.cluster != nil:
		return func(q int) int32 { return p.b.cluster[p.ib[q]] }, len(p.b.clusters.texts)
	}
	return nil, 0
}

// all compares all questions.
func (p *pairs) all(o Options) Numbers {
	n := p.numbers(p.take(nil, true), o)
	n.Notes = append(n.Notes, p.rowNotes...)
	return n
}

// numbers makes the figures of paired observations; p_adj and verdict follow
// when the family is known.
func (p *pairs) numbers(s sample, o Options) Numbers {
	n := Numbers{
		Metric: p.metric.ID, Unit: p.metric.Unit, Higher: p.metric.HigherIsBetter,
		MissingA: s.missingA, MissingB: s.missingB,
	}
	pair := stats.CompareRatio
	value := stats.Ratio
	if p.metric.ID == corpusPerplexity {
		pair, value = stats.CompareExpRatio, stats.ExpRatio
	}
	r := pair(s.aV, s.aW, s.bV, s.bW, s.clusters, stats.PairOptions{Alpha: o.Alpha, HigherIsBetter: n.Higher, Seed: s.seed})
	n.N, n.Method, n.Clusters = r.N, r.Method, r.Clusters
	n.Wins, n.Losses, n.Ties = r.Wins, r.Losses, r.Ties
	n.equivLo, n.equivHi = r.EquivLo, r.EquivHi
	if s.missingA+s.missingB > 0 {
		n.warn("missing", "A lacks %d questions and B %d of those that either has; compared are the %d that both have", s.missingA, s.missingB, len(s.aV))
	}
	if r.N == 0 {
		return n
	}
	n.A, n.B = finite(value(s.aV, s.aW, nil).Value), finite(value(s.bV, s.bW, nil).Value)
	n.Delta = finite(r.Delta)
	n.rope(o)
	if r.HasSE {
		n.SE, n.CI95, n.MDE80 = &r.SE, &[2]float64{r.Lo, r.Hi}, finite(stats.MDE80Paired(r.SE))
		n.needed(r)
	}
	if r.HasP {
		n.P = &r.P
	}
	for _, w := range r.Warnings {
		n.explain(w, r)
	}
	return n
}

// rope is the difference that does not matter: as asked, else 0.01 for
// proportions and 1 % of A otherwise.
func (n *Numbers) rope(o Options) {
	switch {
	case o.Rope != nil:
		v := *o.Rope
		n.Rope = &v
	case n.Unit == eval.Proportion:
		v := 0.01
		n.Rope = &v
	case n.A != nil:
		n.Rope = finite(0.01 * math.Abs(*n.A))
	}
}

func (n *Numbers) needed(r stats.Paired) {
	const most = 1 << 53 // larger whole numbers do not survive JSON
	need := stats.NNeeded(r.SE*math.Sqrt(float64(r.N)), r.Delta)
	if need > 0 && need < most {
		n.NNeeded = &need
	}
}

func (n *Numbers) warn(code, format string, args ...any) {
	n.Notes = append(n.Notes, code+": "+fmt.Sprintf(format, args...))
}

// explain spells out a warning of the statistics.
func (n *Numbers) explain(code string, r stats.Paired) {
	switch code {
	case stats.SmallN:
		n.warn(code, "n = %d: intervals are rough", r.N)
	case stats.FewClusters:
		n.warn(code, "%d clusters: intervals are rough", r.Clusters)
	case stats.NoVariance:
		// A difference on a share s of all questions shows on none of n with
		// probability (1−s)^n.
		units := r.N
		if r.Clusters > 0 {
			units = r.Clusters
		}
		n.warn(code, "all %d differences are equal: the interval has no width; up to %.2g %% of questions may still differ", r.N, 100*(1-math.Pow(0.05, 1/float64(units))))
	default:
		n.Notes = append(n.Notes, code)
	}
}

// finite is a pointer to a number, nil if it is none.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
