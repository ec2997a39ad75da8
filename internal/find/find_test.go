package find

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// stored writes runs, the first one newest, and returns a finder.
func stored(t testing.TB, edits ...func(*journal.Manifest)) Finder {
	t.Helper()
	home := journal.Home(filepath.Join(t.TempDir(), "home"))
	for i, edit := range edits {
		m := journal.Manifest{
			RunID:     fmt.Sprintf("019%d-%d", 9-i, i),
			ResumeKey: fmt.Sprint("key", i), Created: now.Add(-time.Duration(i) * 24 * time.Hour),
			SystemHash: fmt.Sprint("sys", i), Model: eval.Model{Name: fmt.Sprint("model", i)},
			Tasks: []journal.Task{{Label: "t", Spec: "t", File: "records/t.jsonl", AskKey: "ask"}},
		}
		if edit != nil {
			edit(&m)
		}
		w, err := journal.Create(home, m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Ready(&m.Tasks[0], nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Append("t", &eval.Record{Index: 0, ID: "q", Digest: "d", Status: eval.OK}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(func(m *journal.Manifest) { m.Status, m.Sealed = journal.Complete, true }); err != nil {
			t.Fatal(err)
		}
	}
	return Finder{Home: home, Dir: filepath.Dir(string(home)), Now: now}
}

func step(n int64) func(*journal.Manifest) {
	return func(m *journal.Manifest) { m.Model.Step, m.Name, m.Tags = &n, fmt.Sprint("step", n), []string{"good"} }
}

func ids(runs []Run) string {
	var out []string
	for _, r := range runs {
		out = append(out, r.Manifest.RunID)
	}
	return strings.Join(out, " ")
}

func TestOne(t *testing.T) {
	f := stored(t, step(300), step(200), step(100))
	for text, want := range map[string]string{
		"last":                           "0199-0",
		"last~2":                         "0197-2",
		"0198-1":                         "0198-1",
		"0198":                           "0198-1",
		"step100":                        "0197-2",
		"step=200":                       "0198-1",
		"step<200":                       "0197-2",
		"model~l0$":                      "0199-0",
		"tag=good since=12h":             "0199-0",
		"home/runs/0198-1":               "0198-1",
		"home/runs/0198-1/run.json":      "0198-1",
		string(f.Home) + "/runs/0197-2":  "0197-2",
		"file://" + f.Home.Run("0197-2"): "0197-2",
	} {
		r, err := f.One(text)
		if err != nil || r.Manifest.RunID != want {
			t.Errorf("%s: %v, %v; want %s", text, r.Manifest, err, want)
			continue
		}
		n := 0
		for _, err := range r.Records(context.Background(), "t") {
			if err != nil {
				t.Error(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%s: %d records", text, n)
		}
	}
}

func TestErrors(t *testing.T) {
	f := stored(t, step(300), step(200), step(100))
	if err := os.WriteFile(filepath.Join(f.Dir, "results_x.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"":               "names no run",
		"last~9":         "there are 3 runs",
		"last~x":         "want last, or last~N",
		"019":            "begins the ids of 3 runs:\n  0199-0  model0  2026-03-01 12:00:00  t\n",
		"stepp100":       `did you mean "step100"?; see: olmo-eval runs`,
		"step=7":         `no run matches "step=7"`,
		"stp=7":          `unknown key "stp"; did you mean "step"?`,
		"tag=good":       "means 3 runs",
		"since=soon":     "want since=7d",
		"step<x":         `"x" is no number`,
		"model~[":        "missing closing ]",
		"./nowhere":      "nothing is there",
		"s3://b/runs/x":  "copy the directory here",
		"home/runs":      "no run.json",
		"results_x.json": "lm-eval cannot be read in place yet",
	} {
		if _, err := f.One(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestCheckpoint(t *testing.T) {
	same := func(m *journal.Manifest) { m.SystemHash, m.Name = "same", "ck" }
	f := stored(t, same, nil, same)
	runs, err := f.Checkpoint("name=ck")
	if err != nil || ids(runs) != "0199-0 0197-2" {
		t.Errorf("%s, %v", ids(runs), err)
	}
	if runs, err = f.Checkpoint("ck"); err != nil || len(runs) != 2 {
		t.Errorf("by name: %s, %v", ids(runs), err)
	}
	if _, err = f.Checkpoint("task=t"); err == nil || !strings.Contains(err.Error(), "several systems") {
		t.Errorf("two systems: %v", err)
	}
	if runs, _, err = f.Query(""); err != nil || len(runs) != 3 {
		t.Errorf("all: %s, %v", ids(runs), err)
	}
	if err := os.WriteFile(filepath.Join(f.Home.Run("0198-1"), "run.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	runs, broken, err := f.Query("status=complete")
	if err != nil || len(runs) != 2 || len(broken) != 1 {
		t.Errorf("one broken: %s, %v, %v", ids(runs), broken, err)
	}
	// A home that --out named stands for the run in it.
	if _, err := f.One("home"); err == nil {
		t.Error("a home of several runs is one run")
	}
}

func TestShards(t *testing.T) {
	f := stored(t, nil)
	parent := journal.Manifest{RunID: "01aa", ResumeKey: "k", Shards: 2, Tasks: []journal.Task{{Label: "t", File: "records/t.jsonl", AskKey: "a"}}}
	w, err := journal.Create(f.Home, parent)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(func(*journal.Manifest) {}); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		m := parent
		m.Shards, m.Shard = 0, &journal.Shard{Index: i, Of: 2}
		w, err := journal.CreateAt(f.Home.ShardDir("01aa", *m.Shard), m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Ready(&m.Tasks[0], nil); err != nil {
			t.Fatal(err)
		}
		if err := w.Append("t", &eval.Record{Index: i, Digest: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(func(*journal.Manifest) {}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := f.One("01aa")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for rec, err := range r.Records(context.Background(), "t") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rec.Digest)
	}
	if strings.Join(got, "") != "01" {
		t.Errorf("records of shards: %v", got)
	}
}

func TestForeign(t *testing.T) {
	f := stored(t, nil)
	for name, text := range map[string]string{
		"x.csv":   "\ufeffid,score,task,cluster,output\nq1,1,m,p,yes\nq2,0.5,m,p,\nq1,,n,,\n",
		"x.jsonl": `{"id":"q1","score":true,"task":"m","cluster":"p","output":"yes"}` + "\n\n" + `{"id":"q2","score":0.5,"task":"m","cluster":"p"}` + "\n" + `{"id":"q1","score":null,"task":"n"}`,
	} {
		if err := os.WriteFile(filepath.Join(f.Dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := f.One(name)
		if err != nil || !r.Foreign || len(r.Manifest.Tasks) != 2 || r.Manifest.Tasks[0].Metrics[0].Unit != eval.Proportion {
			t.Fatalf("%s: %+v, %v", name, r, err)
		}
		var got []string
		for _, task := range []string{"m", "n"} {
			for rec, err := range r.Records(context.Background(), task) {
				if err != nil {
					t.Fatal(err)
				}
				v := "none"
				if o := rec.Values[ForeignMetric]; o != nil {
					v = fmt.Sprint(o.Value)
				}
				got = append(got, rec.ID+" "+v+" "+rec.Instance.Cluster)
			}
		}
		if strings.Join(got, "|") != "q1 1 p|q2 0.5 p|q1 none " {
			t.Errorf("%s: %q", name, got)
		}
	}
	for text, want := range map[string]string{
		"ident,score\na,1\n":     "the id is missing; the row has ident, score",
		"id,value\na,1\n":        "the score is missing",
		"id,score\na,x\n":        `row 1: the score "x" is no number`,
		"id,score\na,1\na,0\n":   "stands in row 1 already",
		"id,score\n":             "holds no rows",
		"id,score\na,1,2\n":      "wrong number of fields",
		"id,score\na,NaN\n":      "is no number",
		"id,score\na,1\nb,\"0\n": "bad.csv",
	} {
		if err := os.WriteFile(filepath.Join(f.Dir, "bad.csv"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := f.One("bad.csv"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
