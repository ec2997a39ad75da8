package chattemplate

import (
	"encoding/json"
	"fmt"

	"olmoeval/eval"
)

// message is a message as templates know it: of the OpenAI API, but with the
// arguments of calls as objects, as servers hand them to templates.
type message struct {
	Role       string     `json:"role"`
	Content    *string    `json:"content"`
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

type toolCall struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

type tool struct {
	Type     string    `json:"type"`
	Function eval.Tool `json:"function"`
}

// FromRequest is the input that a server would make of a request: its messages,
// or its prompt as the user's, its tools and its chat_template_kwargs, and the
// beginning of an answer. Specials and Now are left to the caller.
func FromRequest(r *eval.Request) (Input, error) {
	in := Input{AddGenerationPrompt: true}
	all := r.Messages
	if len(all) == 0 {
		all = []eval.Message{{Role: "user", Content: r.Prompt}}
	}
	messages := make([]message, len(all))
	for i, m := range all {
		messages[i] = message{Role: m.Role, ToolCallID: m.ToolCallID}
		if m.Content != "" || len(m.ToolCalls) == 0 {
			messages[i].Content = &m.Content
		}
		for _, c := range m.ToolCalls {
			messages[i].ToolCalls = append(messages[i].ToolCalls, toolCall{c.ID, "function", function{c.Name, arguments(c.Arguments)}})
		}
	}
	var err error
	if in.Messages, err = json.Marshal(messages); err != nil {
		return in, fmt.Errorf("messages: %w", err)
	}
	if len(r.Tools) > 0 {
		tools := make([]tool, len(r.Tools))
		for i, t := range r.Tools {
			tools[i] = tool{"function", t}
		}
		if in.Tools, err = json.Marshal(tools); err != nil {
			return in, fmt.Errorf("tools: %w", err)
		}
	}
	named, ok := r.Sampling.ExtraBody["chat_template_kwargs"].(map[string]any)
	if !ok {
		return in, nil
	}
	in.Extra = make(map[string]json.RawMessage, len(named))
	for k, v := range named {
		if in.Extra[k], err = json.Marshal(v); err != nil {
			return in, fmt.Errorf("chat_template_kwargs: %s: %w", k, err)
		}
	}
	return in, nil
}

// arguments are those of a call: the object that was written, {} for nothing, or
// a text where no object was.
func arguments(text string) json.RawMessage {
	var object map[string]json.RawMessage
	if text == "" {
		return json.RawMessage("{}")
	}
	if json.Unmarshal([]byte(text), &object) == nil && object != nil {
		return json.RawMessage(text)
	}
	b, _ := json.Marshal(text) // a text always has JSON
	return b
}
