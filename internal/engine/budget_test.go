package engine

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// answered is a response with usage, right or wrong as the item asks.
func answered(r *eval.Request, u eval.Usage) *eval.Response {
	gold, _ := r.Origin.Instance.GoldText()
	return &eval.Response{Outputs: []eval.Output{{Text: gold}}, Attempts: 1, Usage: u}
}

// A budget ends a run cleanly: what was begun is finished and kept, no instance
// is begun afterwards, and the same command takes it up.
func TestBudgetEndsAndResumes(t *testing.T) {
	const n, each = 200, 30
	for name, b := range map[string]*Budget{
		"--max-tokens": {MaxTokens: 50 * each},
		"--max-cost":   {MaxCost: 50 * 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			var after atomic.Int64
			f.respon = func(_ int64, r *eval.Request) (*eval.Response, error) {
				if b.Used() != nil {
					after.Add(1)
				}
				return answered(r, eval.Usage{PromptTokens: 10, CompletionTokens: 20, Cost: 0.01}), nil
			}
			e, sel := testEngine(t, t.TempDir(), f, testRows(n))
			e.Budget, e.Progress = b, &Progress{}
			res, err := runOnce(t, e, sel)
			var spent *BudgetError
			if !errors.As(err, &spent) || spent.Flag != name {
				t.Fatalf("error %v, want a *BudgetError of %s", err, name)
			}
			asked := int(f.calls.Load())
			if asked < 50 || asked > 50+e.Concurrency || after.Load() > int64(e.Concurrency) {
				t.Errorf("%d asked, %d of them when it had ended; concurrency is %d", asked, after.Load(), e.Concurrency)
			}
			if res.Status != journal.Interrupted || res.Tasks[0].NOK != asked {
				t.Errorf("status %s, %d kept of %d answers", res.Status, res.Tasks[0].NOK, asked)
			}
			if m, err := journal.ReadManifest(res.Dir); err != nil || m.Sealed || m.Reason != spent.Error() {
				t.Errorf("sealed %v, reason %q, %v", m.Sealed, m.Reason, err)
			}
			if p := e.Progress; p.Requests.Load() != int64(asked) || p.Prompt.Load() != int64(asked*10) || p.Tokens.Load() != int64(asked*20) ||
				p.Attempts.Load() != int64(asked) || p.InFlight.Load() != 0 || p.USD() != float64(asked)*0.01 {
				t.Errorf("progress counts %d requests, %d prompt tokens, %v USD", p.Requests.Load(), p.Prompt.Load(), p.USD())
			}
			e.Budget = nil
			again, err := runOnce(t, e, sel)
			if err != nil || again.RunID != res.RunID || again.Status != journal.Complete || f.calls.Load() != n {
				t.Errorf("taken up: %v, %d calls", err, f.calls.Load())
			}
		})
	}
}

// What a budget allows in full is a complete run.
func TestBudgetThatSuffices(t *testing.T) {
	f := &fake{respon: func(_ int64, r *eval.Request) (*eval.Response, error) {
		return answered(r, eval.Usage{PromptTokens: 1}), nil
	}}
	e, sel := testEngine(t, t.TempDir(), f, testRows(20))
	e.Budget = &Budget{MaxTokens: 21, MaxCost: 1, MaxTime: time.Hour}
	if res, err := runOnce(t, e, sel); err != nil || res.Status != journal.Complete {
		t.Errorf("%v, status %v", err, res.Status)
	}
}

// Time ends a run while requests wait: they are answered, and a second run under
// the same budget asks nothing.
func TestBudgetOfTime(t *testing.T) {
	alarm := make(chan time.Time, 1)
	b := &Budget{MaxTime: time.Minute, After: func(d time.Duration) <-chan time.Time {
		if d != time.Minute {
			t.Errorf("the timer is set to %s", d)
		}
		return alarm
	}}
	f := &fake{}
	f.respon = func(k int64, r *eval.Request) (*eval.Response, error) {
		if k == 4 { // all workers are busy with what they have
			alarm <- time.Time{}
		}
		for b.Used() == nil { // ends as soon as the timer was seen
			time.Sleep(time.Millisecond)
		}
		return answered(r, eval.Usage{}), nil
	}
	e, sel := testEngine(t, t.TempDir(), f, testRows(50))
	e.Budget = b
	res, err := runOnce(t, e, sel)
	var spent *BudgetError
	if !errors.As(err, &spent) || spent.Flag != "--max-time" || res.Tasks[0].NOK != 4 || f.calls.Load() != 4 {
		t.Fatalf("%v, %d kept of %d", err, res.Tasks[0].NOK, f.calls.Load())
	}
	if _, err := runOnce(t, e, sel); !errors.As(err, &spent) || f.calls.Load() != 4 {
		t.Errorf("second run: %v, %d calls", err, f.calls.Load())
	}
}

// A bound on costs that nobody tells ends the run at once.
func TestBudgetOfUntoldCosts(t *testing.T) {
	f := &fake{respon: func(_ int64, r *eval.Request) (*eval.Response, error) {
		return answered(r, eval.Usage{PromptTokens: 1}), nil
	}}
	e, sel := testEngine(t, t.TempDir(), f, testRows(100))
	e.Budget = &Budget{MaxCost: 1, Reported: true}
	var spent *BudgetError
	if _, err := runOnce(t, e, sel); !errors.As(err, &spent) || !spent.Untold || f.calls.Load() > int64(1+e.Concurrency) {
		t.Errorf("%v, %d calls", err, f.calls.Load())
	}
}

// Hooks see each record once, in a directory that takes events to the end.
func TestHooks(t *testing.T) {
	f := &fake{}
	e, sel := testEngine(t, t.TempDir(), f, testRows(40))
	var seen atomic.Int64
	closed := false
	e.Hooks.Seen = func(s Seen) {
		if s.Task == "sum" && !s.Answered.Before(s.Begin) {
			seen.Add(1)
		}
	}
	e.Hooks.Opened = func(w *journal.Writer) func() {
		return func() {
			closed = seen.Load() == 40
			if err := w.Event("progress", map[string]any{"done": seen.Load()}); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := runOnce(t, e, sel); err != nil || seen.Load() != 40 || !closed {
		t.Errorf("%v, %d seen, closed after the last %v", err, seen.Load(), closed)
	}
}

// A request that failed for good says how often it was tried.
func TestAttemptsOfFailures(t *testing.T) {
	f := &fake{respon: func(int64, *eval.Request) (*eval.Response, error) {
		return nil, tried{&eval.Fault{Status: eval.InfraServerDown, Err: errors.New("500")}}
	}}
	e, sel := testEngine(t, t.TempDir(), f, testRows(3))
	res, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	r, err := journal.Load(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range r.Records(context.Background(), "sum") {
		if err != nil || rec.Attempts != 7 {
			t.Errorf("%v, %d attempts", err, rec.Attempts)
		}
	}
}

type tried struct{ error }

func (tried) Attempted() int  { return 7 }
func (t tried) Unwrap() error { return t.error }
