package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// Loader reads what tasks need.
type Loader struct {
	Data   eval.Data
	Decode func(eval.Row) (eval.Doc, error)
	// SkipBadRows passes over malformed rows and counts them; otherwise the
	// first one is an error.
	SkipBadRows bool
}

// Prepared is a task with its data known: how many instances there are, which
// are selected and what identifies them. It holds a few bytes an instance.
type Prepared struct {
	Label string
	Spec  string
	Task  *eval.Task
	Infos []eval.SourceInfo
	Shots []*eval.Instance
	// N is how many instances are selected, over all shards; Own how many of
	// them are this shard's.
	N, Own int
	// UniqueIDs says that the data set's own ids identify its items.
	UniqueIDs bool
	Skipped   int
	// Chance is the expected score of blind guessing, 0 if unknown.
	Chance float64
	// Leaks counts selected instances whose question is among the shots.
	Leaks int

	loader  *Loader
	reads   *eval.Task // Task with the published texts of its prompt
	rows    []eval.Rows
	render  eval.Renderer
	digests []uint64 // by instance index
	ordinal []int32  // by instance index: 2, 3 … among equal items; nil without any
	index   []int32  // by row: instance index, -1 for rows not taken; nil: the row's own number
	digest  eval.Digester
}

// Prepare makes the first pass over a task's data.
func (l *Loader) Prepare(ctx context.Context, label, spec string, t *eval.Task, shard *journal.Shard) (*Prepared, error) {
	p := &Prepared{Label: label, Spec: spec, Task: t, loader: l}
	sel := t.Selection()
	for _, split := range sel.Splits {
		rows, err := l.open(ctx, t, split)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", label, err)
		}
		p.rows = append(p.rows, rows)
	}
	format, err := l.texts(ctx, t.Prompt)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	reads := *t
	reads.Prompt = format
	p.reads = &reads
	if p.Shots, err = l.shots(ctx, &reads); err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	if p.render, err = format.Prepare(p.Shots); err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	all, err := p.survey(ctx)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", label, err)
	}
	for _, r := range p.rows {
		p.Infos = append(p.Infos, r.Info())
	}
	p.choose(all, sel.Seed, shard)
	if p.Own == 0 && shard == nil {
		return nil, fmt.Errorf("task %s: the data source %s has no instances in split %v", label, t.Source.Path, sel.Splits)
	}
	return p, nil
}

func (l *Loader) skip(err error) bool {
	var bad *eval.RowError
	return l.SkipBadRows && errors.As(err, &bad)
}

// all yields the rows of all splits with their running number.
func (p *Prepared) all(ctx context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		for _, rows := range p.rows {
			for row, err := range rows.All(ctx) {
				if !yield(row, err) {
					return
				}
			}
		}
	}
}

// instance decodes and reads one row.
func (p *Prepared) instance(row eval.Row, number int) (*eval.Instance, error) {
	d, err := p.loader.Decode(row)
	if err != nil {
		return nil, err
	}
	in, err := p.reads.Instance(d, number)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", row.Where(), err)
	}
	return in, nil
}

// ItemDigest is the digest of the instance at an index, with "#2", "#3" …
// among equal items.
func (p *Prepared) ItemDigest(index int) string {
	s := fmt.Sprintf("%016x", p.digests[index])
	if p.ordinal != nil && p.ordinal[index] > 1 {
		s = fmt.Sprintf("%s#%d", s, p.ordinal[index])
	}
	return s
}

// Item is a selected row on its way to be asked.
type Item struct {
	Row    eval.Row
	Number int // of the row, over all splits
	Index  int // of the instance
}

// Items yields the selected rows of this shard in data order.
func (p *Prepared) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		number := -1
		for row, err := range p.all(ctx) {
			number++
			if err != nil {
				if p.loader.skip(err) {
					continue
				}
				yield(Item{}, err)
				return
			}
			index := number
			if p.index != nil {
				if number >= len(p.index) {
					yield(Item{}, fmt.Errorf("task %s: the data changed while it was read", p.Label))
					return
				}
				index = int(p.index[number])
			} else if number >= p.N {
				yield(Item{}, fmt.Errorf("task %s: the data changed while it was read", p.Label))
				return
			}
			if index < 0 {
				continue
			}
			if !yield(Item{row, number, index}, nil) {
				return
			}
		}
	}
}

// Request reads and renders an item.
func (p *Prepared) Request(it Item) (*eval.Instance, *eval.Request, error) {
	in, err := p.instance(it.Row, it.Number)
	if err != nil {
		return nil, nil, err
	}
	if in == nil {
		return nil, nil, fmt.Errorf("%s: the row was dropped the second time it was read", it.Row.Where())
	}
	req, err := p.render(in)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", it.Row.Where(), err)
	}
	req.Sampling = p.Task.Sampling
	if req.Type == eval.Loglikelihood && req.MaxLength == nil {
		req.MaxLength = p.Task.MaxLength
	}
	return in, req, nil
}
