package gemini

import (
	"fmt"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// reply is an answer, whole or a chunk of a stream.
type reply struct {
	Candidates []candidate `json:"candidates"`
	Feedback   *struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *usage `json:"usageMetadata"`
	// first is when the first chunk of a stream came.
	first time.Time
}

type usage struct {
	Prompt     int `json:"promptTokenCount"`
	ToolPrompt int `json:"toolUsePromptTokenCount"`
	Cached     int `json:"cachedContentTokenCount"`
	Candidates int `json:"candidatesTokenCount"`
	Thoughts   int `json:"thoughtsTokenCount"`
}

func (u *usage) eval() eval.Usage {
	if u == nil {
		return eval.Usage{}
	}
	return eval.Usage{PromptTokens: u.Prompt + u.ToolPrompt, CachedTokens: u.Cached,
		CompletionTokens: u.Candidates + u.Thoughts, ReasoningTokens: u.Thoughts}
}

type candidate struct {
	Content      content   `json:"content"`
	FinishReason string    `json:"finishReason"`
	Logprobs     *logprobs `json:"logprobsResult"`
}

type logprobs struct {
	Chosen []scored `json:"chosenCandidates"`
	Top    []struct {
		Candidates []scored `json:"candidates"`
	} `json:"topCandidates"`
}

// scored is a token with its log-probability, nil where it was left out.
type scored struct {
	Token   string   `json:"token"`
	Logprob *float64 `json:"logProbability"`
}

// withheld reports whether a filter kept back an answer.
func withheld(reason string) bool {
	switch reason {
	case "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE":
		return true
	}
	return false
}

// response makes a response of the candidates, at most n of them.
func (r *reply) response(p *plan, n int) (*eval.Response, error) {
	if len(r.Candidates) == 0 && r.Feedback != nil && r.Feedback.BlockReason != "" {
		return nil, &eval.Fault{Status: eval.ContentFiltered, Err: fmt.Errorf("gemini: the prompt was blocked: %s", r.Feedback.BlockReason)}
	}
	if len(r.Candidates) == 0 || len(r.Candidates) > n {
		return nil, httpapi.BadResponse("%d candidates where %d were asked for", len(r.Candidates), n)
	}
	resp := &eval.Response{Attempts: 1, Notes: p.notes, Usage: r.Usage.eval()}
	kept := 0
	for i := range r.Candidates {
		out, err := r.Candidates[i].output(p)
		if err != nil {
			return nil, err
		}
		if out.FinishReason != "content_filter" {
			kept++
		}
		resp.Outputs = append(resp.Outputs, out)
	}
	if kept == 0 {
		return nil, &eval.Fault{Status: eval.ContentFiltered, Err: fmt.Errorf("gemini: the answer was withheld: %s", r.Candidates[0].FinishReason)}
	}
	return resp, nil
}

func (c *candidate) output(p *plan) (eval.Output, error) {
	var out eval.Output
	if c.FinishReason == "" {
		return out, httpapi.BadResponse("a candidate has no finishReason")
	}
	for _, part := range c.Content.Parts {
		switch {
		case part.Call != nil:
			id := part.Call.ID
			if id == "" {
				id = fmt.Sprintf("call_%d", p.calls+len(out.ToolCalls)+1)
			}
			out.ToolCalls = append(out.ToolCalls, eval.ToolCall{ID: id, Name: part.Call.Name, Arguments: httpapi.Arguments(part.Call.Args)})
		case part.Thought:
			out.Reasoning += part.Text
		default:
			out.Text += part.Text
		}
	}
	switch {
	case withheld(c.FinishReason):
		out.FinishReason = "content_filter"
	case c.FinishReason == "MAX_TOKENS":
		out.FinishReason = "length"
	case c.FinishReason == "STOP" && out.ToolCalls != nil:
		out.FinishReason = "tool_calls"
	default:
		out.FinishReason = strings.ToLower(c.FinishReason)
	}
	if text, found := httpapi.CutStop(out.Text, p.cut); found {
		out.Text, out.ToolCalls, out.FinishReason = text, nil, "stop"
		return out, nil // the log-probabilities are of more than the text
	}
	c.Logprobs.into(&out)
	return out, nil
}

// into writes the tokens that have a log-probability, with their sum.
func (l *logprobs) into(out *eval.Output) {
	if l == nil {
		return
	}
	var lik eval.Loglik
	greedy, observed := true, false
	for i, t := range l.Chosen {
		if t.Logprob == nil {
			continue
		}
		out.Logprobs = append(out.Logprobs, eval.TokenLogprob{Token: t.Token, Logprob: *t.Logprob})
		lik.Sum += *t.Logprob
		lik.Tokens++
		if i < len(l.Top) {
			for _, other := range l.Top[i].Candidates {
				if other.Logprob != nil {
					observed = true
					greedy = greedy && *t.Logprob+1e-6 >= *other.Logprob
				}
			}
		}
	}
	if lik.Tokens == 0 {
		return
	}
	if observed {
		lik.Greedy = &greedy
	}
	out.Loglik = &lik
}
