package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sort"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// given is one line of score's input: an instance with outputs, and what else a
// line of task inspect has.
type given struct {
	Instance *givenInstance
	Outputs  []givenOutput
	Request  *eval.Request
	Index    *int
}

type givenInstance struct {
	ID       any            `json:"id"`
	Question string         `json:"question"`
	Gold     any            `json:"gold_answer"`
	Choices  []string       `json:"choices"`
	Metadata map[string]any `json:"metadata"`
}

type givenOutput struct {
	Text         string `json:"text"`
	Reasoning    string `json:"reasoning"`
	FinishReason string `json:"finish_reason"`
	Logprobs     []struct {
		Token   string   `json:"token"`
		Logprob *float64 `json:"logprob"`
	} `json:"logprobs"`
	Metadata struct {
		Sum    *float64 `json:"sum_logits"`
		Tokens *int     `json:"num_tokens"`
		Greedy *bool    `json:"is_greedy"`
	} `json:"metadata"`
}

// givenKeys are the keys that a line may have; those of task inspect are let
// through so that its lines can be completed and scored.
var givenKeys = [...]string{"instance", "outputs", "request", "index", "spec", "sampling"}

// parseGiven reads a line. Keys it does not know are an error at the top, where
// a misspelt one would hide an answer, and let pass further down.
func parseGiven(line string) (*given, error) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &top); err != nil {
		return nil, malformed("an object", err)
	}
	if top == nil {
		return nil, errors.New("want an object, got null")
	}
	keys := make([]string, 0, len(top))
	for k := range top {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	g := &given{}
	into := map[string]any{"instance": &g.Instance, "outputs": &g.Outputs, "request": &g.Request, "index": &g.Index, "spec": nil, "sampling": nil}
	for _, k := range keys {
		target, ok := into[k]
		if !ok {
			return nil, fmt.Errorf("unknown key %q%s", k, nearest.Hint(k, givenKeys[:]))
		}
		if target == nil {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(string(top[k])))
		dec.UseNumber()
		if err := dec.Decode(target); err != nil {
			return nil, malformed(k, err)
		}
	}
	switch {
	case g.Instance == nil:
		return nil, errors.New(`no "instance"`)
	case g.Outputs == nil:
		return nil, errors.New(`no "outputs"`)
	}
	return g, g.check()
}

// malformed says a decoding error in the user's words.
func malformed(what string, err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field != "" {
			what += "." + wrong.Field
		}
		return fmt.Errorf("malformed %s: a %s does not fit there", what, wrong.Value)
	}
	return fmt.Errorf("malformed %s: %w", what, err)
}

func (g *given) check() error {
	for i, o := range g.Outputs {
		for j, l := range o.Logprobs {
			if l.Logprob == nil {
				return fmt.Errorf("outputs.%d.logprobs.%d has no logprob; leave out tokens that have none", i, j)
			}
		}
		if s := o.Metadata.Sum; s != nil && (math.IsNaN(*s) || math.IsInf(*s, 0)) {
			return fmt.Errorf("outputs.%d.metadata.sum_logits is no finite number", i)
		}
		if n := o.Metadata.Tokens; n != nil && *n < 0 {
			return fmt.Errorf("outputs.%d.metadata.num_tokens is %d", i, *n)
		}
	}
	return nil
}

// record is the line as the engine has it after a model was asked. A request
// that is not given is the outputs' own texts: what log-likelihoods are of.
func (g *given) record(t *eval.Task) *eval.Record {
	in := &eval.Instance{Question: g.Instance.Question, Gold: goldOf(g.Instance.Gold), Choices: g.Instance.Choices, Metadata: g.Instance.Metadata}
	if in.Metadata == nil {
		in.Metadata = map[string]any{}
	}
	if _, has := in.Metadata["id"]; !has && g.Instance.ID != nil {
		in.Metadata["id"] = g.Instance.ID
	}
	rec := &eval.Record{Instance: in, Outputs: make([]eval.Output, len(g.Outputs)), Request: g.Request}
	if rec.Request == nil || rec.Request.Type == "" {
		rec.Request = &eval.Request{Type: t.Prompt.RequestType()}
	}
	rec.Request.Sampling = t.Sampling
	ask := rec.Request.Type == eval.Loglikelihood && len(rec.Request.Continuations) == 0
	for i := range g.Outputs {
		o := &g.Outputs[i]
		rec.Outputs[i] = eval.Output{Text: o.Text, Reasoning: o.Reasoning, FinishReason: o.FinishReason}
		for _, l := range o.Logprobs {
			rec.Outputs[i].Logprobs = append(rec.Outputs[i].Logprobs, eval.TokenLogprob{Token: l.Token, Logprob: *l.Logprob})
		}
		if o.Metadata.Sum != nil {
			rec.Outputs[i].Loglik = &eval.Loglik{Sum: *o.Metadata.Sum, Tokens: o.tokens(), Greedy: o.Metadata.Greedy}
		}
		if ask {
			rec.Request.Continuations = append(rec.Request.Continuations, o.Text)
		}
	}
	return rec
}

func (o *givenOutput) tokens() int {
	if o.Metadata.Tokens != nil {
		return *o.Metadata.Tokens
	}
	return len(o.Logprobs)
}

// uncounted reports whether the number of tokens of an output is not known.
func (g *given) uncounted() bool {
	for i := range g.Outputs {
		if m := &g.Outputs[i].Metadata; m.Sum != nil && m.Tokens == nil && len(g.Outputs[i].Logprobs) == 0 {
			return true
		}
	}
	return false
}

// incomplete says what is missing for the line to count, "" for nothing.
func (g *given) incomplete(kind eval.RequestType) string {
	if len(g.Outputs) == 0 {
		return "no outputs"
	}
	if kind != eval.Loglikelihood {
		return ""
	}
	for i := range g.Outputs {
		if g.Outputs[i].Metadata.Sum == nil && len(g.Outputs[i].Logprobs) == 0 {
			return fmt.Sprintf("output %d has neither metadata.sum_logits nor logprobs", i)
		}
	}
	return ""
}

// goldOf gives a reference answer the form that readers of rows give it: nil, a
// text, or texts.
func goldOf(v any) any {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			switch x := x.(type) {
			case string:
				out[i] = x
			case json.Number:
				out[i] = x.String()
			default:
				return any(v)
			}
		}
		return out
	}
	return v
}

func finiteOrNil(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
