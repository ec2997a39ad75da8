package proc

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Watch is the whole life of a watcher; it returns the exit code of its
// process. Its arguments come from [Start].
func Watch(args []string) int {
	// The child's parent-death signal goes by the thread that started it.
	runtime.LockOSThread()
	status := os.NewFile(3, "status")
	fs := flag.NewFlagSet("watch", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	grace := fs.Duration("grace", 20*time.Second, "")
	dir, id := fs.String("dir", "", ""), fs.String("id", "", "")
	keep := fs.Int("keep", 0, "")
	if err := fs.Parse(args); err != nil || fs.NArg() == 0 || status == nil || *dir == "" || *id == "" {
		fmt.Fprintln(os.Stderr, "this command is for the program's own use: it watches a server that the program has started")
		return 2
	}
	for fd := 3; fd < 4+*keep; fd++ {
		syscall.CloseOnExec(fd)
	}
	w := &watcher{grace: *grace, status: status, none: make(chan struct{}), exited: make(chan struct{}), stop: make(chan struct{})}
	if err := w.start(*dir, *id, fs.Args()); err != nil {
		fmt.Fprintf(status, "%v\n", err)
		return 0
	}
	w.run()
	forget(*dir, *id)
	return 0
}

// watcher is the state of a watcher process.
type watcher struct {
	grace  time.Duration
	status *os.File
	pid    int
	none   chan struct{} // closed by reap when no child is left
	exited chan struct{} // closed by reap when the server has ended
	stop   chan struct{} // closed when the server shall end
	once   sync.Once
	quiet  bool // the group was seen empty; its number may name another now
}

func (w *watcher) start(dir, id string, args []string) error {
	becomeSubreaper()
	// A signal that is caught is reset in the child; SIGPIPE of a parent that
	// has gone must not end us.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	go func() {
		for s := range signals {
			if s != syscall.SIGPIPE {
				w.end()
			}
		}
	}()
	rec := record{ID: id, Host: hostname(), Boot: bootID(), Watcher: identify(os.Getpid()), Name: args[0]}
	// Once before, so that a child whose watcher is killed at once is found.
	if err := rec.write(dir); err != nil {
		return err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	w.pid, err = syscall.ForkExec(args[0], args, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{null.Fd(), 1, 2}, Sys: deathSignal(&syscall.SysProcAttr{Setsid: true}),
	})
	if err != nil {
		forget(dir, id)
		return fmt.Errorf("%s: %w", args[0], err)
	}
	rec.Server = identify(w.pid)
	if err := rec.write(dir); err != nil {
		_ = syscall.Kill(-w.pid, syscall.SIGKILL)
		return err
	}
	fmt.Fprintf(w.status, "started %d\n", w.pid)
	go func() { // ends with the process, or with our starter
		_, _ = io.Copy(io.Discard, os.Stdin)
		w.end()
	}()
	go w.reap()
	return nil
}

func (w *watcher) end() { w.once.Do(func() { close(w.stop) }) }

// reap collects all children, those that were handed to us too.
func (w *watcher) reap() {
	defer close(w.none)
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case err == syscall.EINTR: //nolint:errorlint // an errno
		case err != nil:
			return
		case pid == w.pid && (ws.Exited() || ws.Signaled()):
			code, sig := ws.ExitStatus(), 0
			if ws.Signaled() {
				code, sig = -1, int(ws.Signal())
			}
			fmt.Fprintf(w.status, "exited %d %d\n", code, sig)
			close(w.exited)
		}
	}
}

// run waits for the end of the server or for the word to end it, then ends
// what is left.
func (w *watcher) run() {
	select {
	case <-w.exited:
	case <-w.stop:
	}
	w.signal(syscall.SIGTERM)
	deadline := time.After(w.grace)
	exited := w.exited
	for !w.empty() {
		select {
		case <-exited:
			// The server has ended; what it started gets a moment more.
			exited = nil
			deadline = time.After(min(w.grace, 2*time.Second))
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			w.kill()
			return
		}
	}
}

// kill ends what is left, for as long as it takes.
func (w *watcher) kill() {
	for !w.empty() {
		w.signal(syscall.SIGKILL)
		for _, pid := range descendants(os.Getpid()) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// signal reaches the server's group, unless that was seen to be empty: then its
// number may be another's.
func (w *watcher) signal(s syscall.Signal) {
	if !w.quiet {
		w.quiet = syscall.Kill(-w.pid, s) == syscall.ESRCH //nolint:errorlint // an errno
	}
}

// empty reports whether nothing is left.
func (w *watcher) empty() bool {
	select {
	case <-w.none:
		w.signal(0)
		return w.quiet
	default:
		return false
	}
}
