package engine

import (
	"context"
	"fmt"

	"olmoeval/eval"
	"olmoeval/internal/pyrand"
)

// texts fetches the published texts that a prompt holds.
func (l *Loader) texts(ctx context.Context, f eval.Formatter) (eval.Formatter, error) {
	tf, ok := f.(eval.TextFormatter)
	if !ok {
		return f, nil
	}
	texts := map[string]string{}
	for _, name := range tf.Texts() {
		text, err := l.Data.Text(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("prompt text: %w", err)
		}
		texts[name] = text
	}
	return tf.WithTexts(texts), nil
}

// shots reads the worked examples.
func (l *Loader) shots(ctx context.Context, t *eval.Task) ([]*eval.Instance, error) {
	f := t.Fewshot
	if f.Num == 0 {
		return nil, nil
	}
	var out []*eval.Instance
	if f.Set != "" {
		docs, err := l.Data.Shots(ctx, f.Set)
		if err != nil {
			return nil, fmt.Errorf("few-shot set: %w", err)
		}
		if len(docs) < f.Num {
			return nil, fmt.Errorf("few-shot set %q has %d rows, num_fewshot asks for %d", f.Set, len(docs), f.Num)
		}
		for i, d := range docs[:f.Num] {
			in, err := t.Shot(d, i)
			if err != nil {
				return nil, fmt.Errorf("few-shot set %q, row %d: %w", f.Set, i, err)
			}
			out = append(out, in)
		}
		return out, nil
	}
	split := f.Split
	if split == "" {
		split = t.Split
	}
	rows, err := l.open(ctx, t, split)
	if err != nil {
		return nil, fmt.Errorf("few-shot rows: %w", err)
	}
	i := -1
	for row, err := range rows.All(ctx) {
		i++
		if err == nil {
			var d eval.Doc
			if d, err = l.Decode(row); err == nil {
				var in *eval.Instance
				if in, err = t.Shot(d, i); err == nil && in != nil {
					out = append(out, in)
				}
			}
		}
		if err != nil && !l.skip(err) {
			return nil, fmt.Errorf("few-shot rows: %w", err)
		}
		if !f.Draw && len(out) == f.Num {
			break
		}
	}
	if len(out) < f.Num {
		return nil, fmt.Errorf("split %q of %s has %d rows for worked examples, num_fewshot asks for %d", split, t.Source.Path, len(out), f.Num)
	}
	if !f.Draw {
		return out, nil
	}
	var drawn []*eval.Instance
	for _, i := range draw(t, len(out)) {
		drawn = append(drawn, out[i])
	}
	return drawn, nil
}

// drawer is an optional interface of a formatter that chooses the worked
// examples itself: the indices, in order, of those it wants of n rows where
// num_fewshot asks for k.
type drawer interface {
	DrawShots(n, k int, seed int64) []int
}

func draw(t *eval.Task, n int) []int {
	f := t.Fewshot
	if p, ok := t.Prompt.(drawer); ok {
		return p.DrawShots(n, f.Num, f.Seed)
	}
	return pyrand.New(f.Seed).Sample(n, f.Num)
}
