package anthropic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// apiVersion is of the API's requests and answers.
const apiVersion = "2023-06-01"

// Client is one model. It may be used by many goroutines.
type Client struct {
	cfg      Config
	http     httpapi.Caller
	base     *url.URL
	messages *url.URL
	quirks   httpapi.Quirks
	// reported is how many tokens the API says the model can write, 0 if unasked.
	reported atomic.Int64
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
	c := &Client{cfg: cfg, base: base, messages: base.JoinPath("messages"), http: httpapi.Caller{Header: httpapi.JSONHeader(),
		Timeout: cfg.Timeout, Transport: httpapi.NewTransport(cfg.Dial), Key: cfg.APIKey, KeyEnv: cfg.keyEnv(), Refine: refine}}
	c.http.Header.Set("anthropic-version", apiVersion)
	if cfg.APIKey != "" {
		c.http.Header.Set("x-api-key", string(cfg.APIKey))
	}
	c.http.Add(cfg.Headers)
	return c, nil
}

// refine knows the refusals of this API.
func refine(f *eval.Fault, e *httpapi.StatusError, _ http.Header, _ []byte) {
	switch {
	case e.Kind == "not_found_error" && strings.Contains(e.Message, "model"):
		f.Hint = "check the model's name"
	case e.Kind == "billing_error" || strings.Contains(e.Message, "credit balance"):
		f.Status, f.Abort, f.Hint = eval.InfraRateLimited, true, "the account has no credit left"
	}
}

// Model says which model is asked for.
func (c *Client) Model() eval.Model { return c.cfg.model() }

// Close ends idle connections.
func (c *Client) Close() error { return c.http.Close() }

// String is the model's name; it keeps keys from being printed.
func (c *Client) String() string { return c.cfg.Model }

// Respond answers a chat in one try, with one call for each sample.
func (c *Client) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if err := httpapi.ChatOnly("anthropic", c.cfg.Model, r); err != nil {
		return nil, err
	}
	return httpapi.OneByOne(ctx, r, c.one)
}

// one makes one sample. sampled says that another might differ.
func (c *Client) one(ctx context.Context, r *eval.Request) (resp *eval.Response, sampled bool, err error) {
	for {
		q := c.quirks.Load()
		p, err := c.plan(r, q)
		if err != nil {
			return nil, false, err
		}
		var rep reply
		sent := time.Now()
		if c.cfg.Stream {
			err = c.stream(ctx, p.body, &rep)
		} else {
			err = c.http.Ask(ctx, c.messages, p.body, &rep)
		}
		if err != nil {
			if c.adapt(err, q) {
				continue
			}
			return nil, false, err
		}
		if rep.Type == "error" || !rep.Error.Null() {
			return nil, false, c.failed(rep.Error)
		}
		resp, err := rep.response(p)
		if err != nil {
			return nil, false, err
		}
		resp.Timing.Total = httpapi.Milliseconds(time.Since(sent))
		if !rep.first.IsZero() {
			resp.Timing.First = httpapi.Milliseconds(rep.first.Sub(sent))
		}
		return resp, p.sampled, nil
	}
}

// adapt learns from a refusal what the model does not take; it reports whether
// to send again. Newer models draw as they see fit and think as long as they
// like: the settings of older ones cannot be had, which notes tell.
func (c *Client) adapt(err error, sent uint32) bool {
	var problem *httpapi.StatusError
	if !errors.As(err, &problem) || problem.Code != http.StatusBadRequest {
		return false
	}
	text := strings.ToLower(problem.Message)
	learn := func(bit uint32) bool {
		if sent&bit != 0 {
			return false
		}
		c.quirks.Set(bit)
		return true
	}
	says := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	refuses := says("deprecated", "not supported", "unsupported", "does not support")
	switch {
	case says("thinking.type.enabled", "budget_tokens") && refuses:
		return learn(noBudget)
	case says("adaptive", "effort") && refuses && sent&noBudget == 0:
		return learn(wantsABudget)
	case says("temperature", "top_p", "top_k") && refuses:
		return learn(noSampling)
	}
	return false
}

// served is an entry of the API's list of models.
type served struct {
	ID           string `json:"id"`
	MaxInput     int    `json:"max_input_tokens"`
	MaxTokens    int    `json:"max_tokens"`
	Capabilities *struct {
		Structured struct {
			Supported bool `json:"supported"`
		} `json:"structured_outputs"`
	} `json:"capabilities"`
}

// Caps asks the API for the model. What the API can do at all is known; what a
// model refuses of it, it says itself.
func (c *Client) Caps(ctx context.Context) (eval.Caps, error) {
	caps, _ := c.Declared()
	var m served
	err := httpapi.Patiently(ctx, c.cfg.Timeout, func(ctx context.Context) error {
		return c.http.Ask(ctx, c.base.JoinPath("models", c.cfg.Model), nil, &m)
	})
	if status := (*httpapi.StatusError)(nil); errors.As(err, &status) && status.Code == http.StatusNotFound {
		err = c.unlisted(ctx, err)
	}
	if err != nil {
		return caps, err
	}
	if m.ID != "" {
		caps.Reported["id"] = m.ID
	}
	c.reported.Store(int64(m.MaxTokens))
	if caps.MaxContext == 0 {
		caps.MaxContext = m.MaxInput
	}
	if m.Capabilities != nil {
		caps.JSONSchema = m.Capabilities.Structured.Supported
	}
	return caps, nil
}

var _ eval.Declarer = (*Client)(nil)

// Declared is what the API can do.
func (c *Client) Declared() (eval.Caps, bool) {
	return eval.Caps{Chat: true, Tools: true, JSONSchema: true, MaxContext: c.cfg.MaxContext, Reported: map[string]string{},
		Notes: []string{"the API has chats only"}}, true
}

// unlisted finds out what a model's 404 means: an unknown model, or a gateway
// that lists none, which is then asked for one token.
func (c *Client) unlisted(ctx context.Context, missing error) error {
	var all struct {
		Data []served `json:"data"`
	}
	u := c.base.JoinPath("models")
	u.RawQuery = "limit=1000"
	if err := c.http.Ask(ctx, u, nil, &all); err != nil || len(all.Data) == 0 {
		one := 1
		return httpapi.Patiently(ctx, c.cfg.Timeout, func(ctx context.Context) error {
			_, _, err := c.one(ctx, &eval.Request{Type: eval.Chat, Prompt: "Say yes.", Sampling: eval.Sampling{MaxTokens: &one}})
			return err
		})
	}
	ids := make([]string, len(all.Data))
	for i, m := range all.Data {
		ids[i] = m.ID
	}
	return &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "served there: " + httpapi.Roll(ids),
		Err: fmt.Errorf("model %q is unknown%s: %w", c.cfg.Model, nearest.Hint(c.cfg.Model, ids), missing)}
}
