package cli

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"olmoeval/internal/engine"
	"olmoeval/internal/journal"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/perf"
	"olmoeval/internal/provider/layer"
	sampling "olmoeval/internal/sample"
	"olmoeval/internal/telemetry"
)

// beginTelling starts what run tells others, where that was asked for; the
// function it returns ends it.
func (a *app) beginTelling(f *measureFlags) (end func(), err error) {
	cfg, err := telemetry.FromEnv(a.Getenv, f.otlp)
	if err != nil {
		return nil, asUsage(err)
	}
	if !cfg.On() && f.prometheus == "" {
		return func() {}, nil
	}
	token := ""
	if f.tokenEnv != "" {
		if token = a.Getenv(f.tokenEnv); token == "" {
			return nil, usage("--prometheus-token-env: %s is not set", f.tokenEnv)
		}
	}
	f.telemetry = telemetry.New(cfg)
	var server *telemetry.Server
	if f.prometheus != "" {
		if server, err = telemetry.Serve(f.telemetry, f.prometheus, token); err != nil {
			_ = f.telemetry.Close(0)
			return nil, asUsage(err)
		}
		// Said with --quiet too: nobody could use it otherwise.
		if token == "" {
			fmt.Fprintf(a.Stderr, "prometheus: %s, header Authorization: Bearer %s\n", server.URL, server.Token)
		} else {
			fmt.Fprintf(a.Stderr, "prometheus: %s, with the token of %s\n", server.URL, f.tokenEnv)
		}
	}
	return func() {
		if server != nil {
			_ = server.Close() // the program ends
		}
		if err := f.telemetry.Close(telling); err != nil {
			a.note("olmo-eval: warning: %v", err)
		}
	}, nil
}

// telling is how long the end of the program waits for a collector.
const telling = 10 * time.Second

// watching finds the price of a model and makes the sampler of its run; which
// servers it watches may be said anew by its Watch when they are known. Makers'
// own endpoints have no /metrics.
func (a *app) watching(f *runFlags, m *modelspec.Config) error {
	var err error
	if f.price, err = a.price(m); err != nil {
		return err
	}
	if err := f.affordable(m, f.price); err != nil {
		return err
	}
	if f.budget != nil {
		f.budget.Reported = f.price.reports
	}
	table, err := perf.Builtin()
	if err != nil {
		return err
	}
	var watch []string
	local := modelspec.Started(m.Kind) || m.Kind == modelspec.LlamaCPP
	for _, base := range m.BaseURL {
		if !table.Vendor(base) && !perf.Reports(base) {
			watch = append(watch, base)
		}
		local = local || loopback(base)
	}
	f.sampler = sampling.New(sampling.Config{GPUs: f.sampleGPUs || local})
	return asUsage(f.sampler.Watch(watch...))
}

func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// measure has a run sampled, priced and told of; ended is called with its result,
// nil if there is none.
func (a *app) measure(ctx context.Context, f *runFlags, m *modelspec.Config, e *engine.Engine) (ended func(*journal.Result)) {
	opened := e.Hooks.Opened
	var trace *telemetry.Trace
	e.Hooks.Opened = func(w *journal.Writer) func() {
		then := func() {}
		if opened != nil {
			if other := opened(w); other != nil {
				then = other
			}
		}
		if err := w.Event("price", f.price.event()); err != nil {
			a.note("olmo-eval: warning: %v", err)
		}
		stop := f.sampler.Start(context.WithoutCancel(ctx), w.Dir, func() map[string]any { return counters(e) }, w.Event)
		if f.telemetry != nil {
			trace = f.telemetry.Begin(telemetry.Run{ID: w.Manifest().RunID, Model: e.Provider.Model(), Start: time.Now(),
				Endpoint: firstOf(endpoints(m)...), State: func() map[string]float64 { return state(e) }})
		}
		return func() {
			if err := stop(); err != nil {
				a.note("olmo-eval: warning: sampling the run: %v", err)
			}
			then()
		}
	}
	if f.telemetry == nil {
		return func(*journal.Result) {}
	}
	seen := e.Hooks.Seen
	e.Hooks.Seen = func(x engine.Seen) {
		if seen != nil {
			seen(x)
		}
		trace.Seen(x.Task, x.Record, x.Begin, x.Answered)
	}
	return func(res *journal.Result) {
		if trace != nil && res != nil {
			trace.End(res.Status, time.Now())
		}
	}
}

// counters are what a "progress" event says of a run.
func counters(e *engine.Engine) map[string]any {
	p := e.Progress
	out := map[string]any{
		"total": p.Total.Load(), "done": p.Done.Load(), "failed": p.Failed.Load(),
		"requests": p.Requests.Load(), "attempts": p.Attempts.Load(), "reused": p.Reused.Load(),
		"prompt_tokens": p.Prompt.Load(), "cached_tokens": p.Cached.Load(),
		"completion_tokens": p.Tokens.Load(), "reasoning_tokens": p.Reasoning.Load(),
		"cost": p.USD(), "instances_in_flight": p.InFlight.Load(),
	}
	for r := range layer.All(e.Responder) {
		if l, ok := r.(*layer.Limit); ok {
			load := l.Shared().Load()
			out["in_flight"], out["places"], out["waiting"] = load.InFlight, load.Places, load.Waiting
			break
		}
	}
	return out
}

// state is counters as numbers.
func state(e *engine.Engine) map[string]float64 {
	out := map[string]float64{}
	for k, v := range counters(e) {
		switch v := v.(type) {
		case int64:
			out[k] = float64(v)
		case int:
			out[k] = float64(v)
		case float64:
			out[k] = v
		}
	}
	return out
}
