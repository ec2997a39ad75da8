package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// memory is an eval.Data of rows in memory.
type memory struct{ rows []string }

func (m memory) Open(context.Context, eval.Source, string) (eval.Rows, error) { return m, nil }
func (m memory) Shots(context.Context, string) ([]eval.Doc, error)            { return nil, errors.New("none") }
func (m memory) Text(context.Context, string) (string, error)                 { return "", errors.New("none") }
func (m memory) Info() eval.SourceInfo {
	return eval.SourceInfo{Path: "memory", Split: "test", Rows: len(m.rows), Digest: eval.HashJSON(m.rows)}
}
func (m memory) All(context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		for i, r := range m.rows {
			if !yield(eval.Row{Raw: []byte(r), File: "memory", Line: i + 1}, nil) {
				return
			}
		}
	}
}

func decodeRow(r eval.Row) (eval.Doc, error) {
	var d eval.Doc
	dec := json.NewDecoder(strings.NewReader(string(r.Raw)))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		return nil, &eval.RowError{Where: r.Where(), Err: err}
	}
	return d, nil
}

type plainPrompt struct {
	Prefix string `json:"prefix"`
}

func (p *plainPrompt) RequestType() eval.RequestType { return eval.Completion }
func (p *plainPrompt) Prepare([]*eval.Instance) (eval.Renderer, error) {
	return func(in *eval.Instance) (*eval.Request, error) {
		return &eval.Request{Type: eval.Completion, Prompt: p.Prefix + in.Question, Shared: len(p.Prefix)}, nil
	}, nil
}

type exact struct{}

func (exact) Name() string { return "exact" }
func (exact) Score(_ context.Context, r *eval.Record) ([]eval.Score, error) {
	out := make([]eval.Score, len(r.Outputs))
	for i := range r.Outputs {
		if g, ok := r.Instance.GoldText(); ok && g == r.Outputs[i].Answer {
			out[i].Value = 1
		}
	}
	return out, nil
}

type mean struct{ id string }

func (m mean) Info() eval.MetricInfo {
	return eval.MetricInfo{ID: m.id, Unit: eval.Proportion, HigherIsBetter: true}
}
func (m mean) Scorer() eval.Scorer { return exact{} }
func (m mean) Observe(r *eval.Record) (eval.Observation, bool) {
	v, ok := r.ScoreOf("exact")
	return eval.Observation{Value: v, Weight: 1}, ok
}
func (m mean) Estimate(s eval.Sample) eval.Estimate {
	e := eval.Estimate{Metric: m.id, N: len(s.Values), Unit: eval.Proportion}
	if e.N == 0 {
		return e
	}
	sum := 0.0
	for _, v := range s.Values {
		sum += v
	}
	sum /= float64(e.N)
	e.Value = &sum
	return e
}

func testSet() eval.Set {
	return eval.Set{Tasks: []eval.Def{{Task: eval.Task{
		Name: "sum",
		Config: eval.Config{
			Source: eval.Source{Path: "memory"}, Split: "test", Seed: 42, Prompt: &plainPrompt{Prefix: "add: "},
			Sampling: eval.Sampling{MaxTokens: new(16)},
		},
		Read: func(_ *eval.Task, d eval.Doc, i int) (*eval.Instance, error) {
			return &eval.Instance{Question: d.Text("q"), Gold: d.Text("a"), Metadata: map[string]any{"id": i}}, nil
		},
		Metrics: []eval.Metric{mean{"accuracy"}},
	}}}}
}

func testRows(n int) memory {
	var m memory
	for i := range n {
		m.rows = append(m.rows, fmt.Sprintf(`{"q":"%d+1","a":"%d"}`, i, i+1))
	}
	return m
}

// fake answers right where the item's number is not divisible by three.
type fake struct {
	calls  atomic.Int64
	mu     sync.Mutex
	asked  map[string]int
	respon func(n int64, r *eval.Request) (*eval.Response, error)
}

func (f *fake) Respond(_ context.Context, r *eval.Request) (*eval.Response, error) {
	n := f.calls.Add(1)
	f.mu.Lock()
	if f.asked == nil {
		f.asked = map[string]int{}
	}
	f.asked[r.Prompt]++
	f.mu.Unlock()
	if f.respon != nil {
		if resp, err := f.respon(n, r); resp != nil || err != nil {
			return resp, err
		}
	}
	gold, _ := r.Origin.Instance.GoldText()
	if i, _ := r.Origin.Instance.Int("id"); i%3 == 0 {
		gold = "wrong"
	}
	return &eval.Response{Outputs: []eval.Output{{Text: gold, FinishReason: "stop"}}, Attempts: 1}, nil
}
func (f *fake) Model() eval.Model {
	return eval.Model{Name: "fake", Kind: "fake", ID: "fake", Pinned: true}
}
func (f *fake) Caps(context.Context) (eval.Caps, error) {
	return eval.Caps{Completion: true, Chat: true, Loglikelihood: true}, nil
}
func (f *fake) Close() error { return nil }

func testEngine(t *testing.T, home string, f *fake, rows memory) (*Engine, *catalog.Selection) {
	t.Helper()
	c, err := catalog.New(nil, testSet())
	if err != nil {
		t.Fatal(err)
	}
	sel, err := c.Select([]catalog.Ask{{Spec: "sum"}})
	if err != nil {
		t.Fatal(err)
	}
	return &Engine{
		Options: Options{Home: journal.Home(home), Concurrency: 4, Getenv: func(string) string { return "" }},
		Loader:  &Loader{Data: rows, Decode: decodeRow}, Provider: f, Responder: f,
	}, sel
}

func runOnce(t *testing.T, e *Engine, sel *catalog.Selection) (*journal.Result, error) {
	t.Helper()
	p, err := e.Plan(context.Background(), sel)
	if err != nil {
		t.Fatal(err)
	}
	return e.Execute(context.Background(), p)
}

func TestRunAndReuse(t *testing.T) {
	home, f := t.TempDir(), &fake{}
	e, sel := testEngine(t, home, f, testRows(1000))
	res, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if got := *res.Tasks[0].Primary.Value; got != 0.666 || res.Status != journal.Complete || res.Tasks[0].NOK != 1000 {
		t.Errorf("value %v, status %s, ok %d", got, res.Status, res.Tasks[0].NOK)
	}
	again, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if f.calls.Load() != 1000 || again.ReusedFrom != res.RunID {
		t.Errorf("%d calls, reused from %q, want 1000 and %q", f.calls.Load(), again.ReusedFrom, res.RunID)
	}
}

func TestFailuresAreRetriedByTheSameCommand(t *testing.T) {
	home, f := t.TempDir(), &fake{}
	f.respon = func(n int64, r *eval.Request) (*eval.Response, error) {
		if n <= 100 {
			return nil, &eval.Fault{Status: eval.InfraServerDown, Err: errors.New("500")}
		}
		return nil, nil
	}
	e, sel := testEngine(t, home, f, testRows(300))
	res, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if res.Status != journal.Incomplete || res.Tasks[0].NFailed != 100 || res.Tasks[0].Failures["infra_server_down"] != 100 {
		t.Fatalf("status %s, failed %d %v", res.Status, res.Tasks[0].NFailed, res.Tasks[0].Failures)
	}
	again, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if again.RunID != res.RunID || again.Status != journal.Complete || again.Tasks[0].NOK != 300 || f.calls.Load() != 400 {
		t.Errorf("run %s status %s ok %d calls %d", again.RunID, again.Status, again.Tasks[0].NOK, f.calls.Load())
	}
}

func TestAbortKeepsWhatIsDone(t *testing.T) {
	home, f := t.TempDir(), &fake{}
	f.respon = func(n int64, r *eval.Request) (*eval.Response, error) {
		if n == 50 {
			return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: errors.New("wrong key")}
		}
		return nil, nil
	}
	e, sel := testEngine(t, home, f, testRows(300))
	res, err := runOnce(t, e, sel)
	var fault *eval.Fault
	if !errors.As(err, &fault) || !fault.Abort || res.Status != journal.Failed {
		t.Fatalf("err %v, status %v", err, res)
	}
	f.respon = nil
	again, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if again.RunID != res.RunID || again.Tasks[0].NOK != 300 {
		t.Errorf("run %s, ok %d", again.RunID, again.Tasks[0].NOK)
	}
	for p, n := range f.asked {
		if n > 2 {
			t.Errorf("%q was asked %d times", p, n)
		}
	}
}

func TestLimitAndShards(t *testing.T) {
	f := &fake{}
	e, sel := testEngine(t, t.TempDir(), f, testRows(40))
	sel.Tasks[0].Task.Limit = new(7)
	p, err := e.Loader.Prepare(context.Background(), "sum", "sum", &sel.Tasks[0].Task, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]int, 7)
	for it, err := range p.Items(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		got[it.Index] = it.Number
	}
	if want := "[7 1 17 15 14 8 6]"; fmt.Sprint(got) != want {
		t.Errorf("positions %v, want %s", got, want)
	}
	total := 0
	for i := range 3 {
		p, err := e.Loader.Prepare(context.Background(), "sum", "sum", &sel.Tasks[0].Task, &journal.Shard{Index: i, Of: 3})
		if err != nil {
			t.Fatal(err)
		}
		total += p.Own
	}
	if total != 7 {
		t.Errorf("shards hold %d instances, want 7", total)
	}
}

func TestBrokenRow(t *testing.T) {
	rows := testRows(10)
	rows.rows[4] = `{"q":`
	e, sel := testEngine(t, t.TempDir(), &fake{}, rows)
	_, err := e.Plan(context.Background(), sel)
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "memory:5") {
		t.Errorf("err = %v, want a refusal naming memory:5", err)
	}
	e.Loader.SkipBadRows = true
	res, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	if r := res.Tasks[0]; r.SkippedRows != 1 || r.NOK != 9 {
		t.Errorf("skipped %d, ok %d", r.SkippedRows, r.NOK)
	}
}
