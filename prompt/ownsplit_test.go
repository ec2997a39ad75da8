package prompt

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

// joinIDs prepares a prompt that lists the examples' ids.
func joinIDs(shots []*eval.Instance) (eval.Renderer, error) {
	var ids []string
	for _, s := range shots {
		ids = append(ids, s.OwnID())
	}
	text := strings.Join(ids, " ")
	return func(*eval.Instance) (*eval.Request, error) {
		return &eval.Request{Prompt: text, Shared: len(text)}, nil
	}, nil
}

func withIDs(ids ...string) []*eval.Instance {
	out := make([]*eval.Instance, len(ids))
	for i, id := range ids {
		out[i] = &eval.Instance{Metadata: map[string]any{"id": id}}
	}
	return out
}

func TestOwnSplit(t *testing.T) {
	for _, c := range []struct {
		leave        bool
		shots, asked string
		want         string
		shared       int
	}{
		{true, "a b c", "x", "a b", 0},
		{true, "a b c", "a", "b c", 0},
		{true, "a b c", "b", "a c", 0},
		{true, "a b c", "c", "a b", 0},
		{true, "a b a", "a", "b", 0},
		{true, "a", "a", "", 0},
		{true, "", "a", "", 0},
		{false, "a b c", "b", "a b c", 5},
	} {
		p := OwnSplit{LeaveOut: c.leave}
		render, err := p.Spread(withIDs(strings.Fields(c.shots)...), joinIDs)
		if err != nil {
			t.Fatal(err)
		}
		req, err := render(withIDs(c.asked)[0])
		if err != nil || req.Prompt != c.want || req.Shared != c.shared {
			t.Errorf("%+v: %q, %d shared (%v)", c, req.Prompt, req.Shared, err)
		}
	}
	fail := func([]*eval.Instance) (eval.Renderer, error) { return nil, fmt.Errorf("no") }
	if _, err := (&OwnSplit{LeaveOut: true}).Spread(withIDs("a", "b"), fail); err == nil {
		t.Error("an error of prepare was lost")
	}
}

func TestOwnSplitDraw(t *testing.T) {
	for _, c := range []struct {
		leave bool
		n, k  int
		want  []int
	}{
		{false, 10, 3, []int{1, 0, 4}},
		{true, 10, 2, []int{1, 0, 4}},
		{true, 2, 2, []int{0, 1}},
	} {
		p := OwnSplit{LeaveOut: c.leave}
		if got := p.DrawShots(c.n, c.k, 42); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
