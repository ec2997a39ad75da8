package cli

import (
	"context"
	"errors"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/anthropic"
	"olmoeval/internal/provider/bedrock"
	"olmoeval/internal/provider/exec"
	"olmoeval/internal/provider/gemini"
	"olmoeval/internal/provider/llamacpp"
	"olmoeval/internal/provider/openai"
)

// provided is a provider without layers.
type provided struct {
	eval.Provider
	// host and key say whose allowance requests use.
	host, key string
	// local says that it runs on this machine, for this run alone.
	local   bool
	serving func() any
}

// bare makes the provider of a kind.
func (a *app) bare(ctx context.Context, m *modelspec.Config, f *runFlags) (*provided, error) {
	if modelspec.Started(m.Kind) {
		return a.started(ctx, m, f)
	}
	headers, err := a.headers(m)
	if err != nil {
		return nil, err
	}
	key, base := a.key(m), ""
	if len(m.BaseURL) > 0 {
		base = m.BaseURL[0]
	}
	if len(m.BaseURL) > 1 && m.Kind != modelspec.OpenAI {
		return nil, usage("model %q: kind %s takes one base_url", m.Name, m.Kind)
	}
	if key == "" && base == "" && m.APIKeyEnv != "" && !f.dryRun {
		return nil, usage("model %q: kind %s needs a key; set the environment variable %s", m.Name, m.Kind, m.APIKeyEnv)
	}
	as := m.Identity()
	var p eval.Provider
	switch m.Kind {
	case modelspec.OpenAI, modelspec.Azure:
		cfg := a.openAI(m, f)
		cfg.BaseURLs, cfg.Headers, cfg.APIKey, cfg.As = m.BaseURL, headers, key, as
		cfg.Azure, cfg.APIVersion = m.Kind == modelspec.Azure, m.APIVersion
		client, err := openai.New(cfg)
		if err != nil {
			return nil, asUsage(err)
		}
		if f.wait > 0 && !f.dryRun {
			if err := client.WaitReady(ctx, f.wait); err != nil {
				return nil, err
			}
		}
		p = client
	case modelspec.Anthropic:
		p, err = anthropic.New(anthropic.Config{BaseURL: base, Model: m.Model, APIKey: key, KeyEnv: m.APIKeyEnv, MaxContext: m.MaxModelLen,
			Stream: m.Stream, ReasoningEffort: m.ReasoningEffort, ExtraBody: m.ExtraBody, Headers: headers, As: as})
	case modelspec.Gemini:
		p, err = gemini.New(gemini.Config{BaseURL: base, Model: m.Model, APIKey: key, KeyEnv: m.APIKeyEnv, MaxContext: m.MaxModelLen,
			Logprobs: m.Logprobs != nil && *m.Logprobs, Stream: m.Stream, ReasoningEffort: m.ReasoningEffort, ExtraBody: m.ExtraBody, Headers: headers, As: as})
	case modelspec.Bedrock:
		if m.Stream || m.ReasoningEffort != "" {
			return nil, usage("model %q: kind bedrock knows neither stream nor reasoning_effort; what a model takes goes into extra_body={additionalModelRequestFields: {…}}", m.Name)
		}
		cred, cerr := bedrock.FromEnvironment(a.Getenv)
		if cerr != nil {
			return nil, asUsage(cerr)
		}
		p, err = bedrock.New(bedrock.Config{Model: m.Model, Credentials: cred, Region: m.Region, BaseURL: base, MaxContext: m.MaxModelLen,
			ExtraBody: m.ExtraBody, Headers: headers, As: as})
	case modelspec.Exec:
		return a.process(m, as)
	case modelspec.LlamaCPP:
		return a.inProcess(ctx, m)
	default:
		err = errors.New("no provider of kind " + m.Kind)
	}
	if err != nil {
		return nil, asUsage(err)
	}
	return &provided{Provider: p, host: hostOf(m, m.Kind), key: string(key)}, nil
}

// openAI is the part of a client's settings that does not depend on where the
// server is.
func (a *app) openAI(m *modelspec.Config, f *runFlags) openai.Config {
	logprobs := m.Logprobs != nil && *m.Logprobs
	return openai.Config{
		Model: m.Model, KeyEnv: m.APIKeyEnv, MaxContext: m.MaxModelLen, AddBOS: m.AddBOS, EOS: m.EOS, Boundary: m.Boundary,
		Logprobs: &logprobs, Stream: m.Stream, ChatTemplateKwargs: m.ChatTemplateKwargs, ReasoningEffort: m.ReasoningEffort,
		ExtraBody: m.ExtraBody,
	}
}

// process is an engine in a process of its own.
func (a *app) process(m *modelspec.Config, as eval.Model) (*provided, error) {
	cfg := exec.Config{Command: m.Command, Dir: a.Dir, Environ: a.Environ, Env: m.Env, Instances: m.NumInstances, Options: m.Options, Stderr: a.Stderr, As: as}
	if a.global.quiet {
		cfg.Stderr = nil
	}
	var err error
	if cfg.StartTimeout, err = startTimeout(m); err != nil {
		return nil, err
	}
	p, err := exec.New(cfg)
	if err != nil {
		return nil, asUsage(err)
	}
	return &provided{Provider: p, host: "exec " + m.Name, local: true}, nil
}

// inProcess is a GGUF checkpoint in this process. One that is not on this machine
// yet is downloaded when it is first asked.
func (a *app) inProcess(ctx context.Context, m *modelspec.Config) (*provided, error) {
	open := func(path string, as eval.Model) (*llamacpp.Provider, error) {
		return llamacpp.New(llamacpp.Config{Path: path, ContextLength: m.MaxModelLen, GPULayers: m.GPULayers, Threads: m.Threads,
			Parallel: m.NumInstances, AddBOS: m.AddBOS, Boundary: m.Boundary, ChatTemplate: m.ChatTemplate,
			ChatTemplateKwargs: m.ChatTemplateKwargs, EOS: m.EOS, Logprobs: m.Logprobs, KVCache: m.KVCache, Now: time.Now,
			As: as, Getenv: a.Getenv})
	}
	found, err := a.look(ctx, m)
	if err != nil {
		return nil, err
	}
	if found.local {
		p, err := open(found.path, m.Identity())
		if err != nil {
			return nil, asUsage(err)
		}
		return &provided{Provider: p, host: "llamacpp " + found.path, local: true}, nil
	}
	l := &late{model: found.model, begin: func(ctx context.Context) (*begun, error) {
		c, err := a.fetchCheckpoint(ctx, found)
		if err != nil {
			return nil, err
		}
		p, err := open(c.Info.Path, found.model)
		if err != nil {
			return nil, asUsage(err)
		}
		return &begun{Provider: p, ask: p}, nil
	}}
	return &provided{Provider: l, host: "llamacpp " + m.Model, local: true}, nil
}
