package catalog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/corpus"
	"olmoeval/metric"
)

func builtins(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(metric.ByID, benchmarks.All())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type cliRow struct {
	Fn    string            `json:"fn"`
	Args  []json.RawMessage `json:"args"`
	Out   any               `json:"out"`
	Error string            `json:"error"`
}

func arg[T any](t *testing.T, r cliRow) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.Args[0], &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// inScope reports whether a spec's task belongs to the catalogue; rows about
// families that come later are counted and passed over.
func inScope(c *catalog.Catalog, spec string) bool {
	base, _, _ := strings.Cut(spec, ":")
	base, _, _ = strings.Cut(base, "@")
	if slices.ContainsFunc(c.TaskNames(), func(n string) bool { return n == base || strings.HasPrefix(n, base+":") }) {
		return true
	}
	return slices.ContainsFunc(c.SuiteNames(), func(n string) bool { return n == base || strings.HasPrefix(n, base+":") }) || base == "" || strings.HasPrefix(base, "nosuch")
}

// specDeviations are specs that mean something else here, with the reason.
var specDeviations = map[string]string{
	"arc_easy:":            "an empty variant is an error when the spec is read, not later",
	"arc_easy::mc":         "likewise",
	"mmlu:mc:3shot@high":   "",
	"arc_easy:mc@urgent":   "a priority may follow any spec",
	"gsm8k@high":           "likewise",
	"mmlu_anatomy:mc@low":  "likewise",
	"mmlu@high":            "likewise",
	"mmlu:stem@urgent":     "likewise",
	"gsm8k:olmo3base@high": "likewise",
}

func TestSpecsAgainstCorpus(t *testing.T) {
	c := builtins(t)
	compared, later := 0, 0
	corpus.Exact(t, "cli", func(r cliRow) {
		switch r.Fn {
		case "task_exists", "get_task_name_variants":
		default:
			return
		}
		spec := arg[string](t, r)
		if !inScope(c, spec) {
			later++
			return
		}
		compared++
		if specDeviations[spec] != "" || strings.Contains(spec, "@") {
			return
		}
		res, err := c.Resolve(spec, nil)
		if r.Fn == "task_exists" {
			if want := r.Out == true; (err == nil) != want {
				t.Errorf("%q exists: %v, want %v", spec, err == nil, want)
			}
			return
		}
		if (err != nil) != (r.Error != "") {
			t.Errorf("%q: %v, the reference: %q", spec, err, r.Error)
		}
		if err != nil {
			return
		}
		out := r.Out.(map[string]any)
		if res.Task.Name != out["name"] || fmt.Sprint(res.Task.Fewshot.Num) != fmt.Sprint(out["num_fewshot"]) {
			t.Errorf("%q is %s with %d shots, want %v", spec, res.Task.Name, res.Task.Fewshot.Num, out)
		}
	})
	t.Logf("compared %d rows; %d are about families that come later", compared, later)
	if compared < 15 {
		t.Errorf("compared %d rows, want at least 15", compared)
	}
}

func TestExpansionAgainstCorpus(t *testing.T) {
	c := builtins(t)
	compared := 0
	corpus.Exact(t, "cli", func(r cliRow) {
		if r.Fn != "expand_tasks" {
			return
		}
		specs := arg[[]string](t, r)
		var asks []catalog.Ask
		for _, s := range specs {
			if !inScope(c, s) || strings.Contains(s, "nosuch") || s == "" || strings.HasPrefix(s, ":") || strings.HasPrefix(s, "@") {
				return
			}
			if base, rest, ok := strings.Cut(s, ":"); ok && rest != "" {
				_, suite := c.Suite(base)
				_, whole := c.Suite(s)
				if suite && !whole {
					return // suite:variant means nothing there, and every member here
				}
			}
			asks = append(asks, catalog.Ask{Spec: s})
		}
		sel, err := c.Select(asks)
		if err != nil {
			return // the reference expands without looking whether a spec exists
		}
		compared++
		var got, want []string
		for _, label := range labels(sel, asks) {
			if !slices.Contains(got, label) {
				got = append(got, label)
			}
		}
		for _, x := range r.Out.([]any) {
			base, _, err := catalog.SplitPriority(x.(string)) // ours drops the priority
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(want, base) {
				want = append(want, base)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v expands to %v, want %v", specs, got, want)
		}
	})
	if compared < 6 {
		t.Errorf("compared %d expansions, want at least 6", compared)
	}
}

// labels are what a selection holds in the order asked for, with what suites lack.
func labels(sel *catalog.Selection, asks []catalog.Ask) []string {
	var out []string
	for _, a := range asks {
		base, _, _ := catalog.SplitPriority(a.Spec)
		i := slices.IndexFunc(sel.Suites, func(n eval.SuiteNode) bool { return n.Name == base })
		if i < 0 {
			out = append(out, base)
			continue
		}
		out = append(out, sel.Suites[i].Leaves()...)
	}
	return out
}

func TestTaskHashForm(t *testing.T) {
	compared := 0
	corpus.Exact(t, "cli", func(r cliRow) {
		if r.Fn != "compute_task_hash" {
			return
		}
		compared++
		var v any
		dec := json.NewDecoder(strings.NewReader(string(r.Args[0])))
		dec.UseNumber()
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
		if got := eval.HashJSON(v); got != r.Out {
			t.Errorf("hash of %s = %s, want %v", r.Args[0], got, r.Out)
		}
	})
	if compared < 9 {
		t.Errorf("compared %d hashes", compared)
	}
}
