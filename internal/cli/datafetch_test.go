package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/corpus"
)

func TestDataFetch(t *testing.T) {
	dir := corpus.Dir(t)
	c := newCall(t)
	specs := []string{"gsm8k", "arc_challenge:mc", "arc_easy:olmes", "demo_cloze"}
	args := append([]string{"data", "fetch", "--to", "m", "-o", "num_fewshot=2", "--mirror", filepath.Join(dir, "mirror")}, specs...)
	rows := rowsOfCall[fetched](t, c, args...)
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{r.Kind, r.Name, r.Subset, r.Split, r.Status}, " "))
	}
	want := []string{
		"rows gsm8k main test fetched", "fewshot gsm8k_fixed_fewshot   fetched",
		"rows allenai/ai2_arc ARC-Challenge test fetched", "rows allenai/ai2_arc ARC-Challenge train fetched", "rows allenai/ai2_arc ARC-Easy test fetched",
		"fewshot arc_easy_fixed_fewshot   fetched",
	}
	if g := strings.Join(got, "\n"); !strings.HasPrefix(g, strings.Join(want, "\n")) || !strings.Contains(g, "bundled") {
		t.Errorf("data fetch:\n%s", g)
	}
	// What is there now serves the same requests.
	inspect := append([]string{"task", "inspect", "-n", "0", "-o", "num_fewshot=2", "--json"}, specs...)
	from := func(mirror string) string { return c.ok(t, append(inspect, "--mirror", mirror)...) }
	if a, b := from(filepath.Join(dir, "mirror")), from("m"); a != b || a == "" {
		t.Errorf("requests from the copy differ:\n%.300s\n%.300s", a, b)
	}
	// Twice is no harm.
	if again := rowsOfCall[fetched](t, c, args...); len(again) != len(rows) {
		t.Errorf("again: %d rows, first %d", len(again), len(rows))
	}
}

func TestDataFetchRefuses(t *testing.T) {
	c := starCall(t)
	c.refuses(t, []string{"data", "fetch", "one"}, "--to DIR")
	c.refuses(t, []string{"data", "fetch", "onee", "--to", "m"}, `did you mean "one"?`)
	c.refuses(t, []string{"data", "fetsh"}, `did you mean "fetch"?`)
	// What cannot be had is said, the rest is fetched.
	code, out, errs := c.run("data", "fetch", "gsm8k", "two", "--to", "m", "--json")
	if code != exitUsage || !strings.Contains(out, `"status":"failed"`) || !strings.Contains(out, `"status":"fetched"`) || !strings.Contains(errs, "could not be fetched") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	for _, w := range []string{`"kind":"judge","name":"gpt","status":"not_carried"`, `"command":"export MY_KEY=…"`} {
		if !strings.Contains(out, w) {
			t.Errorf("%s lacks %s", out, w)
		}
	}
}
