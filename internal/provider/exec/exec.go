// Package exec is a provider whose model lives in a process of the user's: it
// speaks JSON lines over standard input and output, so that an engine in Python
// (transformers, OLMo-core) or any other language can be plugged in.
// docs/exec-provider.md is the protocol. Call [New]; the processes start with
// the first question.
//
// Several requests are in flight at each process, as many as it says it can
// hold, and they are answered in any order. A process that dies is started again,
// a few times; what it was working on is an [eval.Fault] with status
// infra_server_down, which may be tried again. One that does not answer a request
// in time is killed. Nothing that a process does wrong becomes an answer.
package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/child"
)

// Config says what is started. The zero value of a field is its default.
type Config struct {
	// Command is the program and its arguments, started without a shell. A
	// program with a slash in its name is relative to Dir.
	Command []string
	// Dir is the working directory, "" for this program's own.
	Dir string
	// Environ is the environment to choose from, as of os.Environ. Variables
	// whose names look like secrets are left out, unless Env names them.
	Environ Environment
	// Env names variables of Environ that the processes get though they look
	// like secrets, such as HF_TOKEN.
	Env []string
	// Instances is how many processes there are behind one queue; 0 means 1.
	Instances int
	// StartTimeout bounds the time from the start to the process's hello, in
	// which it loads the model; 0 means 15 minutes.
	StartTimeout time.Duration
	// Timeout bounds one answer; 0 means 30 minutes.
	Timeout time.Duration
	// Restarts is how often in a row a process may end without having answered
	// anything before it is given up; 0 means 3.
	Restarts int
	// Options are sent to the process as they are; they are part of the model's
	// identity.
	Options map[string]any
	// Stderr gets what the processes write there, nil drops it. It may be
	// written to by several goroutines.
	Stderr io.Writer
	// As is what the user knows of the model: id, name, revision, family, step,
	// tokens, weights, path. Kind and Options are filled in.
	As eval.Model
}

// Limits that tests change.
type limits struct {
	line  int           // bytes of one line of a process
	grace time.Duration // for each step of ending a process
	pause time.Duration // before a second start without an answer, and so on
}

// Provider asks the processes. Make one with [New]; it must be closed.
type Provider struct {
	cfg     Config
	limits  limits
	model   eval.Model
	env     []string
	secrets []string // values that must not be shown
	queue   queue

	mu      sync.Mutex
	cancel  context.CancelFunc // nil: not started
	closed  bool
	first   *hello         // of the first process that was ready
	noScore string         // why log-likelihoods are refused, "" if they are not
	deadly  map[string]int // requests that ended a process while alone in it, and how often
	wg      sync.WaitGroup

	digester eval.Digester
}

var _ eval.Provider = (*Provider)(nil)

// New checks the configuration. It reads the files that the command names, for
// the model's identity, and starts nothing.
func New(cfg Config) (*Provider, error) {
	if len(cfg.Command) == 0 || cfg.Command[0] == "" {
		return nil, errors.New("exec: no program; give command=[python3,engine.py]")
	}
	if cfg.Instances < 0 || cfg.Restarts < 0 || cfg.Timeout < 0 || cfg.StartTimeout < 0 {
		return nil, errors.New("exec: instances, restarts and timeouts must not be negative")
	}
	cfg.Instances = max(1, cfg.Instances)
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = 15 * time.Minute
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Minute
	}
	if cfg.Restarts == 0 {
		cfg.Restarts = 3
	}
	p := &Provider{cfg: cfg, deadly: map[string]int{}, limits: limits{line: 64 << 20, grace: 5 * time.Second, pause: time.Second}}
	var err error
	if p.env, p.secrets, err = environment(cfg.Environ, cfg.Env); err != nil {
		return nil, err
	}
	p.model, err = cfg.model()
	return p, err
}

// model is what the configuration says of the model.
func (c *Config) model() (eval.Model, error) {
	m := c.As
	m.Kind = "exec"
	if m.ID == "" {
		m.ID = m.Name
	}
	if m.Name == "" {
		m.Name = m.ID
	}
	if m.ID == "" {
		return m, errors.New("exec: no model name")
	}
	digest, err := child.Spec{Args: c.Command, Dir: c.Dir}.Digest()
	if err != nil {
		return m, fmt.Errorf("exec: %w", err)
	}
	options := map[string]any{"engine": digest[:16]}
	for k, v := range c.As.Options {
		options[k] = v
	}
	for k, v := range c.Options {
		options[k] = v
	}
	m.Options = options
	return m, nil
}

// Model is the configuration's: it does not change when the processes say more
// (that is in Caps). Its options have the digest of the command and its files.
func (p *Provider) Model() eval.Model { return p.model }

// Respond sends the request to the process with the fewest in flight and waits
// for the answer. Where the processes draw one sample at a time, it asks once
// for each, sample k with Seed+k.
func (p *Provider) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if r.Type == eval.Loglikelihood && len(r.Continuations) == 0 {
		return &eval.Response{Outputs: []eval.Output{}, Attempts: 1}, nil
	}
	h, err := p.hello(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.refuse(h, r); err != nil {
		return nil, err
	}
	n := r.Sampling.Samples()
	if r.Type == eval.Loglikelihood || n == 1 || h.Capabilities.N {
		return p.ask(ctx, r)
	}
	all := &eval.Response{Attempts: 1}
	for k := range n {
		one := *r
		one.Sampling.NumSamples = 1
		if r.Sampling.Seed != nil {
			one.Sampling.Seed = new(*r.Sampling.Seed + int64(k))
		}
		resp, err := p.ask(ctx, &one)
		if err != nil {
			return nil, err
		}
		all.Outputs = append(all.Outputs, resp.Outputs...)
		all.Usage = all.Usage.Add(resp.Usage)
		all.Timing.Queue += resp.Timing.Queue
		all.Timing.Total += resp.Timing.Total
		if k == 0 {
			all.Notes = resp.Notes
		}
	}
	return all, nil
}

// refuse is the fault of a request that the processes say they cannot answer.
func (p *Provider) refuse(h *hello, r *eval.Request) error {
	c := h.Capabilities
	what := ""
	switch {
	case r.Type == eval.Completion && !c.Completion:
		what = "completions"
	case r.Type == eval.Chat && !c.Chat:
		what = "chats"
	case r.Type == eval.Loglikelihood && !c.Loglikelihood:
		what = "log-likelihoods"
	case len(r.Tools) > 0 && !c.Tools:
		what = "tools"
	case r.Sampling.JSONSchema != nil && !c.JSONSchema:
		what = "JSON schemas"
	}
	if what != "" {
		return &eval.Fault{Status: eval.ConfigError, Err: fmt.Errorf("%s does not offer %s", p, what),
			Hint: "use an engine that does, or a variant of the task that needs none"}
	}
	p.mu.Lock()
	why := p.noScore
	p.mu.Unlock()
	if r.Type == eval.Loglikelihood && why != "" {
		return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("%s: no log-likelihoods: %s", p, why),
			Hint: "mend the engine, or use a task that generates"}
	}
	return nil
}

// String names the engine in messages.
func (p *Provider) String() string { return fmt.Sprintf("engine %q", strings.Join(p.cfg.Command, " ")) }

// Close asks the processes to end, then makes them, and waits. Requests in
// flight fail as cancelled. It may be called more than once.
func (p *Provider) Close() error {
	p.mu.Lock()
	p.closed = true
	cancel := p.cancel
	p.mu.Unlock()
	p.queue.fail(&eval.Fault{Status: eval.Cancelled, Err: fmt.Errorf("%s is closed", p)})
	if cancel != nil {
		cancel()
	}
	p.wg.Wait()
	return nil
}
