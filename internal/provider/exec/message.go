package exec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"olmoeval/eval"
)

// Protocol is the version of what is spoken; docs/exec-provider.md has it.
const Protocol = 1

// greeting opens the conversation.
type greeting struct {
	Type      string         `json:"type"` // hello
	Protocol  int            `json:"protocol"`
	Model     string         `json:"model"`
	Revision  string         `json:"revision,omitempty"`
	Path      string         `json:"path,omitempty"`
	Options   map[string]any `json:"options,omitempty"`
	Instance  int            `json:"instance"`
	Instances int            `json:"instances"`
}

// hello is a process's answer to it.
type hello struct {
	Protocol     int          `json:"protocol"`
	Name         string       `json:"name"`
	Version      string       `json:"version"`
	Model        string       `json:"model"`
	Revision     string       `json:"revision"`
	Weights      string       `json:"weights"`
	Capabilities capabilities `json:"capabilities"`
	MaxContext   int          `json:"max_context"`
	MaxInFlight  int          `json:"max_in_flight"`
}

// capabilities are those of eval.Caps.
type capabilities struct {
	Completion    bool `json:"completion"`
	Chat          bool `json:"chat"`
	Loglikelihood bool `json:"loglikelihood"`
	Tools         bool `json:"tools"`
	N             bool `json:"n"`
	Seed          bool `json:"seed"`
	TokenIDs      bool `json:"token_ids"`
	Logprobs      bool `json:"logprobs"`
	JSONSchema    bool `json:"json_schema"`
}

// asked is a request on the wire.
type asked struct {
	Type string `json:"type"` // request
	ID   int64  `json:"id"`
	*eval.Request
	Sampling *eval.Sampling `json:"sampling"`
}

// order is a message without content: cancel (with the id) or shutdown.
type order struct {
	Type string `json:"type"`
	ID   *int64 `json:"id,omitempty"`
}

// incoming is any line of a process.
type incoming struct {
	Type string `json:"type"` // hello, answer, error
	ID   *int64 `json:"id"`
	hello
	Outputs    []output   `json:"outputs"`
	Usage      eval.Usage `json:"usage"`
	Notes      []string   `json:"notes"`
	Kind       string     `json:"kind"`
	Message    string     `json:"message"`
	RetryAfter float64    `json:"retry_after_s"`

	broken error // why the content cannot be believed, nil if it can
}

// output is a sample of a generation or a scored continuation.
type output struct {
	Text         *string         `json:"text"`
	Reasoning    string          `json:"reasoning"`
	ToolCalls    []eval.ToolCall `json:"tool_calls"`
	FinishReason string          `json:"finish_reason"`
	Logprobs     []token         `json:"logprobs"`
	SumLogits    *float64        `json:"sum_logits"`
	NumTokens    *int            `json:"num_tokens"`
	IsGreedy     *bool           `json:"is_greedy"`
	Margin       *float64        `json:"margin"`
	Cut          bool            `json:"cut"`
	Tokens       []token         `json:"tokens"`
}

type token struct {
	Token   string   `json:"token"`
	Logprob *float64 `json:"logprob"`
}

// line is a message as it is sent, with its newline. Bytes of texts that are no
// UTF-8 become U+FFFD.
func line(message any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(message)
	return b.Bytes(), err
}

// parse reads a line of a process. An error means that it is no message of the
// protocol; a message whose content cannot be believed says so itself.
func parse(raw []byte) (*incoming, error) {
	in, err := decode(raw)
	if in == nil && err != nil {
		// Python writes NaN and Infinity where a number is none.
		if plain, changed := withoutNaN(raw); changed {
			if in, _ = decode(plain); in != nil {
				in.broken = errors.New("has NaN or Infinity for a number")
			}
		}
	}
	if in == nil {
		return nil, fmt.Errorf("wrote a line that is no JSON object: %s; debug output belongs on stderr", excerpt(raw))
	}
	switch in.Type {
	case "hello", "answer", "error":
		return in, nil
	}
	return nil, fmt.Errorf("wrote a message of unknown type %q: %s", in.Type, excerpt(raw))
}

// decode is nil for what is no JSON object.
func decode(raw []byte) (*incoming, error) {
	if len(raw) == 0 || raw[0] != '{' {
		return nil, errors.New("no object")
	}
	in := &incoming{}
	err := json.Unmarshal(raw, in)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		in.broken = fmt.Errorf("field %s: want %s, got %s", wrong.Field, wrong.Type, wrong.Value)
		return in, nil
	}
	if err != nil {
		return nil, err
	}
	return in, nil
}

// withoutNaN replaces NaN, Infinity and -Infinity outside of texts by null.
func withoutNaN(raw []byte) (plain []byte, changed bool) {
	plain = make([]byte, 0, len(raw))
	text := false
	for i := 0; i < len(raw); {
		c := raw[i]
		switch {
		case text && c == '\\' && i+1 < len(raw):
			plain = append(plain, c, raw[i+1])
			i += 2
			continue
		case c == '"':
			text = !text
		case !text:
			if n := notANumber(raw[i:]); n > 0 {
				plain, changed = append(plain, "null"...), true
				i += n
				continue
			}
		}
		plain = append(plain, c)
		i++
	}
	return plain, changed
}

func notANumber(b []byte) int {
	for _, word := range []string{"NaN", "-Infinity", "Infinity", "-NaN"} {
		if bytes.HasPrefix(b, []byte(word)) {
			return len(word)
		}
	}
	return 0
}

// excerpt shows the beginning of what a process wrote.
func excerpt(b []byte) string {
	const most = 160
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
