package compare

import (
	"slices"
	"strings"
	"testing"

	"olmoeval/internal/journal"
)

func TestDiffers(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*testRun)
		what   string
		a, b   string // parts of the texts
	}{
		{"nothing", func(*testRun) {}, "", "", ""},
		{"model", func(r *testRun) { r.manifest.Model.Name, r.manifest.Model.ID = "B", "B" }, Model, "A", "B"},
		{"model behind one name", func(r *testRun) { r.manifest.Model.ID = "B" }, Model, `model.id="A"`, `model.id="B"`},
		{"weights behind one identity", func(r *testRun) { r.manifest.Caps.Fingerprint = "f2" }, Model, "fingerprint f1", "fingerprint f2"},
		{"sampling", func(r *testRun) { config(r)["sampling"] = map[string]any{"temperature": 0.7, "max_tokens": 16} }, Sampling, "sampling.temperature=0", "sampling.temperature=0.7"},
		{"harness", func(r *testRun) { r.manifest.Harness = map[string]any{"system_prompt": "be brief"} }, Harness, "system_prompt unset", "be brief"},
		{"prompt", func(r *testRun) { config(r)["num_fewshot"] = 5 }, Prompt, "num_fewshot=3", "num_fewshot=5"},
		{"rendered prompt", func(r *testRun) { r.records["t"][1].prompt = "another" }, Prompt, "1 questions", ""},
		{"data", func(r *testRun) { r.manifest.Tasks[0].Data[0].Digest = "d1d1d1d1d1d1d1d1" }, Data, "d0d0d0", "d1d1d1"},
		{"selection", func(r *testRun) { config(r)["limit"] = 2; r.manifest.Tasks[0].SelectionHash = "sel2" }, Selection, "limit=null", "limit=2"},
		{"scoring", func(r *testRun) { r.manifest.Tasks[0].ScoringHash = "score2" }, Scoring, "scoring score", "scoring score2"},
		{"code", func(r *testRun) { r.manifest.Program.Revision = "abc" }, Code, "dev", "dev abc"},
		{"task version", func(r *testRun) { r.manifest.Tasks[0].Version, r.manifest.Tasks[0].ScoringHash = "2", "score2" }, Code, "unset", "version 2"},
	} {
		make := func() *testRun {
			r := newRun("A", testTask("t", accuracy, 2)).with("t", items(1, 0))
			r.manifest.Caps.Fingerprint = "f1"
			return r
		}
		b := make()
		c.change(b)
		got := mustRuns(t, make().write(t), b.write(t), Options{})
		if c.what == "" {
			if len(got.Differs) != 0 {
				t.Errorf("%s: differs = %v", c.name, got.Differs)
			}
			continue
		}
		if len(got.Differs) != 1 || got.Differs[0].What != c.what || !strings.Contains(got.Differs[0].A, c.a) || !strings.Contains(got.Differs[0].B, c.b) {
			t.Errorf("%s: differs = %v", c.name, got.Differs)
		}
		if want := "all else held fixed: only the " + c.what; !strings.HasPrefix(got.Headline(), want) {
			t.Errorf("%s: headline %q", c.name, got.Headline())
		}
	}
}

func config(r *testRun) map[string]any { return r.manifest.Tasks[0].Config }

func TestConfounded(t *testing.T) {
	a := newRun("A", testTask("t", accuracy, 2), testTask("u", accuracy, 2)).with("t", items(1, 0)).with("u", items(1, 0))
	b := newRun("B", testTask("t", accuracy, 2), testTask("u", accuracy, 2)).with("t", items(1, 0)).with("u", items(1, 0))
	config(b)["num_fewshot"] = 0
	a.manifest.Caps.Fingerprint, b.manifest.Caps.Fingerprint = "same", "same"
	c := mustRuns(t, a.write(t), b.write(t), Options{})
	if len(c.Differs) != 2 || c.Differs[1].A != "t: num_fewshot=3" {
		t.Errorf("differs = %v", c.Differs)
	}
	for _, code := range []string{"confounded: model and prompt differ", "same_fingerprint"} {
		if !slices.ContainsFunc(c.Notes, func(w string) bool { return strings.HasPrefix(w, code) }) {
			t.Errorf("no warning %q in %q", code, c.Notes)
		}
	}
	if h := c.Headline(); !strings.HasPrefix(h, "2 things differ: model (A → B), prompt (t: num_fewshot=3 → t: num_fewshot=0)") {
		t.Errorf("headline %q", h)
	}
}

func TestUnfinished(t *testing.T) {
	a, b := pairOf(t, accuracy, items(1, 0), items(1, 0, 1))
	a.Runs[0].Manifest.Status = journal.Interrupted
	a.Runs[0].Manifest.Tasks[0].N = 3
	c := mustRuns(t, a, b, Options{})
	if !slices.ContainsFunc(c.Notes, func(w string) bool { return strings.Contains(w, "is interrupted: task t has 2 of 3") }) {
		t.Errorf("notes = %q", c.Notes)
	}
	if c.Tasks[0].MissingA != 1 {
		t.Errorf("row = %+v", c.Tasks[0])
	}
}
