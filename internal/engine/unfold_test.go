package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

// unfoldTask has the items of a row in field q, separated by commas.
func unfoldTask() *eval.Task {
	t := testSet().Tasks[0].Task
	t.Unfold = func(d eval.Doc) ([]eval.Doc, error) {
		if d.Text("q") == "" {
			return nil, errors.New("q is missing")
		}
		var items []eval.Doc
		for q := range strings.SplitSeq(d.Text("q"), ",") {
			items = append(items, eval.Doc{"q": q, "a": "x"})
		}
		return items, nil
	}
	return &t
}

func unfoldLoader(rows ...string) *Loader {
	return &Loader{Data: memory{rows}, Decode: func(r eval.Row) (eval.Doc, error) {
		if r.Doc != nil {
			return r.Doc, nil
		}
		return decodeRow(r)
	}}
}

func TestUnfold(t *testing.T) {
	ctx, l, task := context.Background(), unfoldLoader(`{"q":"a,b,c"}`, `{"q":"d"}`, `broken`, `{"q":"e,f"}`), unfoldTask()
	if _, err := l.Prepare(ctx, "t", "t", task, nil); err == nil || !strings.Contains(err.Error(), "memory:3") {
		t.Errorf("a broken row: %v", err)
	}
	l.SkipBadRows = true
	limit := 4
	for _, c := range []struct {
		limit  *int
		shots  int
		asked  int
		places []string
	}{
		{nil, 0, 6, []string{"memory:1", "memory:1", "memory:1", "memory:2", "memory:4", "memory:4"}},
		{&limit, 2, 4, nil},
	} {
		task.Limit, task.Fewshot = c.limit, eval.Fewshot{Num: c.shots, Split: "train"}
		p, err := l.Prepare(ctx, "t", "t", task, nil)
		if err != nil {
			t.Fatal(err)
		}
		var places []string
		n := 0
		for it, err := range p.Items(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			in, _, err := p.Request(it)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := in.Int("id"); got != it.Number || len(in.Question) != 1 {
				t.Errorf("item %d is %+v", it.Number, in)
			}
			places = append(places, it.Row.Where())
			n++
		}
		if n != c.asked || p.N != c.asked || p.Skipped != 1 || len(p.Shots) != c.shots {
			t.Errorf("%d items asked of %d, %d skipped, %d shots", n, p.N, p.Skipped, len(p.Shots))
		}
		if c.places != nil && !slices.Equal(places, c.places) {
			t.Errorf("items stand at %v, want %v", places, c.places)
		}
		if c.shots == 2 && p.Shots[1].Question != "b" {
			t.Errorf("the second worked example is %q", p.Shots[1].Question)
		}
	}
}

func TestUnfoldFails(t *testing.T) {
	l := unfoldLoader(`{"q":"a"}`, `{}`)
	_, err := l.Prepare(context.Background(), "t", "t", unfoldTask(), nil)
	if err == nil || !strings.Contains(err.Error(), "memory:2: q is missing") {
		t.Errorf("a row that cannot be unfolded: %v", err)
	}
}
