package hook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"olmoeval/eval"
)

// Pool runs up to a fixed number of processes of one command, started when
// needed. It may be used by many goroutines; a call waits for a free process.
type Pool struct {
	cmd   Command
	slots chan *proc // nil: a process not started yet

	mu     sync.Mutex
	live   map[*proc]bool
	closed bool
	stop   func() bool
}

// NewPool makes a pool of n processes, GOMAXPROCS if n is 0. None runs before
// the first call. When ctx ends all are killed and the pool is closed.
func NewPool(ctx context.Context, cmd Command, n int) *Pool {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	p := &Pool{cmd: cmd, slots: make(chan *proc, n), live: map[*proc]bool{}}
	for range n {
		p.slots <- nil
	}
	p.stop = context.AfterFunc(ctx, func() { _ = p.Close() })
	return p
}

// Command is what the pool runs.
func (p *Pool) Command() Command { return p.cmd }

// Call sends request, a struct or map that marshals to a JSON object, with the
// number of the request to this process as "index", and returns the answer, a
// JSON object. An "index" in the answer must be that number; an "error" in it is
// a fault. Errors are an [eval.Fault], or the context's.
func (p *Pool) Call(ctx context.Context, request any) (map[string]json.RawMessage, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, p.cmd.fault("", "request: %v", err)
	}
	body = bytes.TrimSpace(body)
	if len(body) < 2 || body[0] != '{' {
		return nil, p.cmd.fault("", "request is no JSON object")
	}
	var pr *proc
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case pr = <-p.slots:
	}
	defer func() { p.slots <- pr }()
	for range 2 {
		if pr != nil && (!pr.Alive() || pr.stale()) {
			noise := pr.Alive() || pr.lines.Buffered() > 0
			p.drop(&pr)
			if noise {
				return nil, p.cmd.fault("", "wrote more than one line for a request; debug output belongs on stderr")
			}
		}
		if pr == nil {
			if pr, err = p.start(); err != nil {
				return nil, err
			}
		}
		answer, err := p.ask(ctx, pr, body)
		if err == nil {
			return answer, nil
		}
		if own := (*ownError)(nil); errors.As(err, &own) {
			return nil, own.Fault
		}
		p.drop(&pr)
		if !errors.Is(err, errGone) {
			return nil, err
		}
	}
	return nil, p.cmd.fault("", "ended twice without an answer")
}

func (p *Pool) ask(ctx context.Context, pr *proc, body []byte) (map[string]json.RawMessage, error) {
	index := pr.sent
	line := make([]byte, 0, len(body)+24)
	line = append(line, `{"index":`...)
	line = strconv.AppendInt(line, int64(index), 10)
	if len(body) > 2 {
		line = append(line, ',')
	}
	line = append(line, body[1:]...)
	line = append(line, '\n')
	raw, err := pr.exchange(ctx, line)
	if err != nil {
		return nil, err
	}
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(raw, &answer); err != nil || answer == nil {
		return nil, p.cmd.fault(pr.Tail().String(), "wrote a line that is no JSON object: %s; debug output belongs on stderr", excerpt(raw))
	}
	if v, ok := answer["index"]; ok && string(v) != "null" {
		if string(v) != strconv.Itoa(index) {
			return nil, p.cmd.fault(pr.Tail().String(), "answered request %s, want %d", excerpt(v), index)
		}
	}
	if v, ok := answer["error"]; ok && string(v) != "null" {
		var text string
		if json.Unmarshal(v, &text) != nil {
			text = excerpt(v)
		}
		return nil, &ownError{p.cmd.fault("", "%s", text)}
	}
	return answer, nil
}

// ownError is a fault the process reported in good order, so it may live on.
type ownError struct{ *eval.Fault }

func (p *Pool) start() (*proc, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, p.cmd.fault("", "is closed")
	}
	pr, err := start(p.cmd)
	if err != nil {
		return nil, err
	}
	p.live[pr] = true
	return pr, nil
}

func (p *Pool) drop(pr **proc) {
	p.mu.Lock()
	delete(p.live, *pr)
	p.mu.Unlock()
	(*pr).Kill()
	*pr = nil
}

// Close kills all processes and waits for them. Calls under way fail; so do
// later ones. It may be called more than once.
func (p *Pool) Close() error {
	p.stop()
	p.mu.Lock()
	p.closed = true
	live := p.live
	p.live = map[*proc]bool{}
	p.mu.Unlock()
	for pr := range live {
		pr.Signal(syscall.SIGKILL)
	}
	for pr := range live {
		<-pr.Exited()
	}
	return nil
}

func excerpt(b []byte) string {
	const most = 120
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
