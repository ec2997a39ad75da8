package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"sync"

	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
)

// fileRows are the rows of some files, one after the other.
type fileRows struct {
	inputs []rowio.Input
	// check sees the result of the first whole pass; nil accepts it.
	check func(eval.SourceInfo) error

	mu   sync.Mutex
	info eval.SourceInfo
	done bool // info has row count and digest
}

var _ eval.Rows = (*fileRows)(nil)

func newRows(info eval.SourceInfo, inputs []rowio.Input) *fileRows {
	for _, in := range inputs {
		info.Files = append(info.Files, in.Name)
	}
	return &fileRows{inputs: inputs, info: info}
}

// Info is complete after one whole pass over All. Rows counts the malformed
// ones too.
func (r *fileRows) Info() eval.SourceInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.info
}

// All reads the files. The first whole pass takes the digest on the way; later
// ones check that there are as many rows as before.
func (r *fileRows) All(ctx context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		var sum hash.Hash
		var w io.Writer
		if r.mu.Lock(); !r.done {
			sum = sha256.New()
			w = sum
		}
		r.mu.Unlock()
		n := 0
		for _, in := range r.inputs {
			for row, err := range in.Rows(ctx, w) {
				n++
				if !yield(row, err) {
					return
				}
				if err == nil {
					continue
				}
				var bad *eval.RowError
				if !errors.As(err, &bad) {
					return
				}
			}
		}
		if err := r.finish(n, sum); err != nil {
			yield(eval.Row{}, err)
		}
	}
}

// finish records or compares what a whole pass found.
func (r *fileRows) finish(n int, sum hash.Hash) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n == 0 {
		return fmt.Errorf("%s: no rows", r.name())
	}
	if sum == nil {
		if n != r.info.Rows {
			return fmt.Errorf("%s: %d rows where an earlier reading found %d: the data changed meanwhile", r.name(), n, r.info.Rows)
		}
		return nil
	}
	info := r.info
	info.Rows, info.Digest = n, hex.EncodeToString(sum.Sum(nil))
	if r.check != nil {
		if err := r.check(info); err != nil {
			return err
		}
	}
	r.info, r.done = info, true
	return nil
}

func (r *fileRows) name() string {
	if len(r.inputs) == 1 {
		return r.inputs[0].Name
	}
	return fmt.Sprintf("%s (%d files)", r.info.Path, len(r.inputs))
}

// joined are the rows of several splits, one after the other.
type joined struct {
	split string
	parts []eval.Rows
}

var _ eval.Rows = (*joined)(nil)

func (j *joined) All(ctx context.Context) iter.Seq2[eval.Row, error] {
	return func(yield func(eval.Row, error) bool) {
		for _, p := range j.parts {
			for row, err := range p.All(ctx) {
				if !yield(row, err) {
					return
				}
				var bad *eval.RowError
				if err != nil && !errors.As(err, &bad) {
					return
				}
			}
		}
	}
}

// Info adds the parts up; the digest is over their digests.
func (j *joined) Info() eval.SourceInfo {
	info := j.parts[0].Info()
	info.Split, info.Rows, info.Files = j.split, 0, nil
	h := sha256.New()
	whole := true
	for _, p := range j.parts {
		pi := p.Info()
		info.Rows += pi.Rows
		info.Files = append(info.Files, pi.Files...)
		whole = whole && pi.Digest != ""
		h.Write([]byte(pi.Digest + "\n"))
	}
	info.Digest = ""
	if whole {
		info.Digest = hex.EncodeToString(h.Sum(nil))
	}
	return info
}

// collect decodes all rows; a malformed one is an error.
func collect(ctx context.Context, rows eval.Rows) ([]eval.Doc, error) {
	var docs []eval.Doc
	for row, err := range rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		doc, err := Decode(row)
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}
