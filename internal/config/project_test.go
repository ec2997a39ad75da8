package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindProject(t *testing.T) {
	dir := t.TempDir()
	below := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	if p, err := FindProject(below); err != nil || p.File() != "" {
		t.Errorf("without a file: %+v, %v", p, err)
	}
	text := "path: [evals, /abs]\nhome: runs\nfamily: ours\nrun:\n  concurrency: 8\n"
	if err := os.WriteFile(filepath.Join(dir, ProjectName), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := FindProject(below)
	if err != nil {
		t.Fatal(err)
	}
	if p.Path[0] != filepath.Join(dir, "evals") || p.Path[1] != "/abs" || p.Home != filepath.Join(dir, "runs") || p.Family != "ours" || p.Run.Concurrency != 8 {
		t.Errorf("got %+v", p)
	}
}

func TestStrictSaysWhere(t *testing.T) {
	for text, want := range map[string][]string{
		"home: x\nfamly: y\n":         {"f.yaml:2", `"family"`},
		"run:\n  concurency: 3\n":     {"f.yaml:2", `"concurrency"`},
		"run:\n  concurrency: many\n": {"f.yaml:2"},
		"home: [unclosed\n":           {"f.yaml"},
		"path:\n  - a\n bad indent\n": {"f.yaml"},
	} {
		err := Strict("f.yaml", []byte(text), &Project{})
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want one line", text, err)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q: %v lacks %s", text, err, w)
			}
		}
	}
}

func FuzzStrict(f *testing.F) {
	f.Add("path: [a]\nrun: {concurrency: 3}\n")
	f.Add("home: !!binary x\n&a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		var p Project
		if err := Strict("f.yaml", []byte(text), &p); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("an error of several lines: %q", err)
		}
	})
}
