// Package lock holds files of which one process of the machine at a time has
// hold: of a GPU, of a port. The kernel frees a lock when every process that
// has its file open is gone, so a lock never outlives its holder. Call [Try] or
// [Wait], then [Lock.Release].
package lock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Holder says who holds a lock. The zero value means that it is not known.
type Holder struct {
	PID  int    `json:"pid"`
	Host string `json:"host"`
	// What the lock was taken for.
	What string `json:"what"`
}

// String is for messages: "process 12 (vllm m)".
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	text := fmt.Sprintf("process %d", h.PID)
	if h.What != "" {
		text += " (" + h.What + ")"
	}
	return text
}

// HeldError says that another process has the lock.
type HeldError struct {
	Path string
	Holder
}

func (e *HeldError) Error() string { return fmt.Sprintf("%s is held by %s", e.Path, e.Holder) }

// Lock is held until Release, or until the last process that inherited
// [Lock.File] ends.
type Lock struct{ f *os.File }

// Try takes the lock, or returns a *HeldError at once. The file is made where
// it is missing, with its folder, and is never removed.
func Try(path, what string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o666)
	if errors.Is(err, os.ErrPermission) { // another user made it: locking needs no writing
		f, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	}
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		held := &HeldError{Path: path, Holder: read(f)}
		f.Close()
		return nil, held
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	l := &Lock{f}
	l.note(what)
	return l, nil
}

// Wait takes the lock, waiting for its holder as long as ctx allows. It is for
// locks that are held for moments.
func Wait(ctx context.Context, path, what string) (*Lock, error) {
	for {
		l, err := Try(path, what)
		var held *HeldError
		if !errors.As(err, &held) {
			return l, err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", held, context.Cause(ctx))
		}
	}
}

// note writes who holds the lock, for messages only: a file that cannot be
// written is locked all the same.
func (l *Lock) note(what string) {
	host, _ := os.Hostname()
	b, err := json.Marshal(Holder{os.Getpid(), host, what})
	if err != nil {
		return
	}
	if l.f.Truncate(0) == nil {
		_, _ = l.f.WriteAt(append(b, '\n'), 0)
	}
}

func read(f *os.File) Holder {
	var h Holder
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	if err != nil || json.Unmarshal(b, &h) != nil {
		return Holder{}
	}
	return h
}

// File is for a child process that shall hold the lock too.
func (l *Lock) File() *os.File { return l.f }

// Release lets go; children that inherited the file hold on. A nil lock is
// nothing to release.
func (l *Lock) Release() {
	if l != nil {
		l.f.Close()
	}
}
