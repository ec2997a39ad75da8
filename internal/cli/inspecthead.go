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

	opened       int
	rows, wanted int // of the present pass: rows seen, instances still wanted
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

// counts reports whether a row makes an instance. A row that cannot be read
// makes none here; whoever reads it next says why.
func (h *headData) counts(row eval.Row) bool {
	d, err := h.decode(row)
	if err != nil {
		return false
	}
	in, err := h.task.Instance(d, h.rows)
	return err == nil && in != nil
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
			h.rows, h.wanted = 0, h.want
		}
		if h.wanted == 0 {
			return
		}
		for row, err := range r.Rows.All(ctx) {
			if err == nil && h.counts(row) {
				h.wanted--
			}
			h.rows++
			if !yield(row, err) || h.wanted == 0 {
				return
			}
		}
	}
}
