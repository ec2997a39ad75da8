package hook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"

	"olmoeval/eval"
)

// proc is one running process. It is used by one caller at a time.
type proc struct {
	cmd    Command
	run    *exec.Cmd
	in     *os.File
	out    *os.File
	lines  *bufio.Reader
	stderr *tail
	sent   int           // requests sent so far
	done   int           // answers received
	exited chan struct{} // closed by the goroutine that waits for the process
	exit   error         // set before exited is closed
}

var past = time.Unix(1, 0)

func start(c Command) (*proc, error) {
	run, err := c.build()
	if err != nil {
		return nil, c.fault("", "%v", err)
	}
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, c.fault("", "%v", err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		childIn.Close()
		in.Close()
		return nil, c.fault("", "%v", err)
	}
	p := &proc{
		cmd: c, run: run, in: in, out: out, lines: bufio.NewReaderSize(out, 64<<10),
		stderr: &tail{}, exited: make(chan struct{}),
	}
	run.Stdin, run.Stdout, run.Stderr = childIn, childOut, p.stderr
	err = run.Start()
	childIn.Close()
	childOut.Close()
	if err != nil {
		in.Close()
		out.Close()
		return nil, c.startFault(err)
	}
	go func() {
		p.exit = run.Wait()
		// A grandchild may hold stdout open: what is not there by now is late.
		_ = out.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		close(p.exited)
	}()
	return p, nil
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
		f.Hint = "chmod +x " + c.path(c.Args[0])
	case errors.Is(err, fs.ErrNotExist):
		f.Hint = "give the program's path relative to the .star file"
	case errors.Is(err, syscall.ENOEXEC):
		f.Hint = "name the interpreter, such as [\"python3\", \"" + c.Args[0] + "\"]"
	}
	return f
}

// alive reports whether the process still ran a moment ago.
func (p *proc) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// stale reports whether the process wrote something nobody asked for, which
// would be taken for the next answer.
func (p *proc) stale() bool {
	if p.lines.Buffered() > 0 {
		return true
	}
	raw, err := p.out.SyscallConn()
	if err != nil {
		return false
	}
	_ = p.out.SetReadDeadline(time.Time{})
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
	_ = p.in.SetWriteDeadline(limit)
	_ = p.out.SetReadDeadline(limit)
	ended := make(chan struct{}) // closed by the AfterFunc, if it runs
	stop := context.AfterFunc(ctx, func() {
		_ = p.in.SetWriteDeadline(past)
		_ = p.out.SetReadDeadline(past)
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
	if _, err := p.in.Write(line); err != nil {
		return nil, p.failed(ctx, err)
	}
	answer, err := readLine(p.lines)
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
	if errors.Is(err, errLong) {
		return p.cmd.fault(p.stderr.String(), "%v", err)
	}
	select {
	case <-p.exited:
	case <-time.After(300 * time.Millisecond): // EOF comes a little before the exit
	}
	switch {
	case p.alive() && errors.Is(err, os.ErrDeadlineExceeded):
		return p.cmd.fault(p.stderr.String(), "no answer within %v", p.cmd.timeout())
	case p.alive():
		return p.cmd.fault(p.stderr.String(), "closed its stdin or stdout without an answer")
	case p.exit == nil && p.done > 0:
		return errGone
	case p.exit == nil:
		return p.cmd.fault(p.stderr.String(), "ended without an answer")
	}
	return p.cmd.fault(p.stderr.String(), "died: %v", p.exit)
}

// kill ends the process with its group and waits for it.
func (p *proc) kill() {
	if p.alive() {
		killGroup(p.run)
	}
	p.in.Close()
	<-p.exited
	p.out.Close()
}

var errLong = fmt.Errorf("wrote a line of more than %d MiB", maxLine>>20)

// readLine returns the next non-empty line without its end. A last line without
// a newline counts.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, errLong
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
			return nil, err
		}
		for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
			line = line[:len(line)-1]
		}
		if len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
