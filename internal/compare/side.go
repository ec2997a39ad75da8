package compare

import (
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
)

func (s Side) checkpoint() Checkpoint {
	m := s.Runs[0].Manifest
	c := Checkpoint{RunID: m.RunID, Model: m.Model.Name, Name: m.Name, Step: m.Model.Step}
	for _, r := range s.Runs {
		c.Runs = append(c.Runs, r.Manifest.RunID)
	}
	return c
}

// foreign tells if any run is.
func (s Side) foreign() bool {
	return slices.ContainsFunc(s.Runs, func(r Run) bool { return r.Foreign })
}

// part is one run's share in a task of a side.
type part struct {
	run  Run
	task *journal.Task
}

// taskOf is a task as both sides have it.
type taskOf struct {
	label string
	a, b  []part // newest first
	// c and d are the sides of Options.Against, where they have the task.
	c, d []part
	// leftA and leftB count older runs of the task that asked or scored
	// otherwise, and are therefore no replicates.
	leftA, leftB int
}

// byID tells if questions are paired on the data set's own ids: where all runs
// say that those are unique, and where foreign results know nothing else.
func (t taskOf) byID() bool {
	unique, foreign := true, false
	for _, p := range slices.Concat(t.a, t.b, t.c, t.d) {
		foreign = foreign || p.run.Foreign
		unique = unique && p.task.UniqueIDs
	}
	return unique || foreign
}

// labels are the task labels of a side in order of appearance.
func (s Side) labels() []string {
	var out []string
	for _, r := range s.Runs {
		for i := range r.Manifest.Tasks {
			if l := r.Manifest.Tasks[i].Label; !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

// parts are the runs of a task and its replicates, and how many others there
// are.
func (s Side) parts(label string) (out []part, left int) {
	for _, r := range s.Runs {
		for i := range r.Manifest.Tasks {
			t := &r.Manifest.Tasks[i]
			if t.Label != label {
				continue
			}
			if len(out) > 0 && !replicates(out[0].task, t) {
				left++
				continue
			}
			out = append(out, part{r, t})
		}
	}
	return out, left
}

// replicates tells if two runs of a task asked in the same way of the same
// data, and scored alike. Which questions a limit or shard picked may differ.
func replicates(x, y *journal.Task) bool {
	return x.ScoringHash == y.ScoringHash && x.UniqueIDs == y.UniqueIDs &&
		text(aspect(x, samplingKeys)) == text(aspect(y, samplingKeys)) &&
		text(aspect(x, promptKeys)) == text(aspect(y, promptKeys)) && dataDigests(x) == dataDigests(y)
}

// common are the tasks that both sides have, in A's order.
func common(a, b Side, o Options) ([]taskOf, error) {
	if len(a.Runs) == 0 || len(b.Runs) == 0 {
		return nil, usage("a side of the comparison has no run")
	}
	inA, inB := a.labels(), b.labels()
	wanted, err := wantedTasks(a, b, o.Tasks)
	if err != nil {
		return nil, err
	}
	var out []taskOf
	for _, l := range inA {
		other, ok := partner(l, inA, inB, a.foreign() || b.foreign(), wanted)
		if !ok {
			continue
		}
		name := l
		if l == "" {
			name = other
		}
		if wanted != nil && !slices.Contains(wanted, name) {
			continue
		}
		t := taskOf{label: name}
		t.a, t.leftA = a.parts(l)
		t.b, t.leftB = b.parts(other)
		if o.Against != nil {
			t.c, _ = o.Against[0].parts(name)
			t.d, _ = o.Against[1].parts(name)
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, usage("the runs have no task in common: A has %s; B has %s", list(inA), list(inB))
	}
	return out, nil
}

// partner is the label on side B of a task of A. A foreign file without a task
// column stands for the only task that the other side has, or that -t names.
func partner(label string, inA, inB []string, foreign bool, wanted []string) (string, bool) {
	if slices.Contains(inB, label) {
		return label, true
	}
	if !foreign {
		return "", false
	}
	switch {
	case label == "" && len(inB) == 1:
		return inB[0], true
	case label == "" && len(wanted) == 1:
		return wanted[0], slices.Contains(inB, wanted[0])
	case len(inB) == 1 && inB[0] == "" && (len(inA) == 1 || len(wanted) == 1 && wanted[0] == label):
		return "", true
	}
	return "", false
}

// wantedTasks are the labels that -t names, nil for all.
func wantedTasks(a, b Side, only []string) ([]string, error) {
	if len(only) == 0 {
		return nil, nil
	}
	var out, known []string
	for _, s := range []Side{a, b} {
		known = append(known, s.labels()...)
		for _, r := range s.Runs {
			eachSuite(r.Manifest.Suites, func(n *eval.SuiteNode) { known = append(known, n.Name) })
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	for _, name := range only {
		var found []string
		for _, s := range []Side{a, b} {
			for _, r := range s.Runs {
				found = append(found, named(r.Manifest, name)...)
			}
		}
		if len(found) == 0 {
			return nil, usage("-t %s: neither run has such a task or suite%s", name, nearest.Hint(name, known))
		}
		out = append(out, found...)
	}
	return out, nil
}

// named are the labels of a run's tasks that a label, spec or suite means.
func named(m *journal.Manifest, name string) []string {
	var out []string
	for i := range m.Tasks {
		if m.Tasks[i].Label == name || m.Tasks[i].Spec == name {
			out = append(out, m.Tasks[i].Label)
		}
	}
	if len(out) > 0 {
		return out
	}
	eachSuite(m.Suites, func(n *eval.SuiteNode) {
		if n.Name == name {
			out = append(out, n.Leaves()...)
		}
	})
	return out
}

// eachSuite visits all suites of trees, parents first.
func eachSuite(nodes []eval.SuiteNode, visit func(*eval.SuiteNode)) {
	for i := range nodes {
		if nodes[i].Task == "" {
			visit(&nodes[i])
			eachSuite(nodes[i].Children, visit)
		}
	}
}

func list(labels []string) string {
	if len(labels) == 0 {
		return "none"
	}
	const most = 12
	if len(labels) > most {
		labels = append(slices.Clone(labels[:most]), "…")
	}
	out := slices.Clone(labels)
	for i, l := range out {
		if l == "" {
			out[i] = "(no task column)"
		}
	}
	return strings.Join(out, ", ")
}
