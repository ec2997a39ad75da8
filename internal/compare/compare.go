// Package compare compares two checkpoints question by question.
//
// Call [Runs] for the whole comparison and [Flips] for the questions that
// changed. A [Side] is a checkpoint: the runs of one model under one harness.
// Where several of its runs have the same task they are replicates, and a
// question's value is their mean.
//
// Questions are paired on the data set's own id where both runs say that those
// are unique, else on the item digest; the digests of a pair must agree. Per
// question a few dozen bytes are kept, never its texts. All numbers are
// functions of the paired values: random flips are seeded by their digest.
package compare

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
	"olmoeval/internal/stats"
)

// Run is what a comparison reads of a run.
type Run struct {
	Manifest *journal.Manifest
	// Foreign says that the manifest knows nothing of prompts, data and scoring.
	Foreign bool
	// Records yields a task's records in instance order.
	Records func(ctx context.Context, label string) iter.Seq2[*eval.Record, error]
}

// Side is one checkpoint; at least one run, newest first.
type Side struct{ Runs []Run }

// Of makes a side of run directories.
func Of(readers ...*journal.Reader) Side {
	var s Side
	for _, r := range readers {
		s.Runs = append(s.Runs, Run{Manifest: r.Manifest, Records: r.Records})
	}
	return s
}

// Adjustments of p-values over a family.
const (
	BH   = "bh"
	Holm = "holm"
	None = "none"
)

// Options are the choices of a comparison; the zero value is the default.
type Options struct {
	// Tasks picks tasks by label, spec, or name of a suite; empty means all that
	// both sides have.
	Tasks []string
	// Metric is the metric id; "" means the primary of A's task.
	Metric string
	Alpha  float64  // 0 means 0.05
	Rope   *float64 // difference that does not matter, in the metric's unit; nil means the default
	Adjust string   // BH (default), Holm, None
	// By slices the questions: metadata.KEY, cluster or tag; "" does not.
	By string
	// Against is the pair of sides whose change is held against that of A and B.
	Against *[2]Side
}

// Comparison is the outcome: what `compare --json` prints.
type Comparison struct {
	A       Checkpoint   `json:"a"`
	B       Checkpoint   `json:"b"`
	Differs []Difference `json:"differs"`
	Family  Family       `json:"family"`
	Tasks   []Row        `json:"tasks"`
	Suites  []SuiteRow   `json:"suites"`
	Slices  []SliceRow   `json:"slices"`
	Against *Against     `json:"against,omitempty"`
	// Warnings of the whole: confounded, unchecked, same_fingerprint,
	// unfinished; Notes say each in words.
	Warnings []string `json:"warnings"`
	Notes    []string `json:"notes,omitempty"`
}

// Checkpoint names a side.
type Checkpoint struct {
	RunID string   `json:"run_id"` // of the newest run
	Runs  []string `json:"runs"`
	Model string   `json:"model"`
	Name  string   `json:"name,omitempty"`
	Step  *int64   `json:"step,omitempty"`
}

// Difference is something that is not the same on both sides.
type Difference struct {
	What string `json:"what"` // see the constants
	A    string `json:"a"`
	B    string `json:"b"`
}

// Family is the set of tests whose p-values are adjusted together.
type Family struct {
	Alpha  float64 `json:"alpha"`
	Adjust string  `json:"adjust"`
	Tests  int     `json:"tests"`
}

// Numbers are a comparison's figures. Nil is missing; Method then says why.
type Numbers struct {
	Metric   string      `json:"metric"`
	Unit     string      `json:"unit"`
	Higher   bool        `json:"higher_is_better"`
	N        int         `json:"n"` // pairs
	MissingA int         `json:"n_missing_a"`
	MissingB int         `json:"n_missing_b"`
	A        *float64    `json:"a"`
	B        *float64    `json:"b"`
	Delta    *float64    `json:"delta"` // b − a in Unit
	SE       *float64    `json:"se"`
	CI95     *[2]float64 `json:"ci95"`
	P        *float64    `json:"p"`
	PAdj     *float64    `json:"p_adj"`
	Method   string      `json:"method"`
	Wins     int         `json:"wins"` // questions on which B is better
	Losses   int         `json:"losses"`
	Ties     int         `json:"ties"`
	Clusters int         `json:"clusters,omitempty"`
	MDE80    *float64    `json:"mde80"`
	// NNeeded is the number of questions with which the delta found here would
	// be found four times in five; nil where delta is 0 or has no spread.
	NNeeded *int     `json:"n_needed"`
	Rope    *float64 `json:"rope"`
	Verdict string   `json:"verdict"`
	// Warnings are codes: small_n, few_clusters, no_variance, missing,
	// digest_mismatch, significant_within_rope, primary, replicates, left_out,
	// damaged; Notes say each in words.
	Warnings []string `json:"warnings"`
	Notes    []string `json:"notes,omitempty"`

	equivLo, equivHi float64
}

// Row is one task's comparison.
type Row struct {
	Task string `json:"task"`
	Numbers
}

// SliceRow is the comparison of some of a task's questions. Slices are a family
// of their own.
type SliceRow struct {
	Task  string `json:"task"`
	By    string `json:"by"`
	Slice string `json:"slice"`
	Numbers
}

// Runs compares B with A. Its error is a [*UsageError] where the user asked for
// what there is not.
func Runs(ctx context.Context, a, b Side, o Options) (*Comparison, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	tasks, err := common(a, b, o)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		A: a.checkpoint(), B: b.checkpoint(), Differs: []Difference{},
		Tasks: []Row{}, Suites: []SuiteRow{}, Slices: []SliceRow{},
	}
	found := newDifferences(a, b)
	var against quads
	keys := map[string]bool{}
	for _, t := range tasks {
		p, err := t.pair(ctx, o)
		if err != nil {
			return nil, err
		}
		found.task(t, p)
		c.Notes = append(c.Notes, p.warnings...)
		c.Tasks = append(c.Tasks, Row{t.label, p.all(o)})
		rows, err := p.slices(o, keys)
		if err != nil {
			return nil, err
		}
		c.Slices = append(c.Slices, rows...)
		if o.Against != nil {
			if err := against.add(ctx, t, p, o); err != nil {
				return nil, err
			}
		}
	}
	if o.By != "" && len(c.Slices) == 0 {
		return nil, noSlices(o.By, keys)
	}
	c.Differs = found.list()
	c.Notes = append(found.warnings(c.Differs), c.Notes...)
	c.Family = Family{Alpha: o.Alpha, Adjust: o.Adjust, Tests: settle(rowsOf(c.Tasks), o)}
	settle(slicesOf(c.Slices), o)
	c.Suites = suites(a, c.Tasks, o)
	if o.Against != nil {
		c.Against = against.result(o)
	}
	c.name()
	return c, nil
}

// name gives every note's code as a warning.
func (c *Comparison) name() {
	c.Warnings = codes(c.Notes)
	for _, r := range slices.Concat(rowsOf(c.Tasks), slicesOf(c.Slices)) {
		r.Warnings = codes(r.Notes)
	}
	for i := range c.Suites {
		c.Suites[i].Warnings = codes(c.Suites[i].Notes)
	}
	if c.Against != nil {
		for i := range c.Against.Tasks {
			c.Against.Tasks[i].Warnings = codes(c.Against.Tasks[i].Notes)
		}
	}
}

// codes are what stands before the colon of notes, each once.
func codes(notes []string) []string {
	out := []string{}
	for _, n := range notes {
		code, _, _ := strings.Cut(n, ":")
		if !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}

func (o *Options) check() error {
	if o.Alpha == 0 {
		o.Alpha = 0.05
	}
	if !(o.Alpha > 0 && o.Alpha < 0.5) {
		return usage("--alpha is %v, want a number between 0 and 0.5", o.Alpha)
	}
	if o.Rope != nil && !(*o.Rope >= 0) {
		return usage("--rope is %v, want a number that is not negative", *o.Rope)
	}
	if o.Adjust == "" {
		o.Adjust = BH
	}
	if known := []string{BH, Holm, None}; !slices.Contains(known, o.Adjust) {
		return usage("--adjust: unknown method %q%s", o.Adjust, nearest.Hint(o.Adjust, known))
	}
	return checkBy(o.By)
}

// settle adjusts the p-values of a family, gives the verdicts, and returns how
// many tests there are.
func settle(rows []*Numbers, o Options) int {
	var p []float64
	var of []*Numbers
	for _, r := range rows {
		if r.P != nil {
			p = append(p, *r.P)
			of = append(of, r)
		}
	}
	switch o.Adjust {
	case BH:
		p = stats.AdjustBH(p)
	case Holm:
		p = stats.AdjustHolm(p)
	}
	for i, r := range of {
		r.PAdj = &p[i]
	}
	for _, r := range rows {
		r.decide(o)
	}
	return len(p)
}

// decide gives the verdict.
func (r *Numbers) decide(o Options) {
	r.Verdict = stats.Unresolved
	if r.Delta == nil {
		return
	}
	pAdj, rope := 1.0, 0.0
	if r.PAdj != nil {
		pAdj = *r.PAdj
	}
	if r.Rope != nil {
		rope = *r.Rope
	}
	verdict, warning := stats.Verdict(pAdj, o.Alpha, r.equivLo, r.equivHi, rope, *r.Delta, r.Higher)
	r.Verdict = verdict
	if warning != "" {
		r.warn(warning, "p is below alpha, and the difference too small to matter (rope %v)", rope)
	}
}

func rowsOf(rows []Row) []*Numbers {
	out := make([]*Numbers, len(rows))
	for i := range rows {
		out[i] = &rows[i].Numbers
	}
	return out
}

func slicesOf(rows []SliceRow) []*Numbers {
	out := make([]*Numbers, len(rows))
	for i := range rows {
		out[i] = &rows[i].Numbers
	}
	return out
}

// UsageError is a request that the user must mend.
type UsageError struct{ msg string }

func (e *UsageError) Error() string { return e.msg }

func usage(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}
