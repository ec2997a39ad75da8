package exec

import (
	"bufio"
	"context"
	"errors"
	"sync"
	"syscall"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/child"
)

// session is one process from its start to its end.
type session struct {
	provider *Provider
	proc     *child.Process
	lines    *bufio.Reader
	hello    *hello
	notes    []string
	load     int         // requests in flight, under the queue's lock
	out      chan []byte // lines to be written

	mu       sync.Mutex
	calls    map[int64]*call
	next     int64
	answered int
	blamed   bool          // it ended by a request known to end processes
	err      error         // why it ended, set before done is closed
	done     chan struct{} // closed by end
}

// call is a request in flight. It keeps its place at the process until the
// process has answered, even when nobody waits for it any more.
type call struct {
	request *eval.Request
	reply   chan reply // has room for one
	timer   *time.Timer
}

type reply struct {
	resp *eval.Response
	err  error
}

// errEnded is a request that was not sent, as the process had ended.
var errEnded = errors.New("process has ended")

// send writes the request. The place of the caller at the process passes to the
// call.
func (s *session) send(r *eval.Request) (*call, int64, error) {
	s.mu.Lock()
	id := s.next
	s.next++
	message, err := line(asked{Type: "request", ID: id, Request: r, Sampling: &r.Sampling})
	if err == nil && s.err != nil {
		err = errEnded
	}
	if err != nil {
		s.mu.Unlock()
		s.provider.queue.leave(s)
		return nil, 0, err
	}
	c := &call{request: r, reply: make(chan reply, 1)}
	timeout := s.provider.cfg.Timeout
	c.timer = time.AfterFunc(timeout, func() { s.hang("no answer within " + timeout.String()) })
	s.calls[id] = c
	s.mu.Unlock()
	s.write(message)
	return c, id, nil
}

// write queues a line. There is room for a request and its cancellation for
// each place.
func (s *session) write(message []byte) {
	select {
	case s.out <- message:
	case <-s.done:
	}
}

// cancel says that nobody waits for an answer any more.
func (s *session) cancel(id int64) {
	message, err := line(order{Type: "cancel", ID: &id})
	if err == nil {
		s.write(message)
	}
}

// hang ends a process that did not answer in time.
func (s *session) hang(what string) {
	s.end(s.provider.fault(eval.InfraServerDown, "%s; the process was killed%s", what, s.stderr()))
}

// stderr is the end of what the process wrote there, for messages.
func (s *session) stderr() string {
	if t := s.proc.Tail().String(); t != "" {
		return "; stderr ends: " + t
	}
	return ""
}

// end gives everything in flight the fault and kills the process; only the
// first call counts.
func (s *session) end(err error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err = err
	calls := s.calls
	s.calls = nil
	if len(calls) == 1 && eval.FaultOf(err).Status == eval.InfraServerDown {
		for _, c := range calls {
			s.blamed = s.provider.blame(c.request)
		}
	}
	close(s.done)
	s.mu.Unlock()
	s.provider.queue.remove(s)
	if eval.FaultOf(err).Status != eval.Cancelled {
		s.proc.Signal(syscall.SIGKILL)
	}
	for _, c := range calls {
		s.settle(c, reply{err: err})
	}
}

// settle gives the place back, and tells who waits.
func (s *session) settle(c *call, r reply) {
	c.timer.Stop()
	s.provider.queue.leave(s)
	c.reply <- r
}

// writeLines writes until the session ends.
func (s *session) writeLines() {
	for {
		select {
		case b := <-s.out:
			if _, err := s.proc.In.Write(b); err != nil {
				return // the reader learns why
			}
		case <-s.done:
			return
		}
	}
}

// readLines takes answers until the process ends. After the session's end what
// comes is dropped.
func (s *session) readLines() {
	for {
		raw, err := child.ReadLine(s.lines, s.provider.limits.line, false)
		if err != nil {
			s.end(s.lost(err))
			return
		}
		if err := s.take(raw); err != nil {
			s.end(err)
		}
	}
}

// lost says why there are no more lines.
func (s *session) lost(err error) error {
	p := s.provider
	if errors.Is(err, child.ErrLong) {
		return p.fault(eval.InfraBadResponse, "wrote a line of more than %d bytes%s", p.limits.line, s.stderr())
	}
	select {
	case <-s.proc.Exited():
		return p.fault(eval.InfraServerDown, "%s%s", s.fate(), s.stderr())
	case <-time.After(5 * time.Second): // the end of the pipe comes before the exit
	}
	return p.fault(eval.InfraServerDown, "closed its stdout%s", s.stderr())
}

// fate says how the process ended.
func (s *session) fate() string {
	err := s.proc.Err()
	if err == nil {
		return "ended, with exit code 0"
	}
	text := "died: " + err.Error()
	if text == "died: signal: killed" {
		text += " (by the kernel, if memory ran out)"
	}
	return text
}

// take deals with a line. An error ends the process.
func (s *session) take(raw []byte) error {
	p := s.provider
	in, err := parse(raw)
	switch {
	case err != nil:
		return p.fault(eval.InfraBadResponse, "%v%s", err, s.stderr())
	case in.Type == "hello":
		return p.fault(eval.InfraBadResponse, "said hello twice")
	case in.ID == nil && in.Type == "error":
		f := eval.FaultOf(p.reported(in))
		return &eval.Fault{Status: eval.InfraServerDown, Err: f.Err}
	case in.ID == nil:
		return p.fault(eval.InfraBadResponse, "answered without an id: %s", excerpt(raw))
	}
	s.mu.Lock()
	c := s.calls[*in.ID]
	delete(s.calls, *in.ID)
	over := s.err != nil
	if c != nil {
		s.answered++
	}
	s.mu.Unlock()
	if c == nil {
		if over {
			return nil
		}
		return p.fault(eval.InfraBadResponse, "answered request %d, which was not asked or is answered already", *in.ID)
	}
	if in.Type == "error" && in.broken == nil {
		s.settle(c, reply{err: p.reported(in)})
		return nil
	}
	resp, err := in.answer(c.request)
	if err != nil {
		err = p.fault(eval.InfraBadResponse, "answer %v", err)
	}
	s.settle(c, reply{resp, err})
	return nil
}

// ask sends a request to a free process and waits.
func (p *Provider) ask(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	arrived := time.Now()
	if err := p.harmless(r); err != nil {
		return nil, err
	}
	for {
		s, err := p.queue.enter(ctx)
		if err != nil {
			return nil, err
		}
		c, id, err := s.send(r)
		if errors.Is(err, errEnded) {
			continue
		}
		if err != nil {
			return nil, p.fault(eval.ConfigError, "request: %v", err)
		}
		sent := time.Now()
		select {
		case rep := <-c.reply:
			if rep.err == nil {
				rep.resp.Timing = eval.Timing{Queue: ms(sent.Sub(arrived)), Total: ms(time.Since(sent))}
			}
			return rep.resp, rep.err
		case <-ctx.Done():
		}
		if ctx.Err() == context.DeadlineExceeded {
			s.hang("no answer before the request's deadline")
		} else {
			s.cancel(id)
		}
		return nil, ended(ctx, p.String())
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
