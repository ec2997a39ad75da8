package llamacpp

import (
	"context"
	"fmt"
	"math"

	"olmoeval/eval"
)

// The continuations of the trial: one that a language model prefers, and
// another.
const (
	trialContext = "The capital of France is"
	trialRight   = " Paris"
	trialWrong   = " banana split"
)

// Caps loads the model and tries scoring: a known continuation must not score
// like another, nor otherwise alone than beside it.
func (p *Provider) Caps(ctx context.Context) (eval.Caps, error) {
	m, err := p.load(ctx)
	if err != nil {
		return eval.Caps{}, err
	}
	boundary := p.cfg.Boundary
	if boundary == "" {
		boundary = BoundaryLMEval
	}
	caps := eval.Caps{Completion: true, Chat: p.template != nil, N: true, Seed: true, Logprobs: m.logprobs, MaxContext: m.window,
		Reported: map[string]string{"architecture": p.file.Architecture(), "libraries": LibraryVersion}}
	if name := p.file.Text("general.name"); name != "" {
		caps.Reported["name"] = name
	}
	if !caps.Chat {
		caps.Notes = append(caps.Notes, "no chats: "+p.noChats)
	}
	if n, capped := p.cfg.window(p.file); capped {
		caps.Notes = append(caps.Notes, fmt.Sprintf("context window: %d of the model's %d tokens; max_model_len=N sets another", n, p.file.ContextLength()))
	}
	why, notes, err := p.trial(ctx)
	if err != nil {
		return caps, err
	}
	if caps.Loglikelihood = why == ""; !caps.Loglikelihood {
		caps.Notes = append(caps.Notes, "no log-likelihoods: "+why)
		return caps, nil
	}
	caps.Notes = append(caps.Notes, notes...)
	caps.Notes = append(caps.Notes, fmt.Sprintf("log-likelihoods: computed here, boundary=%s, bos=%t", boundary, len(m.prefix) > 0))
	return caps, nil
}

// trial scores two continuations together and one of them alone. why says what
// is wrong with the scores.
func (p *Provider) trial(ctx context.Context) (why string, notes []string, err error) {
	ask := func(continuations ...string) ([]eval.Output, error) {
		resp, err := p.Respond(ctx, &eval.Request{Type: eval.Loglikelihood, Prompt: trialContext, Continuations: continuations})
		if err != nil {
			return nil, err
		}
		return resp.Outputs, nil
	}
	both, err := ask(trialRight, trialWrong)
	if err != nil {
		if eval.FaultOf(err).Status == eval.InfraBadResponse {
			return err.Error(), nil, nil
		}
		return "", nil, err
	}
	alone, err := ask(trialWrong)
	if err != nil {
		return "", nil, err
	}
	right, wrong := both[0].Loglik.Sum, both[1].Loglik.Sum
	if d := math.Abs(alone[0].Loglik.Sum - wrong); d > 0.01*float64(both[1].Loglik.Tokens) {
		return fmt.Sprintf("%q scores %.4f alone and %.4f beside another", trialWrong, alone[0].Loglik.Sum, wrong), nil, nil
	}
	switch {
	case math.Abs(right/float64(both[0].Loglik.Tokens)-wrong/float64(both[1].Loglik.Tokens)) < 1e-6:
		return fmt.Sprintf("%q and %q both score %.4f a token after %q", trialRight, trialWrong, right/float64(both[0].Loglik.Tokens), trialContext), nil, nil
	case right < wrong:
		notes = append(notes, fmt.Sprintf("log-likelihoods: %q (%.2f) scores below %q (%.2f) after %q: a weak model, or wrong numbers",
			trialRight, right, trialWrong, wrong, trialContext))
	}
	return "", notes, nil
}
