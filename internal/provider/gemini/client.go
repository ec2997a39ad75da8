package gemini

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// Client is one model. It may be used by many goroutines.
type Client struct {
	cfg    Config
	http   httpapi.Caller
	base   *url.URL
	call   *url.URL // of a generation
	quirks httpapi.Quirks
}

var _ eval.Provider = (*Client)(nil)

// New makes a client; it sends nothing. The configuration's maps must not be
// changed afterwards.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, base: base, call: base.JoinPath(cfg.path() + ":generateContent"), http: httpapi.Caller{Header: httpapi.JSONHeader(),
		Timeout: cfg.Timeout, Transport: httpapi.NewTransport(cfg.Dial), Key: cfg.APIKey, KeyEnv: cfg.keyEnv()}}
	if cfg.Stream {
		c.call = base.JoinPath(cfg.path() + ":streamGenerateContent")
		c.call.RawQuery = "alt=sse"
	}
	c.http.Refine = c.refine
	if cfg.APIKey != "" {
		c.http.Header.Set("x-goog-api-key", string(cfg.APIKey))
	}
	c.http.Add(cfg.Headers)
	return c, nil
}

// Model says which model is asked for.
func (c *Client) Model() eval.Model { return c.cfg.model() }

// Close ends idle connections.
func (c *Client) Close() error { return c.http.Close() }

// String is the model's name; it keeps keys from being printed.
func (c *Client) String() string { return c.cfg.Model }

// Respond answers a chat in one try, with as few calls as the model takes.
func (c *Client) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if err := httpapi.ChatOnly("gemini", c.cfg.Model, r); err != nil {
		return nil, err
	}
	n := r.Sampling.Samples()
	if r.Sampling.Greedy() {
		resp, err := c.fill(ctx, r, 0, 1)
		if err == nil {
			httpapi.Greedy(resp, n)
		}
		return resp, err
	}
	size := mostCandidates
	if c.cfg.Stream || c.quirks.Has(oneCandidate) {
		size = 1
	}
	return httpapi.Samples(ctx, (n+size-1)/size, func(ctx context.Context, k int) (*eval.Response, error) {
		return c.fill(ctx, r, k*size, min(size, n-k*size))
	})
}

// fill gets n samples, the first of which is number k, asking again for those
// that a model which makes one at a time leaves out.
func (c *Client) fill(ctx context.Context, r *eval.Request, k, n int) (*eval.Response, error) {
	all := &eval.Response{Attempts: 1}
	begin := time.Now()
	for len(all.Outputs) < n {
		ask := n - len(all.Outputs)
		if c.quirks.Has(oneCandidate) {
			ask = 1
		}
		resp, err := c.ask(ctx, r, ask, k+len(all.Outputs))
		if err != nil {
			return nil, err
		}
		if len(resp.Outputs) < ask {
			c.quirks.Set(oneCandidate)
		}
		httpapi.Join(all, resp)
	}
	all.Timing.Total = httpapi.Milliseconds(time.Since(begin))
	return all, nil
}

// ask makes one call for up to n samples.
func (c *Client) ask(ctx context.Context, r *eval.Request, n, k int) (*eval.Response, error) {
	for {
		q := c.quirks.Load()
		if q&oneCandidate != 0 {
			n = 1
		}
		p, err := c.plan(r, n, k, q)
		if err != nil {
			return nil, err
		}
		var rep reply
		sent := time.Now()
		if c.cfg.Stream {
			err = c.stream(ctx, p.body, &rep)
		} else {
			err = c.http.Ask(ctx, c.call, p.body, &rep)
		}
		if err != nil {
			if c.adapt(err, q) {
				continue
			}
			return nil, err
		}
		resp, err := rep.response(p, n)
		if err == nil && !rep.first.IsZero() {
			resp.Timing.First = httpapi.Milliseconds(rep.first.Sub(sent))
		}
		return resp, err
	}
}

// adapt learns from a refusal what the model does not take; it reports whether
// to send again. Nothing that changes answers is left out.
func (c *Client) adapt(err error, sent uint32) bool {
	var problem *httpapi.StatusError
	if !errors.As(err, &problem) || problem.Code != http.StatusBadRequest {
		return false
	}
	text := strings.ToLower(strings.NewReplacer("_", "", " ", "").Replace(problem.Message))
	for _, q := range []struct {
		bit   uint32
		words []string
	}{
		{oneCandidate, []string{"multiplecandidates", "candidatecount", "onecandidate"}},
		{oldSchemas, []string{"jsonschema"}},
		{wantsMark, []string{"thoughtsignature"}},
		{wantsBudget, []string{"thinkinglevel"}},
		{noThinkingSet, []string{"thinkingbudget"}},
	} {
		for _, w := range q.words {
			if strings.Contains(text, w) && sent&q.bit == 0 {
				c.quirks.Set(q.bit)
				return true
			}
		}
	}
	return false
}
