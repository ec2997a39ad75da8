package hook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/child"
)

// proc is one running process. It is used by one caller at a time.
type proc struct {
	*child.Process
	cmd   Command
	lines *bufio.Reader
	sent  int // requests sent so far
	done  int // answers received
}

var past = time.Unix(1, 0)

func start(c Command) (*proc, error) {
	p, err := child.Start(c.spec())
	if err != nil {
		return nil, c.startFault(err)
	}
	return &proc{Process: p, cmd: c, lines: bufio.NewReaderSize(p.Out, 64<<10)}, nil
}

// startFault is about a process that cannot be started: no other call will
// fare better.
func (c Command) startFault(err error) *eval.Fault {
	f := c.fault("", "cannot be started: %v", err)
	f.Abort = true
	switch {
	case errors.Is(err, exec.ErrNotFound):
		f.Hint = fmt.Sprintf("install %s or put it in PATH", c.Args[0])
	case errors.Is(err, fs.ErrPermission):
		f.Hint = "chmod +x " + c.spec().Path(c.Args[0])
	case errors.Is(err, fs.ErrNotExist):
		f.Hint = "give the program's path relative to the .star file"
	case errors.Is(err, syscall.ENOEXEC):
		f.Hint = "name the interpreter, such as [\"python3\", \"" + c.Args[0] + "\"]"
	}
	return f
}

// stale reports whether the process wrote something nobody asked for, which
// would be taken for the next answer.
func (p *proc) stale() bool {
	if p.lines.Buffered() > 0 {
		return true
	}
	raw, err := p.Out.SyscallConn()
	if err != nil {
		return false
	}
	_ = p.Out.SetReadDeadline(time.Time{})
	n := 0
	_ = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _ = syscall.Read(int(fd), b[:]) // the pipe does not block
		return true
	})
	return n > 0
}

// errGone is an exchange that never began, because the process had ended.
var errGone = errors.New("process is gone")

// exchange sends a line and reads one. It returns errGone if the process ended
// in peace after an earlier answer, so that another may be asked.
func (p *proc) exchange(ctx context.Context, line []byte) ([]byte, error) {
	limit := time.Now().Add(p.cmd.timeout())
	_ = p.In.SetWriteDeadline(limit)
	_ = p.Out.SetReadDeadline(limit)
	ended := make(chan struct{}) // closed by the AfterFunc, if it runs
	stop := context.AfterFunc(ctx, func() {
		_ = p.In.SetWriteDeadline(past)
		_ = p.Out.SetReadDeadline(past)
		close(ended)
	})
	defer func() {
		if !stop() {
			<-ended
		}
	}()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	p.sent++
	if _, err := p.In.Write(line); err != nil {
		return nil, p.failed(ctx, err)
	}
	answer, err := child.ReadLine(p.lines, maxLine, true)
	if err != nil {
		return nil, p.failed(ctx, err)
	}
	p.done++
	return answer, nil
}

// failed turns an error of the pipes into what happened.
func (p *proc) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, child.ErrLong) {
		return p.cmd.fault(p.Tail().String(), "wrote a line of more than %d MiB", maxLine>>20)
	}
	select {
	case <-p.Exited():
	case <-time.After(300 * time.Millisecond): // EOF comes a little before the exit
	}
	switch {
	case p.Alive() && errors.Is(err, os.ErrDeadlineExceeded):
		return p.cmd.fault(p.Tail().String(), "no answer within %v", p.cmd.timeout())
	case p.Alive():
		return p.cmd.fault(p.Tail().String(), "closed its stdin or stdout without an answer")
	case p.Err() == nil && p.done > 0:
		return errGone
	case p.Err() == nil:
		return p.cmd.fault(p.Tail().String(), "ended without an answer")
	}
	return p.cmd.fault(p.Tail().String(), "died: %v", p.Err())
}
