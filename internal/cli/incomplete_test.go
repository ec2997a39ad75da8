package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"olmoeval/internal/journal"
)

const partlyThere = `
suite(name = "inner", aggregation = "average", tasks = ["demo_facts", "gone_a"])
suite(name = "partly", aggregation = "average_of_averages", tasks = ["demo_cloze", "inner", "gone_b"])
suite(name = "nothing", aggregation = "average", tasks = ["gone_a", "gone_b"])
`

// A suite that lacks members is listed with what it lacks, refused by run, and
// run in part when that is asked for, with a marked score.
func TestIncompleteSuite(t *testing.T) {
	c := newCall(t)
	c.file(t, "evals/partly.star", partlyThere)
	lacks := []string{"gone_a", "gone_b"}

	row := rowsOfCall[suiteRow](t, c, "suites", "^partly$")[0]
	if !slices.Equal(row.Missing, lacks) || len(row.Tasks) != 4 {
		t.Errorf("suites: %+v", row)
	}
	tree := rowsOfCall[suiteTree](t, c, "suite", "show", "partly")[0]
	if tree.Missing == nil || !slices.Equal(*tree.Missing, lacks) || tree.leaves() != 4 {
		t.Errorf("suite show: %+v", tree)
	}
	if out := c.ok(t, "suite", "show", "partly"); !strings.HasPrefix(out, "partly (average_of_averages, 4 tasks, 2 missing)\n") ||
		!strings.Contains(out, "    gone_a (missing: not in the catalogue)\n") {
		t.Errorf("suite show: %s", out)
	}
	if out := c.ok(t, "suite", "show", "nothing"); !strings.Contains(out, "2 missing") {
		t.Errorf("suite show: %s", out)
	}

	c.refuses(t, []string{"run", "-m", "mock", "-t", "partly"}, `"partly"`, "2 of 4 members", "gone_a, gone_b", "--allow-incomplete")
	c.refuses(t, []string{"run", "-m", "mock", "-t", "nothing", "--allow-incomplete"}, "2 of 2 members", "nothing is left")
	c.refuses(t, []string{"run", "-m", "mock", "-t", "gone_a", "--allow-incomplete"}, `unknown task or suite "gone_a"`)
	if code, out, _ := c.run("run", "-m", "mock", "-t", "partly", "--dry-run"); code != exitUsage || !strings.Contains(out, `missing: suite "partly"`) {
		t.Errorf("dry run: %d %s", code, out)
	}

	code, out, errs := c.run("run", "-m", "mock:oracle", "-t", "partly", "-o", "limit=5", "--allow-incomplete", "--json", "--name", "some")
	if code != 0 || !strings.Contains(errs, "gone_a") {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var res journal.Result
	if err := json.Unmarshal([]byte(out), &res); err != nil {
		t.Fatal(err)
	}
	if len(res.Tasks) != 2 || len(res.Suites) != 2 {
		t.Fatalf("%d tasks, %d suites", len(res.Tasks), len(res.Suites))
	}
	s := res.Suites[0]
	if s.Complete || !slices.Equal(s.Missing, lacks) || s.Value == nil || *s.Value != 1 || !slices.Contains(s.Warnings, "partial") || s.NTasks != 4 {
		t.Errorf("suite: %+v", s)
	}
	// It stays marked when the run is shown later.
	for _, args := range [][]string{{"show", "some"}, {"show", "some", "--card"}} {
		code, out, errs := c.run(args...)
		if code != 0 || !strings.Contains(out+errs, "gone_b") || !strings.Contains(out, "primary, incomplete: 2 of 4 tasks") {
			t.Errorf("%v: %d %s %s", args, code, out, errs)
		}
	}
	if code, out, errs := c.run("compare", "some", "some"); code != 0 || !strings.Contains(out+errs, "2 of 4 tasks cannot be compared") {
		t.Errorf("compare: %d %s %s", code, out, errs)
	}
}
