package sample

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Config says what is watched.
type Config struct {
	// GPUs asks nvidia-smi, where it is installed.
	GPUs bool
	// Every is the time between looks; 0 means 10 s.
	Every time.Duration

	// Client, Ticks, Now and SMI stand in for the network, the clock and
	// nvidia-smi in tests. A tick is one look.
	Client *http.Client
	Ticks  <-chan time.Time
	Now    func() time.Time
	SMI    string
}

// Sampler watches one run at a time.
type Sampler struct {
	cfg Config
	smi string // "" asks no GPUs

	mu        sync.Mutex
	endpoints []*endpoint
}

// New makes a sampler; it asks nobody yet.
func New(cfg Config) *Sampler {
	if cfg.Every <= 0 {
		cfg.Every = 10 * time.Second
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Sampler{cfg: cfg}
}

// Watch says which servers there are, by base URL with or without /v1; it may be
// called again, before and during a run. One that has no /metrics is asked once.
// A text that is no URL is an error.
func (s *Sampler) Watch(bases ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*endpoint
	for _, base := range bases {
		e, err := newEndpoint(base)
		if err != nil {
			return err
		}
		same := func(o *endpoint) bool { return o.url == e.url }
		if i := slices.IndexFunc(s.endpoints, same); i >= 0 {
			e = s.endpoints[i]
		}
		if !slices.ContainsFunc(list, same) {
			list = append(list, e)
		}
	}
	s.endpoints = list
	return nil
}

func (s *Sampler) watched() []*endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endpoints // replaced, never changed
}

// QueueLength is how many requests waited in the servers at the last look, over
// all of them; ok is false while one of them does not tell, or told too long ago.
func (s *Sampler) QueueLength() (n int, ok bool) {
	list := s.watched()
	oldest := s.cfg.Now().Add(-3 * s.cfg.Every)
	for _, e := range list {
		e.mu.Lock()
		n += e.waiting
		known := e.known && e.at.After(oldest)
		e.mu.Unlock()
		if !known {
			return 0, false
		}
	}
	return n, len(list) > 0
}

// Start looks at once and then at every tick until stop is called, which looks a
// last time and waits. Lines go to engine.jsonl in dir, made when there is
// something to write; after each look the run's counters, if not nil, become a
// "progress" event. Errors do not end the run; stop returns the first.
func (s *Sampler) Start(ctx context.Context, dir string, counters func() map[string]any, event func(kind string, fields map[string]any) error) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	quit := make(chan struct{})
	s.smi = ""
	if s.cfg.GPUs {
		s.smi = s.cfg.SMI
		if s.smi == "" {
			s.smi, _ = exec.LookPath("nvidia-smi")
		}
	}
	for _, e := range s.watched() {
		e.last = nil // the first line in a file is whole
	}
	out := &file{path: filepath.Join(dir, FileName)}
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	progress := func() error {
		if counters == nil || event == nil {
			return nil
		}
		return event("progress", counters())
	}
	var running sync.WaitGroup
	running.Go(func() {
		ticks := s.cfg.Ticks
		if ticks == nil {
			t := time.NewTicker(s.cfg.Every)
			defer t.Stop()
			ticks = t.C
		}
		for {
			keep(s.look(ctx, out))
			keep(progress())
			select {
			case <-ticks:
			case <-quit:
				keep(s.look(ctx, out))
				return
			}
		}
	})
	return func() error {
		close(quit)
		// A server that does not answer must not hold up the end of a run.
		t := time.AfterFunc(2*time.Second, cancel)
		running.Wait()
		t.Stop()
		cancel()
		keep(progress())
		keep(out.close())
		return first
	}
}

// look asks all sources at the same time and writes what they say, in order.
func (s *Sampler) look(ctx context.Context, out *file) error {
	ctx, cancel := context.WithTimeout(ctx, min(5*time.Second, s.cfg.Every))
	defer cancel()
	now := s.cfg.Now().UTC()
	list := s.watched()
	lines := make([]*Line, len(list)+1)
	var asking sync.WaitGroup
	for i, e := range list {
		asking.Go(func() {
			if l, ok := e.look(ctx, s.cfg.Client, now); ok {
				lines[i] = &l
			}
		})
	}
	if s.smi != "" {
		l := &Line{Time: now, Source: "gpu"}
		var err error
		if l.GPUs, err = gpus(ctx, s.smi); err != nil {
			l.Error, s.smi = err.Error(), ""
		}
		lines[len(list)] = l
	}
	asking.Wait()
	for _, l := range lines {
		if l != nil {
			if err := out.write(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// file is engine.jsonl, opened when there is something to write.
type file struct {
	path string
	f    *os.File
}

func (w *file) write(l *Line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if w.f == nil {
		if w.f, err = os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644); err != nil {
			return err
		}
		if torn(w.f) {
			b = append([]byte{'\n'}, b...)
		}
	}
	if _, err := w.f.Write(b); err != nil {
		return fmt.Errorf("writing %s: %w", w.path, err)
	}
	return nil
}

// torn reports whether a file ends in the middle of a line.
func torn(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil && err != io.EOF {
		return false
	}
	return !bytes.Equal(last, []byte{'\n'})
}

func (w *file) close() error {
	if w.f == nil {
		return nil
	}
	return w.f.Close()
}
