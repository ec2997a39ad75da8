package openai

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// Client is a model behind one or several servers. It may be used by many
// goroutines.
type Client struct {
	cfg       Config
	body      templates
	http      httpapi.Caller
	endpoints []*endpoint
	picking   sync.Mutex // held while one of several endpoints is chosen
	turn      atomic.Uint32
	quirks    httpapi.Quirks
	now       func() time.Time
	tokens    tokenCache

	learning sync.Mutex // held while the server is asked how it scores
	facts    atomic.Pointer[facts]
}

var _ eval.Provider = (*Client)(nil)

// New makes a client; it sends nothing. The configuration's maps must not be
// changed afterwards.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t, err := newTemplates(&cfg)
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, body: t, now: time.Now, http: httpapi.Caller{Header: httpapi.JSONHeader(), Timeout: cfg.Timeout,
		Transport: httpapi.NewTransport(cfg.Dial), Key: cfg.APIKey, KeyEnv: cfg.keyEnv()}}
	switch {
	case cfg.APIKey == "":
	case cfg.Azure:
		c.http.Header.Set("api-key", string(cfg.APIKey))
	default:
		c.http.Header.Set("Authorization", "Bearer "+string(cfg.APIKey))
	}
	c.http.Add(cfg.Headers)
	for _, base := range cfg.BaseURLs {
		e, err := newEndpoint(&cfg, base)
		if err != nil {
			return nil, err
		}
		c.endpoints = append(c.endpoints, e)
	}
	return c, nil
}

// Model says which model is asked for.
func (c *Client) Model() eval.Model { return c.cfg.model() }

// Close ends idle connections.
func (c *Client) Close() error { return c.http.Close() }

// String is the model's name; it keeps keys from being printed.
func (c *Client) String() string { return c.cfg.Model }

// Respond answers one request in one try.
func (c *Client) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if r.Type == eval.Loglikelihood {
		return c.score(ctx, r)
	}
	return c.generate(ctx, r)
}

// generate routes as the reference does: text completion for a prompt, chat
// for all else.
func (c *Client) generate(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	chat := r.Type != eval.Completion || len(r.Messages) > 0 || r.Prompt == ""
	want := r.Sampling.Samples()
	n := want
	if r.Sampling.Greedy() {
		// Greedy samples are equal, and vLLM refuses to make several.
		n = 1
	}
	for {
		q := c.quirks.Load()
		e := c.pick()
		u, body := e.completions, []byte(nil)
		if chat {
			u, body = e.chat, c.body.chat(r, n, q)
		} else {
			body = c.body.completion(r, n, q)
		}
		sent := time.Now()
		var rep reply
		resp, err := c.ask(ctx, e, u, body, r, chat, n, &rep)
		c.leave(e)
		if err != nil {
			if c.adapt(err, q) {
				continue
			}
			return nil, err
		}
		resp.Timing.Total = httpapi.Milliseconds(time.Since(sent))
		if !rep.first.IsZero() {
			resp.Timing.First = httpapi.Milliseconds(rep.first.Sub(sent))
		}
		resp.Notes = quirkNotes(q)
		for len(resp.Outputs) < want {
			resp.Outputs = append(resp.Outputs, copyOutput(resp.Outputs[0]))
		}
		return resp, nil
	}
}

// ask sends a generation and reads the answer; rep is empty.
func (c *Client) ask(ctx context.Context, e *endpoint, u *url.URL, body []byte, r *eval.Request, chat bool, n int, rep *reply) (*eval.Response, error) {
	if c.cfg.Stream {
		if err := c.stream(ctx, e, u, body, rep); err != nil {
			return nil, err
		}
	} else {
		buf, err := c.post(ctx, e, u, body)
		if err != nil {
			return nil, err
		}
		err = httpapi.Decode(buf.Bytes(), rep)
		httpapi.Release(buf)
		if err != nil {
			return nil, err
		}
	}
	if err := rep.check(n); err != nil {
		return nil, err
	}
	resp := &eval.Response{Outputs: make([]eval.Output, n, r.Sampling.Samples()), Usage: rep.Usage.eval(), Attempts: 1}
	for i := range rep.Choices {
		ch := &rep.Choices[i]
		out, err := c.output(ch, chat, r.Sampling.Stop)
		if err != nil {
			return nil, err
		}
		resp.Outputs[ch.Index] = out
	}
	return resp, nil
}

// adapt learns from a refusal which part of the body the server does not take;
// it reports whether to send again. What changes answers is never left out.
func (c *Client) adapt(err error, sent uint32) bool {
	var problem *httpapi.StatusError
	if !asStatus(err, &problem) || problem.Code != 400 && problem.Code != 422 {
		return false
	}
	text := strings.ToLower(problem.Message)
	for _, q := range []struct {
		bit  uint32
		word string
	}{
		{maxCompletionTokens, "max_completion_tokens"},
		{noAddSpecial, "add_special_tokens"},
		{noStreamOptions, "stream_options"},
		{noLogprobs, "logprobs"},
	} {
		if strings.Contains(text, q.word) && sent&q.bit == 0 {
			c.quirks.Set(q.bit)
			return true
		}
	}
	return false
}

// quirkNotes say what was not asked for.
func quirkNotes(q uint32) []string {
	var notes []string
	if q&noLogprobs != 0 {
		notes = append(notes, "logprobs=refused")
	}
	if q&noAddSpecial != 0 {
		notes = append(notes, "add_special_tokens=refused")
	}
	return notes
}

func copyOutput(o eval.Output) eval.Output {
	o.Logprobs = append([]eval.TokenLogprob(nil), o.Logprobs...)
	o.ToolCalls = append([]eval.ToolCall(nil), o.ToolCalls...)
	if o.Loglik != nil {
		l := *o.Loglik
		if l.Greedy != nil {
			g := *l.Greedy
			l.Greedy = &g
		}
		o.Loglik = &l
	}
	return o
}
