package bedrock

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
	url    *url.URL
	quirks httpapi.Quirks
}

var _ eval.Provider = (*Client)(nil)

// New makes a client; it sends nothing. The configuration's maps must not be
// changed afterwards.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	u, err := cfg.converse()
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, url: u, http: httpapi.Caller{Header: httpapi.JSONHeader(), Timeout: cfg.Timeout,
		Transport: httpapi.NewTransport(cfg.Dial), KeyEnv: cfg.keyEnv()}}
	c.http.Refine = c.refine
	k := cfg.Credentials
	if k.Bearer != "" {
		c.http.Key = k.Bearer
		c.http.Header.Set("Authorization", "Bearer "+string(k.Bearer))
	} else {
		c.http.Key, c.http.Secrets = k.SecretAccessKey, []httpapi.Secret{k.SessionToken}
		s := &signer{id: k.AccessKeyID, secret: k.SecretAccessKey, token: k.SessionToken,
			region: first(cfg.Region, k.Region), service: "bedrock"}
		c.http.Sign = func(r *http.Request, body []byte) { s.sign(r, r.URL.EscapedPath(), body, time.Now()) }
	}
	c.http.Add(cfg.Headers)
	return c, nil
}

// refine knows the refusals of this API, whose kind is in a header.
func (c *Client) refine(f *eval.Fault, e *httpapi.StatusError, h http.Header, _ []byte) {
	e.Kind, _, _ = strings.Cut(h.Get("X-Amzn-ErrorType"), ":")
	switch {
	case e.Kind == "AccessDeniedException" && strings.Contains(e.Message, "model"):
		f.Hint = "the keys (" + c.cfg.keyEnv() + ") may not use this model in this region: ask for access to it, or give region="
	case e.Kind == "ExpiredTokenException":
		f.Hint = "the session has expired: set " + c.cfg.keyEnv() + " and AWS_SESSION_TOKEN anew"
	case e.Code == http.StatusNotFound:
		f.Hint = "check the model's id and the region"
	case e.Code == http.StatusBadRequest && strings.Contains(e.Message, "on-demand throughput"):
		f.Abort, f.Hint = true, "give the id of an inference profile, such as us."+c.cfg.Model
	case e.Code == http.StatusBadRequest && strings.Contains(e.Message, "model identifier is invalid"):
		f.Abort, f.Hint = true, "check the model's id and the region"
	case e.Code == http.StatusFailedDependency:
		f.Status = eval.InfraServerDown // the model failed at it
	case e.Kind == "ServiceQuotaExceededException":
		f.Status = eval.InfraRateLimited
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
	if err := httpapi.ChatOnly("bedrock", c.cfg.Model, r); err != nil {
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
		if err = c.http.Ask(ctx, c.url, p.body, &rep); err != nil {
			if c.adapt(err, q) {
				continue
			}
			return nil, false, err
		}
		if resp, err = rep.response(p); err != nil {
			return nil, false, err
		}
		resp.Timing.Total = httpapi.Milliseconds(time.Since(sent))
		return resp, p.sampled, nil
	}
}

// adapt learns from a refusal what the model does not take; it reports whether
// to send again. Stop sequences are then found here, and that a model draws as
// it likes is noted.
func (c *Client) adapt(err error, sent uint32) bool {
	var problem *httpapi.StatusError
	if !errors.As(err, &problem) || problem.Code != http.StatusBadRequest {
		return false
	}
	text := strings.ToLower(strings.ReplaceAll(problem.Message, "_", ""))
	learn := func(bit uint32) bool {
		if sent&bit != 0 {
			return false
		}
		c.quirks.Set(bit)
		return true
	}
	refuses := false
	for _, w := range []string{"deprecated", "not support", "n't support", "unsupported"} {
		refuses = refuses || strings.Contains(text, w)
	}
	stops := strings.Contains(text, "stopsequence") || strings.Contains(text, "stop sequence")
	switch {
	case stops && strings.Contains(text, "whitespace"):
		return learn(noBlankStops)
	case stops && refuses:
		return learn(noStops)
	case (strings.Contains(text, "temperature") || strings.Contains(text, "topp")) && refuses:
		return learn(noSampling)
	}
	return false
}

// Caps asks the model for one token: the list of models is behind other rights
// than the models are.
func (c *Client) Caps(ctx context.Context) (eval.Caps, error) {
	caps, _ := c.Declared()
	one := 1
	err := httpapi.Patiently(ctx, c.cfg.Timeout, func(ctx context.Context) error {
		_, _, err := c.one(ctx, &eval.Request{Type: eval.Chat, Prompt: "Say yes.", Sampling: eval.Sampling{MaxTokens: &one}})
		return err
	})
	return caps, err
}

var _ eval.Declarer = (*Client)(nil)

// Declared is what the API can do.
func (c *Client) Declared() (eval.Caps, bool) {
	return eval.Caps{Chat: true, Tools: true, MaxContext: c.cfg.MaxContext, Notes: []string{"the API has chats only"}}, true
}
