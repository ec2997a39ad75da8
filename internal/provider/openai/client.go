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

// generate asks for as many samples as are wanted: in one call where the server
// makes several, else one by one. Greedy samples are equal, and vLLM refuses to
// make several, so one is asked for and repeated; unless the model was found to
// draw whatever temperature it is given.
func (c *Client) generate(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	want := r.Sampling.Samples()
	greedy := func() bool { return r.Sampling.Greedy() && !c.quirks.Has(noSampling) }
	n := want
	if greedy() || c.quirks.Has(oneChoice) {
		n = 1
	}
	resp, err := c.some(ctx, r, 0, n)
	if err != nil || len(resp.Outputs) == want {
		return resp, err
	}
	if greedy() {
		httpapi.Greedy(resp, want)
		return resp, nil
	}
	if len(resp.Outputs) < n {
		c.quirks.Set(oneChoice)
	}
	have := len(resp.Outputs)
	rest, err := httpapi.Samples(ctx, want-have, func(ctx context.Context, k int) (*eval.Response, error) {
		return c.some(ctx, r, have+k, 1)
	})
	if err != nil {
		return nil, err
	}
	rest.Timing.Total += resp.Timing.Total
	httpapi.Join(resp, rest)
	resp.Timing.Total = rest.Timing.Total
	return resp, nil
}

// some asks once for n samples, the first of which is number k; there may be
// fewer. It routes as the reference does: text completion for a prompt, chat
// for all else.
func (c *Client) some(ctx context.Context, r *eval.Request, k, n int) (*eval.Response, error) {
	chat := r.Type != eval.Completion || len(r.Messages) > 0 || r.Prompt == ""
	if k > 0 && r.Sampling.Seed != nil {
		own, seed := *r, *r.Sampling.Seed+int64(k)
		own.Sampling.Seed = &seed
		r = &own
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
			if resp = unfinished(err, n); resp == nil {
				return nil, err
			}
		}
		resp.Timing.Total = httpapi.Milliseconds(time.Since(sent))
		if !rep.first.IsZero() {
			resp.Timing.First = httpapi.Milliseconds(rep.first.Sub(sent))
		}
		resp.Notes = quirkNotes(q, r)
		if q&noStop != 0 {
			cutStops(resp.Outputs, r.Sampling.Stop)
		}
		return resp, nil
	}
}

// unfinished is the answer of models that refuse to tell what they did not
// finish: those of OpenAI that used up max_tokens while they were thinking. nil
// is for all other errors.
func unfinished(err error, n int) *eval.Response {
	var problem *httpapi.StatusError
	if !asStatus(err, &problem) || problem.Code != 400 || !strings.Contains(problem.Message, "model output limit was reached") {
		return nil
	}
	resp := &eval.Response{Outputs: make([]eval.Output, n), Attempts: 1}
	for i := range resp.Outputs {
		resp.Outputs[i].FinishReason = "length"
	}
	return resp
}

// cutStops cuts texts at stop sequences that the server does not take. The
// log-probabilities, being of more than is left, go too.
func cutStops(outputs []eval.Output, stop []string) {
	for i := range outputs {
		out := &outputs[i]
		if text, found := httpapi.CutStop(out.Text, stop); found {
			*out = eval.Output{Text: text, Reasoning: out.Reasoning, FinishReason: "stop"}
		}
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
	if got := len(rep.Choices); got > 0 && got < n {
		n = got // the rest is asked for again
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
	if !strings.Contains(text, "not support") && !strings.Contains(text, "unsupported") {
		return false
	}
	for _, q := range []struct {
		bit  uint32
		word string
	}{{noSampling, "'temperature'"}, {noSampling, "'top_p'"}, {noStop, "'stop'"}} {
		if strings.Contains(text, q.word) && sent&q.bit == 0 {
			c.quirks.Set(q.bit)
			return true
		}
	}
	return false
}

// quirkNotes say what was not asked for.
func quirkNotes(q uint32, r *eval.Request) []string {
	var notes []string
	if q&noLogprobs != 0 {
		notes = append(notes, "logprobs=refused")
	}
	if q&noAddSpecial != 0 {
		notes = append(notes, "add_special_tokens=refused")
	}
	if q&noSampling != 0 {
		notes = append(notes, "sampling=the model's own")
	}
	if q&noStop != 0 && len(r.Sampling.Stop) > 0 {
		notes = append(notes, "stop=cut here")
	}
	return notes
}
