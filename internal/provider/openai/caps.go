package openai

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// servedModel is an entry of GET /models.
type servedModel struct {
	ID          string `json:"id"`
	Root        string `json:"root"`
	MaxModelLen int    `json:"max_model_len"`
}

func (c *Client) served(ctx context.Context, e *endpoint) ([]servedModel, error) {
	buf, err := c.get(ctx, e, e.models)
	if err != nil {
		return nil, err
	}
	defer httpapi.Release(buf)
	var all struct {
		Data []servedModel `json:"data"`
	}
	if err := httpapi.Decode(buf.Bytes(), &all); err != nil {
		return nil, err
	}
	return all.Data, nil
}

// find is the entry of a model, nil without one. Gateways list families as
// "name/*" and all as "*".
func find(served []servedModel, id string) *servedModel {
	var family *servedModel
	for i := range served {
		m := &served[i]
		if m.ID == id {
			return m
		}
		if stem, ok := strings.CutSuffix(m.ID, "*"); ok && strings.HasPrefix(id, stem) {
			family = m
		}
	}
	return family
}

func modelIDs(served []servedModel) []string {
	out := make([]string, len(served))
	for i, m := range served {
		out[i] = m.ID
	}
	slices.Sort(out)
	return out
}

// Caps asks every replica for the model, and one for what it can do, each by
// trying it: completions, chats, tools, and log-likelihoods of a known
// continuation. It sends about twenty short requests.
func (c *Client) Caps(ctx context.Context) (eval.Caps, error) {
	var caps eval.Caps
	caps.Reported = map[string]string{}
	for _, e := range c.endpoints {
		if c.cfg.Azure {
			break // it lists what could be deployed, not what is
		}
		if err := c.identify(ctx, e, &caps); err != nil {
			return caps, err
		}
	}
	one := 1
	var resp *eval.Response
	probe := func(r *eval.Request) (bool, error) {
		r.Sampling.MaxTokens = &one
		err := c.patiently(ctx, func(ctx context.Context) (err error) { resp, err = c.generate(ctx, r); return err })
		if err == nil {
			return true, nil
		}
		if refusal(err) {
			return false, nil
		}
		return false, err
	}
	hello := []eval.Message{{Role: "user", Content: "Say yes."}}
	var err error
	if caps.Completion, err = probe(&eval.Request{Type: eval.Completion, Prompt: shortest}); err != nil {
		return caps, err
	}
	framed := 0
	if caps.Completion && resp.Usage.PromptTokens > mostOfShortest {
		caps.Completion, framed = false, resp.Usage.PromptTokens
	}
	if caps.Chat, err = probe(&eval.Request{Type: eval.Chat, Messages: hello}); err != nil {
		return caps, err
	}
	if caps.Chat {
		tool := eval.Tool{Name: "clock", Description: "Tells the time.", Parameters: []byte(`{"type":"object","properties":{}}`)}
		if caps.Tools, err = probe(&eval.Request{Type: eval.Chat, Messages: hello, Tools: []eval.Tool{tool}}); err != nil {
			return caps, err
		}
	}
	if !caps.Completion && !caps.Chat && framed == 0 {
		return caps, &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "check base_url; it usually ends in /v1",
			Err: fmt.Errorf("%s answers neither completions nor chats of %s", c.endpoints[0].base, c.cfg.Model)}
	}
	switch {
	case caps.Completion:
		if err := c.scoring(ctx, &caps); err != nil {
			return caps, err
		}
	case framed > 0:
		caps.Notes = append(caps.Notes, fmt.Sprintf("no bare completions, so no log-likelihoods: a prompt of one byte counts %d tokens, "+
			"so the server puts prompts into its chat template, as Ollama does", framed))
	default:
		caps.Notes = append(caps.Notes, "no completions, so no log-likelihoods")
	}
	caps.N, caps.Seed, caps.JSONSchema = true, true, true // of the API; a server that refuses one says so
	caps.Logprobs = !c.quirks.Has(noLogprobs)
	if f := c.facts.Load(); f != nil {
		caps.TokenIDs = f.way == byIDs
	}
	if c.cfg.MaxContext > 0 {
		caps.MaxContext = c.cfg.MaxContext
	}
	return caps, c.fingerprint(ctx, &caps)
}

// shortest is a prompt of one byte. Tokenizers make one or two tokens of it and
// put at most one before and one behind; more are a chat template's.
const (
	shortest       = "1"
	mostOfShortest = 4
)

// refusal reports whether a server said that it does not do something.
func refusal(err error) bool {
	var s *httpapi.StatusError
	return asStatus(err, &s) && (s.Code == 400 || s.Code == 404 || s.Code == 405 || s.Code == 422 || s.Code == 501)
}

// identify checks that a replica serves the model and notes what it reports.
func (c *Client) identify(ctx context.Context, e *endpoint, caps *eval.Caps) error {
	var served []servedModel
	err := c.patiently(ctx, func(ctx context.Context) (err error) { served, err = c.served(ctx, e); return err })
	switch {
	case absent(err):
		caps.Notes = append(caps.Notes, e.base+" does not list its models")
	case err != nil:
		return err
	default:
		m := find(served, c.cfg.Model)
		if m == nil {
			return &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "served there: " + httpapi.Roll(modelIDs(served)),
				Err: fmt.Errorf("model %q is not served at %s%s", c.cfg.Model, e.base, nearest.Hint(c.cfg.Model, modelIDs(served)))}
		}
		caps.MaxContext = m.MaxModelLen
		for key, value := range map[string]string{"id": m.ID, "root": m.Root} {
			if old := caps.Reported[key]; old != "" && old != value {
				return &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "give replicas of one model in base_url=[u1,u2]",
					Err: fmt.Errorf("replicas differ: %s has %s %q, another %q", e.base, key, value, old)}
			}
			if value != "" {
				caps.Reported[key] = value
			}
		}
	}
	var v struct {
		Version string `json:"version"`
	}
	if buf, err := c.get(ctx, e, e.version); err == nil {
		if httpapi.Decode(buf.Bytes(), &v) == nil && v.Version != "" {
			caps.Reported["version"] = strings.Clone(v.Version)
		}
		httpapi.Release(buf)
	}
	return nil
}

// scoring asks how log-likelihoods are obtained.
func (c *Client) scoring(ctx context.Context, caps *eval.Caps) error {
	var f *facts
	err := c.patiently(ctx, func(ctx context.Context) (err error) { f, err = c.learn(ctx); return err })
	if err != nil {
		return err
	}
	caps.Loglikelihood = f.way != cannotScore
	if !caps.Loglikelihood {
		caps.Notes = append(caps.Notes, "no log-likelihoods: "+f.why)
	}
	caps.Notes = append(caps.Notes, f.notes...)
	return nil
}

// fingerprintPrompts have continuations that shift with small changes of the
// weights.
var fingerprintPrompts = [...]string{
	"A list of seven colours and what they remind me of:\n1.",
	"def middle(values):\n    \"\"\"Return the median of a list of numbers.\"\"\"\n",
	"When the last ship had left the harbour, the old pilot",
	"37 * 24 - 15 =",
}

// fingerprint is a digest of what the model says, greedily, to four prompts.
// They are asked twice: a server that does not repeat itself gets none.
func (c *Client) fingerprint(ctx context.Context, caps *eval.Caps) error {
	length := 12
	var first [sha256.Size]byte
	said := 0
	for round := range 2 {
		h := sha256.New()
		for _, prompt := range fingerprintPrompts {
			r := &eval.Request{Type: eval.Completion, Prompt: prompt, Sampling: eval.Sampling{MaxTokens: &length}}
			if !caps.Completion {
				r = &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: prompt}}, Sampling: r.Sampling}
			}
			var resp *eval.Response
			err := c.patiently(ctx, func(ctx context.Context) (err error) { resp, err = c.generate(ctx, r); return err })
			if err != nil {
				if refusal(err) {
					caps.Notes = append(caps.Notes, "no fingerprint: "+err.Error())
					return nil
				}
				return err
			}
			out := &resp.Outputs[0]
			said += len(out.Text) + len(out.Reasoning)
			fmt.Fprintf(h, "%d %s %d %s\n", len(out.Text), out.Text, len(out.Reasoning), out.Reasoning)
		}
		if said == 0 {
			caps.Notes = append(caps.Notes, "no fingerprint: short answers are empty")
			return nil
		}
		var sum [sha256.Size]byte
		h.Sum(sum[:0])
		if round == 0 {
			first = sum
		} else if sum != first {
			caps.Notes = append(caps.Notes, "no fingerprint: greedy answers are not repeatable")
			return nil
		}
	}
	caps.Fingerprint = hex.EncodeToString(first[:8])
	return nil
}

// WaitReady waits up to d for every replica to list its models; a refusal that
// waiting cannot mend is returned at once.
func (c *Client) WaitReady(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	pause := 200 * time.Millisecond
	for _, e := range c.endpoints {
		for {
			inner, stop := context.WithTimeout(ctx, 10*time.Second)
			_, err := c.served(inner, e)
			stop()
			if err == nil || absent(err) {
				break
			}
			if f := eval.FaultOf(err); f.Abort || !f.Status.Retryable() {
				return err
			}
			select {
			case <-time.After(pause):
				pause = min(2*pause, 5*time.Second)
			case <-ctx.Done():
				return &eval.Fault{Status: eval.InfraServerDown, Abort: true, Err: fmt.Errorf("not ready after %s: %w", d, err),
					Hint: "is the server running, and is base_url right?"}
			}
		}
	}
	return nil
}
