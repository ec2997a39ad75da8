package openai

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/goccy/go-json"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	Details          *struct {
		CachedTokens int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	Completion *struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
	Cost float64 `json:"cost"`
}

func (u *usage) eval() eval.Usage {
	if u == nil {
		return eval.Usage{}
	}
	e := eval.Usage{PromptTokens: u.PromptTokens, CompletionTokens: u.CompletionTokens, Cost: u.Cost}
	if u.Details != nil {
		e.CachedTokens = u.Details.CachedTokens
	}
	if u.Completion != nil {
		e.ReasoningTokens = u.Completion.ReasoningTokens
	}
	return e
}

type reply struct {
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage"`
	// Error is how some servers report a failure with status 200.
	Error httpapi.Raw `json:"error"`
	// first is when the first chunk of a stream came.
	first time.Time
}

// choice is one of a completion, a chat or a chunk of a stream.
type choice struct {
	Index          int         `json:"index"`
	Text           *string     `json:"text"`
	Message        *message    `json:"message"`
	Delta          *message    `json:"delta"`
	FinishReason   string      `json:"finish_reason"`
	Logprobs       httpapi.Raw `json:"logprobs"`
	PromptLogprobs httpapi.Raw `json:"prompt_logprobs"`
	// steps are the tokens of a stream, already read.
	steps *steps
}

type message struct {
	Content          content    `json:"content"`
	Refusal          string     `json:"refusal"`
	Reasoning        string     `json:"reasoning"`
	ReasoningContent string     `json:"reasoning_content"`
	ToolCalls        []toolCall `json:"tool_calls"`
}

type toolCall struct {
	Index    int    `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string      `json:"name"`
		Arguments httpapi.Raw `json:"arguments"`
	} `json:"function"`
}

// content is a message's text: a string, null, or parts of which the texts
// count.
type content string

// UnmarshalJSON reads any of the forms.
func (c *content) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var parts []struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(b, &parts); err != nil {
			return err
		}
		for _, p := range parts {
			*c += content(p.Text)
		}
		return nil
	}
	return json.Unmarshal(b, (*string)(c))
}

// check finds the failures that come with status 200.
func (r *reply) check(choices int) error {
	if !r.Error.Null() {
		text, code := httpapi.ErrorText([]byte(`{"error":` + string(r.Error) + `}`))
		f := &eval.Fault{Status: eval.InfraServerDown, Err: fmt.Errorf("the server answered with an error: %s", text)}
		if httpapi.ContextTooLong(strings.ToLower(text), code) {
			f.Status = eval.ContextOverflow
		}
		return f
	}
	if len(r.Choices) != choices {
		return badResponse("%d choices where %d were asked for", len(r.Choices), choices)
	}
	seen := make([]bool, choices)
	for i := range r.Choices {
		k := r.Choices[i].Index
		if k < 0 || k >= choices || seen[k] {
			return badResponse("choices are numbered wrongly: index %d among %d", k, choices)
		}
		seen[k] = true
	}
	return nil
}

// output makes an output of a choice.
func (c *Client) output(ch *choice, chat bool, stop []string) (eval.Output, error) {
	out := eval.Output{FinishReason: strings.Clone(ch.FinishReason)}
	if chat {
		m := ch.Message
		if m == nil {
			return out, badResponse("a choice has no message")
		}
		out.Text = strings.Clone(string(m.Content))
		out.Reasoning = strings.Clone(m.Reasoning)
		if out.Reasoning == "" {
			out.Reasoning = strings.Clone(m.ReasoningContent)
		}
		if out.Text == "" && m.Refusal != "" {
			out.Text, out.FinishReason = strings.Clone(m.Refusal), "refusal"
		}
		for i := range m.ToolCalls {
			t := &m.ToolCalls[i]
			out.ToolCalls = append(out.ToolCalls, eval.ToolCall{ID: strings.Clone(t.ID), Name: strings.Clone(t.Function.Name),
				Arguments: httpapi.Arguments(t.Function.Arguments)})
		}
	} else {
		if ch.Text == nil {
			return out, badResponse("a choice has no text")
		}
		out.Text = c.tidy(strings.Clone(*ch.Text), stop)
	}
	if ch.steps != nil {
		ch.steps.into(&out)
		return out, nil
	}
	if ch.Logprobs.Null() {
		return out, nil
	}
	steps, err := readSteps(ch.Logprobs)
	if err != nil {
		return out, badResponse("logprobs: %w", err)
	}
	steps.into(&out)
	return out, nil
}

// tidy applies the configured repairs to a completion.
func (c *Client) tidy(text string, stop []string) string {
	if c.cfg.SentencePiece {
		text = strings.ReplaceAll(text, "\u2581", " ")
	}
	if c.cfg.TrimStop {
		cut := len(text)
		for _, s := range stop {
			if i := strings.Index(text, s); s != "" && i >= 0 {
				cut = min(cut, i)
			}
		}
		text = text[:cut]
	}
	return text
}

// steps are the tokens of a generation. A nil logprob is one that the server
// left out.
type steps struct {
	tokens   []string
	logprobs []*float64
	best     []*float64 // the highest alternative of each, where told
}

// into writes the tokens that have a log-probability, with their sum.
func (s *steps) into(out *eval.Output) {
	var lik eval.Loglik
	greedy, observed := true, false
	for i, p := range s.logprobs {
		if p == nil {
			continue
		}
		out.Logprobs = append(out.Logprobs, eval.TokenLogprob{Token: s.tokens[i], Logprob: *p})
		lik.Sum += *p
		lik.Tokens++
		if i < len(s.best) && s.best[i] != nil {
			observed = true
			greedy = greedy && *p+1e-6 >= *s.best[i]
		}
	}
	if lik.Tokens == 0 || math.IsInf(lik.Sum, 0) {
		return
	}
	if observed {
		lik.Greedy = &greedy
	}
	out.Loglik = &lik
}
