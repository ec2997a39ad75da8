package journal

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	json "github.com/goccy/go-json"

	"olmoeval/eval"
)

// Reader reads a run directory, finished or not.
type Reader struct {
	Dir      string
	Manifest *Manifest
}

// Load opens a run directory for reading.
func Load(dir string) (*Reader, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	return &Reader{Dir: dir, Manifest: m}, nil
}

var sharedMark = []byte(`{"shared_id":`)
var headMark = []byte(`{"olmo_eval_records":`)

// parse reads a line: a record, or nil for a head or shared line, which is
// kept in shared.
func parse(s scanned, shared map[string]sharedLine) (*eval.Record, error) {
	if bytes.HasPrefix(s.line, headMark) {
		return nil, nil
	}
	if bytes.HasPrefix(s.line, sharedMark) {
		var l sharedLine
		if err := json.Unmarshal(s.line, &l); err != nil {
			return nil, err
		}
		shared[l.SharedID] = l
		return nil, nil
	}
	return decode(s.line, shared)
}

// Records yields a task's records in instance order, the latest of each
// instance. Memory is a few bytes an instance. Damaged lines are left out; a
// warning says so as a *DamageError at the end.
func (r *Reader) Records(ctx context.Context, label string) iter.Seq2[*eval.Record, error] {
	return func(yield func(*eval.Record, error) bool) {
		t, ok := r.Manifest.Task(label)
		if !ok {
			yield(nil, fmt.Errorf("run %s has no task %q", r.Manifest.RunID, label))
			return
		}
		path := filepath.Join(r.Dir, t.File)
		x, err := index(path)
		if err != nil {
			yield(nil, err)
			return
		}
		f, err := os.Open(path)
		if os.IsNotExist(err) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		var buf []byte
		for i := range x.at {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if x.at[i].size == 0 {
				continue
			}
			buf = append(buf[:0], make([]byte, x.at[i].size)...)
			if _, err := f.ReadAt(buf, x.at[i].offset); err != nil {
				yield(nil, fmt.Errorf("%s: %w", path, err))
				return
			}
			rec, err := decode(buf, x.shared)
			if err != nil {
				err = fmt.Errorf("%s: record %d: %w", path, i, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
		if len(x.damaged) > 0 {
			yield(nil, &DamageError{Path: path, Lines: x.damaged})
		}
	}
}

// DamageError says that lines of a record file do not carry their checksum and
// were left out.
type DamageError struct {
	Path  string
	Lines []int
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: %d damaged lines (first: %d); run the same command again to ask for them once more", e.Path, len(e.Lines), e.Lines[0])
}

type place struct {
	offset int64
	size   int32
}

type fileIndex struct {
	at      []place // by instance index; size 0 where there is none
	shared  map[string]sharedLine
	damaged []int
}

// index finds the latest record of each instance.
func index(path string) (*fileIndex, error) {
	x := &fileIndex{shared: map[string]sharedLine{}}
	_, err := scan(path, func(s scanned) error {
		if bytes.HasPrefix(s.line, sharedMark) {
			_, err := parse(s, x.shared)
			return err
		}
		i, ok := indexOf(s.line)
		if !ok {
			return nil
		}
		for len(x.at) <= i {
			x.at = append(x.at, place{})
		}
		x.at[i] = place{s.offset, int32(len(s.line))}
		return nil
	}, func(n int) { x.damaged = append(x.damaged, n) })
	return x, err
}

var indexMark = []byte(`{"index":`)

// indexOf reads the instance index from the start of a record line.
func indexOf(line []byte) (int, bool) {
	rest, ok := bytes.CutPrefix(line, indexMark)
	if !ok {
		return 0, false
	}
	n := 0
	for i, c := range rest {
		if c < '0' || c > '9' {
			return n, i > 0
		}
		n = n*10 + int(c-'0')
	}
	return 0, false
}
