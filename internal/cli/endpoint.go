package cli

import (
	"context"

	"olmoeval/eval"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/openai"
)

// endpoint makes the provider of an OpenAI-compatible server with its layers.
func (a *app) endpoint(ctx context.Context, m *modelspec.Config, f *runFlags) (eval.Provider, eval.Responder, error) {
	logprobs := m.Logprobs != nil && *m.Logprobs
	client, err := openai.New(openai.Config{
		BaseURLs: m.BaseURL, Model: m.Model, APIKey: httpapi.Secret(a.Getenv(m.APIKeyEnv)), Timeout: f.timeout,
		MaxContext: m.MaxModelLen, AddBOS: m.AddBOS, EOS: m.EOS, Boundary: m.Boundary, Logprobs: &logprobs,
		Stream: m.Stream, ChatTemplateKwargs: m.ChatTemplateKwargs, ExtraBody: m.ExtraBody, As: m.Identity(),
	})
	if err != nil {
		return nil, nil, asUsage(err)
	}
	if f.wait > 0 {
		if err := client.WaitReady(ctx, f.wait); err != nil {
			return nil, nil, err
		}
	}
	limit := &layer.Limit{Next: &layer.Timeout{Next: withPrice(f.price, client), Limit: f.attempt()}, Start: firstInt(f.concurrency, m.MaxConcurrency, defaultConcurrency)}
	retry := &layer.Retry{Next: limit, Tries: tries}
	if f.wait > 0 {
		// Through an outage: as many tries as fit into the wait.
		retry.Tries, retry.Budget = 1<<20, f.wait
	}
	return client, &layer.Once{Next: retry}, nil
}
