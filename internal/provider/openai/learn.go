package openai

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-json"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// way is how log-likelihoods are obtained.
type way int

const (
	cannotScore way = iota
	byIDs           // token ids and prompt_logprobs
	byEcho          // texts, echo and logprobs
)

// facts are what is asked of a server once, before it scores anything.
type facts struct {
	way    way
	why    string   // it cannot score
	notes  []string // for the plan
	maxLen int      // 0 if unknown
	empty  []int    // what stands in for an empty context; nil until asked for
	bos    []int    // put before contexts
}

var (
	errNoPromptLogprobs = errors.New("the answer has no prompt_logprobs")
	errNoEcho           = errors.New("the prompt's tokens are not repeated with log-probabilities")
)

// learn finds out how to score; it asks once. A failure that may pass is
// returned and nothing is remembered.
func (c *Client) learn(ctx context.Context) (*facts, error) {
	if f := c.facts.Load(); f != nil {
		return f, nil
	}
	c.learning.Lock()
	defer c.learning.Unlock()
	if f := c.facts.Load(); f != nil {
		return f, nil
	}
	f := &facts{maxLen: c.cfg.MaxContext}
	if f.maxLen == 0 {
		e := c.pick()
		served, err := c.served(ctx, e)
		c.leave(e)
		if err != nil && !absent(err) {
			return nil, err
		}
		if m := find(served, c.cfg.Model); m != nil {
			f.maxLen = m.MaxModelLen
		}
	}
	var reasons []string
	for _, try := range []way{byIDs, byEcho} {
		if try == byIDs && c.cfg.Boundary == BoundaryTextOffset {
			continue
		}
		why, err := c.trial(ctx, f, try)
		if err != nil {
			return nil, err
		}
		if why == "" {
			f.way = try
			break
		}
		reasons = append(reasons, why)
	}
	if f.why = strings.Join(reasons, "; "); f.way != cannotScore {
		f.notes = append(f.notes, reasons...)
	}
	c.facts.Store(f)
	return f, nil
}

// absent reports whether a server lacks a call, as opposed to failing at it.
func absent(err error) bool {
	var s *httpapi.StatusError
	return asStatus(err, &s) && (s.Code == 404 || s.Code == 405 || s.Code == 501)
}

// The continuations of the trial: one that any model prefers, and another.
const (
	trialContext = "The capital of France is"
	trialRight   = " Paris"
	trialWrong   = " banana"
)

// trial scores a known continuation and another. why says what is wrong with
// this way, err that no answer came.
func (c *Client) trial(ctx context.Context, f *facts, w way) (why string, err error) {
	items := []scored{{context: trialContext, continuation: trialRight}, {context: trialContext, continuation: trialWrong}}
	resp := &eval.Response{Outputs: make([]eval.Output, 2)}
	name := "echo"
	if w == byIDs {
		name = "prompt_logprobs"
		if err = c.findBOS(ctx, f); err == nil {
			if err = c.prepare(ctx, f, items, f.maxLen); err == nil {
				err = c.scoreByIDs(ctx, items, resp)
			}
		}
	} else {
		err = c.scoreByEcho(ctx, items, resp)
	}
	if err != nil {
		var s *httpapi.StatusError
		fault := eval.FaultOf(err)
		switch {
		case absent(err) || asStatus(err, &s) && (s.Code == 400 || s.Code == 422 || s.Code == 500 && mentions(s, "prompt_logprobs", "echo")):
			return fmt.Sprintf("%s: %v", name, err), nil
		case fault.Status == eval.InfraBadResponse && (errors.Is(err, errNoPromptLogprobs) || errors.Is(err, errNoEcho)):
			return fmt.Sprintf("%s: %v", name, err), nil
		}
		return "", err
	}
	right, wrong := resp.Outputs[0].Loglik.Sum, resp.Outputs[1].Loglik.Sum
	switch {
	case math.Abs(right-wrong) < 1e-6:
		return fmt.Sprintf("%s: %q and %q both score %.4f after %q", name, trialRight, trialWrong, right, trialContext), nil
	case right < wrong:
		f.notes = append(f.notes, fmt.Sprintf("log-likelihoods: %q (%.2f) scores below %q (%.2f) after %q: a weak model, or wrong numbers",
			trialRight, right, trialWrong, wrong, trialContext))
	}
	if w == byEcho {
		f.notes = append(f.notes, "log-likelihoods: echo, "+noteOffset)
	} else {
		boundary := c.cfg.Boundary
		if boundary == "" {
			boundary = BoundaryLMEval
		}
		f.notes = append(f.notes, fmt.Sprintf("log-likelihoods: prompt_logprobs, boundary=%s, bos=%t", boundary, len(f.bos) > 0))
	}
	if f.maxLen == 0 {
		f.notes = append(f.notes, "context window: not told by the server; long contexts are not cut (max_model_len=N sets it)")
	}
	return "", nil
}

func mentions(s *httpapi.StatusError, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s.Message, w) {
			return true
		}
	}
	return false
}

// tokenizerInfo is what a server may tell of its tokenizer.
type tokenizerInfo struct {
	AddBOS *bool       `json:"add_bos_token"`
	BOS    httpapi.Raw `json:"bos_token"`
	EOS    httpapi.Raw `json:"eos_token"`
}

// special is the text of a token given as a string or as an object.
func special(r httpapi.Raw) string {
	var text string
	if json.Unmarshal(r, &text) == nil {
		return text
	}
	var object struct {
		Content string `json:"content"`
	}
	if len(r) > 0 && json.Unmarshal(r, &object) == nil {
		return object.Content
	}
	return ""
}

// findBOS decides what stands before contexts and in place of an empty one:
// what the tokenizer puts before an empty text, else BOS, else EOS.
func (c *Client) findBOS(ctx context.Context, f *facts) error {
	empty, err := c.tokenize(ctx, "", true)
	if err != nil {
		return err
	}
	var info tokenizerInfo
	if c.cfg.AddBOS == nil || len(empty) == 0 {
		e := c.pick()
		buf, err := c.get(ctx, e, e.tokenizerInfo)
		c.leave(e)
		switch {
		case err == nil:
			err = httpapi.Decode(buf.Bytes(), &info)
			httpapi.Release(buf)
			if err != nil {
				return err
			}
		case eval.FaultOf(err).Status.Retryable() && !absent(err):
			return err
		}
	}
	for _, token := range []httpapi.Raw{info.BOS, info.EOS} {
		if text := special(token); len(empty) == 0 && text != "" {
			ids, err := c.tokenize(ctx, text, false)
			if err != nil {
				return err
			}
			if len(ids) == 1 {
				empty = ids
			}
		}
	}
	add := info.AddBOS != nil && *info.AddBOS
	if c.cfg.AddBOS != nil {
		add = *c.cfg.AddBOS
	}
	f.empty, f.bos = empty, nil
	if add && len(empty) == 0 {
		return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: errors.New("add_bos_token=true, but the server tells no BOS token"),
			Hint: "leave add_bos_token out, or start the server so that it tells its tokenizer"}
	}
	if add {
		f.bos = empty[:1]
	}
	return nil
}

// patiently is for questions before a run.
func (c *Client) patiently(ctx context.Context, f func(context.Context) error) error {
	return httpapi.Patiently(ctx, c.cfg.Timeout, f)
}
