package cache

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"

	"olmoeval/dataset/internal/web"
)

// Fetch is one file to download.
type Fetch struct {
	// Path is where the file shall be; the part that is there already is in
	// Path + ".incomplete".
	Path string
	// Lock is the file whose lock is held meanwhile; "" if the caller holds one.
	Lock string
	// Size is how many bytes it has, -1 if unknown.
	Size int64
	// Sum is "sha256:", "md5:" or "git:" (a git blob's SHA-1, which needs
	// Size) and the digest in hex; "" is not checked.
	Sum string
	// Get opens the content from an offset on. It may begin elsewhere, and
	// says where. Errors are retried as [web.Retry] says.
	Get func(ctx context.Context, offset int64) (body io.ReadCloser, begin int64, err error)
	// Retry is the budget.
	Retry web.Retry
}

// errBroken is a download that ended early and can go on.
var errBroken = errors.New("connection broken")

// Do makes the file be there, and returns its SHA-256 in hex, "" if it was
// there before.
func (f Fetch) Do(ctx context.Context) (sum string, err error) {
	if ok, err := Exists(f.Path); ok || err != nil {
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
		if ok, err := Exists(f.Path); ok || err != nil {
			return "", err // another process was quicker
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
func (f Fetch) attempt(ctx context.Context) (string, error) {
	part := f.Path + ".incomplete"
	file, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return "", err
	}
	defer file.Close()
	w, err := resume(file, f.sumOf())
	if err != nil {
		return "", err
	}
	if f.Size >= 0 && w.n > f.Size {
		if err := w.restart(0); err != nil {
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
func (f Fetch) fill(ctx context.Context, w *partial) error {
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
func (f Fetch) piece(ctx context.Context, w *partial) error {
	body, begin, err := f.Get(ctx, w.n)
	if err != nil {
		return err
	}
	defer body.Close()
	if begin != w.n {
		if err := w.restart(begin); err != nil {
			return web.Final(err)
		}
	}
	_, err = io.Copy(w, body)
	switch {
	case w.failed != nil:
		return web.Final(w.failed)
	case err != nil:
		return fmt.Errorf("%w after %d bytes: %w", errBroken, w.n, err)
	case f.Size >= 0 && w.n < f.Size:
		return fmt.Errorf("%w after %d of %d bytes", errBroken, w.n, f.Size)
	}
	return nil
}

func (f Fetch) verify(w *partial) error {
	if f.Size >= 0 && w.n != f.Size {
		return &SumError{"size", fmt.Sprint(f.Size), fmt.Sprint(w.n)}
	}
	kind, want, _ := strings.Cut(f.Sum, ":")
	if f.Sum == "" {
		return nil
	}
	got := hex.EncodeToString(w.sum.Sum(nil))
	if !strings.EqualFold(got, want) {
		return &SumError{kind, want, got}
	}
	return nil
}

// sumOf is the hash that Sum asks for.
func (f Fetch) sumOf() func() hash.Hash {
	switch kind, _, _ := strings.Cut(f.Sum, ":"); kind {
	case "md5":
		return md5.New
	case "git":
		return func() hash.Hash {
			h := sha1.New()
			fmt.Fprintf(h, "blob %d\x00", f.Size)
			return h
		}
	}
	return sha256.New
}

// partial is a file that grows, with its digests.
type partial struct {
	file   *os.File
	n      int64
	newSum func() hash.Hash
	sum    hash.Hash
	sha    hash.Hash
	failed error // of the disk, not of the network
}

// resume takes the digests of what is there.
func resume(file *os.File, newSum func() hash.Hash) (*partial, error) {
	w := &partial{file: file, newSum: newSum, sum: newSum(), sha: sha256.New()}
	n, err := io.Copy(io.MultiWriter(w.sum, w.sha), bufio.NewReaderSize(file, 1<<20))
	w.n = n
	return w, err
}

// restart cuts the file to its first n bytes.
func (w *partial) restart(n int64) error {
	if n > w.n {
		return fmt.Errorf("the server sent bytes from %d on where %d was asked for", n, w.n)
	}
	if err := w.file.Truncate(n); err != nil {
		return err
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	fresh, err := resume(w.file, w.newSum)
	if err == nil {
		*w = *fresh
	}
	return err
}

func (w *partial) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	w.sum.Write(p[:n])
	w.sha.Write(p[:n])
	w.n += int64(n)
	w.failed = err
	return n, err
}
