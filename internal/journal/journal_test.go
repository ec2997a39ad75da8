package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"olmoeval/eval"
)

func testRecord(i int) *eval.Record {
	greedy := true
	return &eval.Record{
		Index: i, ID: fmt.Sprint("q", i), Digest: "00112233aabbccdd", Status: eval.OK,
		Instance:     &eval.Instance{Question: "naïve <b>?\n", Gold: "4", Metadata: map[string]any{"gold_text": "x"}},
		Request:      &eval.Request{Type: eval.Completion, Prompt: "shots\n\nQ: " + fmt.Sprint(i), Shared: 7},
		PromptDigest: "ab",
		Outputs: []eval.Output{{Text: "4", Answer: "4", Scores: map[string]eval.Score{"exact_match": {Value: 1}},
			Loglik: &eval.Loglik{Sum: -1.25, Tokens: 2, Greedy: &greedy}}},
		Values: map[string]*eval.Observation{"accuracy": {Value: 1, Weight: 1}, "none": nil},
	}
}

func testRun(t *testing.T) (*Writer, *Task) {
	t.Helper()
	task := Task{Label: "t", File: FileName("t", map[string]bool{}), AskKey: "ask"}
	w, err := Create(Home(t.TempDir()), Manifest{RunID: "r1", ResumeKey: "key", Tasks: []Task{task}})
	if err != nil {
		t.Fatal(err)
	}
	return w, &task
}

func TestRoundTrip(t *testing.T) {
	w, task := testRun(t)
	if _, err := w.Ready(task, nil); err != nil {
		t.Fatal(err)
	}
	const n = 100
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := w.Append("t", testRecord(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	again := testRecord(5)
	again.Status = eval.Truncated
	if err := w.Append("t", again); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(func(m *Manifest) { m.Status, m.Sealed = Complete, true }); err != nil {
		t.Fatal(err)
	}
	r, err := Load(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for rec, err := range r.Records(context.Background(), "t") {
		if err != nil {
			t.Fatal(err)
		}
		want := testRecord(i)
		if i == 5 {
			want.Status = eval.Truncated
		}
		if diff := cmp.Diff(want, rec); diff != "" {
			t.Fatalf("record %d (-want +got):\n%s", i, diff)
		}
		i++
	}
	if i != n {
		t.Errorf("read %d records, want %d", i, n)
	}
}

// A file cut at any byte loses at most the line that was cut, and can be
// appended to.
func TestTornAnywhere(t *testing.T) {
	w, task := testRun(t)
	if _, err := w.Ready(task, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Append("t", testRecord(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(func(*Manifest) {}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.Dir, task.File)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut <= len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		w, err := Open(w.Dir)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		damaged, err := w.Ready(task, func(r *eval.Record) error { seen[r.Index] = true; return nil })
		if err != nil || len(damaged) > 0 {
			t.Fatalf("cut %d: %v, damaged %v", cut, err, damaged)
		}
		for i := range 3 {
			if !seen[i] {
				if err := w.Append("t", testRecord(i)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(func(*Manifest) {}); err != nil {
			t.Fatal(err)
		}
		r, err := Load(w.Dir)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rec, err := range r.Records(context.Background(), "t") {
			if err != nil {
				t.Fatalf("cut %d: %v", cut, err)
			}
			if diff := cmp.Diff(testRecord(n), rec); diff != "" {
				t.Fatalf("cut %d: %s", cut, diff)
			}
			n++
		}
		if n != 3 {
			t.Fatalf("cut %d: %d records", cut, n)
		}
	}
}

func TestDamageInTheMiddleIsReported(t *testing.T) {
	w, task := testRun(t)
	if _, err := w.Ready(task, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := w.Append("t", testRecord(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(func(*Manifest) {}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.Dir, task.File)
	b, _ := os.ReadFile(path)
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Load(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var damage *DamageError
	for _, err := range r.Records(context.Background(), "t") {
		if err != nil && !errors.As(err, &damage) {
			t.Fatal(err)
		}
	}
	if damage == nil || len(damage.Lines) != 1 {
		t.Errorf("damage = %v, want one line", damage)
	}
}

func TestOneWriter(t *testing.T) {
	w, _ := testRun(t)
	_, err := Open(w.Dir)
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("second writer: %v, want *HeldError", err)
	}
	if err := w.Close(func(*Manifest) {}); err != nil {
		t.Fatal(err)
	}
	w2, err := Open(w.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := w2.Close(func(*Manifest) {}); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	w, err := Create(Home(b.TempDir()), Manifest{RunID: "r1", ResumeKey: "key"})
	if err != nil {
		b.Fatal(err)
	}
	task := &Task{Label: "t", File: "records/t.jsonl"}
	if _, err := w.Ready(task, nil); err != nil {
		b.Fatal(err)
	}
	prefix := string(make([]byte, 2260))
	rec := testRecord(1)
	rec.Request.Prompt = prefix + "Question: one two three?\nAnswer:"
	rec.Request.Shared = len(prefix)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := w.Append("t", rec); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Any bytes in a record file are read without a panic, and what was whole
// before them stays readable.
func FuzzRecordFile(f *testing.F) {
	good, err := encode(testRecord(0), "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("{\"index\":1}\n"))
	f.Add(good)
	f.Add([]byte("\n\n{\"shared_id\":1}\n\x00"))
	f.Add(bytes.Repeat([]byte("x"), 100))
	f.Fuzz(func(t *testing.T, tail []byte) {
		path := filepath.Join(t.TempDir(), "r.jsonl")
		if err := os.WriteFile(path, append(bytes.Clone(good), tail...), 0o644); err != nil {
			t.Fatal(err)
		}
		shared := map[string]sharedLine{}
		records := 0
		end, err := scan(path, func(s scanned) error {
			rec, err := parse(s, shared)
			if rec != nil {
				records++
			}
			return err
		}, func(int) {})
		if err == nil && (records < 1 || end < int64(len(good))) {
			t.Errorf("%d records up to byte %d; the first was whole", records, end)
		}
		if _, err := index(path); err != nil {
			t.Log(err)
		}
	})
}
