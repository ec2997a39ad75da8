package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/checkpoint"
	"olmoeval/internal/fetch/access"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/openai"
	"olmoeval/internal/serve"
	"olmoeval/internal/weights"
)

// source is a checkpoint that was looked for.
type source struct {
	ref     checkpoint.Ref
	options checkpoint.Options
	model   eval.Model
	local   bool
	path    string // of a local one
	bytes   int64
}

// look finds the checkpoint that a model names, and what it is, without
// downloading it.
func (a *app) look(ctx context.Context, m *modelspec.Config) (*source, error) {
	text := m.Model
	if m.Revision == "" || !strings.Contains(text, "@") {
		// A path is meant from the directory of the command.
		if abs := a.abs(text); exists(abs) {
			text = abs
		}
	}
	ref, err := checkpoint.ParseRef(text, m.Revision)
	if err != nil {
		return nil, asUsage(err)
	}
	out := &source{ref: ref, model: m.Identity(), local: ref.Place == checkpoint.Local}
	out.options = checkpoint.Options{Access: access.FromEnv(a.Getenv), Log: a.log, Accept: accepts(m.Kind)}
	plan, err := checkpoint.Look(ctx, ref, out.options)
	if err != nil {
		return nil, err
	}
	out.bytes = plan.Bytes
	if out.local {
		info, err := checkpoint.Describe(text)
		if err != nil {
			return nil, asUsage(err)
		}
		out.path, out.bytes = info.Path, info.Bytes
		return out, nil
	}
	out.model.Revision, out.model.Pinned = plan.Revision, plan.Revision != ""
	return out, nil
}

// accepts are the formats that a kind can load.
func accepts(kind string) []weights.Kind {
	if kind == modelspec.LlamaCPP || kind == modelspec.LlamaServer {
		return []weights.Kind{weights.GGUF}
	}
	return []weights.Kind{weights.HF}
}

// fetchCheckpoint brings a checkpoint here.
func (a *app) fetchCheckpoint(ctx context.Context, f *source) (*checkpoint.Checkpoint, error) {
	o := f.options
	last := time.Time{}
	o.Progress = func(p checkpoint.Progress) {
		if p.Total > 0 && (time.Since(last) > 10*time.Second || p.Done == p.Total && !last.IsZero()) {
			last = time.Now()
			a.note("downloading %s: %.1f of %.1f GB", f.model.Name, float64(p.Done)/1e9, float64(p.Total)/1e9)
		}
	}
	return checkpoint.Resolve(ctx, f.ref, o)
}

// started is a server of our own, which begins when the plan needs it.
func (a *app) started(ctx context.Context, m *modelspec.Config, f *runFlags) (*provided, error) {
	spec, err := a.serveSpec(m)
	if err != nil {
		return nil, err
	}
	if err := spec.Validate(); err != nil {
		return nil, asUsage(err)
	}
	at, err := a.look(ctx, m)
	if err != nil {
		return nil, err
	}
	// What the client and the server do to answers is part of which model it is.
	cfg := a.openAI(m, f)
	cfg.BaseURLs, cfg.As = []string{"http://127.0.0.1:1/v1"}, at.model
	sketch, err := openai.New(cfg)
	if err != nil {
		return nil, asUsage(err)
	}
	model := sketch.Model()
	model.Options = serverOptions(model.Options, m)
	var pool *serve.Pool
	l := &late{model: model, begin: func(ctx context.Context) (*begun, error) {
		spec.Model, spec.WeightsBytes = at.path, at.bytes
		if !at.local {
			c, err := a.fetchCheckpoint(ctx, at)
			if err != nil {
				return nil, err
			}
			spec.Model, spec.WeightsBytes = c.Info.Path, c.Bytes
		}
		p, err := serve.Start(ctx, spec, serve.Options{Environ: a.Environ, Events: a.serveEvent})
		if err != nil {
			a.lastLines(err)
			return nil, err
		}
		pool = p
		cfg.BaseURLs, cfg.Dial, cfg.APIKey, cfg.Model, cfg.As = p.BaseURLs(), p.Dial, httpapi.Secret(p.APIKey()), p.Model(), model
		client, err := openai.New(cfg)
		if err != nil {
			_ = p.Close()
			return nil, err
		}
		var watch []string
		for _, s := range p.Record().Servers {
			watch = append(watch, s.Address)
		}
		if err := f.sampler.Watch(watch...); err != nil {
			a.note("olmo-eval: warning: %v", err)
		}
		return &begun{Provider: client, ask: p.Responder(client), end: p.Close}, nil
	}}
	return &provided{Provider: l, host: m.Kind + " " + m.Model, local: true, serving: func() any {
		if pool == nil {
			return nil
		}
		return pool.Record()
	}}, nil
}

// lastLines shows the end of the output of a server that did not start.
func (a *app) lastLines(err error) {
	var f *serve.Failure
	if !errors.As(err, &f) {
		return
	}
	for _, line := range f.Tail[max(0, len(f.Tail)-20):] {
		a.note("  | %s", line)
	}
}

// serverOptions adds the server's settings that change answers.
func serverOptions(options map[string]any, m *modelspec.Config) map[string]any {
	out := map[string]any{}
	for k, v := range options {
		out[k] = v
	}
	set := func(key string, value any, used bool) {
		if used {
			out[key] = value
		}
	}
	set("dtype", m.DType, m.DType != "" && m.DType != "auto")
	set("tokenizer", m.Tokenizer, m.Tokenizer != "")
	set("chat_template", m.ChatTemplate, m.ChatTemplate != "")
	set("tool_call_parser", m.ToolCallParser, m.ToolCallParser != "")
	set("reasoning_parser", m.ReasoningParser, m.ReasoningParser != "")
	set("server_args", m.ServerArgs, len(m.ServerArgs) > 0)
	if len(out) == 0 {
		return nil
	}
	// The types that reading a manifest gives.
	b, err := json.Marshal(out)
	if err != nil {
		return out
	}
	var plain map[string]any
	if json.Unmarshal(b, &plain) != nil {
		return out
	}
	return plain
}

// serveSpec is what the model's fields say of a server.
func (a *app) serveSpec(m *modelspec.Config) (serve.Spec, error) {
	timeout, err := startTimeout(m)
	if err != nil {
		return serve.Spec{}, err
	}
	home, err := a.home()
	if err != nil {
		return serve.Spec{}, err
	}
	template := m.ChatTemplate
	if template != "" && exists(a.abs(template)) {
		template = a.abs(template)
	}
	exact, hint := m.TensorParallel, 0
	if strings.HasPrefix(m.Origins["tensor_parallel_size"], "preset") {
		exact, hint = 0, m.TensorParallel // the size of the weights knows better
	}
	return serve.Spec{
		Kind: m.Kind, Model: m.Model, ServedName: m.Name, Tokenizer: m.Tokenizer, Executable: m.Server, Args: m.ServerArgs,
		Replicas: m.NumInstances, TensorParallel: exact, ParallelHint: hint, GPUs: m.GPUs, MaxModelLen: m.MaxModelLen, DType: m.DType,
		GPUMemory: m.GPUMemory, TrustRemoteCode: m.TrustRemoteCode, ChatTemplate: template,
		ToolCallParser: m.ToolCallParser, ReasoningParser: m.ReasoningParser, StartTimeout: timeout,
		LogDir: filepath.Join(string(home), "logs", "servers"),
	}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func startTimeout(m *modelspec.Config) (time.Duration, error) {
	if m.StartTimeout == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(m.StartTimeout)
	if err != nil || d <= 0 {
		return 0, usage("model %q: start_timeout %q: want a duration such as 20m", m.Name, m.StartTimeout)
	}
	return d, nil
}

// serveEvent tells people what servers do.
func (a *app) serveEvent(e serve.Event) {
	switch e.Kind {
	case serve.Progress:
		a.log.Debug(e.Text, "server", e.Server, "replica", e.Replica)
	default:
		a.note("%s[%d]: %s: %s", e.Server, e.Replica, e.Kind, e.Text)
	}
}
