package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/compare"
)

// twoRuns makes runs "base" and "new" of 60 rows, the second of a better mock.
func twoRuns(t *testing.T) *call {
	t.Helper()
	c := newCall(t)
	var rows strings.Builder
	for i := range 60 {
		fmt.Fprintf(&rows, `{"id":"q%d","question":"what is %d + 1?","answer":"%d"}`+"\n", i, i, i+1)
	}
	c.file(t, "rows.jsonl", rows.String())
	c.ok(t, "run", "-m", "mock:acc=0.4,seed=3", "-t", "./rows.jsonl", "--name", "base", "--tag", "it's", "-q")
	c.ok(t, "run", "-m", "mock:acc=0.8,seed=3", "-t", "./rows.jsonl", "--name", "new", "-q")
	return c
}

func TestCompareCommand(t *testing.T) {
	c := twoRuns(t)
	got := rowsOfCall[compare.Comparison](t, c, "compare", "base", "new")[0]
	r := got.Tasks[0]
	if r.N != 60 || r.Losses != 0 || r.Wins == 0 || r.Verdict != "better" || r.P == nil || len(got.Differs) != 1 {
		t.Errorf("comparison = %+v", got)
	}
	out := c.ok(t, "compare", "last~1", "last")
	first, _, _ := strings.Cut(out, "\n")
	if first != "all else held fixed: only the model differs: mock:acc=0.4,seed=3 → mock:acc=0.8,seed=3" || !strings.Contains(out, "better") {
		t.Errorf("table:\n%s", out)
	}
	// The order of flags and arguments does not matter.
	x := c.ok(t, "compare", "base", "new", "--against", "new", "base", "--json")
	y := c.ok(t, "compare", "--against", "new", "base", "--json", "base", "new")
	if x != y || !strings.Contains(x, `"verdict":"reversed"`) {
		t.Errorf("--against:\n%s%s", x, y)
	}
	for format, want := range map[string]string{"csv": "task,metric,n,", "md": "all else held fixed", "latex": "% all else held fixed"} {
		if out := c.ok(t, "compare", "base", "new", "--format", format); !strings.HasPrefix(out, want) {
			t.Errorf("%s:\n%s", format, out)
		}
	}
	got = rowsOfCall[compare.Comparison](t, c, "compare", "base", "new", "--rope", "99pp", "--adjust", "holm", "--alpha", "0.01")[0]
	if got.Family.Adjust != "holm" || got.Family.Alpha != 0.01 || got.Tasks[0].Verdict != "equivalent" {
		t.Errorf("options: %+v", got)
	}
}

// TestComparisonKeys holds the object to the contract: every key is there, and
// a missing value is null.
func TestComparisonKeys(t *testing.T) {
	c := twoRuns(t)
	c.file(t, "one.jsonl", `{"id":"q0","score":1}`+"\n"+`{"id":"elsewhere","score":0}`+"\n")
	var got map[string]any
	if err := json.Unmarshal([]byte(c.ok(t, "compare", "base", "one.jsonl", "--json")), &got); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"a", "b", "differs", "family", "tasks", "suites", "slices"} {
		if _, ok := got[k]; !ok {
			t.Errorf("no key %s", k)
		}
	}
	task := got["tasks"].([]any)[0].(map[string]any)
	for _, k := range strings.Fields("task metric n n_missing_a n_missing_b a b delta se ci95 p p_adj method wins losses ties mde80 n_needed verdict warnings") {
		if _, ok := task[k]; !ok {
			t.Errorf("no key tasks[].%s", k)
		}
	}
	for _, k := range []string{"se", "ci95", "mde80", "n_needed"} {
		if task[k] != nil {
			t.Errorf("%s of one pair is %v, want null", k, task[k])
		}
	}
	if task["n"] != 1.0 || task["n_missing_b"] != 59.0 || task["n_missing_a"] != 1.0 {
		t.Errorf("task = %v", task)
	}
}

func TestCompareRefuses(t *testing.T) {
	c := twoRuns(t)
	c.file(t, "other.jsonl", `{"question":"a","answer":"b"}`)
	c.ok(t, "run", "-m", "mock", "-t", "./other.jsonl", "--name", "other", "-q")
	for args, word := range map[string]string{
		"compare base":                         "wants two runs",
		"compare base nwe":                     `did you mean "new"?`,
		"compare base other":                   "no task in common: A has rows.jsonl; B has other.jsonl",
		"compare base new -t row":              "neither run has such a task",
		"compare base new --metric accuracies": "has no metric",
		"compare base new --rope x":            "--rope",
		"compare base new --alpha 0":           "--alpha",
		"compare base new --adjust x":          "--adjust",
		"compare base new --by topic":          "want metadata.KEY",
		"compare base new --by metadata.zzz":   "no question of the tasks compared has it",
		"compare base new --against base":      "--against C D",
		"compare base new --format xml":        "unknown format",
		"flips base new --lost --gained":       "exclude each other",
		"flips base new -n 0":                  "at least 1",
		"flips base ./nowhere":                 "nothing is there",
		"show base --card --command":           "exclude each other",
		"show last~9":                          "there are 3 runs",
		"runs modell=x":                        `did you mean "model"?`,
		"instances base rows":                  "rows.jsonl",
		"instances base rows.jsonl --where x":  "is no condition",
	} {
		c.refuses(t, strings.Fields(args), word)
	}
	code, _, errs := c.run("compare", "base", "task=rows.jsonl")
	if code != exitUsage || !strings.Contains(errs, "several systems") || strings.Count(errs, "mock:acc") != 2 {
		t.Errorf("two systems: exit code %d: %s", code, errs)
	}
}

func TestFlipsCommand(t *testing.T) {
	c := twoRuns(t)
	got := rowsOfCall[compare.Flip](t, c, "flips", "base", "new")
	r := rowsOfCall[compare.Comparison](t, c, "compare", "base", "new")[0].Tasks[0]
	if len(got) != r.Wins+r.Losses {
		t.Fatalf("%d flips, %d wins, %d losses", len(got), r.Wins, r.Losses)
	}
	f := got[0]
	if f.Direction != "gained" || f.B.Answer != f.Gold || f.A.Answer == f.Gold || *f.A.Score != 0 || f.A.Status != "ok" || !strings.HasPrefix(f.Question, "what is") {
		t.Errorf("flip = %+v", f)
	}
	if got := rowsOfCall[compare.Flip](t, c, "flips", "base", "new", "--lost"); len(got) != 0 {
		t.Errorf("lost: %+v", got)
	}
	if got := rowsOfCall[compare.Flip](t, c, "flips", "base", "new", "-n", "2"); len(got) != 2 {
		t.Errorf("-n 2: %d", len(got))
	}
}

func TestFlipsNameTheChoice(t *testing.T) {
	c := newCall(t)
	var rows strings.Builder
	for i := range 40 {
		fmt.Fprintf(&rows, `{"id":"q%d","question":"number %d?","answer":"yes","choices":["no","yes","perhaps"]}`+"\n", i, i)
	}
	c.file(t, "mc.jsonl", rows.String())
	c.ok(t, "run", "-m", "mock:acc=0.2", "-t", "./mc.jsonl", "--name", "a", "-q")
	c.ok(t, "run", "-m", "mock:acc=0.9", "-t", "./mc.jsonl", "--name", "b", "-q")
	for _, f := range rowsOfCall[compare.Flip](t, c, "flips", "a", "b") {
		if f.A.Answer == f.B.Answer {
			t.Errorf("the same choice scores differently: %+v", f)
		}
	}
}

func TestVs(t *testing.T) {
	c := twoRuns(t)
	out := c.ok(t, "run", "-m", "mock:acc=0.9,seed=3", "-t", "./rows.jsonl", "--vs", "base", "-q", "--json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var got compare.Comparison
	if len(lines) != 2 || json.Unmarshal([]byte(lines[1]), &got) != nil || got.A.Name != "base" || got.Tasks[0].Verdict != "better" {
		t.Errorf("run --vs:\n%s", out)
	}
}

func TestForeignRuns(t *testing.T) {
	c := twoRuns(t)
	var csv strings.Builder
	csv.WriteString("id,score\n")
	for _, r := range rowsOfCall[listedInstance](t, c, "instances", "new", "rows.jsonl") {
		fmt.Fprintf(&csv, "%s,%v\n", r.ItemID, *r.Primary)
	}
	c.file(t, "theirs.csv", csv.String())
	own := rowsOfCall[compare.Comparison](t, c, "compare", "base", "new")[0].Tasks[0]
	theirs := rowsOfCall[compare.Comparison](t, c, "compare", "base", "theirs.csv")[0]
	if r := theirs.Tasks[0]; *r.Delta != *own.Delta || *r.P != *own.P || r.Task != "rows.jsonl" {
		t.Errorf("read in place: %+v, stored: %+v", r, own)
	}
	if len(theirs.Warnings) != 1 || theirs.Warnings[0] != "unchecked" {
		t.Errorf("warnings = %q", theirs.Warnings)
	}
	c.refuses(t, []string{"show", "theirs.csv"}, "can be compared")
	if err := os.WriteFile(filepath.Join(c.dir, "x.eval"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	c.refuses(t, []string{"compare", "base", "x.eval"}, "Inspect", "cannot be read in place yet")
}
