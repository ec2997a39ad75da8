package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"olmoeval/eval"
)

// Writer appends to a run. Its methods may be called by many goroutines.
type Writer struct {
	Dir string

	mu       sync.Mutex
	manifest Manifest
	files    map[string]*file // by task label
	events   *os.File
	stop     chan struct{}
	beating  sync.WaitGroup
	lost     error // the lease was taken from us
}

// Create makes a new run directory under home with its manifest, holding the
// lease.
func Create(home Home, m Manifest) (*Writer, error) {
	if err := home.addKeys(&m); err != nil {
		return nil, err
	}
	return CreateAt(home.Run(m.RunID), m)
}

// CreateAt makes a run directory at a place of its own, such as a shard's.
func CreateAt(dir string, m Manifest) (*Writer, error) {
	m.Schema = SchemaVersion
	m.Status = Running
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".new-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(tmp, "records"), 0o755); err != nil {
		return nil, err
	}
	if err := takeLease(tmp, time.Now()); err != nil {
		return nil, err
	}
	if err := writeManifest(tmp, &m); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return nil, err
	}
	return start(dir, m)
}

// Open takes up an unfinished run, holding the lease; a *HeldError names the
// process that writes it.
func Open(dir string) (*Writer, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Sealed {
		return nil, fmt.Errorf("run %s is sealed", dir)
	}
	if err := takeLease(dir, time.Now()); err != nil {
		return nil, err
	}
	return start(dir, *m)
}

func start(dir string, m Manifest) (*Writer, error) {
	w := &Writer{Dir: dir, manifest: m, files: map[string]*file{}, stop: make(chan struct{})}
	var err error
	w.events, err = os.OpenFile(filepath.Join(dir, "events.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		dropLease(dir)
		return nil, err
	}
	w.beating.Go(w.beat)
	return w, nil
}

// beat keeps the lease and the files fresh until the writer closes.
func (w *Writer) beat() {
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	for {
		select {
		case <-w.stop:
			return
		case now := <-t.C:
			err := renewLease(w.Dir, now)
			var held *HeldError
			w.mu.Lock()
			if errors.As(err, &held) {
				w.lost = err
			}
			files := w.open()
			w.mu.Unlock()
			for _, f := range files {
				_ = f.sync() // the next append reports what is wrong with the file
			}
		}
	}
}

func (w *Writer) open() []*file {
	out := make([]*file, 0, len(w.files))
	for _, f := range w.files {
		out = append(out, f)
	}
	return out
}

// Manifest is the manifest as it stands.
func (w *Writer) Manifest() Manifest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.manifest
}

// Update edits the manifest and writes it.
func (w *Writer) Update(edit func(*Manifest)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	edit(&w.manifest)
	return writeManifest(w.Dir, &w.manifest)
}

// Ready opens a task's record file after reading what it holds: see is called
// for each record in file order. It must be called once per task before Append.
// It returns the numbers of damaged lines, whose instances are asked again.
func (w *Writer) Ready(t *Task, see func(*eval.Record) error) (damaged []int, err error) {
	path := filepath.Join(w.Dir, t.File)
	shared := map[string]sharedLine{}
	end, err := scan(path, func(s scanned) error {
		rec, err := parse(s, shared)
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, s.number, err)
		}
		if rec == nil {
			return nil
		}
		return see(rec)
	}, func(n int) { damaged = append(damaged, n) })
	if err != nil {
		return nil, err
	}
	f, err := openFile(path, headLine{Journal: SchemaVersion, RunID: w.manifest.RunID, Task: t.Label}, end)
	if err != nil {
		return nil, err
	}
	for id := range shared {
		f.shared[id] = true
	}
	w.mu.Lock()
	w.files[t.Label] = f
	w.mu.Unlock()
	return damaged, nil
}

// Append writes a record; when it returns the record is in the file.
func (w *Writer) Append(label string, rec *eval.Record) error {
	w.mu.Lock()
	f, lost := w.files[label], w.lost
	w.mu.Unlock()
	if lost != nil {
		return lost
	}
	return f.add(rec)
}

// Event adds a line to events.jsonl.
func (w *Writer) Event(kind string, fields map[string]any) error {
	line := map[string]any{"time": time.Now().UTC().Format(time.RFC3339Nano), "event": kind}
	for k, v := range fields {
		line[k] = v
	}
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.events.Write(append(b, '\n'))
	return err
}

// Close ends writing with the manifest's last state and gives the lease back.
func (w *Writer) Close(edit func(*Manifest)) error {
	close(w.stop)
	w.beating.Wait()
	var err error
	w.mu.Lock()
	files := w.open()
	w.mu.Unlock()
	for _, f := range files {
		if cerr := f.close(); err == nil {
			err = cerr
		}
	}
	if cerr := w.events.Close(); err == nil {
		err = cerr
	}
	if w.lost != nil {
		return w.lost
	}
	if uerr := w.Update(edit); err == nil {
		err = uerr
	}
	dropLease(w.Dir)
	return err
}
