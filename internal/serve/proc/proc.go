// Package proc starts processes that do not outlive this one, however it ends.
// Call [Start]; the program's own binary must run [Watch] when it is started
// with the command that [Command.Watcher] names; call [Reap] once before.
//
// Between this process and the child stands a watcher: our own binary, in a
// session of its own, started before the child so that there is no moment
// without it. It is told to stop by the end of a pipe whose other end only we
// have; the kernel closes that when we die, also of SIGKILL. The watcher then
// ends the child's process group, SIGTERM first, and whatever the child has
// started, which on Linux becomes the watcher's own child when its parents die
// (child subreaper). A parent-death signal alone would reach the child only,
// not what that has started, and is bound to a thread of ours. Should the
// watcher itself be killed, the child gets SIGKILL through its parent-death
// signal (Linux), and we, or else the next Reap, end the rest by the record
// that the watcher has left.
package proc

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Command says what to start.
type Command struct {
	// Args are the program's path and its arguments; other users can read them.
	Args []string
	Env  []string
	// Output gets what the child prints, and is the caller's to close.
	Output *os.File
	// Keep stay open, and so locked, until the child and all it started are
	// gone, even if this process goes first.
	Keep []*os.File
	// Dir is the folder of the records by which [Reap] finds what was left.
	Dir string
	// Watcher is the command that calls [Watch] with the arguments that follow
	// it.
	Watcher []string
	// Grace is how long the child may take to end by itself.
	Grace time.Duration
}

// Exit is how a child ended.
type Exit struct {
	Code   int
	Signal syscall.Signal // 0 if it ended by itself
	// Lost says that the watcher was killed, so that nobody saw the end.
	Lost bool
}

func (e Exit) String() string {
	switch {
	case e.Lost:
		return "was lost: its watcher was killed"
	case e.Signal != 0:
		return fmt.Sprintf("was ended by signal %d (%s)", int(e.Signal), e.Signal)
	}
	return fmt.Sprintf("exited with code %d", e.Code)
}

// Process is a child with its watcher.
type Process struct {
	pid      int
	id       string
	dir      string
	grace    time.Duration
	watcher  *exec.Cmd
	lifeline *os.File
	stop     sync.Once
	exit     Exit          // set before exited is closed
	exited   chan struct{} // closed by follow
	gone     chan struct{} // closed by follow
}

// ErrNotStarted is in the chain of the error of a child that could not be
// executed.
var ErrNotStarted = errors.New("not started")

// Start starts a child. Its end is seen on Exited; Stop must be called.
func Start(ctx context.Context, c Command) (*Process, error) {
	if err := privateDir(c.Dir); err != nil {
		return nil, err
	}
	var raw [8]byte
	_, _ = rand.Read(raw[:]) // it never fails
	p := &Process{id: hex.EncodeToString(raw[:]), dir: c.Dir, grace: c.Grace, exited: make(chan struct{}), gone: make(chan struct{})}
	life, lifeline, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	news, status, err := os.Pipe()
	if err != nil {
		life.Close()
		lifeline.Close()
		return nil, err
	}
	p.lifeline = lifeline
	args := append(c.Watcher[1:len(c.Watcher):len(c.Watcher)], "-grace="+c.Grace.String(), "-dir="+c.Dir, "-id="+p.id,
		fmt.Sprintf("-keep=%d", len(c.Keep)), "--")
	p.watcher = exec.Command(c.Watcher[0], append(args, c.Args...)...)
	p.watcher.Env = append(c.Env[:len(c.Env):len(c.Env)], marker+"="+p.id)
	p.watcher.Stdin, p.watcher.Stdout, p.watcher.Stderr = life, c.Output, c.Output
	p.watcher.ExtraFiles = append([]*os.File{status}, c.Keep...)
	p.watcher.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = p.watcher.Start()
	// The watcher's ends are its alone: their end is how each side learns of the
	// other's.
	life.Close()
	status.Close()
	if err != nil {
		lifeline.Close()
		news.Close()
		return nil, fmt.Errorf("watcher: %w", err)
	}
	started := make(chan error, 1)
	go p.follow(news, started)
	select {
	case err = <-started:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// follow reads what the watcher says until it is gone.
func (p *Process) follow(news *os.File, started chan<- error) {
	defer close(p.gone)
	defer news.Close()
	in := bufio.NewReader(news)
	var code, signal int
	line, err := in.ReadString('\n')
	if n, _ := fmt.Sscanf(line, "started %d", &p.pid); n == 1 {
		started <- nil
		line, err = in.ReadString('\n')
	} else {
		said := strings.TrimSpace(line)
		if err != nil && said == "" {
			said = "the watcher said nothing; does " + strings.Join(p.watcher.Args[:2], " ") + " run it?"
		}
		started <- fmt.Errorf("%w: %s", ErrNotStarted, said)
	}
	if n, _ := fmt.Sscanf(line, "exited %d %d", &code, &signal); err == nil && n == 2 {
		p.exit = Exit{Code: code, Signal: syscall.Signal(signal)}
	} else {
		p.exit = Exit{Lost: true}
	}
	close(p.exited)
	_, _ = io.Copy(io.Discard, in)
	if err := p.watcher.Wait(); err != nil {
		// Killed: what it watched is ours to end.
		p.lifeline.Close()
		end(record{ID: p.id, Server: ident{PID: p.pid}}, p.grace)
		forget(p.dir, p.id)
	}
}

// PID is the child's process id, which is its group's and session's too.
func (p *Process) PID() int { return p.pid }

// Exited is closed when the child has ended; what it started may still run.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Gone is closed when the child and all that it started have ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Exit is how the child ended; call it after Exited is closed.
func (p *Process) Exit() Exit { return p.exit }

// Stop ends the child and all that it started, SIGTERM first, and returns when
// they are gone. It may be called often.
func (p *Process) Stop() {
	p.stop.Do(func() { p.lifeline.Close() })
	select {
	case <-p.gone:
		return
	case <-time.After(p.grace + lastWords):
	}
	// The watcher hangs, which takes a process that even SIGKILL does not end.
	_ = p.watcher.Process.Kill()
	<-p.gone
}

// lastWords is how long after the grace SIGKILL may take to show.
const lastWords = 30 * time.Second

// privateDir makes a folder that only this user may change: its records name
// processes that will be killed.
func privateDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o777); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || ok && int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s: want a folder of this user that nobody else may write", dir)
	}
	return nil
}
