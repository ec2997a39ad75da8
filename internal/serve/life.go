package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/internal/serve/lock"
	"olmoeval/internal/serve/logs"
	"olmoeval/internal/serve/proc"
)

// life is one process of a replica, from its start to its end.
type life struct {
	r       *replica
	port    int
	began   time.Time
	command []string
	env     map[string]string
	config  string // SGLang's file with the key, until it is ready
	locks   []*lock.Lock
	proc    *proc.Process
	probe   *probe
	log     *logs.Log
	drained chan struct{} // closed when all output was read

	advice   atomic.Int32 // the most telling of advices so far, plus 1
	reads    atomic.Int64 // of answers to the client
	told     atomic.Int64 // when progress was last told, in Unix nanoseconds
	mu       sync.Mutex
	conns    map[*conn]struct{}
	finished bool
}

// begin starts a process on a port of its own.
func (r *replica) begin(ctx context.Context) (*life, error) {
	p := r.pool
	l := &life{r: r, began: time.Now(), conns: map[*conn]struct{}{}, drained: make(chan struct{})}
	if err := l.begin(ctx); err != nil {
		l.release()
		return nil, fmt.Errorf("%s: %w", &p.spec, err)
	}
	return l, nil
}

func (l *life) begin(ctx context.Context) error {
	r, p := l.r, l.r.pool
	if err := l.lease(); err != nil {
		return err
	}
	var err error
	if l.command, err = argv(&p.spec, p.program, p.python, l.port, p.parallel, l.config); err != nil {
		return err
	}
	if len(r.leases) > 0 && p.spec.Kind == LlamaServer && argument(&p.spec, "n-gpu-layers", "gpu-layers", "ngl") == 0 {
		l.command = append(l.command, "--n-gpu-layers", "999")
	}
	l.probe = newProbe(l.port, p.key, p.spec.name())
	env := childEnv(p.opts.Environ, &p.spec, l.env, p.key)
	l.log, err = logs.Open(logs.Config{Path: r.logPath(), Bytes: p.opts.Timing.LogBytes, Secrets: append(secretsOf(env), p.key), Line: l.line})
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	out, in, err := os.Pipe()
	if err != nil {
		_ = l.log.Close()
		return err
	}
	l.log.Note(time.Now().Format(time.RFC3339) + " starting " + strings.Join(l.command, " "))
	keep := make([]*os.File, 0, len(l.locks)+len(r.leases))
	for _, k := range l.locks {
		keep = append(keep, k.File())
	}
	for _, k := range r.leases {
		keep = append(keep, k.Lock.File())
	}
	l.proc, err = proc.Start(ctx, proc.Command{Args: l.command, Env: env, Output: in, Keep: keep, Dir: serversDir(p.opts),
		Watcher: p.opts.Watcher, Grace: p.opts.Timing.Grace})
	in.Close()
	if err != nil {
		out.Close()
		_ = l.log.Close()
		return err
	}
	go l.drain(out)
	return nil
}

// lease takes what a process needs besides GPUs.
func (l *life) lease() error {
	p := l.r.pool
	port, held, err := leasePort(p.opts.RuntimeDir, p.spec.String())
	if err != nil {
		return err
	}
	l.port, l.locks = port, append(l.locks, held)
	internal := 0
	switch p.spec.Kind {
	case VLLM:
		if internal, held, err = leaseInternal(p.opts.RuntimeDir, p.spec.String()); err != nil {
			return err
		}
		l.locks = append(l.locks, held)
	case SGLang:
		// It takes its key as an argument, which all users can read, or from a
		// file of arguments.
		f, err := os.CreateTemp(serversDir(p.opts), "sglang-*.yaml") // mode 0600
		if err != nil {
			return err
		}
		l.config = f.Name()
		_, err = fmt.Fprintf(f, "api-key: %s\n", p.key)
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return err
		}
	}
	l.env = settings(&p.spec, l.r.visible(), internal)
	return nil
}

// drain reads output to its end.
func (l *life) drain(out *os.File) {
	defer close(l.drained)
	go func() {
		<-l.proc.Gone()
		select {
		case <-l.drained:
		case <-time.After(5 * time.Second): // one that left all groups has the pipe still
		}
		out.Close()
	}()
	if err := l.log.Drain(out); err != nil {
		l.log.Note("reading the output: " + err.Error())
	}
}

// line looks at what the server prints.
func (l *life) line(text string, progress bool) {
	if i := int32(diagnose(text)) + 1; i > 0 {
		for {
			old := l.advice.Load()
			if old > 0 && old <= i || l.advice.CompareAndSwap(old, i) {
				break
			}
		}
	}
	if progress {
		now, last := time.Now().UnixNano(), l.told.Load()
		if now-last > int64(250*time.Millisecond) && l.told.CompareAndSwap(last, now) {
			l.r.pool.event(Progress, l.r.index, shorten(text))
		}
	}
}

// errNotInTime ends the wait for a server.
var errNotInTime = errors.New("not in time")

// ready waits until the server can be used. What it returns otherwise is said
// of the server: "exited …".
func (l *life) ready(ctx context.Context) error {
	p := l.r.pool
	t, limit := p.opts.Timing, p.spec.startTimeout()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errNotInTime)
	defer cancel()
	results := make(chan error, 1)
	look := func() { results <- l.probe.ready(ctx, t.Answer) }
	go look()
	tick := time.NewTicker(t.Progress)
	defer tick.Stop()
	var again <-chan time.Time
	last := errors.New("no answer")
	late := func() error {
		return fmt.Errorf("was not ready after %s (%w); start_timeout= gives it longer", limit, last)
	}
	for {
		select {
		case err := <-results:
			if err == nil {
				return nil
			}
			if ctx.Err() == nil {
				last = err
			}
			again = time.After(t.Poll)
		case <-again:
			go look()
		case <-tick.C:
			p.event(Waiting, l.r.index, l.waiting(limit, last))
		case <-l.proc.Exited():
			return fmt.Errorf("%s after %s, before it was ready", l.proc.Exit(), since(l.began))
		case <-t.late:
			return late()
		case <-ctx.Done():
			if context.Cause(ctx) == errNotInTime { //nolint:errorlint // never wrapped
				return late()
			}
			return context.Cause(ctx)
		}
	}
}

// waiting says how far the start is; last is why it was not ready when it was
// asked.
func (l *life) waiting(limit time.Duration, last error) string {
	text := fmt.Sprintf("starting for %s of at most %s", since(l.began), limit.Round(time.Second))
	if errors.Is(last, errStranger) {
		return text + ": " + last.Error()
	}
	if last := l.log.Tail(1); len(last) == 1 {
		text += ": " + shorten(last[0])
	}
	return text
}

func since(t time.Time) time.Duration {
	d := time.Since(t)
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Second)
}

// end stops the process if it runs, and lets go of all it had.
func (l *life) end() {
	l.proc.Stop()
	<-l.drained
	if err := l.log.Close(); err != nil {
		l.r.pool.event(Note, l.r.index, "the log is incomplete: "+err.Error())
	}
	l.release()
}

// release lets go of what lease took.
func (l *life) release() {
	for _, k := range l.locks {
		k.Release()
	}
	if l.config != "" {
		os.Remove(l.config)
	}
}

// failure is why this life ended; call it after end, when all output was read.
func (l *life) failure(what string) *Failure {
	name := fmt.Sprintf("%s (replica %d) ", &l.r.pool.spec, l.r.index)
	tail := l.log.Tail(200)
	if len(tail) > 0 && strings.HasPrefix(tail[0], "olmo-eval: ") {
		tail = tail[1:] // our own line
	}
	return &Failure{What: name + what, Tail: tail, Log: l.r.logPath(), advice: int(l.advice.Load()) - 1}
}

// logPath is where the output goes, "" for nowhere.
func (r *replica) logPath() string {
	s := &r.pool.spec
	if s.LogDir == "" {
		return ""
	}
	name := strings.Map(func(c rune) rune {
		if c == '/' || c == ':' || c == ' ' || c < ' ' {
			return '_'
		}
		return c
	}, s.name())
	name = strings.TrimLeft(name, "_.")
	return filepath.Join(s.LogDir, fmt.Sprintf("%s_%s_%d.log", s.Kind, name, r.index))
}
