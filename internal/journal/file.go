package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	json "github.com/goccy/go-json"

	"olmoeval/eval"
)

// file is one task's record file open for appending. Appends from many
// goroutines are written together: the first to arrive writes for all that
// have come meanwhile, and nobody returns before his line is in the file.
type file struct {
	path   string
	mu     sync.Mutex
	cond   *sync.Cond
	f      *os.File
	size   int64 // of whole lines
	buf    []byte
	spare  []byte
	gen    uint64 // of the batch being collected
	done   uint64 // last batch written
	busy   bool
	err    error
	shared map[string]bool // ids written
	last   sharedLine      // the text most recently referred to
	lastID string
}

// openFile opens a record file for appending after its last whole line, making
// it with its head line if need be.
func openFile(path string, head headLine, size int64) (*file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	w := &file{path: path, f: f, size: size, gen: 1, shared: map[string]bool{}}
	w.cond = sync.NewCond(&w.mu)
	if err := f.Truncate(size); err != nil {
		f.Close()
		return nil, err
	}
	if size == 0 {
		b, err := json.Marshal(head)
		if err == nil {
			err = w.append(seal(b))
		}
		if err != nil {
			f.Close()
			return nil, err
		}
	}
	return w, nil
}

// add writes a record, and before it the shared text it needs.
func (w *file) add(rec *eval.Record) error {
	id, err := w.share(rec.Request)
	if err != nil {
		return err
	}
	line, err := encode(rec, id)
	if err != nil {
		return err
	}
	return w.append(line)
}

func (w *file) share(r *eval.Request) (string, error) {
	part, ok := sharedPart(r)
	if !ok {
		return "", nil
	}
	w.mu.Lock()
	if w.lastID != "" && part.Prompt == w.last.Prompt && sameMessages(part.Messages, w.last.Messages) {
		id := w.lastID
		w.mu.Unlock()
		return id, nil
	}
	w.mu.Unlock()
	id := part.id()
	w.mu.Lock()
	known := w.shared[id]
	w.mu.Unlock()
	if !known {
		part.SharedID = id
		b, err := json.MarshalWithOption(part, json.DisableHTMLEscape())
		if err != nil {
			return "", err
		}
		if err := w.append(seal(b)); err != nil {
			return "", err
		}
	}
	w.mu.Lock()
	w.shared[id] = true
	w.last, w.lastID = part, id
	w.mu.Unlock()
	return id, nil
}

func sameMessages(a, b []eval.Message) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Role != b[i].Role || a[i].Content != b[i].Content || a[i].ToolCallID != b[i].ToolCallID || len(a[i].ToolCalls)+len(b[i].ToolCalls) > 0 {
			return false
		}
	}
	return true
}

// append adds a line to the batch and returns when the batch is in the file.
func (w *file) append(line []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.buf = append(w.buf, line...)
	mine := w.gen
	for w.busy && w.done < mine {
		w.cond.Wait()
	}
	if w.done >= mine {
		return w.err
	}
	w.busy = true
	for w.done < mine {
		batch := w.buf
		w.buf, w.spare = w.spare[:0], nil
		gen := w.gen
		w.gen++
		w.mu.Unlock()
		n, err := w.f.WriteAt(batch, w.size)
		w.mu.Lock()
		w.spare = batch[:0]
		if err != nil {
			w.err = fmt.Errorf("writing %s: %w", w.path, err)
			if n > 0 {
				err = w.f.Truncate(w.size) // a torn line is dropped at the next start anyway
				_ = err
			}
		} else {
			w.size += int64(n)
		}
		w.done = gen
		w.cond.Broadcast()
	}
	w.busy = false
	w.cond.Broadcast()
	return w.err
}

func (w *file) sync() error {
	w.mu.Lock()
	err := w.err
	w.mu.Unlock()
	if err != nil {
		return err
	}
	return w.f.Sync()
}

func (w *file) close() error {
	err := w.sync()
	if cerr := w.f.Close(); err == nil {
		err = cerr
	}
	return err
}

// scanned is what a pass over a record file's lines gives.
type scanned struct {
	line   []byte // without newline; valid until the next call
	offset int64
	number int
}

// scan calls fn for each whole line that is a record or shared text, and
// returns the end of the last whole line. A line that is not whole is handed to
// bad unless it is the last.
func scan(path string, fn func(scanned) error, bad func(number int)) (end int64, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	var offset int64
	var long []byte
	pending := 0
	for number := 1; ; number++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long[:0], line...)
			for errors.Is(err, bufio.ErrBufferFull) {
				line, err = r.ReadSlice('\n')
				long = append(long, line...)
			}
			line = long
		}
		if err == io.EOF {
			return end, nil // what follows the last newline is torn
		}
		if err != nil {
			return end, err
		}
		start := offset
		offset += int64(len(line))
		body := bytes.TrimSuffix(line, []byte("\n"))
		if !whole(body) {
			pending = number
			continue
		}
		if pending > 0 {
			bad(pending)
			pending = 0
		}
		end = offset
		if err := fn(scanned{body, start, number}); err != nil {
			return end, err
		}
	}
}
