package openai

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"olmoeval/eval"
	"olmoeval/internal/provider/wire"
)

// What servers were found not to take; see httpapi.Quirks.
const (
	noLogprobs          = 1 << iota // logprobs of generations
	noAddSpecial                    // add_special_tokens
	maxCompletionTokens             // wants that name for max_tokens
	noStreamOptions                 // stream_options
	onePrompt                       // one prompt a call
	oneChoice                       // several choices
	noSampling                      // temperature, top_p and top_k
	noStop                          // stop sequences
)

// templates are the parts of bodies that never change.
type templates struct {
	head       string // {"model":"m"
	extra      string // ,"key":value of ExtraBody
	chatExtra  string // the same with chat_template_kwargs
	addSpecial bool   // ExtraBody does not say it
	addBOS     bool   // completions are to have what the tokenizer adds
	logprobs   bool
	toolChoice string
	eos        string
	effort     string
	stream     bool
	top        string // alternatives per prompt token
}

func newTemplates(c *Config) (templates, error) {
	t := templates{head: `{"model":` + string(wire.AppendString(nil, c.Model)), addSpecial: true, logprobs: true,
		toolChoice: c.ToolChoice, eos: c.EOS, effort: c.ReasoningEffort, stream: c.Stream, top: "1"}
	for _, key := range slices.Sorted(maps.Keys(c.ExtraBody)) {
		value, err := json.Marshal(c.ExtraBody[key])
		if err != nil {
			return t, err
		}
		t.extra += "," + string(wire.AppendString(nil, key)) + ":" + string(value)
	}
	t.chatExtra = t.extra
	if len(c.ChatTemplateKwargs) > 0 {
		value, err := json.Marshal(c.ChatTemplateKwargs)
		if err != nil {
			return t, err
		}
		t.chatExtra += `,"chat_template_kwargs":` + string(value)
	}
	_, has := c.ExtraBody["add_special_tokens"]
	t.addSpecial = !has
	t.addBOS = c.AddBOS != nil && *c.AddBOS
	if c.Logprobs != nil {
		t.logprobs = *c.Logprobs
	}
	for _, key := range []string{"logprobs", "top_logprobs"} {
		if _, has := c.ExtraBody[key]; has {
			t.logprobs = false
		}
	}
	if c.PromptLogprobs != nil {
		t.top = strconv.Itoa(*c.PromptLogprobs)
	}
	return t, nil
}

// completion is the body of a text completion.
func (t *templates) completion(r *eval.Request, n int, q uint32) []byte {
	b := make([]byte, 0, len(t.head)+len(t.extra)+len(r.Prompt)+len(r.Prompt)/8+256)
	b = append(b, t.head...)
	b = append(b, `,"prompt":`...)
	b = wire.AppendString(b, r.Prompt)
	if t.logprobs && q&noLogprobs == 0 {
		b = append(b, `,"logprobs":1`...)
	}
	if t.addSpecial && q&noAddSpecial == 0 {
		b = strconv.AppendBool(append(b, `,"add_special_tokens":`...), t.addBOS)
	}
	stop := r.Sampling.Stop
	if t.eos != "" && !slices.Contains(stop, t.eos) {
		stop = append(stop[:len(stop):len(stop)], t.eos)
	}
	b = t.sampling(b, &r.Sampling, stop, n, q)
	b = append(b, t.extra...)
	return append(b, '}')
}

// chat is the body of a chat completion; a request without messages sends its
// prompt as the user's.
func (t *templates) chat(r *eval.Request, n int, q uint32) []byte {
	size := len(t.head) + len(t.chatExtra) + len(r.Prompt) + 320
	for i := range r.Messages {
		size += len(r.Messages[i].Content) + len(r.Messages[i].Content)/8 + 64
	}
	b := make([]byte, 0, size)
	b = append(b, t.head...)
	b = append(b, `,"messages":[`...)
	if len(r.Messages) == 0 {
		b = append(b, `{"role":"user","content":`...)
		b = append(wire.AppendString(b, r.Prompt), '}')
	}
	for i := range r.Messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMessage(b, &r.Messages[i])
	}
	b = append(b, ']')
	if len(r.Tools) > 0 {
		b = appendTools(b, r.Tools)
		if t.toolChoice != "" {
			b = append(b, `,"tool_choice":`...)
			b = wire.AppendString(b, t.toolChoice)
		}
	}
	if t.logprobs && q&noLogprobs == 0 {
		b = append(b, `,"logprobs":true,"top_logprobs":1`...)
	}
	b = t.sampling(b, &r.Sampling, r.Sampling.Stop, n, q)
	b = append(b, t.chatExtra...)
	return append(b, '}')
}

func (t *templates) sampling(b []byte, s *eval.Sampling, stop []string, n int, q uint32) []byte {
	b = strconv.AppendInt(append(b, `,"n":`...), int64(n), 10)
	if s.MaxTokens != nil {
		name := `,"max_tokens":`
		if q&maxCompletionTokens != 0 {
			name = `,"max_completion_tokens":`
		}
		b = strconv.AppendInt(append(b, name...), int64(*s.MaxTokens), 10)
	}
	if q&noSampling == 0 {
		b = wire.AppendFloat(append(b, `,"temperature":`...), s.Temperature)
		if s.TopP != nil {
			b = wire.AppendFloat(append(b, `,"top_p":`...), *s.TopP)
		}
		if s.TopK != nil && s.Temperature > 0 {
			b = strconv.AppendInt(append(b, `,"top_k":`...), int64(*s.TopK), 10)
		}
	}
	if len(stop) > 0 && q&noStop == 0 {
		b = wire.AppendStrings(append(b, `,"stop":`...), stop)
	}
	if s.Seed != nil {
		b = strconv.AppendInt(append(b, `,"seed":`...), *s.Seed, 10)
	}
	for _, f := range []struct {
		name  string
		value *float64
	}{{`,"min_p":`, s.MinP}, {`,"frequency_penalty":`, s.FrequencyPenalty},
		{`,"presence_penalty":`, s.PresencePenalty}, {`,"repetition_penalty":`, s.RepetitionPenalty}} {
		if f.value != nil {
			b = wire.AppendFloat(append(b, f.name...), *f.value)
		}
	}
	if effort := cmp.Or(s.ReasoningEffort, t.effort); effort != "" {
		b = wire.AppendString(append(b, `,"reasoning_effort":`...), effort)
	}
	if s.JSONSchema != nil {
		b = append(b, `,"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":`...)
		b = append(append(b, marshal(s.JSONSchema)...), `}}`...)
	}
	for _, key := range slices.Sorted(maps.Keys(s.ExtraBody)) {
		b = wire.AppendString(append(b, ','), key)
		b = append(append(b, ':'), marshal(s.ExtraBody[key])...)
	}
	if t.stream {
		b = append(b, `,"stream":true`...)
		if q&noStreamOptions == 0 {
			b = append(b, `,"stream_options":{"include_usage":true}`...)
		}
	}
	return b
}

// scoring is the body that has prompts of token ids scored.
func (t *templates) scoring(prompts [][]int, q uint32) []byte {
	size := 256 + len(t.extra)
	for _, ids := range prompts {
		size += 7 * len(ids)
	}
	b := make([]byte, 0, size)
	b = append(b, t.head...)
	b = append(b, `,"prompt":`...)
	if len(prompts) == 1 {
		b = wire.AppendInts(b, prompts[0])
	} else {
		for i, ids := range prompts {
			b = append(b, "[,"[min(i, 1)])
			b = wire.AppendInts(b, ids)
		}
		b = append(b, ']')
	}
	b = append(b, `,"max_tokens":1,"temperature":0,"prompt_logprobs":`...)
	b = append(b, t.top...)
	if t.addSpecial && q&noAddSpecial == 0 {
		b = append(b, `,"add_special_tokens":false`...)
	}
	b = append(b, t.extra...)
	return append(b, '}')
}

// echoing is the body that has texts scored by echo and logprobs.
func (t *templates) echoing(texts []string) []byte {
	b := append([]byte(nil), t.head...)
	b = append(b, `,"prompt":`...)
	if len(texts) == 1 {
		b = wire.AppendString(b, texts[0])
	} else {
		b = wire.AppendStrings(b, texts)
	}
	b = append(b, `,"max_tokens":1,"temperature":0,"logprobs":1,"echo":true`...)
	b = append(b, t.extra...)
	return append(b, '}')
}

func appendMessage(b []byte, m *eval.Message) []byte {
	b = append(b, `{"role":`...)
	b = wire.AppendString(b, m.Role)
	b = append(b, `,"content":`...)
	if m.Content == "" && len(m.ToolCalls) > 0 {
		b = append(b, "null"...)
	} else {
		b = wire.AppendString(b, m.Content)
	}
	for i, c := range m.ToolCalls {
		if i == 0 {
			b = append(b, `,"tool_calls":[`...)
		} else {
			b = append(b, ',')
		}
		b = wire.AppendString(append(b, `{"id":`...), c.ID)
		b = wire.AppendString(append(b, `,"type":"function","function":{"name":`...), c.Name)
		b = wire.AppendString(append(b, `,"arguments":`...), c.Arguments)
		b = append(b, "}}"...)
	}
	if len(m.ToolCalls) > 0 {
		b = append(b, ']')
	}
	if m.ToolCallID != "" {
		b = wire.AppendString(append(b, `,"tool_call_id":`...), m.ToolCallID)
	}
	return append(b, '}')
}

func appendTools(b []byte, tools []eval.Tool) []byte {
	b = append(b, `,"tools":[`...)
	for i, t := range tools {
		if i > 0 {
			b = append(b, ',')
		}
		b = wire.AppendString(append(b, `{"type":"function","function":{"name":`...), t.Name)
		if t.Description != "" {
			b = wire.AppendString(append(b, `,"description":`...), t.Description)
		}
		if len(t.Parameters) > 0 {
			b = append(append(b, `,"parameters":`...), t.Parameters...)
		}
		b = append(b, "}}"...)
	}
	return append(b, ']')
}

// marshal is the JSON of a value that was read from JSON or YAML.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}
