package engine

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/internal/journal"
)

type suiteTree struct {
	Suite       string            `json:"suite"`
	Aggregation string            `json:"aggregation"`
	Tasks       []json.RawMessage `json:"tasks"`
}

type suiteRow struct {
	Spec    string     `json:"spec"`
	Suite   string     `json:"suite"`
	Label   string     `json:"results_label"`
	Tree    *suiteTree `json:"tree"`
	Results map[string]struct {
		Metrics map[string]map[string]float64 `json:"metrics"`
		Primary string                        `json:"primary_metric"`
	} `json:"task_results"`
	Out map[string]struct {
		Metrics map[string]map[string]float64 `json:"metrics"`
	} `json:"out"`
}

func node(t *testing.T, tree *suiteTree) eval.SuiteNode {
	t.Helper()
	n := eval.SuiteNode{Name: tree.Suite, Aggregation: tree.Aggregation}
	for _, raw := range tree.Tasks {
		var label string
		if json.Unmarshal(raw, &label) == nil {
			n.Children = append(n.Children, eval.SuiteNode{Name: label, Task: label})
			continue
		}
		var sub suiteTree
		if err := json.Unmarshal(raw, &sub); err != nil {
			t.Fatal(err)
		}
		n.Children = append(n.Children, node(t, &sub))
	}
	return n
}

// deep reports whether an average of averages holds another suite that is not a
// plain average: the reference flattens it, we do not.
func deep(n *eval.SuiteNode) bool {
	for i := range n.Children {
		c := &n.Children[i]
		if c.Task == "" && (c.Aggregation != eval.Average || deep(c)) {
			return true
		}
	}
	return false
}

func registryTrees(t *testing.T) map[string]*suiteTree {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus.Dir(t), "registry.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Suites map[string]struct {
			Tree *suiteTree `json:"tree"`
		} `json:"suites"`
	}
	if err := json.NewDecoder(z).Decode(&r); err != nil {
		t.Fatal(err)
	}
	out := map[string]*suiteTree{}
	for name, s := range r.Suites {
		out[name] = s.Tree
	}
	return out
}

// taskResults are the row's results as ours: the primary metric with its unit.
func taskResults(row suiteRow) []journal.TaskResult {
	var out []journal.TaskResult
	for label, r := range row.Results {
		name, scorer, _ := strings.Cut(r.Primary, ":")
		tr := journal.TaskResult{Task: label, Primary: &eval.Estimate{Metric: name}}
		if v, ok := r.Metrics[name][scorer]; ok {
			unit, higher := eval.Proportion, true
			if strings.Contains(name, "bits_per_byte") || strings.Contains(name, "perplexity") {
				unit, higher = name, false
			}
			tr.Primary = &eval.Estimate{Metric: name, Value: &v, Unit: unit, HigherIsBetter: higher}
		}
		out = append(out, tr)
	}
	return out
}

// TestSuitesAgainstCorpus compares the headline of each recorded aggregation;
// where ours has none or another, the reason is one of docs/deviations.md.
func TestSuitesAgainstCorpus(t *testing.T) {
	trees := registryTrees(t)
	equal := 0
	why := map[string]int{}
	corpus.Rows(t, "suites", func(row suiteRow) {
		tree := row.Tree
		if tree == nil {
			tree = trees[row.Suite]
		}
		if tree == nil {
			t.Errorf("%s: no tree", row.Spec)
			return
		}
		root := node(t, tree)
		if at := strings.LastIndexByte(row.Spec, '@'); at >= 0 {
			// The reference carries the priority into its labels.
			prefix(&root, row.Spec[at:])
		}
		got := Suites([]eval.SuiteNode{root}, taskResults(row))[0]
		want, has := row.Out[row.Spec].Metrics["primary_score"]["average"]
		switch {
		case got.Value != nil && has && math.Abs(*got.Value-want) < 1e-12:
			equal++
		case got.Value == nil && !has:
			equal++
		case got.Value == nil && (root.Aggregation == eval.DisplayOnly || root.Aggregation == eval.NoAggregation):
			why["shown without a number"]++
		case got.Value == nil && !got.Complete && len(got.Missing) > 0:
			why["incomplete: tasks without a score are named, not left out"]++
		case got.Value == nil && strings.Contains(got.Reason, "no common mean"):
			why["members with different units"]++
		case deep(&root):
			why["an inner suite keeps its own rule"]++
		default:
			t.Errorf("%s (%s): %+v, want %v %v", row.Spec, row.Label, got, want, has)
		}
	})
	t.Logf("%d equal; others: %v", equal, why)
	if equal < 50 {
		t.Errorf("only %d aggregations are equal", equal)
	}
}

func prefix(n *eval.SuiteNode, priority string) {
	for i := range n.Children {
		c := &n.Children[i]
		if c.Task != "" {
			c.Task += priority
		}
		prefix(c, priority)
	}
}

func TestSuiteThatLacksTasks(t *testing.T) {
	result := func(label string, v float64) journal.TaskResult {
		se := 0.1
		return journal.TaskResult{Task: label, Primary: &eval.Estimate{Metric: "accuracy", Unit: eval.Proportion, HigherIsBetter: true, Value: &v, SE: &se}}
	}
	leaf := func(label string) eval.SuiteNode { return eval.SuiteNode{Name: label, Task: label} }
	tree := eval.SuiteNode{Name: "s", Aggregation: eval.AverageOfAverages, Children: []eval.SuiteNode{
		leaf("a"),
		{Name: "in", Aggregation: eval.Average, Children: []eval.SuiteNode{leaf("b"), leaf("gone"), leaf("c")}},
		{Name: "none", Aggregation: eval.Average, Children: []eval.SuiteNode{leaf("gone"), leaf("gone2")}},
	}}
	there := []journal.TaskResult{result("a", 0.2), result("b", 0.5), result("c", 0.7)}
	got := Suites([]eval.SuiteNode{tree}, there)
	s, in, none := got[0], got[1], got[2]
	if s.Complete || s.Value == nil || math.Abs(*s.Value-0.4) > 1e-12 || s.NTasks != 6 || strings.Join(s.Missing, " ") != "gone gone2" {
		t.Errorf("got %+v, want 0.4 of an incomplete suite", s)
	}
	if len(s.Warnings) != 1 || s.Warnings[0] != "partial" || !strings.Contains(s.Notes[0], "gone2") {
		t.Errorf("warnings %v, notes %v", s.Warnings, s.Notes)
	}
	if in.Complete || in.Value == nil || math.Abs(*in.Value-0.6) > 1e-12 || none.Value != nil || none.Reason == "" {
		t.Errorf("nested: %+v, %+v", in, none)
	}
	// A task of the run without a value still leaves the suite without one.
	there[1].Primary = &eval.Estimate{Metric: "accuracy", Reason: "all failed"}
	if s := Suites([]eval.SuiteNode{tree}, there)[0]; s.Value != nil || s.Complete || len(s.Missing) != 3 {
		t.Errorf("got %+v, want no value", s)
	}
}
