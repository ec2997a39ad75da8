package cli

import (
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/find"
	"olmoeval/internal/journal"
)

func TestInstances(t *testing.T) {
	c := twoRuns(t)
	all := rowsOfCall[map[string]any](t, c, "instances", "base", "rows.jsonl")
	if len(all) != 60 {
		t.Fatalf("%d rows", len(all))
	}
	for _, k := range []string{"index", "item_id", "item_digest", "status", "primary", "scores", "answers", "metadata"} {
		if _, ok := all[0][k]; !ok {
			t.Errorf("no key %s in %v", k, all[0])
		}
	}
	if _, ok := all[0]["request"]; ok {
		t.Error("request without --full")
	}
	right := 0
	for _, r := range all {
		if r["primary"] == 1.0 {
			right++
		}
	}
	for where, want := range map[string]int{
		"primary=1":                        right,
		"primary<1 status=ok":              60 - right,
		"index<10":                         10,
		"metadata.id=q7":                   1,
		`question~"what is 1\d \+"`:        10,
		"item_id!~^q[0-9]$":                50,
		"answer=5 primary=1 index!=4":      0,
		"metadata.nope=null":               60,
		"values.accuracy>=1":               right,
		`gold=1 output~. finish_reason!~x`: 1,
	} {
		if got := rowsOfCall[map[string]any](t, c, "instances", "base", "rows.jsonl", "--where", where); len(got) != want {
			t.Errorf("--where '%s': %d rows, want %d", where, len(got), want)
		}
	}
	full := rowsOfCall[listedInstance](t, c, "instances", "last", "rows.jsonl", "--full", "-n", "1")
	if len(full) != 1 || full[0].Request == nil || (*full[0].Request).Prompt == "" || len(*full[0].Outputs) != 1 {
		t.Errorf("--full: %+v", full)
	}
	if out := c.ok(t, "instances", "base", "rows.jsonl"); strings.Count(out, "\n") != 21 {
		t.Errorf("the table has %d lines", strings.Count(out, "\n"))
	}
	for where, want := range map[string]string{
		"statu=ok":            `did you mean "status"?`,
		"primary<x":           `"x" is no number`,
		"output~[":            "missing closing ]",
		"values.accuracies=1": `did you mean "accuracy"?`,
		"scores.zzz=1":        "no scorer",
		"status":              "is no condition",
		`question="what is`:   "closing",
	} {
		c.refuses(t, []string{"instances", "base", "rows.jsonl", "--where", where}, want)
	}
}

func TestWhereOnLists(t *testing.T) {
	rec := &eval.Record{
		Status:   eval.OK,
		Instance: &eval.Instance{Gold: []any{"x", "y"}, Metadata: map[string]any{"a": map[string]any{"b": "deep"}, "c.d": "dotted", "l": []any{"one", "two"}}},
		Outputs:  []eval.Output{{Text: "first", Answer: "1"}, {Text: "second", Answer: nil}},
		Values:   map[string]*eval.Observation{"corpus_perplexity": {Value: 0, Weight: 3}},
	}
	task := &journal.Task{Label: "t", Primary: "corpus_perplexity"}
	for where, want := range map[string]bool{
		"output=second": true, "output!=second": false, "output!~third": true, "answer=null": true, "answer=1": true,
		"gold=y": true, "metadata.a.b=deep": true, "metadata.c.d=dotted": true, "metadata.l=two": true, "metadata.l=three": false,
		"primary=1": true, // exp(0), in the metric's unit
	} {
		keep, err := parseWhere(where, task)
		if err != nil || keep(rec) != want {
			t.Errorf("%s: want %v (%v)", where, want, err)
		}
	}
}

func FuzzParseWhere(f *testing.F) {
	for _, s := range []string{"status=ok primary<1", `output~"a b" metadata.k=v`, "metadata.=", "scores.", "values.accuracy>1", "primary~(", ""} {
		f.Add(s)
	}
	task := &journal.Task{Label: "t", Primary: "accuracy", Metrics: []journal.Metric{{ID: "accuracy", Scorer: "exact_match"}}}
	rec := &eval.Record{Status: eval.OK, Outputs: []eval.Output{{Text: "x"}}, Instance: &eval.Instance{Metadata: map[string]any{"k": map[string]any{"k": 1.0}}}}
	f.Fuzz(func(t *testing.T, text string) {
		keep, err := parseWhere(text, task)
		if err != nil {
			return
		}
		keep(rec)
		keep(&eval.Record{})
		if terms, err := find.ParseTerms(text); err != nil || len(terms) == 0 && !keep(rec) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}
