package fetch

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"olmoeval/internal/fetch/web"
)

// File is one file to download.
type File struct {
	// Path is where the file shall be; the part that is there already is in
	// Path + ".incomplete".
	Path string
	// Lock is the file whose lock is held meanwhile; "" if the caller holds one.
	Lock string
	// Size is how many bytes it has, -1 if unknown.
	Size int64
	// Sum is "sha256:", "md5:", "crc32c:", "crc64nvme:" or "git:" (a git blob's
	// SHA-1, which needs Size) and the digest in hex; "" is not checked.
	Sum string
	// Get opens the content from an offset on. It may begin elsewhere, and
	// says where. Errors are retried as [web.Retry] says.
	Get func(ctx context.Context, offset int64) (body io.ReadCloser, begin int64, err error)
	// Retry is the budget.
	Retry web.Retry
	// Progress is told how many bytes are there, after every write; it may go
	// down when a download begins anew. nil is not told.
	Progress func(have int64)
	// Stall is how long to wait for the next bytes before asking again; 0 is a
	// minute.
	Stall time.Duration
}

// errBroken is a download that ended early and can go on.
var errBroken = errors.New("connection broken")

// Begun is how many bytes of a file were downloaded by an attempt that did not
// end well.
func Begun(path string) int64 {
	st, err := os.Stat(path + ".incomplete")
	if err != nil {
		return 0
	}
	return st.Size()
}

// there tells whether the file is there, as long as it should be.
func (f File) there() (bool, error) {
	st, err := os.Stat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && (f.Size < 0 || st.Size() == f.Size), err
}

// Do makes the file be there, and returns its SHA-256 in hex, "" if it was
// there before. A file that is there with another size is begun anew from what
// it has.
func (f File) Do(ctx context.Context) (sum string, err error) {
	if ok, err := f.there(); ok || err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o777); err != nil {
		return "", err
	}
	if f.Lock != "" {
		unlock, err := Lock(ctx, f.Lock)
		if err != nil {
			return "", err
		}
		defer unlock()
		if ok, err := f.there(); ok || err != nil {
			return "", err // another process was quicker
		}
	}
	if damaged, err := Exists(f.Path); err != nil {
		return "", err
	} else if damaged {
		if err := os.Rename(f.Path, f.Path+".incomplete"); err != nil {
			return "", err
		}
	}
	for try := 0; ; try++ {
		sum, err := f.attempt(ctx)
		var bad *SumError
		if errors.As(err, &bad) && try == 0 {
			continue // what was there may have been of an older content
		}
		return sum, err
	}
}

// SumError is a download that is not what it should be.
type SumError struct{ What, Want, Got string }

func (e *SumError) Error() string {
	return fmt.Sprintf("download broken: %s is %s, want %s", e.What, e.Got, e.Want)
}

// attempt downloads, resuming after breaks, checks and renames.
func (f File) attempt(ctx context.Context) (string, error) {
	part := f.Path + ".incomplete"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return "", err
	}
	defer file.Close()
	w, err := resume(ctx, file, f.sumOf())
	if err != nil {
		return "", err
	}
	w.progress = f.Progress
	if f.Size >= 0 && w.n > f.Size {
		if err := w.restart(ctx, 0); err != nil {
			return "", err
		}
	}
	if err := f.fill(ctx, w); err != nil {
		return "", err
	}
	if err := f.verify(w); err != nil {
		os.Remove(part)
		return "", err
	}
	if err := file.Sync(); err != nil {
		return "", err
	}
	if err := os.Rename(part, f.Path); err != nil {
		return "", err
	}
	return hex.EncodeToString(w.sha.Sum(nil)), nil
}

// fill gets what is missing. Progress renews the budget of retries.
func (f File) fill(ctx context.Context, w *partial) error {
	done := f.Size >= 0 && w.n >= f.Size
	for !done {
		err := f.Retry.Do(ctx, func() error {
			had := w.n
			err := f.piece(ctx, w)
			if err == nil {
				done = true
			} else if errors.Is(err, errBroken) && w.n > had {
				return nil // go on from here
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// piece gets as much as one request gives; errBroken if that is not all.
func (f File) piece(ctx context.Context, w *partial) error {
	stall := f.Stall
	if stall == 0 {
		stall = time.Minute
	}
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	body, begin, err := f.Get(own, w.n)
	if err != nil {
		return err
	}
	defer body.Close()
	if begin != w.n {
		if err := w.restart(ctx, begin); err != nil {
			return web.Final(err)
		}
	}
	quiet := time.AfterFunc(stall, cancel)
	defer quiet.Stop()
	_, err = io.Copy(w, &lively{body, func() { quiet.Reset(stall) }})
	switch {
	case w.failed != nil:
		return web.Final(w.failed)
	case err != nil && own.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("%w after %d bytes: nothing came for %s", errBroken, w.n, stall)
	case err != nil:
		return fmt.Errorf("%w after %d bytes: %w", errBroken, w.n, err)
	case f.Size >= 0 && w.n < f.Size:
		return fmt.Errorf("%w after %d of %d bytes", errBroken, w.n, f.Size)
	}
	return nil
}

// lively tells of every read that brought something.
type lively struct {
	io.Reader
	heard func()
}

func (l *lively) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.heard()
	}
	return n, err
}

func (f File) verify(w *partial) error {
	if f.Size >= 0 && w.n != f.Size {
		return &SumError{"size", fmt.Sprint(f.Size), fmt.Sprint(w.n)}
	}
	kind, want, _ := strings.Cut(f.Sum, ":")
	if f.Sum == "" {
		return nil
	}
	got := hex.EncodeToString(w.digest())
	if !strings.EqualFold(got, want) {
		return &SumError{kind, want, got}
	}
	return nil
}
