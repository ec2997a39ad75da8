package e2e

import (
	"encoding/json"
	"testing"

	"olmoeval/internal/journal"
)

func resultOf(t *testing.T, out string) journal.Result {
	t.Helper()
	var r journal.Result
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r
}

const faults = "fail=0.1,http429=0.1,hang=0.1,garbage=0.1,nan=0.1"

// Faults that strike attempts lose nothing and change nothing: the numbers are
// those of a calm model.
func TestFaultsChangeNoNumbers(t *testing.T) {
	dir := t.TempDir()
	data := rows(t, dir, 400)
	run := func(model string) journal.Result {
		code, out, errs := finish(t, program(dir, "run", "-m", model, "-t", data, "-t", "demo", "--quiet", "--json", "--timeout", "200ms", "--new", "--concurrency", "64"))
		if code != 0 {
			t.Fatalf("%s: exit code %d\n%s%s", model, code, out, errs)
		}
		return resultOf(t, out)
	}
	calm, shaky := run("mock:acc=0.6"), run("mock:acc=0.6,"+faults)
	for i, task := range calm.Tasks {
		got := shaky.Tasks[i]
		// A request may fail at every one of its tries; such instances are
		// reported, and the others have the numbers they have without faults.
		if got.NOK+got.NFailed != task.NTotal {
			t.Errorf("%s: %d ok and %d failed of %d", task.Task, got.NOK, got.NFailed, task.NTotal)
		}
		if got.NFailed == 0 && *got.Primary.Value != *task.Primary.Value {
			t.Errorf("%s: %v with faults, %v without", task.Task, *got.Primary.Value, *task.Primary.Value)
		}
	}
}

// Questions that fail at every attempt are reported, excluded, and beyond the
// allowed share end with exit code 3; the same command tries them again.
func TestStickyFailures(t *testing.T) {
	dir := t.TempDir()
	args := []string{"run", "-m", "mock:acc=0.6,sticky=0.05,fail=0.02", "-t", rows(t, dir, 600), "--quiet", "--json"}
	code, out, errs := finish(t, program(dir, args...))
	if code != 3 {
		t.Fatalf("exit code %d, want 3\n%s%s", code, out, errs)
	}
	r := resultOf(t, out)
	task := r.Tasks[0]
	if task.NFailed < 10 || task.NFailed > 70 || task.NOK+task.NFailed != 600 || task.Primary.N != task.NOK || r.Status != journal.Incomplete {
		t.Errorf("%+v, status %s", task, r.Status)
	}
	if code, _, errs := finish(t, program(dir, append(args, "--max-failed", "20%")...)); code != 0 {
		t.Errorf("with --max-failed 20%%: exit code %d\n%s", code, errs)
	}
	code, out, errs = finish(t, program(dir, append(args, "--accept-failures", "--max-failed", "20%")...))
	if code != 0 || resultOf(t, out).Status != journal.Complete || resultOf(t, out).RunID != r.RunID {
		t.Errorf("with --accept-failures: exit code %d\n%s%s", code, out, errs)
	}
}

// The same faults from a server, over HTTP, fewer of them: the waits between
// tries are real here, and double.
func TestServerFaults(t *testing.T) {
	dir := t.TempDir()
	calm, shaky := serve(t, "mock"), serve(t, "mock:fail=0.04,http429=0.04,hang=0.04,garbage=0.04,nan=0.04,reset=0.02")
	const n = 60
	data := rows(t, dir, n)
	run := func(url string, name string) journal.Result {
		code, out, errs := finish(t, program(dir, "run", "-m", "m,base_url="+url+"/v1,model=mock", "-t", data, "--name", name, "--quiet", "--json", "--timeout", "300ms", "--concurrency", "64", "--max-failed", "20%"))
		if code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, out, errs)
		}
		return resultOf(t, out)
	}
	a, b := run(calm.URL, "calm"), run(shaky.URL, "shaky")
	if x, y := a.Tasks[0], b.Tasks[0]; y.NOK+y.NFailed != n || y.NFailed > n/10 || *x.Primary.Value != *y.Primary.Value {
		t.Errorf("calm %+v\nshaky %+v", x, y)
	}
}

// A wrong key or an unknown model aborts at once with exit code 4.
func TestUnusableServer(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, "mock", "served")
	data := rows(t, dir, 20)
	code, _, errs := finish(t, program(dir, "run", "-m", "nosuch,base_url="+s.URL+"/v1", "-t", data, "--quiet"))
	if code != 4 {
		t.Errorf("unknown model: exit code %d, want 4\n%s", code, errs)
	}
	s.Close()
	code, _, errs = finish(t, program(dir, "run", "-m", "served,base_url="+s.URL+"/v1", "-t", data, "--quiet"))
	if code != 4 {
		t.Errorf("no server: exit code %d, want 4\n%s", code, errs)
	}
}
