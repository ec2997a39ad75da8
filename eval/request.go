package eval

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// RequestType says how a request is answered.
type RequestType string

// The three kinds of request.
const (
	Completion    RequestType = "completion"    // continue Prompt
	Chat          RequestType = "chat"          // answer Messages
	Loglikelihood RequestType = "loglikelihood" // score Continuations after Prompt
)

// Message is one turn of a chat in the shape of the OpenAI API.
type Message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	ToolCalls  []ToolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

// ToolCall is a model's wish to call a function.
type ToolCall struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Arguments is what the model wrote: JSON if it kept to the rules.
	Arguments string `json:"arguments"`
}

// Tool describes a function that a model may call.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"` // JSON Schema
}

// Sampling says how text is drawn. The zero value is greedy decoding of one
// sample with no bound of its own.
type Sampling struct {
	MaxTokens   *int     `json:"max_tokens"` // nil: to the context limit
	Temperature float64  `json:"temperature"`
	TopP        *float64 `json:"top_p"`
	TopK        *int     `json:"top_k"`
	Stop        []string `json:"stop_sequences"`
	// NumSamples is how many outputs a request asks for; 0 counts as 1.
	NumSamples int `json:"num_samples"`
	// Seed makes sampling repeatable where the server takes one; nil sends none.
	// A task's seed is made into one for each instance by [InstanceSeed]; sample
	// k of a request is drawn with Seed+k.
	Seed *int64 `json:"seed"`
	// MinP and the penalties are the server's; nil sends none.
	MinP              *float64 `json:"min_p"`
	FrequencyPenalty  *float64 `json:"frequency_penalty"`
	PresencePenalty   *float64 `json:"presence_penalty"`
	RepetitionPenalty *float64 `json:"repetition_penalty"`
	// JSONSchema constrains the output to JSON of that shape; nil does not.
	JSONSchema map[string]any `json:"json_schema"`
	// ReasoningEffort is the server's word: "low", "medium", "high" …
	ReasoningEffort string `json:"reasoning_effort"`
	// ExtraBody is added to the request's body as it is.
	ExtraBody map[string]any `json:"extra_body"`
}

// InstanceSeed is the seed of the instance with the item digest under a task's
// seed: the first 31 bits of SHA-256 of "SEED DIGEST", so that neither order
// nor limit changes what an instance draws.
func InstanceSeed(seed int64, digest string) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, digest))
	return int64(binary.BigEndian.Uint32(sum[:4]) >> 1)
}

// Samples is NumSamples, at least 1.
func (s Sampling) Samples() int { return max(1, s.NumSamples) }

// Greedy reports whether two equal requests must have equal answers.
func (s Sampling) Greedy() bool { return s.Temperature == 0 }

// Request is what is asked of a model.
type Request struct {
	Type     RequestType `json:"request_type"`
	Prompt   string      `json:"prompt,omitempty"`
	Messages []Message   `json:"messages,omitempty"`
	// System is an informational copy of the system message.
	System string `json:"system_prompt,omitempty"`
	// Continuations are scored one by one after Prompt, each giving one output.
	Continuations []string `json:"continuations,omitempty"`
	// ContinuationPrompts, if set, holds one context per continuation in place
	// of Prompt.
	ContinuationPrompts []string `json:"continuation_prompts,omitempty"`
	Tools               []Tool   `json:"tools,omitempty"`
	// MaxLength bounds context and continuation of a log-likelihood in tokens;
	// the context is cut from the left.
	MaxLength *int `json:"max_length,omitempty"`

	Sampling Sampling `json:"-"`
	// Shared is how much of the request all requests of the task have in
	// common: leading bytes of Prompt, or leading Messages of a chat. It lets
	// the journal write that part once; 0 is always right.
	Shared int `json:"-"`
	// Origin is what the request was made from, for responders that stand
	// beside the task (mocks). It is never sent.
	Origin *Origin `json:"-"`
}

// Context is the text before continuation i.
func (r *Request) Context(i int) string {
	if i < len(r.ContinuationPrompts) {
		return r.ContinuationPrompts[i]
	}
	return r.Prompt
}

// Origin is what a request was made from.
type Origin struct {
	Task     *Task
	Instance *Instance
	Digest   string // the instance's item digest
}
