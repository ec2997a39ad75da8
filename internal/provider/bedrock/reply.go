package bedrock

import (
	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// reply is an answer.
type reply struct {
	Output struct {
		Message *message `json:"message"`
	} `json:"output"`
	StopReason string `json:"stopReason"`
	Usage      struct {
		Input  int `json:"inputTokens"`
		Output int `json:"outputTokens"`
		Read   int `json:"cacheReadInputTokens"`
		Write  int `json:"cacheWriteInputTokens"`
	} `json:"usage"`
}

// finish is a stop reason in the words of records.
func finish(reason string) string {
	switch reason {
	case "end_turn", "stop_sequence":
		return "stop"
	case "max_tokens", "model_context_window_exceeded":
		return "length"
	case "tool_use":
		return "tool_calls"
	case "guardrail_intervened", "content_filtered", "refusal":
		return "content_filter"
	}
	return reason
}

// response makes a response of one sample.
func (r *reply) response(p *plan) (*eval.Response, error) {
	if r.StopReason == "" || r.Output.Message == nil {
		return nil, httpapi.BadResponse("the answer has no message or no stopReason")
	}
	out := eval.Output{FinishReason: finish(r.StopReason)}
	for _, b := range r.Output.Message.Content {
		switch {
		case b.Text != nil:
			out.Text += *b.Text
		case b.Reasoning != nil && b.Reasoning.Text != nil:
			out.Reasoning += b.Reasoning.Text.Text
		case b.ToolUse != nil:
			out.ToolCalls = append(out.ToolCalls, eval.ToolCall{ID: b.ToolUse.ID, Name: b.ToolUse.Name, Arguments: httpapi.Arguments(b.ToolUse.Input)})
		}
	}
	if text, found := httpapi.CutStop(out.Text, p.cut); found {
		out.Text, out.ToolCalls, out.FinishReason = text, nil, "stop"
	}
	u := r.Usage
	return &eval.Response{Outputs: []eval.Output{out}, Attempts: 1, Notes: p.notes, Usage: eval.Usage{
		PromptTokens: u.Input + u.Read + u.Write, CachedTokens: u.Read, CompletionTokens: u.Output}}, nil
}
