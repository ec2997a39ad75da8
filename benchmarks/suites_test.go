package benchmarks

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

// tree is a suite as the reference's registry has it.
type tree struct {
	Suite       string `json:"suite"`
	Aggregation string `json:"aggregation"`
	Tasks       []any  `json:"tasks"` // a spec or a tree
}

func treeOf(find func(string) (*eval.Suite, bool), s *eval.Suite) tree {
	out := tree{Suite: s.Name, Aggregation: s.Aggregation}
	for _, m := range s.Members {
		nested, ok := m.Suite, m.Suite != nil
		if !ok {
			nested, ok = find(m.Spec)
		}
		if ok {
			out.Tasks = append(out.Tasks, treeOf(find, nested))
		} else {
			out.Tasks = append(out.Tasks, m.Spec)
		}
	}
	return out
}

func recordedTree(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var want any
	decode(t, bytes.NewReader(raw), &want)
	var strip func(any) any
	strip = func(v any) any {
		m, ok := v.(map[string]any)
		if !ok {
			return v
		}
		m = without(m, "description", "registered")
		list, _ := m["tasks"].([]any)
		for i := range list {
			list[i] = strip(list[i])
		}
		return m
	}
	return strip(want)
}

// TestSuites compares name, order, aggregation and nesting of every suite of the
// reference.
func TestSuites(t *testing.T) {
	c, r := ours(t), readRegistry(t)
	missing, incomplete := map[string]bool{}, 0
	for name, ref := range r.Suites {
		got, ok := c.Suite(name)
		if !ok {
			t.Errorf("no suite %s", name)
			continue
		}
		if tree := treeOf(c.Suite, got); !same(t, tree, recordedTree(t, ref.Tree)) {
			t.Errorf("%s: tree\n%v\nwant\n%s", name, tree, ref.Tree)
		}
		leaves, err := c.Leaves(got)
		if err != nil || !slices.Equal(leaves, ref.Expanded) {
			t.Errorf("%s: leaves %v %v, want %v", name, leaves, err, ref.Expanded)
		}
		lacks, err := c.Lacks(got)
		if err != nil {
			t.Error(err)
		}
		for _, spec := range lacks {
			missing[spec] = true
		}
		incomplete += min(1, len(lacks))
	}
	if len(r.Suites) < 100 {
		t.Errorf("the registry has %d suites", len(r.Suites))
	}
	t.Logf("%d suites, %d of them incomplete, %d members missing", len(r.Suites), incomplete, len(missing))
	for _, name := range c.SuiteNames() {
		if _, ok := r.Suites[name]; !ok && name != "demo" {
			t.Errorf("suite %s is not the reference's: list it here", name)
		}
		s, _ := c.Suite(name)
		if s.Description == "" || s.Defined == "" || strings.Contains(s.Description, "\n") {
			t.Errorf("suite %s: description %q, defined %q", name, s.Description, s.Defined)
		}
	}
}
