package compare

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/stats"
)

// The paired fixture of the specification: 16 questions in clusters of four.
var (
	fixtureA = []float64{1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1}
	fixtureB = []float64{1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0}
)

func near(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil || math.Abs(*got-want) > 1e-9 {
		t.Errorf("%s = %v, want %v", what, deref(got), want)
	}
}

func deref(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

func TestFixture(t *testing.T) {
	a, b := pairOf(t, accuracy, items(fixtureA...), items(fixtureB...))
	c := mustRuns(t, a, b, Options{})
	r := c.Tasks[0]
	near(t, "a", r.A, 10.0/16)
	near(t, "b", r.B, 6.0/16)
	near(t, "delta", r.Delta, -0.25)
	near(t, "se", r.SE, 0.14433756729740643)
	near(t, "mde80", r.MDE80, 2.801585218112969*0.14433756729740643)
	near(t, "p", r.P, stats.McNemarMidP(1, 5))
	near(t, "p_adj", r.PAdj, *r.P)
	if r.N != 16 || r.Wins != 1 || r.Losses != 5 || r.Ties != 10 || r.Verdict != stats.Unresolved || r.Method != "mcnemar mid-p" {
		t.Errorf("row = %+v", r)
	}
	// ⌈(2.8016·sd/delta)²⌉ with sd = √(1/3).
	if r.NNeeded == nil || *r.NNeeded != 42 {
		t.Errorf("n_needed = %v, want 42", r.NNeeded)
	}
	if got := c.Headline(); got != "all else held fixed: only the model differs: A → B" {
		t.Errorf("headline %q", got)
	}
}

func TestClusters(t *testing.T) {
	withClusters := func(values []float64) []item {
		list := items(values...)
		list = append(list, items(values...)...) // eight clusters, so that there is an interval
		for i := range list {
			list[i].id, list[i].digest = list[i].id+string(rune('a'+i/16)), list[i].digest[1:]+string(rune('0'+i/16))
			list[i].cluster = string(rune('A' + i/4))
		}
		return list
	}
	a, b := pairOf(t, accuracy, withClusters(fixtureA), withClusters(fixtureB))
	r := mustRuns(t, a, b, Options{}).Tasks[0]
	// Σ(cluster sums of d−d̄)² is 2·6; CR1: √(8/7·12)/32.
	near(t, "se", r.SE, math.Sqrt(8.0/7*12)/32)
	if r.Clusters != 8 || !strings.HasPrefix(r.Method, "cluster sign-flip") {
		t.Errorf("row = %+v", r)
	}
}

func TestSuddenDeath(t *testing.T) {
	// One win to none is no evidence at all, nor is three to none: the reference
	// gives p = 0 for both.
	for _, wins := range []int{1, 3} {
		av, bv := make([]float64, 40), make([]float64, 40)
		for i := range wins {
			bv[i] = 1
		}
		a, b := pairOf(t, accuracy, items(av...), items(bv...))
		r := mustRuns(t, a, b, Options{}).Tasks[0]
		near(t, "p", r.P, math.Pow(0.5, float64(wins)))
		if r.Verdict != stats.Unresolved {
			t.Errorf("%d to 0: verdict %s", wins, r.Verdict)
		}
	}
}

func TestMissingAndMismatch(t *testing.T) {
	la, lb := items(1, 1, 0, 1, 0, 1), items(1, 1, 1, 1, 0, 1)
	la[0].value = nil             // failed in A
	lb[1].digest = "ffffffffffff" // another question under the same id
	lb = lb[:5]                   // q5 is not in B
	lb = append(lb, item{id: "only B", digest: "b", value: &[]float64{1}[0], weight: 1})
	a, b := pairOf(t, accuracy, la, lb)
	c := mustRuns(t, a, b, Options{})
	r := c.Tasks[0]
	if r.N != 3 || r.MissingA != 2 || r.MissingB != 1 || r.Wins != 1 || r.Ties != 2 {
		t.Errorf("row = %+v", r)
	}
	for _, code := range []string{"digest_mismatch: 1 ", "missing: A lacks 2 questions and B 1", "small_n"} {
		if !slices.ContainsFunc(r.Notes, func(w string) bool { return strings.HasPrefix(w, code) }) {
			t.Errorf("no warning %q in %q", code, r.Notes)
		}
	}
	if !slices.ContainsFunc(c.Differs, func(d Difference) bool { return d.What == Data }) {
		t.Errorf("differs = %v, want data in it", c.Differs)
	}
}

func TestNothingToCompare(t *testing.T) {
	a, b := pairOf(t, accuracy, items(1, 0), []item{{id: "other", digest: "x", value: new(float64), weight: 1}})
	c := mustRuns(t, a, b, Options{})
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"delta":null`, `"se":null`, `"ci95":null`, `"p":null`, `"p_adj":null`, `"mde80":null`, `"n_needed":null`, `"a":null`, `"verdict":"unresolved"`, `"suites":[]`, `"slices":[]`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in %s", want, raw)
		}
	}
}

func TestVerdicts(t *testing.T) {
	n := 400
	base, more, same := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range base {
		base[i] = float64(i % 2)
		same[i], more[i] = base[i], base[i]
		if i%10 == 0 {
			more[i] = 1
		}
	}
	for _, c := range []struct {
		name string
		b    []float64
		o    Options
		want string
	}{
		{"better", more, Options{}, stats.Better},
		{"equal", same, Options{}, stats.Equivalent},
		{"wide rope", more, Options{Rope: &[]float64{0.2}[0]}, stats.Equivalent},
	} {
		a, b := pairOf(t, accuracy, items(base...), items(c.b...))
		if r := mustRuns(t, a, b, c.o).Tasks[0]; r.Verdict != c.want {
			t.Errorf("%s: verdict %s, want %s: %+v", c.name, r.Verdict, c.want, r)
		}
		if r := mustRuns(t, b, a, c.o).Tasks[0]; c.want == stats.Better && r.Verdict != stats.Worse {
			t.Errorf("%s turned round: verdict %s", c.name, r.Verdict)
		}
	}
}

func TestUnits(t *testing.T) {
	ppl := journal.Metric{ID: "corpus_perplexity", Unit: eval.PPL}
	la, lb := items(1, 2, 3), items(1.5, 2, 2)
	for i := range la {
		la[i].weight, lb[i].weight = float64(i+1), float64(i+1)
	}
	a, b := pairOf(t, ppl, la, lb)
	r := mustRuns(t, a, b, Options{}).Tasks[0]
	near(t, "a", r.A, math.Exp((1+4+9)/6.0))
	near(t, "b", r.B, math.Exp((1.5+4+6)/6.0))
	near(t, "delta", r.Delta, *r.B-*r.A)
	near(t, "rope", r.Rope, 0.01**r.A)
	if r.Wins != 1 || r.Losses != 1 || r.Ties != 1 {
		t.Errorf("lower is better: %+v", r)
	}

	bpb := journal.Metric{ID: "bits_per_byte_corpus", Unit: eval.BitsPerByte}
	a, b = pairOf(t, bpb, la, lb)
	r = mustRuns(t, a, b, Options{}).Tasks[0]
	near(t, "ratio", r.Delta, (1.5+4+6)/6.0-(1+4+9)/6.0)
}

func TestFamily(t *testing.T) {
	run := func(model string, wins int) Side {
		r := newRun(model, testTask("x", accuracy, 40), testTask("y", accuracy, 40))
		values := make([]float64, 40)
		for i := range wins {
			values[i] = 1
		}
		return r.with("x", items(values...)).with("y", items(values[:40]...)).write(t)
	}
	a, b := run("A", 0), run("B", 5)
	for adjust, factor := range map[string]float64{BH: 1, Holm: 2, None: 1} {
		c := mustRuns(t, a, b, Options{Adjust: adjust})
		if c.Family.Tests != 2 {
			t.Errorf("%s: %d tests", adjust, c.Family.Tests)
		}
		near(t, adjust, c.Tasks[0].PAdj, *c.Tasks[0].P*factor)
	}
	if c := mustRuns(t, a, b, Options{Tasks: []string{"y"}}); len(c.Tasks) != 1 || c.Family.Tests != 1 {
		t.Errorf("-t y: %+v", c.Tasks)
	}
}

func TestSuites(t *testing.T) {
	x := items(fixtureA...)
	y := items(fixtureB...)
	tree := eval.SuiteNode{Name: "s", Aggregation: eval.AverageOfAverages, Children: []eval.SuiteNode{
		{Task: "x"},
		{Name: "inner", Aggregation: eval.Average, Children: []eval.SuiteNode{{Task: "y"}, {Task: "z"}}},
	}}
	run := func(model string, lists ...[]item) Side {
		r := newRun(model, testTask("x", accuracy, 16), testTask("y", accuracy, 16), testTask("z", accuracy, 16))
		r.manifest.Suites = []eval.SuiteNode{tree}
		return r.with("x", lists[0]).with("y", lists[1]).with("z", lists[2]).write(t)
	}
	c := mustRuns(t, run("A", x, x, x), run("B", y, x, y), Options{})
	if len(c.Suites) != 2 || c.Suites[0].Suite != "s" || !c.Suites[0].Complete {
		t.Fatalf("suites = %+v", c.Suites)
	}
	se := 0.14433756729740643
	near(t, "delta", c.Suites[0].Delta, -0.25*(0.5+0.25))
	near(t, "se", c.Suites[0].SE, se*math.Sqrt(0.25+1.0/16))
	near(t, "inner", c.Suites[1].Delta, -0.125)

	c = mustRuns(t, run("A", x, x, x), newRun("B", testTask("x", accuracy, 16)).with("x", y).write(t), Options{})
	if s := c.Suites[0]; s.Complete || s.Delta != nil || !slices.Equal(s.Missing, []string{"y", "z"}) {
		t.Errorf("incomplete suite = %+v", s)
	}
}

func TestSlices(t *testing.T) {
	la, lb := items(fixtureA...), items(fixtureB...)
	for i := range la {
		la[i].metadata = map[string]any{"subject": []string{"art", "bio"}[i%2], "tags": []any{"all", []string{"odd", "even"}[i%2]}}
		lb[i].metadata = la[i].metadata
	}
	a, b := pairOf(t, accuracy, la, lb)
	c := mustRuns(t, a, b, Options{By: "metadata.subject"})
	if len(c.Slices) != 2 || c.Slices[0].Slice != "art" || c.Slices[0].N != 8 || c.Slices[1].PAdj == nil {
		t.Errorf("slices = %+v", c.Slices)
	}
	near(t, "weighted slices", c.Tasks[0].Delta, (*c.Slices[0].Delta+*c.Slices[1].Delta)/2)
	if c := mustRuns(t, a, b, Options{By: "tag"}); len(c.Slices) != 3 || c.Slices[0].N != 16 {
		t.Errorf("tags: %+v", c.Slices)
	}
	_, err := Runs(context.Background(), a, b, Options{By: "metadata.nope"})
	var bad *UsageError
	if !errors.As(err, &bad) {
		t.Errorf("unknown key: %v", err)
	}
}

func TestReplicates(t *testing.T) {
	a1, b := pairOf(t, accuracy, items(1, 0, 1, 0), items(1, 1, 1, 1))
	second := newRun("A", testTask("t", accuracy, 4)).with("t", items(1, 1, 0, 0)).write(t)
	a := Side{append(a1.Runs, second.Runs...)}
	r := mustRuns(t, a, b, Options{}).Tasks[0]
	near(t, "a", r.A, (1+0.5+0.5+0)/4)
	if !strings.HasPrefix(r.Method, "sign-flip") || r.Wins != 3 {
		t.Errorf("row = %+v", r)
	}
	other := testTask("t", accuracy, 4)
	other.Config["num_fewshot"] = 5
	a.Runs = append(a1.Runs, newRun("A", other).with("t", items(0, 0, 0, 0)).write(t).Runs...)
	r = mustRuns(t, a, b, Options{}).Tasks[0]
	near(t, "only the newest", r.A, 0.5)
}

func TestDeterminism(t *testing.T) {
	values := make([]float64, 200)
	other := make([]float64, 200)
	for i := range values {
		values[i], other[i] = float64(i%7)/7, float64(i%5)/5
	}
	a, b := pairOf(t, journal.Metric{ID: "f1", Unit: eval.Proportion, HigherIsBetter: true}, items(values...), items(other...))
	first, err := json.Marshal(mustRuns(t, a, b, Options{}))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(mustRuns(t, a, b, Options{}))
	if string(first) != string(again) {
		t.Errorf("not the same twice:\n%s\n%s", first, again)
	}
}

func TestForeign(t *testing.T) {
	a, b := pairOf(t, accuracy, items(fixtureA...), items(fixtureB...))
	m := *b.Runs[0].Manifest
	m.Model = eval.Model{Name: "their.csv", Kind: "foreign", ID: "their.csv"}
	task := journal.Task{Label: "", UniqueIDs: true, Primary: "score", Metrics: []journal.Metric{{ID: "score", Unit: eval.Proportion, HigherIsBetter: true}}}
	m.Tasks = []journal.Task{task}
	inner := newRun("F", testTask("", task.Metrics[0], 16))
	list := items(fixtureB...)
	for i := range list {
		list[i].digest, list[i].prompt = "", ""
	}
	f := inner.with("", list).write(t)
	f.Runs[0].Foreign, f.Runs[0].Manifest = true, &m
	m.Tasks[0].File = "records/0.jsonl"
	c := mustRuns(t, a, f, Options{})
	near(t, "delta", c.Tasks[0].Delta, -0.25)
	if c.Tasks[0].Task != "t" || c.Tasks[0].Metric != "accuracy" || !strings.HasPrefix(c.Headline(), "not checked") {
		t.Errorf("%q %+v", c.Headline(), c.Tasks[0])
	}
}

func TestUsage(t *testing.T) {
	a, b := pairOf(t, accuracy, items(1, 0), items(1, 1))
	u := newRun("U", testTask("u", accuracy, 2)).with("u", items(1, 1)).write(t)
	for want, f := range map[string]func() error{
		"no task in common: A has t; B has u": func() error { _, err := Runs(context.Background(), a, u, Options{}); return err },
		`did you mean "accuracy"?`:            func() error { _, err := Runs(context.Background(), a, b, Options{Metric: "accuracies"}); return err },
		"neither run has such a task":         func() error { _, err := Runs(context.Background(), a, b, Options{Tasks: []string{"zzz"}}); return err },
		"--alpha is 2":                        func() error { _, err := Runs(context.Background(), a, b, Options{Alpha: 2}); return err },
		"--by x":                              func() error { _, err := Runs(context.Background(), a, b, Options{By: "x"}); return err },
		"unknown method":                      func() error { _, err := Runs(context.Background(), a, b, Options{Adjust: "bf"}); return err },
	} {
		err := f()
		var bad *UsageError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("want a usage error with %q, got %v", want, err)
		}
	}
}

func TestFlips(t *testing.T) {
	a, b := pairOf(t, accuracy, items(1, 0, 1, 0), items(0, 0, 1, 1))
	flips, total, err := Flips(context.Background(), a, b, FlipOptions{})
	if err != nil || total != 2 || len(flips) != 2 {
		t.Fatalf("%d flips of %d, %v", len(flips), total, err)
	}
	f := flips[0]
	if f.Direction != Lost || f.ItemID != "q0" || f.Question != "what is q0?" || f.Gold != "gold q0" || f.A.Answer != "1" || *f.B.Score != 0 || f.B.Status != eval.OK {
		t.Errorf("flip = %+v", f)
	}
	flips, total, _ = Flips(context.Background(), a, b, FlipOptions{Direction: Gained, Max: 1})
	if total != 1 || flips[0].ItemID != "q3" {
		t.Errorf("gained: %d %+v", total, flips)
	}
	// Graded values: the largest change first; lower is better.
	bpb := journal.Metric{ID: "bits_per_byte", Unit: eval.BitsPerByte}
	a, b = pairOf(t, bpb, items(1, 2, 3), items(1.1, 1, 3))
	flips, _, _ = Flips(context.Background(), a, b, FlipOptions{})
	if len(flips) != 2 || flips[0].ItemID != "q1" || flips[0].Direction != Gained || flips[1].Direction != Lost {
		t.Errorf("graded: %+v", flips)
	}
}

func TestAgainst(t *testing.T) {
	n := 300
	low, high := make([]float64, n), make([]float64, n)
	for i := range low {
		low[i] = float64(i % 2)
		high[i] = low[i]
		if i%6 == 0 {
			high[i] = 1
		}
	}
	a, b := pairOf(t, accuracy, items(low...), items(high...))
	for _, c := range []struct {
		c, d Side
		want string
	}{{a, b, Holds}, {a, a, Smaller}, {b, a, Reversed}} {
		r := mustRuns(t, a, b, Options{Against: &[2]Side{c.c, c.d}}).Against.Tasks[0]
		if r.Verdict != c.want {
			t.Errorf("verdict %s, want %s: %+v", r.Verdict, c.want, r)
		}
	}
	r := mustRuns(t, a, a, Options{Against: &[2]Side{a, b}}).Against.Tasks[0]
	if r.Verdict != stats.Unresolved {
		t.Errorf("no change to hold: %s", r.Verdict)
	}
}

func BenchmarkRuns(b *testing.B) {
	values := make([]float64, 50_000)
	other := make([]float64, 50_000)
	for i := range values {
		values[i], other[i] = float64(i%2), float64(i%3/2)
	}
	x, y := pairOf(b, accuracy, items(values...), items(other...))
	for b.Loop() {
		mustRuns(b, x, y, Options{})
	}
}
