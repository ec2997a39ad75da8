// Package child starts processes that this program talks to over their standard
// streams and must not outlive it: each leads a process group of its own, which
// is killed as a whole, and on Linux the kernel kills it when this program dies,
// even by SIGKILL. Call [Start]; read lines with [ReadLine]; end it with
// [Process.Kill] or [Process.Stop].
//
// A [Process] owns its pipes. It knows nothing of what is said over them.
package child

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Spec is what is started.
type Spec struct {
	// Args are the program and its arguments. A program with a slash in its
	// name is relative to Dir; any other is searched in PATH.
	Args []string
	// Dir is the working directory, "" for this program's own.
	Dir string
	// Env is the environment as KEY=VALUE; nil is this program's own.
	Env []string
	// Stderr gets what the process writes there, beside [Process.Tail]; nil
	// drops it.
	Stderr io.Writer
}

// Process is a running process. In and Out are its standard streams; both take
// deadlines. Methods may be called by several goroutines.
type Process struct {
	In, Out *os.File
	tail    *Tail
	run     *exec.Cmd
	exited  chan struct{} // closed by the goroutine that waits for the process
	err     error         // set before exited is closed
}

// Path is where an argument lies as seen from this program's directory.
func (s Spec) Path(arg string) string {
	if filepath.IsAbs(arg) {
		return arg
	}
	return filepath.Join(s.Dir, arg)
}

// Start starts the process. Errors are those of os/exec, unwrapped, so that
// errors.Is finds exec.ErrNotFound and the like.
func Start(s Spec) (*Process, error) {
	if len(s.Args) == 0 {
		return nil, errors.New("empty command")
	}
	run, err := s.command()
	if err != nil {
		return nil, err
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		childIn.Close()
		in.Close()
		return nil, err
	}
	p := &Process{In: in, Out: out, tail: &Tail{}, run: run, exited: make(chan struct{})}
	run.Stdin, run.Stdout, run.Stderr = childIn, childOut, p.tail
	if s.Stderr != nil {
		run.Stderr = io.MultiWriter(p.tail, s.Stderr)
	}
	started := make(chan error, 1)
	go p.attend(started)
	err = <-started
	childIn.Close()
	childOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, err
	}
	return p, nil
}

// attend starts the process and waits for it. The kernel's promise to kill the
// child is bound to the thread that started it, so the thread stays until the
// child has ended.
func (p *Process) attend(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.run.Start()
	started <- err
	if err != nil {
		return
	}
	if awaitExit(p.run.Process.Pid) {
		// While the leader is not reaped its number is taken: what is left of
		// the group can be killed without hitting a stranger.
		p.signal(syscall.SIGKILL)
	}
	p.err = p.run.Wait()
	// Someone who left the group may hold stdout open: what is not there by now
	// is late.
	_ = p.Out.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	close(p.exited)
}

// command makes the exec.Cmd in a process group of its own.
func (s Spec) command() (*exec.Cmd, error) {
	name := s.Args[0]
	if strings.Contains(name, "/") {
		abs, err := filepath.Abs(s.Path(name))
		if err != nil {
			return nil, err
		}
		name = abs
	}
	cmd := exec.Command(name, s.Args[1:]...)
	cmd.Args[0] = s.Args[0]
	cmd.Dir = s.Dir
	cmd.Env = s.Env
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = time.Second // someone who left the group may hold stderr open
	return cmd, nil
}

// PID is the number of the process and of its group.
func (p *Process) PID() int { return p.run.Process.Pid }

// Tail is the end of what it wrote to stderr.
func (p *Process) Tail() *Tail { return p.tail }

// Exited is closed when the process has ended and is reaped.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Alive reports whether the process still ran a moment ago.
func (p *Process) Alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// Err says how the process ended, nil for exit code 0; only to be called when
// Exited is closed.
func (p *Process) Err() error { return p.err }

// Signal sends a signal to the whole group, unless the process has ended.
func (p *Process) Signal(sig syscall.Signal) {
	if p.Alive() {
		p.signal(sig)
	}
}

func (p *Process) signal(sig syscall.Signal) {
	_ = syscall.Kill(-p.run.Process.Pid, sig) // ESRCH: gone already
}

// Kill ends the process with its group, waits for it and closes the pipes.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	p.In.Close()
	<-p.exited
	p.Out.Close()
}

// Stop asks the process to end, by closing its stdin, then by SIGTERM to the
// group after grace, and kills it after another.
func (p *Process) Stop(grace time.Duration) {
	p.In.Close()
	if !p.within(grace) {
		p.Signal(syscall.SIGTERM)
		p.within(grace)
	}
	p.Kill()
}

func (p *Process) within(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-p.exited:
		return true
	case <-timer.C:
		return false
	}
}
