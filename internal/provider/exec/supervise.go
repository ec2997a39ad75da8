package exec

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/child"
)

// start starts the supervisors, once.
func (p *Provider) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cancel != nil || p.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background()) // ends at Close
	p.cancel = cancel
	for i := range p.cfg.Instances {
		p.wg.Go(func() { p.supervise(ctx, i) })
	}
}

// hello starts the processes, if need be, and waits for the first that is ready.
func (p *Provider) hello(ctx context.Context) (*hello, error) {
	p.mu.Lock()
	h := p.first
	p.mu.Unlock()
	if h != nil {
		return h, nil
	}
	p.start()
	s, err := p.queue.enter(ctx)
	if err != nil {
		return nil, err
	}
	p.queue.leave(s)
	return s.hello, nil
}

// supervise keeps instance i running until ctx ends or it is given up. A start
// that fails at first is an error of the set-up and ends everything.
func (p *Provider) supervise(ctx context.Context, i int) {
	for began, idle := false, 0; ; {
		s, err := p.launch(ctx, i)
		if err == nil {
			began = true
			err = p.attend(ctx, s)
			if s.answered > 0 {
				idle = 0
			}
		}
		if ctx.Err() != nil {
			return
		}
		if s == nil || !s.blamed {
			idle++
		}
		f := *eval.FaultOf(err)
		if !began || f.Abort || idle > p.cfg.Restarts {
			f.Abort = true
			if began && idle > p.cfg.Restarts {
				f.Err = fmt.Errorf("given up after %d starts without an answer: %w", idle, f.Err)
				f.Hint = "run the command by hand, or see the lines it wrote to stderr"
			}
			p.queue.fail(&f)
			return
		}
		timer := time.NewTimer(time.Duration(max(0, idle-1)) * p.limits.pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// launch starts a process and waits for its hello.
func (p *Provider) launch(ctx context.Context, i int) (*session, error) {
	proc, err := child.Start(child.Spec{Args: p.cfg.Command, Dir: p.cfg.Dir, Env: p.env, Stderr: p.cfg.Stderr})
	if err != nil {
		return nil, p.startFault(err)
	}
	s := &session{provider: p, proc: proc, lines: bufio.NewReaderSize(proc.Out, 64<<10), calls: map[int64]*call{}, done: make(chan struct{})}
	stop := context.AfterFunc(ctx, proc.Kill)
	err = s.greet(i)
	if !stop() || err != nil {
		proc.Kill()
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = p.agree(s.hello)
	}
	if err != nil {
		proc.Kill()
		return nil, err
	}
	s.out = make(chan []byte, 2*s.hello.MaxInFlight)
	return s, nil
}

// greet says hello and reads the answer.
func (s *session) greet(i int) error {
	p := s.provider
	m := p.model
	message, err := line(greeting{Type: "hello", Protocol: Protocol, Model: m.ID, Revision: m.Revision, Path: m.Path,
		Options: p.cfg.Options, Instance: i, Instances: p.cfg.Instances})
	if err != nil {
		return p.fault(eval.ConfigError, "options: %v", err)
	}
	limit := time.Now().Add(p.cfg.StartTimeout)
	_ = s.proc.In.SetWriteDeadline(limit)
	_ = s.proc.Out.SetReadDeadline(limit)
	if _, err := s.proc.In.Write(message); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return p.fault(eval.InfraServerDown, "did not read its stdin within %v%s", p.cfg.StartTimeout, s.stderr())
	}
	raw, err := child.ReadLine(s.lines, p.limits.line, false)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && s.proc.Alive():
		f := p.fault(eval.InfraServerDown, "said no hello within %v%s", p.cfg.StartTimeout, s.stderr())
		f.Hint = "give it longer: start_timeout=1h"
		return f
	case err != nil:
		return s.lost(err)
	}
	in, err := parse(raw)
	switch {
	case err != nil:
		return p.fault(eval.InfraBadResponse, "%v%s", err, s.stderr())
	case in.Type == "error":
		f := *eval.FaultOf(p.reported(in))
		f.Abort = f.Status == eval.ConfigError
		return &f
	case in.Type != "hello":
		return p.fault(eval.InfraBadResponse, "began with a message of type %q, want hello", in.Type)
	case in.broken != nil:
		return p.fault(eval.InfraBadResponse, "hello: %v", in.broken)
	}
	s.hello, s.notes = &in.hello, in.Notes
	_ = s.proc.In.SetWriteDeadline(time.Time{})
	_ = s.proc.Out.SetReadDeadline(time.Time{})
	if !s.proc.Alive() {
		// Its end set a deadline, which was just taken away.
		_ = s.proc.Out.SetReadDeadline(time.Now())
	}
	return s.hello.check(p)
}

// check refuses a hello that makes no sense.
func (h *hello) check(p *Provider) error {
	c := h.Capabilities
	switch {
	case h.Protocol != Protocol:
		return p.fault(eval.ConfigError, "speaks protocol %d, this program %d", h.Protocol, Protocol)
	case !c.Completion && !c.Chat && !c.Loglikelihood:
		return p.fault(eval.ConfigError, "says in its hello that it offers neither completion, chat nor loglikelihood")
	case h.MaxInFlight < 0 || h.MaxInFlight > 1<<16 || h.MaxContext < 0:
		return p.fault(eval.ConfigError, "hello: max_in_flight %d, max_context %d: out of range", h.MaxInFlight, h.MaxContext)
	}
	h.MaxInFlight = max(1, h.MaxInFlight)
	return nil
}

// agree holds every process, and each restart, to the first hello: the weights
// must be the same.
func (p *Provider) agree(h *hello) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil {
		p.first = h
		return nil
	}
	if *p.first != *h {
		f := p.fault(eval.ConfigError, "a process says %+v in its hello, an earlier one said %+v", *h, *p.first)
		f.Abort = true
		return f
	}
	return nil
}

// attend serves requests until the process ends, or asks it to end with ctx. It
// returns why it ended.
func (p *Provider) attend(ctx context.Context, s *session) error {
	written, read := make(chan struct{}), make(chan struct{}) // closed by the two goroutines
	go func() { defer close(written); s.writeLines() }()
	go func() { defer close(read); s.readLines() }()
	p.queue.add(s)
	select {
	case <-s.done:
	case <-ctx.Done():
		s.end(&eval.Fault{Status: eval.Cancelled, Err: fmt.Errorf("%s is closed", p)})
		_ = s.proc.In.SetWriteDeadline(time.Now().Add(p.limits.grace))
		<-written
		if message, err := line(order{Type: "shutdown"}); err == nil {
			_, _ = s.proc.In.Write(message) // its end is next in any case
		}
		s.proc.Stop(p.limits.grace)
	}
	s.proc.Kill()
	<-written
	<-read
	p.queue.remove(s)
	return s.err
}
