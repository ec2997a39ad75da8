package lock

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "gpu0")
	a, err := Try(path, "vllm m")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Try(path, "vllm n")
	var held *HeldError
	if !errors.As(err, &held) || held.PID != os.Getpid() || held.What != "vllm m" || !strings.Contains(err.Error(), "(vllm m)") {
		t.Errorf("second holder: %v", err)
	}
	a.Release()
	b, err := Try(path, "again")
	if err != nil {
		t.Fatal(err)
	}
	b.Release()
	(*Lock)(nil).Release()
}

// TestChild holds that a lock lives as long as a process that inherited it.
func TestChild(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gpu0")
	l, err := Try(path, "parent")
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("cat")
	child.ExtraFiles = []*os.File{l.File()}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	l.Release()
	if _, err := Try(path, "other"); err == nil {
		t.Error("the child has the lock")
	}
	in.Close()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	again, err := Try(path, "other")
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plan")
	l, err := Try(path, "first")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Wait(ctx, path, "second"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	got := make(chan error, 1)
	go func() {
		l, err := Wait(ctx, path, "third")
		l.Release()
		got <- err
	}()
	l.Release()
	if err := <-got; err != nil {
		t.Error(err)
	}
}
