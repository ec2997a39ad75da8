package engine

import (
	"context"
	"fmt"
	"iter"

	"olmoeval/eval"
)

// open makes one split ready to read, by items where the task's rows hold
// several.
func (l *Loader) open(ctx context.Context, t *eval.Task, split string) (eval.Rows, error) {
	rows, err := l.Data.Open(ctx, t.Source, split)
	if err != nil || t.Unfold == nil {
		return rows, err
	}
	return unfolded{rows, l, t}, nil
}

// unfolded are rows by items; each says where its row stands.
type unfolded struct {
	eval.Rows
	loader *Loader
	task   *eval.Task
}

var _ eval.Rows = unfolded{}

// All yields the items. A row that cannot be decoded is yielded as its error; one
// that cannot be unfolded ends the sequence.
func (u unfolded) All(ctx context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		for row, err := range u.Rows.All(ctx) {
			var d eval.Doc
			if err == nil {
				d, err = u.loader.Decode(row)
			}
			if err != nil {
				if !yield(row, err) {
					return
				}
				continue
			}
			items, err := u.task.Unfold(d)
			if err != nil {
				yield(row, fmt.Errorf("%s: %w", row.Where(), err))
				return
			}
			for _, d := range items {
				if !yield(eval.Row{Doc: d, File: row.File, Line: row.Line}, nil) {
					return
				}
			}
		}
	}
}
