package engine

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"olmoeval/catalog"
	"olmoeval/eval"
)

type scoredPrompt struct{ plainPrompt }

func (p *scoredPrompt) RequestType() eval.RequestType { return eval.Loglikelihood }

func TestOrder(t *testing.T) {
	prepared := func(kind eval.Formatter, most *int) *Prepared {
		return &Prepared{Task: &eval.Task{Config: eval.Config{Prompt: kind, Sampling: eval.Sampling{MaxTokens: most}}}}
	}
	ll, gen := &scoredPrompt{}, &plainPrompt{}
	tasks := []*Prepared{prepared(ll, nil), prepared(gen, new(16)), prepared(ll, new(900)), prepared(gen, new(512)),
		prepared(gen, nil), prepared(gen, new(16)), prepared(gen, new(0))}
	if got, want := order(tasks), []int{4, 3, 1, 5, 6, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// The requests of a task come one after another, the task of long answers first;
// the results are those of any other order, and so is what a resumed run asks.
func TestTasksAreAskedOneAfterAnother(t *testing.T) {
	set := testSet()
	long := set.Tasks[0]
	long.Task.Name = "long"
	long.Task.Prompt = &plainPrompt{Prefix: "at length: "}
	long.Task.Sampling.MaxTokens = new(4000)
	set.Tasks = append(set.Tasks, long)
	c, err := catalog.New(nil, set)
	if err != nil {
		t.Fatal(err)
	}
	sel, err := c.Select([]catalog.Ask{{Spec: "sum"}, {Spec: "long"}})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var asked []string
	f := &fake{respon: func(_ int64, r *eval.Request) (*eval.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Prompt)
		return nil, nil
	}}
	e, _ := testEngine(t, t.TempDir(), f, testRows(50))
	e.Concurrency = 1
	res, err := runOnce(t, e, sel)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, prefix := range []string{"at length: ", "add: "} {
		for i := range 50 {
			want = append(want, fmt.Sprintf("%s%d+1", prefix, i))
		}
	}
	if !slices.Equal(asked, want) {
		t.Errorf("asked in the order %q", asked)
	}
	if res.Tasks[0].Task != "sum" || res.Tasks[1].Task != "long" || *res.Tasks[0].Primary.Value != 0.66 || *res.Tasks[1].Primary.Value != 0.66 {
		t.Errorf("%+v", res.Tasks)
	}
}

func TestResize(t *testing.T) {
	var mu sync.Mutex
	inside := 0
	entered := make(chan struct{}, 1000)
	gate := make(chan struct{})
	f := &fake{respon: func(int64, *eval.Request) (*eval.Response, error) {
		mu.Lock()
		inside++
		mu.Unlock()
		entered <- struct{}{}
		<-gate
		mu.Lock()
		inside--
		mu.Unlock()
		return nil, nil
	}}
	e, sel := testEngine(t, t.TempDir(), f, testRows(200))
	e.Concurrency = 2
	p, err := e.Plan(context.Background(), sel)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := e.Execute(context.Background(), p)
		ended <- err
	}()
	await := func(n int) {
		for range n {
			select {
			case <-entered:
			case <-time.After(time.Minute):
				t.Fatal("the workers that were asked for do not come")
			}
		}
	}
	await(2)
	e.Resize(7)
	await(5)
	mu.Lock()
	if inside != 7 {
		t.Errorf("%d instances in flight, want 7", inside)
	}
	mu.Unlock()
	e.Resize(1)
	for range 7 {
		gate <- struct{}{}
	}
	// Six workers end with what they carried, in whatever order they are told.
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		e.hands.mu.Lock()
		have := e.hands.have
		e.hands.mu.Unlock()
		if have == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d workers, want 1", have)
		}
		select {
		case gate <- struct{}{}:
		default:
		}
	}
	close(gate)
	if err := <-ended; err != nil || f.calls.Load() != 200 {
		t.Errorf("%v after %d calls", err, f.calls.Load())
	}
	e.Resize(3) // after the end: nothing happens
}
