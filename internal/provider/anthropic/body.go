package anthropic

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// What models were found not to take.
const (
	noSampling   = 1 << iota // temperature, top_p and top_k
	noBudget                 // a number of thinking tokens
	wantsABudget             // anything else
)

// block is a piece of a message's content, in both directions.
type block struct {
	Type      string      `json:"type"`
	Text      string      `json:"text,omitempty"`
	Thinking  string      `json:"thinking,omitempty"`
	ID        string      `json:"id,omitempty"`
	Name      string      `json:"name,omitempty"`
	Input     httpapi.Raw `json:"input,omitempty"`
	ToolUseID string      `json:"tool_use_id,omitempty"`
	Content   string      `json:"content,omitempty"`
}

// message is a turn.
type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// plan is a request made ready.
type plan struct {
	body  []byte
	notes []string
	// cut are the stop sequences that the API does not take: the text is cut.
	cut []string
	// sampled says that the model draws, whatever temperature was asked for.
	sampled bool
}

// plan makes the body of a request; q are quirks.
func (c *Client) plan(r *eval.Request, q uint32) (*plan, error) {
	s := &r.Sampling
	if err := httpapi.Refuse("anthropic", s, httpapi.Takes{}); err != nil {
		return nil, err
	}
	p := &plan{sampled: !s.Greedy()}
	system, turns := httpapi.Turns(r)
	body := map[string]any{"model": c.cfg.Model, "messages": messages(turns)}
	if system != "" {
		body["system"] = system
	}
	limit := c.limit(s)
	if s.MaxTokens == nil {
		p.notes = append(p.notes, "max_tokens="+strconv.Itoa(limit))
	}
	body["max_tokens"] = limit
	thinks, err := c.thinking(body, s, limit, q)
	if err != nil {
		return nil, err
	}
	switch {
	case thinks || q&noSampling != 0:
		p.sampled = true
		p.notes = append(p.notes, "sampling=the model's own")
	case s.Greedy():
		body["temperature"] = 0 // nothing is drawn that top_p or top_k could bound
	default:
		// Some models take either of temperature and top_p; 1 is the default.
		if s.Temperature != 1 || s.TopP == nil {
			body["temperature"] = s.Temperature
		}
		set(body, "top_p", s.TopP)
		set(body, "top_k", s.TopK)
	}
	if s.Seed != nil {
		p.notes = append(p.notes, "seed=unsent")
	}
	// White space alone is refused as a stop sequence.
	sent := slices.DeleteFunc(slices.Clone(s.Stop), func(stop string) bool { return strings.TrimSpace(stop) == "" })
	if len(sent) > 0 {
		body["stop_sequences"] = sent
	}
	if len(sent) < len(s.Stop) {
		p.cut = s.Stop
		p.notes = append(p.notes, "stop=cut here")
	}
	c.tools(body, r.Tools)
	if s.JSONSchema != nil {
		setWithin(body, "output_config", "format", map[string]any{"type": "json_schema", "schema": s.JSONSchema})
	}
	if c.cfg.Stream {
		body["stream"] = true
	}
	p.body, err = httpapi.Body(body, c.cfg.ExtraBody, s.ExtraBody)
	return p, err
}

func set[T any](m map[string]any, key string, v *T) {
	if v != nil {
		m[key] = *v
	}
}

// setWithin sets a field of an object within the body.
func setWithin(body map[string]any, object, field string, value any) {
	o, ok := body[object].(map[string]any)
	if !ok {
		o = map[string]any{}
		body[object] = o
	}
	o[field] = value
}

// limit is how many tokens may be written.
func (c *Client) limit(s *eval.Sampling) int {
	switch {
	case s.MaxTokens != nil:
		return *s.MaxTokens
	case c.cfg.MaxTokens > 0:
		return c.cfg.MaxTokens
	}
	if n := c.reported.Load(); n > 0 {
		return int(n)
	}
	return longest(c.cfg.Model)
}

// thinking asks for an effort, as the model takes it: a word for models that
// decide themselves how long they think, a number of tokens for earlier ones.
// A number asks for that many, "none" and "" for nothing.
func (c *Client) thinking(body map[string]any, s *eval.Sampling, limit int, q uint32) (bool, error) {
	effort := s.ReasoningEffort
	if effort == "" {
		effort = c.cfg.ReasoningEffort
	}
	if effort == "" || effort == "none" {
		return false, nil
	}
	if err := checkEffort(effort); err != nil {
		return false, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: err}
	}
	budget, err := strconv.Atoi(effort)
	number := err == nil
	byWord := adaptive(c.cfg.Model) && !number
	if q&noBudget != 0 {
		byWord = true
	} else if q&wantsABudget != 0 {
		byWord = false
	}
	if byWord {
		if number {
			return false, &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "set reasoning_effort to low, medium or high",
				Err: fmt.Errorf("model %s takes no number of thinking tokens", c.cfg.Model)}
		}
		if effort == "minimal" {
			effort = "low"
		}
		body["thinking"] = map[string]any{"type": "adaptive"}
		setWithin(body, "output_config", "effort", effort)
		return true, nil
	}
	if !number {
		if budget = budgets[effort]; budget == 0 {
			budget = max(smallestBudget, limit/2) // xhigh, max
		}
	}
	budget = min(budget, limit-1)
	if budget < smallestBudget {
		return false, &eval.Fault{Status: eval.ConfigError, Abort: true,
			Err:  fmt.Errorf("max_tokens=%d leaves no room to think: the model wants at least %d tokens for it, of max_tokens", limit, smallestBudget),
			Hint: "raise max_tokens, or set reasoning_effort=none"}
	}
	body["thinking"] = map[string]any{"type": "enabled", "budget_tokens": budget}
	return true, nil
}

func (c *Client) tools(body map[string]any, tools []eval.Tool) {
	if len(tools) == 0 {
		return
	}
	list := make([]map[string]any, len(tools))
	for i, t := range tools {
		schema := t.Parameters
		if len(schema) == 0 {
			schema = json.RawMessage(`{"type":"object"}`)
		}
		list[i] = map[string]any{"name": t.Name, "input_schema": schema}
		if t.Description != "" {
			list[i]["description"] = t.Description
		}
	}
	body["tools"] = list
	if c.cfg.ToolChoice != "" {
		body["tool_choice"] = map[string]any{"type": c.cfg.ToolChoice}
	}
}

// messages are the turns in the API's form. Results of tools stand before what
// the user says; empty texts are left out, which the API does not take.
func messages(turns []httpapi.Turn) []message {
	out := make([]message, len(turns))
	for i, t := range turns {
		out[i].Role = "user"
		if t.Assistant {
			out[i].Role = "assistant"
		}
		var said []block
		out[i].Content = []block{}
		for _, m := range t.Messages {
			if m.Role == "tool" {
				out[i].Content = append(out[i].Content, block{Type: "tool_result", ToolUseID: m.ToolCallID, Content: m.Content})
				continue
			}
			if m.Content != "" {
				said = append(said, block{Type: "text", Text: m.Content})
			}
			for _, call := range m.ToolCalls {
				said = append(said, block{Type: "tool_use", ID: call.ID, Name: call.Name, Input: httpapi.Raw(httpapi.Object(call.Arguments))})
			}
		}
		out[i].Content = append(out[i].Content, said...)
	}
	return out
}
