package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/cache"
	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/mock"
	"olmoeval/internal/weights"
)

// defaultTimeout is how long one attempt at a request may take.
const defaultTimeout = 30 * time.Minute

// tries is how often a request is sent before it has failed. With half of all
// attempts failing, one request in a thousand does.
const tries = 10

// checkMock refuses a mock SPEC that does not parse.
func checkMock(c *modelspec.Config) error {
	if c.Kind != modelspec.Mock {
		return nil
	}
	_, err := mock.Parse(c.Model)
	return err
}

// reached is a model that can be asked.
type reached struct {
	provider eval.Provider
	// responder is the provider inside its layers.
	responder eval.Responder
	answers   *cache.Layer // nil where nothing is kept
	template  engine.Template
	// serving is what the run's manifest says of servers started for it; nil
	// without any.
	serving func() any
}

// provider makes the model's provider and the layers round it.
func (a *app) provider(ctx context.Context, m *modelspec.Config, h *harness, f *runFlags) (*reached, error) {
	if m.Kind == modelspec.Mock {
		p, err := mock.Parse(m.Model)
		if err != nil {
			return nil, asUsage(err)
		}
		return &reached{provider: p, responder: mockLayers(p, m.Model, f)}, nil
	}
	p, err := a.bare(ctx, m, f)
	if err != nil {
		return nil, err
	}
	return a.layered(m, h, f, p)
}

// mockLayers are retries, places, and a time limit where the mock may hang. A
// mock is not asked once for equal requests: it has no cost. The run decides how
// many places there are.
func mockLayers(p *mock.Model, spec string, f *runFlags) eval.Responder {
	var r eval.Responder = p
	if strings.Contains(spec, "hang") {
		r = &layer.Timeout{Next: r, Limit: f.attempt()}
	}
	r = &layer.Limit{Next: r, Group: &layer.Group{Start: 1 << 20, Max: 1 << 20, NoLatency: true}}
	// The waits between tries against a mock are short: it is no one's server.
	return &layer.Retry{Next: r, Tries: tries, Base: 5 * time.Millisecond, Cap: 200 * time.Millisecond}
}

// layered puts the layers round a provider: the cache, where there is one, then
// cutting, then all that concerns single attempts.
func (a *app) layered(m *modelspec.Config, h *harness, f *runFlags, p *provided) (*reached, error) {
	out := &reached{provider: p.Provider, template: a.template(m), serving: p.serving}
	caps := &seenCaps{Provider: p.Provider}
	project, err := a.findProject()
	if err != nil {
		return nil, err
	}
	stack := layer.Stack{
		Group: a.groups.Of(p.host, p.key, func() *layer.Group {
			n := firstInt(f.concurrency, m.MaxConcurrency, h.MaxConcurrency, project.Run.Concurrency)
			return &layer.Group{Start: n, Max: n, Replicas: max(1, len(m.BaseURL), m.NumInstances), QueueLength: f.sampler.QueueLength, NoLatency: p.local}
		}),
		Attempt: f.attempt(), Silence: f.silence, Tries: tries, Outage: f.wait, Hedge: f.hedge,
		OneSample: true, N: caps.many,
	}
	r := stack.Round(withPrice(f.price, p.Provider))
	out.provider = caps.provider()
	if h.ContextOverflow == engine.Truncate {
		tok, ok := p.Provider.(eval.Tokenizer)
		if !ok {
			return nil, usage("harness %s: context_overflow=truncate needs a provider that tells its tokens, which kind %s does not; use skip or fail", h.Name, m.Kind)
		}
		r = &layer.Truncate{Next: r, Tokens: tok, Window: caps.window}
	}
	mode, err := f.cacheMode()
	if err != nil {
		return nil, err
	}
	if mode == cacheOff || mode == cacheAuto && !p.Model().Pinned {
		out.responder = r
		return out, nil
	}
	store, err := a.responses()
	if err != nil {
		return nil, err
	}
	out.answers = &cache.Layer{Next: r, Store: store}
	out.provider = out.answers.Follow(out.provider, func(err error) {
		if mode == cacheOn {
			a.note("olmo-eval: warning: %v", err)
		}
	})
	out.responder = out.answers
	return out, nil
}

// Modes of the response cache.
const (
	cacheAuto = "auto"
	cacheOn   = "on"
	cacheOff  = "off"
)

// cacheMode is the flag's, but a run that is to be new asks anew.
func (f *runFlags) cacheMode() (string, error) {
	known := []string{cacheAuto, cacheOn, cacheOff}
	switch {
	case !slices.Contains(known, f.cache):
		return "", usage("--cache %q: want %s", f.cache, strings.Join(known, ", "))
	case f.fresh && f.cache == cacheOn:
		return "", usage("--new asks anew and --cache on answers from what is kept; leave one out")
	case f.fresh:
		return cacheOff, nil
	}
	return f.cache, nil
}

// seenCaps remembers what a provider said it can do.
type seenCaps struct {
	eval.Provider
	caps eval.Caps
}

// Caps asks and remembers; it is called once, before requests are sent.
func (s *seenCaps) Caps(ctx context.Context) (eval.Caps, error) {
	c, err := s.Provider.Caps(ctx)
	s.caps = c
	return c, err
}

// Declared passes on what is known without asking.
func (s *seenCaps) Declared() (eval.Caps, bool) {
	if d, ok := s.Provider.(eval.Declarer); ok {
		return d.Declared()
	}
	return eval.Caps{}, false
}

func (s *seenCaps) many() bool  { return s.caps.N }
func (s *seenCaps) window() int { return s.caps.MaxContext }

// provider is s with what its provider can do besides.
func (s *seenCaps) provider() eval.Provider {
	if tok, ok := s.Provider.(eval.Tokenizer); ok {
		return struct {
			*seenCaps
			eval.Tokenizer
		}{s, tok}
	}
	return s
}

// attempt is how long one try may take.
func (f *runFlags) attempt() time.Duration {
	if f.timeout > 0 {
		return f.timeout
	}
	return defaultTimeout
}

// template is what a checkpoint on this machine says of its chat template.
func (a *app) template(m *modelspec.Config) engine.Template {
	path := firstOf(m.Tokenizer, m.Model)
	info, err := weights.Describe(a.abs(path))
	if err != nil {
		return engine.Template{}
	}
	return engine.Template{Known: true, Has: info.ChatTemplate || m.ChatTemplate != "", Thinks: a.thinks(a.abs(path))}
}

// thinks reports whether a checkpoint's chat template speaks of thinking.
func (a *app) thinks(dir string) bool {
	for _, name := range []string{"chat_template.jinja", "tokenizer_config.json"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil && bytes.Contains(b, []byte("<think>")) {
			return true
		}
	}
	return false
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// secretHeader are headers whose value must be given by name.
var secretHeader = regexp.MustCompile(`(?i)auth|key|token|secret|cookie|password`)

// headers fills in environment variables. A secret that is written out would be
// kept with the run's command.
func (a *app) headers(m *modelspec.Config) (httpapi.Headers, error) {
	var bad error
	out := httpapi.Headers{}
	for name, value := range m.Headers {
		if secretHeader.MatchString(name) && !variable.MatchString(value) {
			return nil, usage("model %q: header %s: give the secret by name, such as headers={%s: '${MY_KEY}'}", m.Name, name, name)
		}
		out[name] = variable.ReplaceAllStringFunc(value, func(ref string) string {
			v := a.Getenv(ref[2 : len(ref)-1])
			if v == "" && bad == nil {
				bad = usage("model %q: header %s: the environment variable %s is not set", m.Name, name, ref[2:len(ref)-1])
			}
			return v
		})
	}
	return out, bad
}

// key is the model's key, by name.
func (a *app) key(m *modelspec.Config) httpapi.Secret {
	if m.APIKeyEnv == "" {
		return ""
	}
	return httpapi.Secret(a.Getenv(m.APIKeyEnv))
}

// hostOf names the account's host for limits; several replicas are one.
func hostOf(m *modelspec.Config, public string) string {
	if len(m.BaseURL) == 0 {
		return firstOf(public, m.Kind+" "+m.Model)
	}
	hosts := make([]string, len(m.BaseURL))
	for i, base := range m.BaseURL {
		hosts[i] = base
		if u, err := url.Parse(base); err == nil {
			hosts[i] = u.Host
		}
	}
	slices.Sort(hosts)
	return fmt.Sprint(hosts)
}
