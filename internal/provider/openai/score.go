package openai

import (
	"context"
	"fmt"
	"sync"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// scored is one continuation on its way.
type scored struct {
	context, continuation string
	ids                   []int
	from                  int // where the continuation begins in ids
	cut                   bool
	noContext             bool // its first token has nothing before it
}

// score answers a log-likelihood request.
func (c *Client) score(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	n := len(r.Continuations)
	resp := &eval.Response{Outputs: make([]eval.Output, n), Attempts: 1}
	if n == 0 {
		return resp, nil
	}
	f, err := c.learn(ctx)
	if err != nil {
		return nil, err
	}
	if f.way == cannotScore {
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("model %s: no log-likelihoods: %s", c.cfg.Model, f.why),
			Hint: "use a server with prompt_logprobs (vLLM) or echo, or a task that generates"}
	}
	items := make([]scored, n)
	for i, cont := range r.Continuations {
		items[i].context, items[i].continuation = r.Context(i), cont
		if len(r.Messages) > 0 {
			items[i].context = r.Messages[0].Content
		}
		resp.Outputs[i].Text = cont
	}
	sent := time.Now()
	defer func() { resp.Timing.Total = httpapi.Milliseconds(time.Since(sent)) }()
	if f.way == byEcho {
		if err := c.scoreByEcho(ctx, items, resp); err != nil {
			return nil, err
		}
		return resp, nil
	}
	limit := f.maxLen
	if m := r.MaxLength; m != nil && *m > 0 && (limit == 0 || *m < limit) {
		limit = *m
	}
	if err := c.prepare(ctx, f, items, limit); err != nil {
		return nil, err
	}
	if err := c.scoreByIDs(ctx, items, resp); err != nil {
		return nil, err
	}
	if q := c.quirks.Load(); q&noAddSpecial != 0 {
		resp.Notes = append(resp.Notes, "add_special_tokens=refused")
	}
	return resp, nil
}

// atOnce bounds the calls to /tokenize of one request at a time.
const atOnce = 8

// prepare finds the ids of all items. Contexts are asked for first, as most
// items share one.
func (c *Client) prepare(ctx context.Context, f *facts, items []scored, limit int) error {
	if err := c.place(ctx, f, &items[0], limit); err != nil || len(items) == 1 {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i := range items[1:] {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			if err := c.place(ctx, f, &items[i+1], limit); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// place finds the ids of one item and cuts its context from the left where
// both do not fit: one place of the window is for the token that is generated.
func (c *Client) place(ctx context.Context, f *facts, it *scored, limit int) error {
	if it.continuation == "" {
		return nil // nothing to score
	}
	head, rest, err := c.split(ctx, f, it.context, it.continuation)
	if err != nil {
		return err
	}
	it.noContext = len(head) == 0
	room := limit - 1 - len(rest)
	if limit > 0 && (room < 0 || room == 0 && !it.noContext) {
		return &eval.Fault{Status: eval.ContextOverflow,
			Err: fmt.Errorf("a continuation of %d tokens leaves no room for its context in a window of %d", len(rest), limit)}
	}
	if limit > 0 && len(head) > room {
		head, it.cut = head[len(head)-room:], true
	}
	it.from = len(head)
	it.ids = append(append(make([]int, 0, len(head)+len(rest)), head...), rest...)
	return nil
}

// Bounds of one scoring call.
const (
	maxPrompts = 64
	maxIDs     = 1 << 17
)

// scoreByIDs has the items scored in as few calls as the server takes.
func (c *Client) scoreByIDs(ctx context.Context, items []scored, resp *eval.Response) error {
	yes := true
	for start := 0; start < len(items); {
		end, total := start, 0
		for end < len(items) && end-start < maxPrompts && (end == start || total+len(items[end].ids) <= maxIDs) {
			total += len(items[end].ids)
			end++
			if c.quirks.Has(onePrompt) {
				break
			}
		}
		prompts, which := make([][]int, 0, end-start), make([]int, 0, end-start)
		for i := start; i < end; i++ {
			if len(items[i].ids) == 0 {
				resp.Outputs[i].Loglik = &eval.Loglik{Greedy: &yes}
				continue
			}
			prompts, which = append(prompts, items[i].ids), append(which, i)
		}
		if len(prompts) > 0 {
			again, err := c.scoreCall(ctx, prompts, which, items, resp)
			if err != nil {
				return err
			}
			if again {
				continue
			}
		}
		start = end
	}
	return nil
}

// scoreCall makes one call. again says that it must be made in another form.
func (c *Client) scoreCall(ctx context.Context, prompts [][]int, which []int, items []scored, resp *eval.Response) (again bool, err error) {
	q := c.quirks.Load()
	e := c.pick()
	defer c.leave(e)
	buf, err := c.post(ctx, e, e.completions, c.body.scoring(prompts, q))
	if err != nil {
		if c.adapt(err, q|noLogprobs) {
			return true, nil
		}
		var problem *httpapi.StatusError
		if len(prompts) > 1 && asStatus(err, &problem) && (problem.Code == 400 || problem.Code == 422) &&
			eval.FaultOf(err).Status == eval.ConfigError && c.quirks.Set(onePrompt) {
			return true, nil
		}
		return false, err
	}
	var rep reply
	err = httpapi.Decode(buf.Bytes(), &rep)
	httpapi.Release(buf)
	if err == nil && len(prompts) > 1 && len(rep.Choices) == 1 && c.quirks.Set(onePrompt) {
		return true, nil // it takes the first prompt for the only one
	}
	if err == nil {
		err = rep.check(len(prompts))
	}
	if err != nil {
		return false, err
	}
	top := c.body.top != "0"
	for i := range rep.Choices {
		ch := &rep.Choices[i]
		k := which[ch.Index]
		it := &items[k]
		if ch.PromptLogprobs.Null() {
			return false, badResponse("%w", errNoPromptLogprobs)
		}
		t, err := readTail(ch.PromptLogprobs, it.ids, it.from, top)
		if err != nil {
			return false, badResponse("%w", err)
		}
		if err := t.into(&resp.Outputs[k], it, resp); err != nil {
			return false, err
		}
	}
	resp.Usage = resp.Usage.Add(rep.Usage.eval())
	return false, nil
}

// noteHeadless says that a first token without any context was not scored.
const noteHeadless = "first_token=unscored"

// into writes a score as an output's.
func (t *tail) into(out *eval.Output, it *scored, resp *eval.Response) error {
	if t.headless {
		if t.tokens == 0 {
			return &eval.Fault{Status: eval.ConfigError, Hint: "the tokenizer tells no BOS token; use a context",
				Err: fmt.Errorf("continuation %q is one token with nothing before it and cannot be scored", it.continuation)}
		}
		if len(resp.Notes) == 0 || resp.Notes[len(resp.Notes)-1] != noteHeadless {
			resp.Notes = append(resp.Notes, noteHeadless)
		}
	}
	out.Loglik = &eval.Loglik{Sum: t.sum, Tokens: t.tokens, Cut: it.cut, Margin: t.margin.value()}
	if t.ranked {
		greedy := t.greedy
		out.Loglik.Greedy = &greedy
	}
	return nil
}
