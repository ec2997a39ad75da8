package cli

import (
	"context"
	"iter"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/engine"
)

// prepareHead prepares a task of which only the first want instances are looked
// at (0: all). Unless a limit draws from all rows, no more rows are read than it
// takes: a data set may be huge.
func (a *app) prepareHead(ctx context.Context, s *catalog.Selected, want int, skipBadRows bool) (*engine.Prepared, error) {
	loader := a.loader(skipBadRows)
	if want > 0 && s.Task.Limit == nil {
		loader.Data = &headData{
			Data: loader.Data, task: &s.Task, decode: loader.Decode,
			splits: len(s.Task.Selection().Splits), want: want,
		}
	}
	return loader.Prepare(ctx, s.Label, s.Spec, &s.Task, nil)
}

// headData cuts what a task reads after the rows of its first instances. The
// splits that the task reads are the first that are opened; those of worked
// examples come later and are left whole. One pass at a time.
type headData struct {
	eval.Data
	task   *eval.Task
	decode func(eval.Row) (eval.Doc, error)
	splits int // that the task reads
	want   int // instances

	opened        int
	items, wanted int // of the present pass: items seen, instances still wanted
}

// Open opens a split.
func (h *headData) Open(ctx context.Context, s eval.Source, split string) (eval.Rows, error) {
	rows, err := h.Data.Open(ctx, s, split)
	if err != nil || h.opened >= h.splits {
		return rows, err
	}
	h.opened++
	return &headRows{rows, h, h.opened == 1}, nil
}

// count is how many instances a row makes. A row that cannot be read makes none
// here; whoever reads it next says why.
func (h *headData) count(row eval.Row) (n int) {
	d, err := h.decode(row)
	if err != nil {
		h.items++
		return 0
	}
	items := []eval.Doc{d}
	if h.task.Unfold != nil {
		if items, err = h.task.Unfold(d); err != nil {
			return 0
		}
	}
	for _, d := range items {
		if in, err := h.task.Instance(d, h.items); err == nil && in != nil {
			n++
		}
		h.items++
	}
	return n
}

// headRows are one split's part of it; a pass begins with the first split.
type headRows struct {
	eval.Rows
	head  *headData
	first bool
}

var _ eval.Rows = (*headRows)(nil)

// All yields rows until they make as many instances as are wanted.
func (r *headRows) All(ctx context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		h := r.head
		if r.first {
			h.items, h.wanted = 0, h.want
		}
		if h.wanted == 0 {
			return
		}
		for row, err := range r.Rows.All(ctx) {
			if err == nil {
				h.wanted = max(0, h.wanted-h.count(row))
			} else {
				h.items++
			}
			if !yield(row, err) || h.wanted == 0 {
				return
			}
		}
	}
}
