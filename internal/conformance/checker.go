package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"olmoeval/benchmarks"
	"olmoeval/catalog"
	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/metric"
)

// What is compared.
const (
	requestKind = "requests"
	scoringKind = "scoring"
	metricKind  = "metrics"
)

// Shares that must be equal.
const (
	requestShare = 1
	scoringShare = 0.995
)

// family is what was compared of one family.
type family struct {
	Name          string
	Specs, Known  int // specs of requests.jsonl.gz; those whose task is in the catalogue
	Requests      int
	RequestsEqual int
	Cases         int
	CasesEqual    int
	CasesListed   int
	Values        int // of metrics, question by question
	ValuesEqual   int
	ValuesListed  int
	// Reasons counts the cases and values that differ for a listed reason; Lacking those
	// with a score that the task has no scorer for.
	Reasons, Lacking map[string]int
	Diffs            []difference
}

type difference struct{ kind, where, text string }

// explain counts a case that differs for a listed reason.
func (f *family) explain(row string) {
	f.CasesListed++
	f.Reasons[row]++
}

func (f *family) explainValue(row string) {
	f.ValuesListed++
	f.Reasons[row]++
}

// shares are the parts that are equal or differ for a listed reason; 1 where
// nothing was compared.
func (f *family) shares() (requests, scoring, values float64) {
	return share(f.RequestsEqual, f.Requests), share(f.CasesEqual+f.CasesListed, f.Cases), share(f.ValuesEqual+f.ValuesListed, f.Values)
}

func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func (f *family) conforms() bool {
	r, s, v := f.shares()
	return r >= requestShare && s >= scoringShare && v >= scoringShare
}

// checker compares the catalogue with a corpus.
type checker struct {
	facts    *facts
	catalog  *catalog.Catalog
	loader   *engine.Loader
	only     string // family or task prefix, "" for all
	keep     int    // differences kept of each kind and family
	reasons  []reason
	families map[string]*family
	// unresolved are specs whose variant is missing, each told once.
	unresolved map[string]bool
}

func newChecker(dir, only string, keep int) (*checker, error) {
	f, err := openFacts(dir)
	if err != nil {
		return nil, err
	}
	set := benchmarks.All()
	cat, err := catalog.New(metric.ByID, set)
	if err != nil {
		return nil, err
	}
	store := dataset.New(dataset.Options{Mirror: filepath.Join(dir, "mirror"), Offline: true, Bundled: set.Data})
	return &checker{
		facts: f, catalog: cat, only: only, keep: keep, reasons: reasons(), families: map[string]*family{}, unresolved: map[string]bool{},
		loader: &engine.Loader{Data: store, Decode: dataset.Decode},
	}, nil
}

// run compares everything.
func (c *checker) run(ctx context.Context) error {
	if err := c.facts.requests(func(r *requestRow) error { return c.checkRequests(ctx, r) }); err != nil {
		return err
	}
	return c.facts.scoring(func(r *scoringRow) error { return c.checkScoring(ctx, r) })
}

// of is the family of a spec, nil if it is not asked for.
func (c *checker) of(name string) *family {
	module := c.facts.family(name)
	if c.only != "" && module != c.only && !strings.HasPrefix(name, c.only) {
		return nil
	}
	f := c.families[module]
	if f == nil {
		f = &family{Name: module, Reasons: map[string]int{}, Lacking: map[string]int{}}
		c.families[module] = f
	}
	return f
}

// task resolves a spec; ok is false if its task is not in the catalogue. A
// variant that is missing is a difference, unless the family is one of [partial].
func (c *checker) task(name string) (t *eval.Task, ok bool) {
	base, _, _ := strings.Cut(name, ":")
	if _, there := c.catalog.Task(base); !there {
		return nil, false
	}
	r, err := c.catalog.Resolve(name, nil)
	if err == nil {
		return &r.Task, true
	}
	f := c.of(name)
	if !slices.Contains(partial(), f.Name) && !c.unresolved[name] {
		c.unresolved[name] = true
		f.Requests++
		c.differ(f, requestKind, name, err.Error())
	}
	return nil, false
}

// differ keeps the first differences of a kind.
func (c *checker) differ(f *family, kind, where, text string) {
	n := 0
	for _, d := range f.Diffs {
		if d.kind == kind {
			n++
		}
	}
	if n < c.keep {
		f.Diffs = append(f.Diffs, difference{kind, where, text})
	}
}

// sorted are the families by name.
func (c *checker) sorted() []*family {
	out := make([]*family, 0, len(c.families))
	for _, f := range c.families {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// report writes the shares and the first differences; ok tells whether every
// family conforms.
func (c *checker) report(w io.Writer) (ok bool) {
	return writeReport(w, c.sorted())
}
