package cli

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestInspect(t *testing.T) {
	c := starCall(t)
	out := c.ok(t, "task", "inspect", "one:hot", "-n", "2", "--skip", "1", "-o", "sampling.stop_sequences=[x]", "--json")
	want := `{"spec":"one:hot","index":1,"instance":{"id":"n1","question":"2","gold_answer":"<y>","metadata":{"id":"n1"}},"request":{"request_type":"completion","prompt":"Q 2 A"},"sampling":{"temperature":1,"stop_sequences":["x"],"num_samples":1}}
{"spec":"one:hot","index":2,"instance":{"id":"n2","question":"3","gold_answer":"z","metadata":{"id":"n2"}},"request":{"request_type":"completion","prompt":"Q 3 A"},"sampling":{"temperature":1,"stop_sequences":["x"],"num_samples":1}}
`
	if out != want {
		t.Errorf("inspect:\n%s want\n%s", out, want)
	}
	if out := c.ok(t, "task", "inspect", "both"); !strings.Contains(out, "=== two, instance 0") || !strings.Contains(out, "=== one:hot, instance 0") {
		t.Errorf("suite: %s", out)
	}
	if rows := rowsOfCall[inspected](t, c, "task", "inspect", "one", "-n", "0"); len(rows) != 3 {
		t.Errorf("-n 0: %d rows, want 3", len(rows))
	}
	// A drawn order begins with index 0, whatever row that is.
	drawn := rowsOfCall[inspected](t, c, "task", "inspect", "one", "-n", "2", "-o", "limit=2", "-o", "seed=3")
	if len(drawn) != 2 || drawn[0].Index != 0 || drawn[1].Index != 1 || drawn[0].Instance.Question == "1" && drawn[1].Instance.Question == "2" {
		t.Errorf("limit: %+v", drawn)
	}
	code, out, errs := c.run("task", "inspect", "one", "--skip", "3")
	if code != 0 || out != "" || !strings.Contains(errs, "no instance after the first 3") {
		t.Errorf("skip too many: %d %q %q", code, out, errs)
	}
	c.refuses(t, []string{"task", "inspect"}, "requires at least 1 arg")
	c.refuses(t, []string{"task", "inspect", "ones"}, `did you mean "one"?`)
	c.refuses(t, []string{"task", "inspect", "one", "-n", "-1"}, "0 or more")
	c.refuses(t, []string{"task", "inspect", "one", "-o", "fewshot_set=nope", "-o", "num_fewshot=1"}, "nope")
	c.refuses(t, []string{"task", "inspect", "./no.jsonl"}, "does not exist")
}

func TestInspectReadsNoMoreThanItMust(t *testing.T) {
	c := starCall(t)
	var rows strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&rows, "{\"q\": \"%d\", \"a\": \"x\"}\n", i)
	}
	c.file(t, "evals/rows.jsonl", rows.String()+"this is no row\n")
	c.ok(t, "task", "inspect", "one", "-n", "3")
	c.refuses(t, []string{"task", "inspect", "one", "-n", "3", "-o", "limit=3"}, "rows.jsonl:5001")
	if got := rowsOfCall[inspected](t, c, "task", "inspect", "one", "-n", "3", "-o", "limit=3", "--skip-bad-rows"); len(got) != 3 {
		t.Errorf("with --skip-bad-rows: %d rows", len(got))
	}
}

// countingData says how many rows were taken.
type countingData struct {
	rows  map[string]int // by split
	taken map[string]int
}

func (d *countingData) Open(_ context.Context, _ eval.Source, split string) (eval.Rows, error) {
	return &countedRows{d, split}, nil
}
func (d *countingData) Shots(context.Context, string) ([]eval.Doc, error) { return nil, nil }

func (d *countingData) Text(ctx context.Context, name string) (string, error) {
	return "", errors.New("no texts here")
}

type countedRows struct {
	d     *countingData
	split string
}

func (r *countedRows) All(context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		for i := range r.d.rows[r.split] {
			r.d.taken[r.split]++
			if !yield(eval.Row{Doc: eval.Doc{"i": i}}, nil) {
				return
			}
		}
	}
}
func (r *countedRows) Info() eval.SourceInfo { return eval.SourceInfo{} }

func TestHeadData(t *testing.T) {
	task := &eval.Task{Read: func(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
		if index%2 == 1 { // every second row makes none, counted over all splits
			return nil, nil
		}
		return &eval.Instance{Question: fmt.Sprint(index)}, nil
	}}
	decode := func(r eval.Row) (eval.Doc, error) { return r.Doc, nil }
	for _, c := range []struct {
		want, a, b       int // instances; rows of the two splits
		takenA, takenB   int
		instances, shots int
	}{
		{want: 3, a: 100, b: 100, takenA: 5, takenB: 0, instances: 3, shots: 9},
		{want: 3, a: 3, b: 100, takenA: 3, takenB: 2, instances: 3, shots: 9},
		{want: 300, a: 3, b: 4, takenA: 3, takenB: 4, instances: 4, shots: 9},
	} {
		d := &countingData{rows: map[string]int{"a": c.a, "b": c.b, "train": c.shots}, taken: map[string]int{}}
		h := &headData{Data: d, task: task, decode: decode, splits: 2, want: c.want}
		var opened []eval.Rows
		for _, split := range []string{"a", "b", "train"} {
			rows, err := h.Open(context.Background(), eval.Source{}, split)
			if err != nil {
				t.Fatal(err)
			}
			opened = append(opened, rows)
		}
		for range 2 { // every pass is alike
			d.taken = map[string]int{}
			for _, r := range opened {
				for range r.All(context.Background()) {
				}
			}
			if d.taken["a"] != c.takenA || d.taken["b"] != c.takenB || d.taken["train"] != c.shots {
				t.Errorf("%+v: took %v", c, d.taken)
			}
		}
	}
}

// TestHeadDataUnfolds checks that items are counted where rows hold several.
func TestHeadDataUnfolds(t *testing.T) {
	task := &eval.Task{
		Unfold: func(d eval.Doc) ([]eval.Doc, error) { return []eval.Doc{d, d, d}, nil },
		Read: func(_ *eval.Task, _ eval.Doc, index int) (*eval.Instance, error) {
			return &eval.Instance{Question: fmt.Sprint(index)}, nil
		},
	}
	decode := func(r eval.Row) (eval.Doc, error) { return r.Doc, nil }
	for want, rows := range map[int]int{1: 1, 3: 1, 4: 2, 100: 5} {
		d := &countingData{rows: map[string]int{"a": 5}, taken: map[string]int{}}
		h := &headData{Data: d, task: task, decode: decode, splits: 1, want: want}
		opened, err := h.Open(context.Background(), eval.Source{}, "a")
		if err != nil {
			t.Fatal(err)
		}
		for range opened.All(context.Background()) {
		}
		if d.taken["a"] != rows {
			t.Errorf("%d instances: took %d rows, want %d", want, d.taken["a"], rows)
		}
	}
}

func TestInspectDiff(t *testing.T) {
	c := starCall(t)
	out := c.ok(t, "task", "inspect", "one", "--diff", "one", "-o", "prompt.template=Q {question} B", "-n", "2", "-q")
	want := `--- a/one instance 0
+++ b/one instance 0
@@ -1,4 +1,4 @@
 --- prompt
-Q 1 A
+Q 1 B
 --- sampling
 {"temperature":0,"num_samples":1}
`
	if !strings.HasPrefix(out, want) || strings.Count(out, "@@ -1,4") != 2 {
		t.Errorf("diff:\n%s", out)
	}
	// Before --diff an override reaches both sides.
	if out := c.ok(t, "task", "inspect", "one", "-o", "prompt.template={question}", "--diff", "one", "-q"); out != "" {
		t.Errorf("no difference expected:\n%s", out)
	}
	rows := rowsOfCall[inspectedDiff](t, c, "task", "inspect", "one", "--diff", "one:hot")
	if len(rows) != 1 || !rows[0].SameItem || rows[0].Other != "one:hot" || !strings.Contains(rows[0].Diff, `+{"temperature":1`) {
		t.Errorf("diff --json: %+v", rows)
	}
	c.refuses(t, []string{"task", "inspect", "one", "--diff", "both"}, "2 tasks", "compared with 1")
	c.refuses(t, []string{"task", "inspect", "one", "--diff", "two", "--diff", "two"}, "--diff is given 2 times")
}

// TestInspectConformance compares what the command prints with recorded
// requests, for one spec of each kind; package benchmarks compares all.
func TestInspectConformance(t *testing.T) {
	dir := corpus.Dir(t)
	want := map[string]bool{
		"gsm8k:olmo3base": true, "arc_easy:rc": true, "arc_challenge:rc": true, "arc_easy:bpb:olmo3base": true,
		"mmlu_anatomy": true, "hellaswag:rc": true, "sciq:mc": true, "sciq:bpb": true,
	}
	c := newCall(t)
	c.env["OLMO_EVAL_MIRROR"] = filepath.Join(dir, "mirror")
	specs, items := 0, 0
	for line := range gunzipped(t, filepath.Join(dir, "requests.jsonl.gz")) {
		var r struct {
			Spec  string
			Items []struct {
				Index    int            `json:"instance_idx"`
				Instance map[string]any `json:"instance"`
				Request  map[string]any `json:"request"`
				Sampling map[string]any `json:"sampling_params"`
			}
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if !want[r.Spec] {
			continue
		}
		delete(want, r.Spec)
		specs++
		got := rowsOfCall[struct {
			Spec     string
			Index    int
			Instance map[string]any
			Request  map[string]any
			Sampling map[string]any
		}](t, c, "task", "inspect", r.Spec, "-n", "0")
		for _, item := range r.Items {
			items++
			g := got[item.Index]
			delete(g.Instance, "id")
			for _, k := range []string{"$type", "do_sample", "logprobs"} {
				delete(item.Sampling, k)
			}
			for _, p := range []struct {
				name      string
				got, want map[string]any
			}{{"instance", g.Instance, item.Instance}, {"request", g.Request, item.Request}, {"sampling", g.Sampling, item.Sampling}} {
				if !reflect.DeepEqual(withoutEmpty(p.got), withoutEmpty(p.want)) {
					t.Errorf("%s %d: %s\n got %v\nwant %v", r.Spec, item.Index, p.name, p.got, p.want)
				}
			}
			if g.Spec != r.Spec || g.Index != item.Index {
				t.Errorf("%s %d is called %s %d", r.Spec, item.Index, g.Spec, g.Index)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no recorded requests of %v", want)
	}
	t.Logf("%d specs, %d items", specs, items)
}

// withoutEmpty drops null and empty parts, as the corpus says to compare.
func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			if x = withoutEmpty(x); x != nil {
				out[k] = x
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}

func gunzipped(t *testing.T, path string) iter.Seq[[]byte] {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func([]byte) bool) {
		dec := json.NewDecoder(z)
		for dec.More() {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				t.Fatal(err)
			}
			if !yield(raw) {
				return
			}
		}
	}
}
