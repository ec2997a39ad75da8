package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUpToDate holds the committed page against the catalogue.
func TestUpToDate(t *testing.T) {
	want, err := render()
	if err != nil {
		t.Fatal(err)
	}
	again, err := render()
	if err != nil || !bytes.Equal(want, again) {
		t.Fatalf("two pages differ: %v", err)
	}
	file := filepath.Join("..", "..", "docs", "benchmarks.md")
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the catalogue says: go run ./internal/docgen", file)
	}
	for _, s := range []string{"`arc_easy`", "`mmlu_*`", "**acc_per_char**", "`olmobase:easy:qa:rc`"} {
		if !strings.Contains(string(want), s) {
			t.Errorf("the page lacks %s", s)
		}
	}
}

// TestSources checks that every family says where it comes from, and that no
// entry is left over.
func TestSources(t *testing.T) {
	c, err := theCatalog()
	if err != nil {
		t.Fatal(err)
	}
	families, err := familiesOf(c)
	if err != nil {
		t.Fatal(err)
	}
	known := sources()
	for _, f := range families {
		s, ok := known[f.name]
		if !ok || s.title == "" || s.what == "" {
			t.Errorf("family %s has no line in sources.go", f.name)
		}
		delete(known, f.name)
	}
	for name := range known {
		t.Errorf("sources.go has a line for %s, which defines no task", name)
	}
}

func TestLabel(t *testing.T) {
	for want, names := range map[string][]string{
		"a":        {"a"},
		"mmlu_*":   {"mmlu_anatomy", "mmlu_astronomy"},
		"x_*:mc":   {"x_one:mc", "x_two:mc"},
		"gpqa_*_b": {"gpqa_main_b", "gpqa_mini_b"},
	} {
		if got := (&group{names: names}).label(); got != want {
			t.Errorf("label of %v is %s, want %s", names, got, want)
		}
	}
}
