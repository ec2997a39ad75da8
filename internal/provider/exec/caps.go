package exec

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"olmoeval/eval"
)

// Caps starts the processes, waits until one is ready, and takes its word for
// what it can do; only that it scores continuations is tried: scores that are
// all equal are no scores. Its fingerprint is of the weights' digest where the
// process tells one, else of what the model says to four prompts.
func (p *Provider) Caps(ctx context.Context) (eval.Caps, error) {
	h, err := p.hello(ctx)
	if err != nil {
		return eval.Caps{}, err
	}
	c := h.Capabilities
	caps := eval.Caps{
		Completion: c.Completion, Chat: c.Chat, Loglikelihood: c.Loglikelihood, Tools: c.Tools, N: c.N, Seed: c.Seed,
		TokenIDs: c.TokenIDs, Logprobs: c.Logprobs, JSONSchema: c.JSONSchema, MaxContext: h.MaxContext, Reported: map[string]string{},
	}
	for key, value := range map[string]string{"id": h.Model, "revision": h.Revision, "weights": h.Weights, "engine": h.Name, "version": h.Version} {
		if value != "" {
			caps.Reported[key] = value
		}
	}
	if c.Loglikelihood {
		why, err := p.tryScoring(ctx)
		if err != nil {
			return caps, err
		}
		if why != "" {
			caps.Loglikelihood = false
			caps.Notes = append(caps.Notes, "no log-likelihoods: "+why)
		}
		p.mu.Lock()
		p.noScore = why
		p.mu.Unlock()
	} else {
		caps.Notes = append(caps.Notes, "no log-likelihoods: the engine says that it does not offer them")
	}
	return caps, p.fingerprint(ctx, &caps, h.Weights)
}

// trial is a context with continuations of which a model prefers one.
var trial = eval.Request{
	Type: eval.Loglikelihood, Prompt: "The capital of France is",
	Continuations: []string{" Paris", " banana", " seventeen"},
}

// tryScoring says why scores cannot be trusted, "" if nothing speaks against
// them. An error is about the process, not its scores.
func (p *Provider) tryScoring(ctx context.Context) (why string, err error) {
	resp, err := p.ask(ctx, &trial)
	if err != nil {
		f := eval.FaultOf(err)
		if f.Abort || f.Status == eval.Cancelled || f.Status == eval.InfraServerDown || f.Status == eval.InfraNetwork {
			return "", err
		}
		return fmt.Sprintf("in a trial the %v", err), nil
	}
	first := resp.Outputs[0].Loglik.Sum
	for _, out := range resp.Outputs {
		if out.Loglik.Tokens == 0 {
			return fmt.Sprintf("in a trial the continuation %q was given no tokens", out.Text), nil
		}
		if out.Loglik.Sum != first {
			return "", nil
		}
	}
	return fmt.Sprintf("in a trial all continuations of %q score %g: the engine does not look at them", trial.Prompt, first), nil
}

// fingerprintPrompts have continuations that shift with small changes of the
// weights.
var fingerprintPrompts = [...]string{
	"Five things that are found on a beach, and why:\n1.",
	"def longest(words):\n    \"\"\"Return the longest of a list of words.\"\"\"\n",
	"By the time the train had crossed the second bridge,",
	"61 * 17 + 8 =",
}

// fingerprint is a digest of the weights' digest, or of answers that are the
// same when asked for twice.
func (p *Provider) fingerprint(ctx context.Context, caps *eval.Caps, weights string) error {
	if weights != "" {
		sum := sha256.Sum256([]byte("weights " + weights))
		caps.Fingerprint = hex.EncodeToString(sum[:8])
		return nil
	}
	var sums [2][sha256.Size]byte
	for round := range sums {
		h := sha256.New()
		for _, prompt := range fingerprintPrompts {
			resp, err := p.ask(ctx, question(caps, prompt))
			if err != nil {
				f := eval.FaultOf(err)
				if f.Abort || f.Status.Retryable() {
					return err
				}
				caps.Notes = append(caps.Notes, "no fingerprint: "+err.Error())
				return nil
			}
			for i := range resp.Outputs {
				out := &resp.Outputs[i]
				fmt.Fprintf(h, "%d %s %d %s\n", len(out.Text), out.Text, len(out.Reasoning), out.Reasoning)
				if out.Loglik != nil {
					_ = binary.Write(h, binary.BigEndian, math.Float64bits(out.Loglik.Sum)) // a hash takes all
				}
			}
		}
		h.Sum(sums[round][:0])
	}
	if sums[0] != sums[1] {
		caps.Notes = append(caps.Notes, "no fingerprint: greedy answers are not repeatable")
		return nil
	}
	caps.Fingerprint = hex.EncodeToString(sums[0][:8])
	return nil
}

// question is a prompt in a form that the model answers.
func question(caps *eval.Caps, prompt string) *eval.Request {
	length := 12
	r := &eval.Request{Type: eval.Completion, Prompt: prompt, Sampling: eval.Sampling{MaxTokens: &length}}
	switch {
	case caps.Completion:
	case caps.Chat:
		r.Type, r.Prompt = eval.Chat, ""
		r.Messages = []eval.Message{{Role: "user", Content: prompt}}
	default:
		r.Type, r.Continuations = eval.Loglikelihood, []string{" the", " a shell", "\n"}
	}
	return r
}
