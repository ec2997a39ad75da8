package anthropic

import (
	"encoding/json"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// reply is a whole answer.
type reply struct {
	Type       string      `json:"type"`
	Content    []block     `json:"content"`
	StopReason string      `json:"stop_reason"`
	Usage      usage       `json:"usage"`
	Error      httpapi.Raw `json:"error"`
	// first is when the first piece of a stream came.
	first time.Time
}

type usage struct {
	Input   int `json:"input_tokens"`
	Written int `json:"cache_creation_input_tokens"`
	Read    int `json:"cache_read_input_tokens"`
	Output  int `json:"output_tokens"`
}

// finish is a stop reason in the words of records. A refusal is the doing of
// the API's classifiers.
func finish(reason string) string {
	switch reason {
	case "end_turn", "stop_sequence", "pause_turn":
		return "stop"
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "tool_use":
		return "tool_calls"
	case "refusal":
		return "content_filter"
	}
	return reason
}

// response makes a response of one sample.
func (r *reply) response(p *plan) (*eval.Response, error) {
	if r.StopReason == "" {
		b, err := json.Marshal(r.Content)
		if err != nil {
			return nil, err
		}
		return nil, httpapi.BadResponse("the answer has no stop_reason: %s", httpapi.Shorten(string(b)))
	}
	out := eval.Output{FinishReason: finish(r.StopReason)}
	for _, b := range r.Content {
		switch b.Type {
		case "text":
			out.Text += b.Text
		case "thinking":
			out.Reasoning += b.Thinking
		case "tool_use":
			out.ToolCalls = append(out.ToolCalls, eval.ToolCall{ID: b.ID, Name: b.Name, Arguments: httpapi.Arguments(b.Input)})
		}
	}
	if text, found := httpapi.CutStop(out.Text, p.cut); found {
		out.Text, out.ToolCalls, out.FinishReason = text, nil, "stop"
	}
	u := r.Usage
	return &eval.Response{Outputs: []eval.Output{out}, Attempts: 1, Notes: p.notes, Usage: eval.Usage{
		PromptTokens: u.Input + u.Written + u.Read, CachedTokens: u.Read, CompletionTokens: u.Output}}, nil
}
