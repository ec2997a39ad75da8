package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync/atomic"

	"olmoeval/eval"
)

// Body is the JSON of a request with fields added to it: objects are merged,
// and what is added wins.
func Body(body map[string]any, added ...map[string]any) ([]byte, error) {
	for _, more := range added {
		merge(body, more)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, &eval.Fault{Status: eval.ConfigError, Err: fmt.Errorf("request: %w", err)}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func merge(into, from map[string]any) {
	for k, v := range from {
		if more, ok := v.(map[string]any); ok {
			if have, ok := into[k].(map[string]any); ok {
				merge(have, more)
				continue
			}
			have := map[string]any{}
			merge(have, more) // the configuration's own map stays as it is
			v = have
		}
		into[k] = v
	}
}

// Object is a tool call's arguments as the JSON object that an API wants; what
// is no object stands under the key "arguments".
func Object(arguments string) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(arguments), &object) == nil && object != nil {
		return json.RawMessage(arguments)
	}
	if arguments == "" {
		return json.RawMessage("{}")
	}
	b, err := json.Marshal(map[string]string{"arguments": arguments})
	if err != nil {
		return json.RawMessage("{}") // a map of texts always encodes
	}
	return b
}

// ChatOnly refuses requests that an API has no call for: nothing is scored by
// generating, and no prompt is turned into a chat.
func ChatOnly(api, model string, r *eval.Request) error {
	switch {
	case r.Type == eval.Loglikelihood:
		return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("model %s: %s tells no log-likelihoods of given texts", model, api),
			Hint: "use a task that generates, or a server with prompt_logprobs (vLLM)"}
	case r.Type == eval.Completion && len(r.Messages) == 0:
		return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("model %s: %s has chats, no completions", model, api),
			Hint: "use the chat variant of the task"}
	}
	return nil
}

// Takes names settings that only some APIs have, for [Refuse].
type Takes struct{ MinP, Frequency, Presence, Repetition bool }

// Refuse refuses settings that change answers and that an API does not take.
func Refuse(api string, s *eval.Sampling, takes Takes) error {
	for _, f := range []struct {
		name  string
		value *float64
		takes bool
	}{{"min_p", s.MinP, takes.MinP}, {"frequency_penalty", s.FrequencyPenalty, takes.Frequency},
		{"presence_penalty", s.PresencePenalty, takes.Presence}, {"repetition_penalty", s.RepetitionPenalty, takes.Repetition}} {
		if f.value != nil && !f.takes {
			return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("%s takes no %s", api, f.name),
				Hint: "set " + f.name + "=null for this task"}
		}
	}
	return nil
}

// Quirks are what a server was found not to take; bits are only ever set.
type Quirks struct{ bits atomic.Uint32 }

// Has reports whether a bit is set.
func (q *Quirks) Has(bit uint32) bool { return q.bits.Load()&bit != 0 }

// Load is all bits.
func (q *Quirks) Load() uint32 { return q.bits.Load() }

// Set reports whether the bit was not set before.
func (q *Quirks) Set(bit uint32) bool { return q.bits.Or(bit)&bit == 0 }

// Options are the settings of a model that are not their zero value, given as
// names and values; nil if there are none.
func Options(pairs ...any) map[string]any {
	var options map[string]any
	for i := 0; i+1 < len(pairs); i += 2 {
		v := reflect.ValueOf(pairs[i+1])
		if !v.IsValid() || v.IsZero() || v.Kind() == reflect.Map && v.Len() == 0 {
			continue
		}
		if options == nil {
			options = map[string]any{}
		}
		options[pairs[i].(string)] = pairs[i+1]
	}
	return options
}
