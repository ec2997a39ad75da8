package llamacpp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/chattemplate"
	"olmoeval/internal/gguf"
)

// Provider is a checkpoint that answers requests. Its methods may be called by
// many goroutines.
type Provider struct {
	cfg      Config
	file     *gguf.File
	model    eval.Model
	template *chattemplate.Template
	noChats  string // why there is none
	open     func() (backend, error)

	gate   chan struct{} // holds one while the model is loaded or closed
	loaded atomic.Pointer[loaded]
	free   chan *session // those that answer nothing now
	closed chan struct{} // closed by Close
	once   sync.Once
}

var _ eval.Provider = (*Provider)(nil)

// loaded is a model that is ready. It never changes.
type loaded struct {
	backend
	cfg      *Config
	window   int
	empty    []token // stands for an empty context
	prefix   []token // stands before all others
	logprobs bool
	template *chattemplate.Template
	bos, eos string // as texts
}

// newProvider reads the header and the digest; open loads the model.
func newProvider(c Config, open func(*gguf.File, []string) (backend, error)) (*Provider, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	file, err := gguf.Open(c.Path)
	if err != nil {
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("llamacpp: %w", err), Hint: "check -m; a checkpoint in GGUF form ends in .gguf"}
	}
	paths, err := files(c.Path, file)
	if err != nil {
		return nil, err
	}
	weights, err := digest(paths)
	if err != nil {
		return nil, fmt.Errorf("llamacpp: %w", err)
	}
	template, noChats, err := c.template(file)
	if err != nil {
		return nil, err
	}
	c.Parallel = max(1, c.Parallel)
	return &Provider{cfg: c, file: file, model: c.model(weights), template: template, noChats: noChats,
		open: func() (backend, error) { return open(file, paths) },
		gate: make(chan struct{}, 1), free: make(chan *session, c.Parallel), closed: make(chan struct{})}, nil
}

// Model is the checkpoint's identity, of which the digest of its file is the
// heart. It loads nothing.
func (p *Provider) Model() eval.Model { return p.model }

var errClosed = &eval.Fault{Status: eval.InfraServerDown, Err: errors.New("llamacpp: the model is closed")}

// load loads the model once; a failure is tried again by the next.
func (p *Provider) load(ctx context.Context) (*loaded, error) {
	if m := p.loaded.Load(); m != nil {
		return m, nil
	}
	select {
	case p.gate <- struct{}{}:
	case <-p.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, stopped(ctx)
	}
	defer func() { <-p.gate }()
	if m := p.loaded.Load(); m != nil {
		return m, nil
	}
	select {
	case <-p.closed:
		return nil, errClosed
	default:
	}
	b, err := p.open()
	if err != nil {
		return nil, err
	}
	m, err := p.ready(b)
	if err == nil {
		err = p.sessions(b)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	p.loaded.Store(m)
	return m, nil
}

// sessions makes all contexts.
func (p *Provider) sessions(b backend) error {
	for range p.cfg.Parallel {
		r, err := b.context()
		if err != nil {
			for len(p.free) > 0 {
				(<-p.free).close()
			}
			return err
		}
		p.free <- &session{runner: r}
	}
	return nil
}

// ready finds what stands before texts.
func (p *Provider) ready(b backend) (*loaded, error) {
	m := &loaded{backend: b, cfg: &p.cfg, template: p.template, logprobs: p.cfg.Logprobs == nil || *p.cfg.Logprobs}
	m.window, _ = p.cfg.window(p.file)
	bos, eos, add := b.special()
	if p.cfg.AddBOS != nil {
		add = *p.cfg.AddBOS
	}
	first := bos
	if first == none {
		first = eos
	}
	if first != none {
		m.empty = []token{first}
	}
	if add {
		if first == none {
			return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: errors.New("llamacpp: add_bos_token=true, but the checkpoint has no BOS token"),
				Hint: "leave add_bos_token out"}
		}
		m.prefix = m.empty
	}
	if bos != none {
		m.bos = b.piece(bos, true)
	}
	if eos != none {
		m.eos = b.piece(eos, true)
	}
	return m, nil
}

// Respond answers a request when its turn comes: first come, first served. A
// request that is cancelled ends at the next token.
func (p *Provider) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if err := refused(r); err != nil {
		return nil, err
	}
	m, err := p.load(ctx)
	if err != nil {
		return nil, err
	}
	arrived := time.Now()
	s, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { p.free <- s }()
	start := time.Now()
	var resp *eval.Response
	if r.Type == eval.Loglikelihood {
		resp, err = m.score(ctx, s, r)
	} else {
		resp, err = m.generate(ctx, s, r)
	}
	if err != nil {
		return nil, err
	}
	resp.Timing.Queue = milliseconds(start.Sub(arrived))
	resp.Timing.Total = milliseconds(time.Since(start))
	return resp, nil
}

// take waits for a session.
func (p *Provider) take(ctx context.Context) (*session, error) {
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	select {
	case s := <-p.free:
		return s, nil
	case <-p.closed:
		return nil, errClosed
	case <-ctx.Done():
		return nil, stopped(ctx)
	}
}

// refused says what this provider cannot do.
func refused(r *eval.Request) error {
	what, hint := "", ""
	switch {
	case r.Type != eval.Completion && r.Type != eval.Chat && r.Type != eval.Loglikelihood:
		what = fmt.Sprintf("unknown request type %q", r.Type)
	case r.Type != eval.Loglikelihood && len(r.Tools) > 0:
		what, hint = "calls no tools", "serve the checkpoint with llama-server and a tool template: -m PATH,kind=llama-server"
	case r.Type != eval.Loglikelihood && r.Sampling.JSONSchema != nil:
		what, hint = "holds answers to no JSON schema", "serve the checkpoint: -m PATH,kind=llama-server"
	case r.Type != eval.Loglikelihood && foreign(r.Sampling.ExtraBody):
		what, hint = "has no body that extra_body could go into", "leave extra_body out"
	default:
		return nil
	}
	return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("llamacpp: %s", what), Hint: hint}
}

// foreign reports whether an extra body holds more than variables of the chat
// template.
func foreign(extra map[string]any) bool {
	_, ours := extra["chat_template_kwargs"]
	return len(extra) > 1 || len(extra) == 1 && !ours
}

// Close waits for what is being answered and frees the model. Later requests
// are refused.
func (p *Provider) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.gate <- struct{}{}
		defer func() { <-p.gate }()
		m := p.loaded.Load()
		if m == nil {
			return
		}
		for range p.cfg.Parallel {
			(<-p.free).close()
		}
		m.close()
	})
	return nil
}
