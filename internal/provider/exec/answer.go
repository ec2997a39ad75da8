package exec

import (
	"fmt"
	"math"

	"olmoeval/eval"
)

// answer turns a message into the response to r, or says what is wrong with it.
func (in *incoming) answer(r *eval.Request) (*eval.Response, error) {
	if in.broken != nil {
		return nil, in.broken
	}
	want := r.Sampling.Samples()
	if r.Type == eval.Loglikelihood {
		want = len(r.Continuations)
	}
	if len(in.Outputs) != want {
		return nil, fmt.Errorf("has %d outputs, want %d", len(in.Outputs), want)
	}
	u := in.Usage
	if min(u.PromptTokens, u.CachedTokens, u.CompletionTokens, u.ReasoningTokens) < 0 || u.Cost < 0 {
		return nil, fmt.Errorf("has negative usage")
	}
	resp := &eval.Response{Outputs: make([]eval.Output, want), Usage: u, Notes: in.Notes, Attempts: 1}
	for i := range in.Outputs {
		var err error
		if r.Type == eval.Loglikelihood {
			resp.Outputs[i], err = in.Outputs[i].scored(r.Continuations[i])
		} else {
			resp.Outputs[i], err = in.Outputs[i].generated()
		}
		if err != nil {
			return nil, fmt.Errorf("output %d %w", i, err)
		}
	}
	return resp, nil
}

// generated is a sample.
func (o *output) generated() (eval.Output, error) {
	out := eval.Output{Reasoning: o.Reasoning, ToolCalls: o.ToolCalls, FinishReason: o.FinishReason}
	if o.Text == nil {
		return out, fmt.Errorf("has no text")
	}
	out.Text = *o.Text
	if o.FinishReason == "" {
		return out, fmt.Errorf("has no finish_reason; want stop, length, tool_calls or content_filter")
	}
	for i, c := range o.ToolCalls {
		if c.Name == "" {
			return out, fmt.Errorf("has no name in tool call %d", i)
		}
	}
	var err error
	out.Logprobs, _, err = logprobs(o.Logprobs)
	return out, err
}

// slack is how far a log-probability may lie above zero, and a sum of them from
// what its tokens give, by rounding: engines add in single precision.
const slack = 1e-3

// scored is a continuation's score.
func (o *output) scored(continuation string) (eval.Output, error) {
	out := eval.Output{Text: continuation}
	switch {
	case o.SumLogits == nil:
		return out, fmt.Errorf("has no sum_logits")
	case o.NumTokens == nil:
		return out, fmt.Errorf("has no num_tokens")
	case !finite(*o.SumLogits):
		return out, fmt.Errorf("has a sum_logits that is no number")
	case *o.SumLogits > slack:
		return out, fmt.Errorf("has sum_logits %g, above zero, which no log-likelihood is", *o.SumLogits)
	case o.Margin != nil && !finite(*o.Margin):
		return out, fmt.Errorf("has a margin that is no number")
	case *o.NumTokens < 0 || *o.NumTokens == 0 && *o.SumLogits != 0:
		return out, fmt.Errorf("has num_tokens %d with sum_logits %g", *o.NumTokens, *o.SumLogits)
	}
	out.Loglik = &eval.Loglik{Sum: min(0, *o.SumLogits), Tokens: *o.NumTokens, Greedy: o.IsGreedy, Margin: o.Margin, Cut: o.Cut}
	if o.Tokens == nil {
		return out, nil
	}
	if len(o.Tokens) != *o.NumTokens {
		return out, fmt.Errorf("has %d tokens, but num_tokens is %d", len(o.Tokens), *o.NumTokens)
	}
	list, sum, err := logprobs(o.Tokens)
	if err != nil {
		return out, err
	}
	if math.Abs(sum-*o.SumLogits) > slack*(1+math.Abs(sum)) {
		return out, fmt.Errorf("has sum_logits %g, but its tokens add up to %g", *o.SumLogits, sum)
	}
	out.Logprobs = list
	return out, nil
}

func logprobs(list []token) (out []eval.TokenLogprob, sum float64, err error) {
	if list == nil {
		return nil, 0, nil
	}
	out = make([]eval.TokenLogprob, len(list))
	for i, t := range list {
		if t.Logprob == nil || !finite(*t.Logprob) || *t.Logprob > slack {
			return nil, 0, fmt.Errorf("has no log-probability for token %d (%q)", i, t.Token)
		}
		out[i] = eval.TokenLogprob{Token: t.Token, Logprob: *t.Logprob}
		sum += *t.Logprob
	}
	return out, sum, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
