package bedrock

import (
	"encoding/json"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// What models were found not to take.
const (
	noSampling   = 1 << iota // temperature and topP
	noStops                  // stop sequences
	noBlankStops             // stop sequences of white space
)

// block is a piece of a message's content, in both directions.
type block struct {
	Text      *string    `json:"text,omitempty"`
	ToolUse   *toolUse   `json:"toolUse,omitempty"`
	Result    *result    `json:"toolResult,omitempty"`
	Reasoning *reasoning `json:"reasoningContent,omitempty"`
}

type toolUse struct {
	ID    string      `json:"toolUseId"`
	Name  string      `json:"name"`
	Input httpapi.Raw `json:"input"`
}

type result struct {
	ID      string  `json:"toolUseId"`
	Content []block `json:"content"`
}

type reasoning struct {
	Text *struct {
		Text string `json:"text"`
	} `json:"reasoningText,omitempty"`
}

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// plan is a request made ready.
type plan struct {
	body  []byte
	notes []string
	// cut are the stop sequences that the model does not take: the text is cut.
	cut []string
	// sampled says that the model draws, whatever temperature was asked for.
	sampled bool
}

// plan makes the body of a request; q are quirks.
func (c *Client) plan(r *eval.Request, q uint32) (*plan, error) {
	s := &r.Sampling
	if err := httpapi.Refuse("bedrock", s, httpapi.Takes{}); err != nil {
		return nil, err
	}
	if err := c.refuse(s); err != nil {
		return nil, err
	}
	p := &plan{sampled: !s.Greedy()}
	system, turns := httpapi.Turns(r)
	inference := map[string]any{}
	body := map[string]any{"messages": messages(turns), "inferenceConfig": inference}
	if system != "" {
		body["system"] = []block{{Text: &system}}
	}
	set(inference, "maxTokens", s.MaxTokens)
	switch {
	case q&noSampling != 0:
		p.sampled = true
		p.notes = append(p.notes, "sampling=the model's own")
	case s.Greedy():
		inference["temperature"] = 0 // nothing is drawn that topP could bound
	default:
		// Some models take either of temperature and topP; 1 is the default.
		if s.Temperature != 1 || s.TopP == nil {
			inference["temperature"] = s.Temperature
		}
		set(inference, "topP", s.TopP)
		if s.TopK != nil {
			body["additionalModelRequestFields"] = map[string]any{"top_k": *s.TopK}
		}
	}
	if s.Seed != nil {
		p.notes = append(p.notes, "seed=unsent")
	}
	stop := slices.DeleteFunc(slices.Clone(s.Stop), func(stop string) bool {
		return q&noStops != 0 || stop == "" || q&noBlankStops != 0 && strings.TrimSpace(stop) == ""
	})
	if len(stop) > 0 {
		inference["stopSequences"] = stop
	}
	if len(stop) < len(s.Stop) {
		p.cut = s.Stop
		p.notes = append(p.notes, "stop=cut here")
	}
	c.tools(body, r.Tools)
	var err error
	p.body, err = httpapi.Body(body, c.cfg.ExtraBody, s.ExtraBody)
	return p, err
}

// refuse refuses settings for which each family of models has words of its own.
func (c *Client) refuse(s *eval.Sampling) error {
	name, hint := "", ""
	switch {
	case s.ReasoningEffort != "" && s.ReasoningEffort != "none":
		name, hint = "reasoning_effort", `give extra_body={additionalModelRequestFields: {thinking: {type: enabled, budget_tokens: 4096}}}, or as the model names it`
	case s.JSONSchema != nil:
		name, hint = "json_schema", "use a tool with that schema, or another provider"
	case s.TopK != nil && !s.Greedy() && !strings.Contains(c.cfg.Model, "anthropic."):
		name, hint = "top_k", "set top_k=null, or give it in extra_body={additionalModelRequestFields: …} as the model names it"
	default:
		return nil
	}
	return &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: hint, Err: unsupported(name)}
}

type unsupported string

func (u unsupported) Error() string {
	return "bedrock has no setting for " + string(u) + " that all its models take"
}

func set[T any](m map[string]any, key string, v *T) {
	if v != nil {
		m[key] = *v
	}
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
		spec := map[string]any{"name": t.Name, "inputSchema": map[string]any{"json": schema}}
		if t.Description != "" {
			spec["description"] = t.Description
		}
		list[i] = map[string]any{"toolSpec": spec}
	}
	config := map[string]any{"tools": list}
	if c.cfg.ToolChoice != "" {
		config["toolChoice"] = map[string]any{c.cfg.ToolChoice: map[string]any{}}
	}
	body["toolConfig"] = config
}

// messages are the turns in the API's form. Results of tools stand before what
// the user says; empty texts are left out, which the API does not take.
func messages(turns []httpapi.Turn) []message {
	out := make([]message, len(turns))
	for i, t := range turns {
		out[i] = message{Role: "user", Content: []block{}}
		if t.Assistant {
			out[i].Role = "assistant"
		}
		var said []block
		for _, m := range t.Messages {
			text := m.Content
			if m.Role == "tool" {
				out[i].Content = append(out[i].Content, block{Result: &result{ID: m.ToolCallID, Content: []block{{Text: &text}}}})
				continue
			}
			if text != "" {
				said = append(said, block{Text: &text})
			}
			for _, call := range m.ToolCalls {
				said = append(said, block{ToolUse: &toolUse{ID: call.ID, Name: call.Name, Input: httpapi.Raw(httpapi.Object(call.Arguments))}})
			}
		}
		out[i].Content = append(out[i].Content, said...)
	}
	return out
}
