package compare

import (
	"fmt"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// differences collects what is not the same on both sides.
type differences struct {
	a, b  Side
	tasks int
	found map[string][]taskDifference
}

// taskDifference is a difference of some tasks; none means the whole run.
type taskDifference struct {
	a, b  string
	tasks []string
}

func newDifferences(a, b Side) *differences {
	d := &differences{a: a, b: b, found: map[string][]taskDifference{}}
	x, y := a.Runs[0].Manifest, b.Runs[0].Manifest
	if ta, tb, differ := models(x, y, a.foreign() || b.foreign()); differ {
		d.add(Model, ta, tb, "")
	}
	if a.foreign() || b.foreign() {
		return d
	}
	fx, fy := map[string]string{}, map[string]string{}
	flatten("harness", x.Harness, fx)
	flatten("harness", y.Harness, fy)
	if len(x.Harness)+len(y.Harness) > 0 {
		if ta, tb, differ := changed(fx, fy); differ {
			d.add(Harness, ta, tb, "")
		}
	}
	if ta, tb := a.programs(), b.programs(); ta != tb {
		d.add(Code, ta, tb, "")
	}
	return d
}

// models tells if two models are not the same, by identity and, where that is
// equal, by fingerprint.
func models(x, y *journal.Manifest, foreign bool) (a, b string, differ bool) {
	a, b = modelText(x.Model), modelText(y.Model)
	if eval.HashJSON(x.Model.Identity()) == eval.HashJSON(y.Model.Identity()) && !foreign {
		fx, fy := x.Caps.Fingerprint, y.Caps.Fingerprint
		if fx == "" || fy == "" || fx == fy {
			return a, b, false
		}
		return a + " fingerprint " + fx, b + " fingerprint " + fy, true
	}
	if a == b {
		fa, fb := map[string]string{}, map[string]string{}
		flatten("model", x.Model.Identity(), fa)
		flatten("model", y.Model.Identity(), fb)
		if ta, tb, d := changed(fa, fb); d {
			a, b = a+" "+ta, b+" "+tb
		}
	}
	return a, b, true
}

func modelText(m eval.Model) string {
	s := m.Name
	if m.Revision != "" && !strings.Contains(s, m.Revision) {
		s += "@" + short(m.Revision)
	}
	if step := ""; m.Step != nil {
		step = fmt.Sprint(*m.Step)
		if !strings.Contains(s, step) {
			s += " step " + step
		}
	}
	return s
}

// programs are the versions of this program that made a side's runs.
func (s Side) programs() string {
	var out []string
	for _, r := range s.Runs {
		p := r.Manifest.Program
		if v := strings.TrimSpace(p.Version + " " + p.Revision); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (d *differences) add(what, a, b, task string) {
	list := d.found[what]
	for i := range list {
		if list[i].a == a && list[i].b == b {
			list[i].tasks = append(list[i].tasks, task)
			return
		}
	}
	var tasks []string
	if task != "" {
		tasks = []string{task}
	}
	d.found[what] = append(list, taskDifference{a, b, tasks})
}

// task notes what differs in one task.
func (d *differences) task(t taskOf, p *pairs) {
	d.tasks++
	if !t.a[0].run.Foreign && !t.b[0].run.Foreign {
		d.configured(t, p)
	}
	if p.mismatched > 0 && !d.has(Data, t.label) {
		n := fmt.Sprintf("%d questions of another content under the same id", p.mismatched)
		d.add(Data, n, n, t.label)
	}
}

// configured compares what the manifests say of a task.
func (d *differences) configured(t taskOf, p *pairs) {
	x, y := t.a[0].task, t.b[0].task
	if a, b, differ := changed(aspect(x, samplingKeys), aspect(y, samplingKeys)); differ {
		d.add(Sampling, a, b, t.label)
	}
	if a, b, differ := changed(aspect(x, promptKeys), aspect(y, promptKeys)); differ {
		d.add(Prompt, a, b, t.label)
	} else if p.prompts > 0 {
		n := fmt.Sprintf("%d questions rendered otherwise", p.prompts)
		d.add(Prompt, n, n, t.label)
	}
	if dataDigests(x) != dataDigests(y) {
		d.add(Data, dataText(x), dataText(y), t.label)
	}
	if x.SelectionHash != y.SelectionHash {
		a, b, differ := changed(aspect(x, selectionKeys), aspect(y, selectionKeys))
		if !differ {
			a, b = x.SelectionHash, y.SelectionHash
		}
		d.add(Selection, a, b, t.label)
	}
	switch {
	case x.Version != y.Version:
		d.add(Code, "task version "+orNone(x.Version), "task version "+orNone(y.Version), t.label)
	case x.ScoringHash != y.ScoringHash:
		d.add(Scoring, scoringText(x, y), scoringText(y, x), t.label)
	}
}

func orNone(s string) string {
	if s == "" {
		return "unset"
	}
	return s
}

// scoringText describes the scoring of x as far as it is not y's.
func scoringText(x, y *journal.Task) string {
	out := "scoring " + x.ScoringHash
	if x.Primary != y.Primary {
		out += " primary " + x.Primary
	}
	if ids := metricIDs(x); !slices.Equal(ids, metricIDs(y)) {
		out += " metrics " + strings.Join(firstFew(ids), ",")
	}
	return out
}

func (d *differences) has(what, task string) bool {
	return slices.ContainsFunc(d.found[what], func(t taskDifference) bool { return slices.Contains(t.tasks, task) })
}

// list is one entry for each thing that differs, in a fixed order. Where tasks
// differ in different ways the texts name them.
func (d *differences) list() []Difference {
	out := []Difference{}
	for _, what := range order {
		groups := d.found[what]
		if len(groups) == 0 {
			continue
		}
		if g := groups[0]; len(groups) == 1 && (len(g.tasks) == 0 || len(g.tasks) == d.tasks) {
			out = append(out, Difference{what, g.a, g.b})
			continue
		}
		var as, bs []string
		for _, g := range groups {
			prefix := ""
			if len(g.tasks) > 0 {
				prefix = strings.Join(firstFew(g.tasks), ", ") + ": "
			}
			as, bs = append(as, prefix+g.a), append(bs, prefix+g.b)
		}
		out = append(out, Difference{what, strings.Join(firstFew(as), "; "), strings.Join(firstFew(bs), "; ")})
	}
	return out
}

// warnings are what should be said of the two sides as a whole.
func (d *differences) warnings(differs []Difference) []string {
	out := []string{}
	if len(differs) > 1 {
		out = append(out, fmt.Sprintf("confounded: %s differ, so a change cannot be put down to one of them", whats(differs)))
	}
	for _, s := range []Side{d.a, d.b} {
		for _, r := range s.Runs {
			if r.Foreign {
				out = append(out, fmt.Sprintf("unchecked: %s says nothing of prompts, data, sampling and scoring; that they are the same is taken on trust", r.Manifest.Model.Name))
			}
		}
	}
	x, y := d.a.Runs[0].Manifest, d.b.Runs[0].Manifest
	if f := x.Caps.Fingerprint; f != "" && f == y.Caps.Fingerprint && len(differs) > 0 && differs[0].What == Model {
		out = append(out, fmt.Sprintf("same_fingerprint: A and B have the fingerprint %s and claim different models (%s, %s): were the same weights served twice?", f, differs[0].A, differs[0].B))
	}
	return out
}

func whats(differs []Difference) string {
	var out []string
	for _, d := range differs {
		out = append(out, d.What)
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

// Headline is one line: what differs between the sides, checked.
func (c *Comparison) Headline() string {
	unchecked := slices.Contains(c.Warnings, "unchecked")
	switch {
	case unchecked:
		return fmt.Sprintf("not checked whether all else is held fixed: %s → %s", c.A.Model, c.B.Model)
	case len(c.Differs) == 0 && c.A.RunID == c.B.RunID:
		return "A and B are the same run"
	case len(c.Differs) == 0:
		return "nothing differs: B repeats A"
	case len(c.Differs) == 1:
		d := c.Differs[0]
		return fmt.Sprintf("all else held fixed: only the %s differs: %s", d.What, d.change())
	}
	var parts []string
	for _, d := range c.Differs {
		parts = append(parts, fmt.Sprintf("%s (%s)", d.What, d.change()))
	}
	return fmt.Sprintf("%d things differ: %s", len(c.Differs), strings.Join(parts, ", "))
}

func (d Difference) change() string {
	if d.A == d.B {
		return d.A
	}
	return d.A + " → " + d.B
}
