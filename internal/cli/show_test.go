package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/journal"
)

func TestRunsCommand(t *testing.T) {
	c := twoRuns(t)
	got := rowsOfCall[listedRun](t, c, "runs")
	if len(got) != 2 || got[0].Name != "new" || got[1].Model != "mock:acc=0.4,seed=3" || got[1].Status != "complete" {
		t.Fatalf("runs = %+v", got)
	}
	task := got[1].Tasks[0]
	if task.Task != "rows.jsonl" || task.Metric != "accuracy" || task.Value == nil || task.SE == nil || task.N != 60 {
		t.Errorf("task = %+v", task)
	}
	if got := rowsOfCall[listedRun](t, c, "runs", "name=base status=complete since=1h"); len(got) != 1 {
		t.Errorf("query: %+v", got)
	}
	if got := rowsOfCall[listedRun](t, c, "runs", "tag=it's"); len(got) != 1 || got[0].Tags[0] != "it's" {
		t.Errorf("tag: %+v", got)
	}
	if out := c.ok(t, "runs"); !strings.Contains(out, "rows.jsonl") || !strings.Contains(out, got[0].RunID[:13]) {
		t.Errorf("table:\n%s", out)
	}
}

func TestShow(t *testing.T) {
	c := twoRuns(t)
	res := rowsOfCall[journal.Result](t, c, "show", "base")[0]
	if res.Status != "complete" || res.Tasks[0].NOK != 60 || *res.Tasks[0].Primary.Value <= 0.2 {
		t.Errorf("result = %+v", res)
	}
	card := c.ok(t, "show", "base", "--card")
	for _, want := range []string{"# base", "mock:acc=0.4,seed=3", "| rows.jsonl | accuracy |", "60 rows", "SHA-256", "First prompt:", "what is 0 + 1?", "'it'\\''s'"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
	line := c.ok(t, "show", "base", "--command")
	if want := `olmo-eval run -m mock:acc=0.4,seed=3 -t ./rows.jsonl --name base --tag 'it'\''s' -q`; strings.TrimSpace(line) != want {
		t.Errorf("command %s, want %s", line, want)
	}
}

func TestQuote(t *testing.T) {
	words := []string{"plain", "", "a b", "it's", `"$HOME"`, "a\nb", "~", "*", "mock:acc=0.5,seed=7", "é", "-x", `\`}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh to read the words back")
	}
	out, err := exec.Command(sh, "-c", "printf '%s\\0' "+commandLine(words)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSuffix(string(out), "\x00"); got != strings.Join(words, "\x00") {
		t.Errorf("read back %q", got)
	}
}

// TestShowUnfinished reads a run that was killed: no results in its manifest.
func TestShowUnfinished(t *testing.T) {
	c := twoRuns(t)
	whole := rowsOfCall[journal.Result](t, c, "show", "base")[0]
	dir := whole.Dir
	edit := func(change func(*journal.Manifest)) {
		t.Helper()
		m, err := journal.ReadManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		change(m)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, journal.ManifestName), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	edit(func(m *journal.Manifest) { m.Status, m.Sealed, m.Results = journal.Running, false, nil })
	res := rowsOfCall[journal.Result](t, c, "show", "base")[0]
	if got, want := res.Tasks[0].Primary, whole.Tasks[0].Primary; *got.Value != *want.Value || *got.SE != *want.SE || res.Status != "running" {
		t.Errorf("from the records %+v, as stored %+v", got, want)
	}
	m, err := journal.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, m.Tasks[0].File)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)/2], 0o666); err != nil { // torn in the middle of a line
		t.Fatal(err)
	}
	code, out, errs := c.run("show", "base", "--json")
	if code != 0 || !strings.Contains(errs, "is running") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	res = journal.Result{}
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatal(err)
	}
	if r := res.Tasks[0]; r.NOK == 0 || r.NOK >= 60 || r.NFailed != 60-r.NOK || r.Primary.N != r.NOK || len(r.Warnings) != 1 || r.Warnings[0] != "partial" {
		t.Errorf("half a run: %+v", r)
	}
	if code, out, errs := c.run("compare", "base", "new", "--json"); code != 0 || !strings.Contains(out, `"unfinished"`) || !strings.Contains(out, `"missing"`) {
		t.Errorf("compare: %d %s %s", code, out, errs)
	}
}
