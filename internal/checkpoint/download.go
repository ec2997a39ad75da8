package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"olmoeval/internal/weights"
)

// need is the size of the files, and how much of it is not here; 0 where sizes
// are not known.
func need(s source, p *selection) (total, missing int64) {
	for _, n := range p.names {
		size := p.sizes[n]
		if size < 0 {
			return 0, 0
		}
		total += size
		missing += max(0, size-s.here(weights.File{Name: n, Size: size}))
	}
	return total, missing
}

// download gets the files that are not here.
func download(ctx context.Context, s source, p *selection, o Options) error {
	ready, release, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer release()
	if ready {
		return nil
	}
	total, missing := need(s, p)
	if missing > 0 {
		free, err := o.Free(s.space())
		if err != nil {
			return fmt.Errorf("disk space of %s: %w", s.space(), err)
		}
		if free < missing {
			return fmt.Errorf("not enough disk space in %s: it needs %s and has %s; make room, or set HF_HOME or XDG_CACHE_HOME to a place that has it", s.space(), size(missing), size(free))
		}
	}
	m := &meter{report: o.Progress, now: o.Now, have: map[string]int64{}, total: total}
	if err := each(ctx, o.Parallel, p.names, func(ctx context.Context, name string) error {
		err := s.get(ctx, name, func(n int64) { m.set(name, n) })
		if err == nil {
			m.set(name, max(p.sizes[name], 0))
		}
		return err
	}); err != nil {
		return err
	}
	if err := s.finish(); err != nil {
		return err
	}
	m.end()
	return nil
}

// each does the work of all names, so many at a time. The first error ends the
// others.
func each(ctx context.Context, parallel int, names []string, work func(context.Context, string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan string) // closed here
	var wg sync.WaitGroup
	for range min(parallel, len(names)) {
		wg.Go(func() {
			for name := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := work(ctx, name); err != nil {
					cancel(err) // the first counts
				}
			}
		})
	}
	for _, n := range names {
		next <- n
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// meter adds up what is there, and tells of it at most ten times a second.
type meter struct {
	report func(Progress)
	now    func() time.Time

	mu    sync.Mutex
	have  map[string]int64
	done  int64
	total int64
	last  time.Time
}

const reportEvery = 100 * time.Millisecond

func (m *meter) set(name string, n int64) {
	if m.report == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n - m.have[name]
	m.have[name] = n
	if now := m.now(); now.Sub(m.last) >= reportEvery {
		m.last = now
		m.report(Progress{m.done, m.total})
	}
}

// end tells that all is there.
func (m *meter) end() {
	if m.report != nil {
		m.report(Progress{m.done, m.total})
	}
}

// freeBytes asks the system about the nearest directory that exists.
func freeBytes(dir string) (int64, error) {
	for {
		var st syscall.Statfs_t
		err := syscall.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * st.Bsize, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return 0, &os.PathError{Op: "statfs", Path: dir, Err: err}
		}
		dir = filepath.Dir(dir)
	}
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d bytes", n)
}
