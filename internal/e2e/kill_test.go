package e2e

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// A run killed with SIGKILL at random moments and started again by the same
// command gives the records and, to the last bit, the results of a run that was
// never killed, and sends nothing again but what was in flight.
func TestKillAnywhere(t *testing.T) {
	const (
		kills    = 50
		n        = 1500
		inFlight = 8
	)
	if testing.Short() {
		t.Skip("starts the program fifty times")
	}
	whole := t.TempDir()
	calm := serve(t, "mock:latency=1ms")
	args := func(dir, url string, workers int) []string {
		return []string{"run", "-m", "m,base_url=" + url + "/v1,model=mock", "-t", rows(t, dir, n), "--quiet", "--json", "--concurrency", strconv.Itoa(workers)}
	}
	if code, out, errs := finish(t, program(whole, args(whole, calm.URL, 3)...)); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	wantRecords, wantResults := content(t, onlyRun(t, whole))
	if len(wantRecords) != n {
		t.Fatalf("%d records, want %d", len(wantRecords), n)
	}

	random := rand.New(rand.NewPCG(7, 11))
	killed, again, rounds := 0, 0, 0
	for killed < kills {
		rounds++
		dir := t.TempDir()
		shaky := serve(t, "mock:latency=1ms")
		command := args(dir, shaky.URL, inFlight)
		here := 0
		for {
			cmd := program(dir, command...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			moment := time.AfterFunc(time.Duration(random.IntN(90_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
			if here >= kills {
				moment.Stop()
			}
			err := cmd.Wait()
			moment.Stop()
			if err == nil {
				break
			}
			here++
		}
		killed += here
		gotRecords, gotResults := content(t, onlyRun(t, dir))
		if !slices.Equal(gotRecords, wantRecords) {
			t.Errorf("round %d: records differ: %d and %d", rounds, len(gotRecords), len(wantRecords))
		}
		if gotResults != wantResults {
			t.Errorf("round %d: results differ:\n%s\n%s", rounds, gotResults, wantResults)
		}
		twice := shaky.again()
		again += twice
		if limit := here * inFlight; twice > limit {
			t.Errorf("round %d: %d requests were sent again; want at most %d, what was in flight at %d kills", rounds, twice, limit, here)
		}
	}
	t.Logf("%d kills in %d runs; %d requests were sent again", killed, rounds, again)
}

// Any number of workers gives the same records and results.
func TestWorkersDoNotMatter(t *testing.T) {
	var records []string
	var results string
	for _, workers := range []string{"1", "7", "64"} {
		dir := t.TempDir()
		code, out, errs := finish(t, program(dir, "run", "-m", "mock:acc=0.6,fail=0.2,seed=3", "-t", rows(t, dir, 700), "-t", "demo", "--quiet", "--json", "--concurrency", workers))
		if code != 0 {
			t.Fatalf("exit code %d\n%s%s", code, out, errs)
		}
		r, s := content(t, onlyRun(t, dir))
		if results == "" {
			records, results = r, s
			continue
		}
		if !slices.Equal(r, records) || s != results {
			t.Errorf("%s workers: records or results differ", workers)
		}
	}
}

// The parts of a sharded run, made by processes of their own, merge to the run
// that one process makes.
func TestShards(t *testing.T) {
	whole, parts := t.TempDir(), t.TempDir()
	base := func(dir string) []string {
		return []string{"run", "-m", "mock:acc=0.6", "-t", rows(t, dir, 500), "--quiet", "--json"}
	}
	if code, out, errs := finish(t, program(whole, base(whole)...)); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	done := make(chan int, 3)
	for i := range 3 {
		cmd := program(parts, append(base(parts), "--shard", strconv.Itoa(i)+"/3")...)
		go func() {
			code, _, errs := finish(t, cmd)
			if code != 0 {
				t.Log(errs)
			}
			done <- code
		}()
	}
	for range 3 {
		if code := <-done; code != 0 {
			t.Errorf("a shard ended with exit code %d", code)
		}
	}
	wantRecords, wantResults := content(t, onlyRun(t, whole))
	gotRecords, gotResults := content(t, onlyRun(t, parts))
	if !slices.Equal(gotRecords, wantRecords) || gotResults != wantResults {
		t.Errorf("the merged run differs:\n%s\n%s", gotResults, wantResults)
	}
	if code, _, errs := finish(t, program(parts, "merge", filepath.Base(onlyRun(t, parts)), "--json")); code != 0 {
		t.Errorf("merging a merged run: exit code %d: %s", code, errs)
	}
}
