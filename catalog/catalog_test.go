package catalog_test

import (
	"strings"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/metric"
)

func override(t *testing.T, texts ...string) []dotted.Override {
	t.Helper()
	var out []dotted.Override
	for _, s := range texts {
		o, err := dotted.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func TestOverrides(t *testing.T) {
	c := builtins(t)
	r, err := c.Resolve("gsm8k:olmo3base", override(t, "limit=3", "temperature=0.9", "sampling_params.stop_sequences=[A,B]",
		"prompt.answer_prefix= X", "data_source=/tmp/x.jsonl", "num_fewshot=2", "split=train", "max_tokens=null"))
	if err != nil {
		t.Fatal(err)
	}
	task := r.Task
	if *task.Limit != 3 || task.Sampling.Temperature != 0.9 || strings.Join(task.Sampling.Stop, "") != "AB" || *task.Sampling.TopP != 0.6 ||
		task.Source.Path != "/tmp/x.jsonl" || task.Source.Subset != "" || task.Fewshot.Num != 2 || task.Config.Split != "train" || task.Sampling.MaxTokens != nil {
		t.Errorf("got %+v", task.Config)
	}
	for path, want := range map[string]string{
		"limit": "-o limit", "sampling.temperature": "-o temperature", "sampling.top_p": "variant olmo3base", "seed": "default", "prompt.answer_prefix": "-o prompt.answer_prefix",
	} {
		if got := r.Origins[path]; got != want {
			t.Errorf("origin of %s = %q, want %q", path, got, want)
		}
	}
	// The registered task is not touched.
	again, err := c.Resolve("gsm8k:olmo3base", nil)
	if err != nil || again.Task.Limit != nil || again.Task.Sampling.Temperature != 0.6 {
		t.Errorf("the override reached the catalogue: %+v, %v", again.Task.Config, err)
	}
}

func TestOverrideErrors(t *testing.T) {
	c := builtins(t)
	for text, want := range map[string]string{
		"limt=3":              `"limit"`,
		"prompt.instrction=x": "prompt",
		"limit=abc":           "whole number",
		"limit=0":             "at least 1",
		"num_fewshot=-1":      "0 or more",
		"temperature=hot":     "number",
		"sampling.top_pp=1":   `"top_p"`,
		"limit.x=1":           "want a whole number",
		"data_source=ftp://x": "unknown scheme",
		"primary_metric=[a]":  "",
		"metrics=[accurcy]":   "accuracy",
		"sampling={\"x\": 1}": "x",
		"stop_sequences.7=x":  "out of range",
	} {
		if want == "" {
			continue
		}
		_, err := c.Resolve("gsm8k", override(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("-o %s: %v, want one line with %s", text, err, want)
		}
	}
}

func TestSuiteVariants(t *testing.T) {
	c := builtins(t)
	sel, err := c.Select([]catalog.Ask{{Spec: "mmlu:stem:mc", Overrides: override(t, "limit=2")}})
	if err != nil {
		t.Fatal(err)
	}
	if len(sel.Tasks) != 18 || sel.Tasks[0].Label != "mmlu_abstract_algebra:mc" || *sel.Tasks[17].Task.Limit != 2 {
		t.Errorf("%d tasks, first %s", len(sel.Tasks), sel.Tasks[0].Label)
	}
	_, err = c.Select([]catalog.Ask{{Spec: "mmlu:stem:nosuch"}})
	if err == nil || !strings.Contains(err.Error(), "18 of 18 members") || !strings.Contains(err.Error(), "mmlu_astronomy") {
		t.Errorf("err = %v, want a list of members", err)
	}
	if _, err := c.Select([]catalog.Ask{{Spec: "gsm8k@hihg"}}); err == nil || !strings.Contains(err.Error(), `"high"`) {
		t.Errorf("unknown priority: %v", err)
	}
}

func TestSameSpecTwice(t *testing.T) {
	c := builtins(t)
	sel, err := c.Select([]catalog.Ask{{Spec: "gsm8k"}, {Spec: "gsm8k", Overrides: override(t, "limit=2")}, {Spec: "gsm8k"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(sel.Tasks) != 2 || sel.Tasks[0].Label != "gsm8k" || sel.Tasks[1].Label != "gsm8k#2" {
		t.Errorf("got %d tasks", len(sel.Tasks))
	}
}

func TestDuplicateNamesNameBothFiles(t *testing.T) {
	def := func(where string) eval.Set {
		return eval.Set{Tasks: []eval.Def{{Task: eval.Task{Name: "x", Defined: where}}}}
	}
	_, err := catalog.New(metric.ByID, def("a.star:1"), def("b.star:2"))
	if err == nil || !strings.Contains(err.Error(), "a.star:1") || !strings.Contains(err.Error(), "b.star:2") {
		t.Errorf("err = %v", err)
	}
}

func TestSuiteCycle(t *testing.T) {
	s := eval.Set{Suites: []eval.Suite{
		{Name: "a", Aggregation: eval.Average, Members: eval.Specs("b")},
		{Name: "b", Aggregation: eval.Average, Members: eval.Specs("a")},
	}}
	c, err := catalog.New(metric.ByID, s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select([]catalog.Ask{{Spec: "a"}}); err == nil || !strings.Contains(err.Error(), "contains itself") {
		t.Errorf("err = %v", err)
	}
}

func TestIncompleteSuite(t *testing.T) {
	own := eval.Set{Suites: []eval.Suite{
		{Name: "inner", Aggregation: eval.Average, Members: eval.Specs("gsm8k", "gsm9k")},
		{Name: "outer", Aggregation: eval.AverageOfAverages, Members: eval.Specs("arc_easy:mc", "inner", "arc_easy:nosuch", "gsm9k")},
	}}
	c, err := catalog.New(metric.ByID, benchmarks.All(), own)
	if err != nil {
		t.Fatal(err)
	}
	sel, err := c.Select([]catalog.Ask{{Spec: "outer"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(sel.Tasks) != 2 || len(sel.Missing) != 1 {
		t.Fatalf("%d tasks, missing %v; want 2 and one suite", len(sel.Tasks), sel.Missing)
	}
	m := sel.Missing[0]
	if got := strings.Join(m.Specs(), " "); got != "gsm9k arc_easy:nosuch" || m.NTasks != 5 {
		t.Errorf("missing %s of %d", got, m.NTasks)
	}
	if got := strings.Join(sel.Suites[0].Leaves(), " "); got != "arc_easy:mc gsm8k gsm9k arc_easy:nosuch gsm9k" {
		t.Errorf("leaves %s", got)
	}
	if lacks, err := c.Lacks(&own.Suites[0]); err != nil || strings.Join(lacks, " ") != "gsm9k" {
		t.Errorf("inner lacks %v, %v", lacks, err)
	}
	// One missing member is explained.
	sel, err = c.Select([]catalog.Ask{{Spec: "inner"}})
	if err != nil || !strings.Contains(sel.Missing[0].Error(), `did you mean "gsm8k"`) {
		t.Errorf("%v, %v", sel.Missing, err)
	}
	// A variant goes to the members that are there, and the others stay missing.
	sel, err = c.Select([]catalog.Ask{{Spec: "outer:nosuch"}})
	if err == nil || strings.Contains(err.Error(), "gsm9k") {
		t.Errorf("%v, %v", sel, err)
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"gsm8k", "mmlu:stem:mc@high", "a:b:c", ":", "@", "arc_easy::mc", "mmlu:bpb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		c := builtins(t)
		sel, err := c.Select([]catalog.Ask{{Spec: spec}})
		if err == nil && len(sel.Tasks) == 0 && len(sel.Missing) == 0 {
			t.Errorf("%q selects nothing without an error", spec)
		}
	})
}
