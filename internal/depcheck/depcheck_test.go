// Package depcheck holds the test of the import arrows: which package may
// import which. The picture is in docs/architecture.md.
package depcheck

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "olmoeval"

// leaves may be imported by anyone and import no package of ours but leaves.
var leaves = []string{"internal/pyrand", "internal/stats", "internal/nearest", "internal/dotted", "internal/table", "internal/textdiff", "internal/pyliteral", "internal/gguf", "internal/child", "internal/weights"}

// authoring is the public vocabulary of benchmarks.
var authoring = []string{"prompt", "answer", "score", "metric", "dataset"}

// allowed lists what each package may import, besides leaves and its own
// sub-packages. A package that is not listed may import nothing of ours.
var allowed = map[string][]string{
	"internal/chattemplate": {"eval"},

	"eval":                 {},
	"catalog":              {"eval"},
	"prompt":               {"eval"},
	"answer":               {"eval"},
	"score":                {"eval", "answer"},
	"metric":               {"eval"},
	"dataset":              {"eval", "internal/hook", "internal/fetch"},
	"internal/fetch":       {},
	"internal/checkpoint":  {"internal/fetch"},
	"internal/hook":        {"eval"},
	"starfile":             append([]string{"eval", "internal/hook"}, authoring...),
	"benchmarks":           append([]string{"eval"}, authoring...),
	"internal/config":      {},
	"internal/modelspec":   {"eval"},
	"internal/journal":     {"eval"},
	"internal/engine":      {"eval", "catalog", "internal/journal"},
	"internal/sample":      {},
	"internal/telemetry":   {"eval"},
	"internal/perf":        {"eval", "internal/journal", "internal/sample"},
	"internal/find":        {"eval", "internal/journal"},
	"internal/compare":     {"eval", "internal/journal", "metric"},
	"internal/provider":    {"eval", "internal/chattemplate"},
	"internal/serve":       {"eval"},
	"internal/mockserver":  {"eval", "internal/provider"},
	"internal/bench":       {"eval", "internal/mockserver", "internal/provider", "internal/cli", "benchmarks"},
	"internal/conformance": append([]string{"eval", "catalog", "benchmarks", "internal/engine", "internal/corpus"}, authoring...),
	"internal/docgen":      {"eval", "catalog", "benchmarks", "metric"},
	"internal/cli": append([]string{"eval", "catalog", "starfile", "internal/config", "internal/modelspec", "internal/journal", "internal/engine",
		"internal/find", "internal/tokenizer", "internal/chattemplate", "internal/compare", "internal/ctl", "internal/perf", "internal/sample", "internal/telemetry", "internal/provider", "internal/serve", "internal/checkpoint", "internal/fetch", "internal/mockserver", "internal/hook"}, authoring...),
	"":              {"eval", "internal/cli"},
	"cmd/olmo-eval": {"", "benchmarks"},
	"examples":      {"eval", "", "benchmarks", "prompt", "answer", "score", "metric", "dataset"},
}

// TestArrows walks all packages and prints the path of an import that breaks a
// rule.
func TestArrows(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	packages := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "dist") {
			return filepath.SkipDir
		}
		pkg, err := build.ImportDir(path, 0)
		if err != nil {
			return nil //nolint:nilerr // a folder without Go files
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if rel == "." {
			rel = ""
		}
		packages++
		for _, imp := range pkg.Imports {
			check(t, rel, imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages < 15 {
		t.Errorf("found %d packages: is the walk broken?", packages)
	}
	if _, err := os.Stat(filepath.Join(root, "docs", "architecture.md")); err != nil {
		t.Error("docs/architecture.md is missing")
	}
}

func check(t *testing.T, pkg, imp string) {
	t.Helper()
	rest, ours := strings.CutPrefix(imp, module)
	if !ours || rest != "" && rest[0] != '/' {
		if pkg == "eval" && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
			t.Errorf("eval imports %s: it may import only the standard library", imp)
		}
		return
	}
	to := strings.TrimPrefix(rest, "/")
	owner, rule, ok := ruleOf(pkg)
	switch {
	case within(to, owner) && owner != "":
		return
	case slices.ContainsFunc(leaves, func(l string) bool { return within(to, l) }):
		return
	case !ok:
		t.Errorf("%s imports %s, but has no line in internal/depcheck: add it to the picture or drop the import", pkg, to)
	case !slices.ContainsFunc(rule, func(a string) bool { return a == to || a != "" && within(to, a) }):
		t.Errorf("%s imports %s, which the arrows do not allow", pkg, to)
	}
}

// ruleOf is the rule of a package or of the nearest package above it.
func ruleOf(pkg string) (owner string, rule []string, ok bool) {
	for p := pkg; ; {
		if slices.Contains(leaves, p) {
			return p, nil, true
		}
		if r, ok := allowed[p]; ok && (p != "" || pkg == "") {
			return p, r, true
		}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			return "", nil, false
		}
		p = p[:i]
	}
}

func within(pkg, of string) bool { return pkg == of || strings.HasPrefix(pkg, of+"/") }
