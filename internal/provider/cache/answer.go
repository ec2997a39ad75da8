package cache

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"olmoeval/eval"
)

// answer is what is kept: some outputs of a request and what goes with them.
type answer struct {
	Outputs []output   `json:"outputs"`
	Usage   eval.Usage `json:"usage,omitzero"`
	Notes   []string   `json:"notes,omitempty"`
}

// output is what the model said; what was made of it belongs to a task.
type output struct {
	eval.Output
	Answer  *struct{} `json:"answer,omitempty"`
	Answers *struct{} `json:"answers,omitempty"`
	Scores  *struct{} `json:"scores,omitempty"`
}

// errUnfit is an answer that JSON does not carry unchanged.
var errUnfit = errors.New("response cache: the answer has bytes that are no text, or a number that is none")

func encode(a *answer) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a); err != nil {
		return nil, errUnfit // NaN
	}
	if replaced(b.Bytes()) {
		return nil, errUnfit
	}
	return b.Bytes(), nil
}

// replaced reports whether the encoder put U+FFFD for bytes that are no UTF-8:
// it spells that as an escape, and a U+FFFD of the text as it is.
func replaced(b []byte) bool {
	for rest := b; ; {
		i := bytes.Index(rest, []byte(`\ufffd`))
		if i < 0 {
			return false
		}
		slashes := 0
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		rest = rest[i+1:]
	}
}

func decode(b []byte) (*answer, error) {
	a := &answer{}
	if err := json.Unmarshal(b, a); err != nil {
		return nil, err
	}
	return a, nil
}

// complete are the words with which servers say that an answer was not broken
// off: by a time limit, a cancellation, a filter. "length" is the limit that was
// asked for.
var complete = map[string]bool{
	"stop": true, "eos": true, "eos_token": true, "end_turn": true, "stop_sequence": true, "length": true, "max_tokens": true,
	"tool_calls": true, "tool_use": true, "function_call": true,
}

// whole reports whether an answer may stand for the next one.
func whole(r *eval.Request, resp *eval.Response) bool {
	for i := range resp.Outputs {
		out := &resp.Outputs[i]
		if r.Type == eval.Loglikelihood {
			if out.Loglik == nil {
				return false
			}
		} else if !complete[strings.ToLower(out.FinishReason)] {
			return false
		}
	}
	return len(resp.Outputs) > 0
}
