package gemini

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// What models were found not to take.
const (
	oneCandidate  = 1 << iota // several candidates
	oldSchemas                // JSON Schema: they want the API's own form of it
	wantsMark                 // tool calls of the past without a mark of the thought behind them
	wantsBudget               // thinkingLevel
	noThinkingSet             // thinkingBudget
)

// Bounds of the API.
const (
	mostCandidates = 8
	mostStops      = 5
)

// unmarked stands for the mark of a thought that is not known.
const unmarked = "skip_thought_signature_validator"

// part is a piece of a turn, in both directions.
type part struct {
	Text     string    `json:"text,omitempty"`
	Thought  bool      `json:"thought,omitempty"`
	Call     *call     `json:"functionCall,omitempty"`
	Response *response `json:"functionResponse,omitempty"`
	Mark     string    `json:"thoughtSignature,omitempty"`
}

type call struct {
	ID   string      `json:"id,omitempty"`
	Name string      `json:"name"`
	Args httpapi.Raw `json:"args"`
}

type response struct {
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
}

type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

// plan is a request made ready.
type plan struct {
	body  []byte
	notes []string
	// cut are the stop sequences that the API does not take: texts are cut.
	cut []string
	// calls is how many tool calls the chat had so far, for ids of new ones.
	calls int
}

// plan makes the body of a request for n samples, the first of which is number
// k; q are quirks.
func (c *Client) plan(r *eval.Request, n, k int, q uint32) (*plan, error) {
	s := &r.Sampling
	if err := httpapi.Refuse("gemini", s, httpapi.Takes{Frequency: true, Presence: true}); err != nil {
		return nil, err
	}
	p := &plan{}
	for _, m := range r.Messages {
		p.calls += len(m.ToolCalls)
	}
	system, turns := httpapi.Turns(r)
	g := map[string]any{"temperature": s.Temperature}
	body := map[string]any{"contents": contents(r, turns, q), "generationConfig": g}
	if system != "" {
		body["systemInstruction"] = content{Parts: []part{{Text: system}}}
	}
	if n > 1 {
		g["candidateCount"] = n
	}
	set(g, "maxOutputTokens", s.MaxTokens)
	set(g, "topP", s.TopP)
	if !s.Greedy() {
		set(g, "topK", s.TopK)
	}
	set(g, "frequencyPenalty", s.FrequencyPenalty)
	set(g, "presencePenalty", s.PresencePenalty)
	if s.Seed != nil {
		g["seed"] = *s.Seed + int64(k)
	}
	if stop := slices.DeleteFunc(slices.Clone(s.Stop), func(stop string) bool { return stop == "" }); len(stop) > 0 {
		if len(stop) > mostStops {
			p.cut = stop
			p.notes = append(p.notes, "stop=cut here")
			stop = stop[:mostStops]
		}
		g["stopSequences"] = stop
	}
	if s.JSONSchema != nil {
		g["responseMimeType"] = "application/json"
		if q&oldSchemas != 0 {
			g["responseSchema"] = s.JSONSchema
		} else {
			g["responseJsonSchema"] = s.JSONSchema
		}
	}
	if c.cfg.Logprobs {
		g["responseLogprobs"], g["logprobs"] = true, 1
	}
	if err := c.thinking(g, s, q); err != nil {
		return nil, err
	}
	c.tools(body, r.Tools, q)
	var err error
	p.body, err = httpapi.Body(body, c.cfg.ExtraBody, s.ExtraBody)
	return p, err
}

func set[T any](m map[string]any, key string, v *T) {
	if v != nil {
		m[key] = *v
	}
}

// byLevel matches models that take an effort as a word.
var byLevel = regexp.MustCompile(`gemini-(?:[3-9]|\d\d)`)

// thinking asks for an effort, and for the thoughts to be told. Without an
// effort the model does as it likes and tells none.
func (c *Client) thinking(g map[string]any, s *eval.Sampling, q uint32) error {
	effort := s.ReasoningEffort
	if effort == "" {
		effort = c.cfg.ReasoningEffort
	}
	if effort == "" {
		return nil
	}
	if err := checkEffort(effort); err != nil {
		return &eval.Fault{Status: eval.ConfigError, Abort: true, Err: err}
	}
	budget, err := strconv.Atoi(effort)
	word := err != nil
	if word {
		budget = budgets[effort]
	}
	t := map[string]any{"includeThoughts": effort != "none" && budget != 0}
	switch level := byLevel.MatchString(c.cfg.Model); {
	case word && (level && q&wantsBudget == 0 || q&noThinkingSet != 0):
		if effort == "none" {
			effort = "minimal" // such models always think a little
		}
		t["thinkingLevel"] = effort
	default:
		t["thinkingBudget"] = budget
	}
	g["thinkingConfig"] = t
	return nil
}

func (c *Client) tools(body map[string]any, tools []eval.Tool, q uint32) {
	if len(tools) == 0 {
		return
	}
	list := make([]map[string]any, len(tools))
	for i, t := range tools {
		list[i] = map[string]any{"name": t.Name}
		if t.Description != "" {
			list[i]["description"] = t.Description
		}
		if len(t.Parameters) > 0 {
			key := "parametersJsonSchema"
			if q&oldSchemas != 0 {
				key = "parameters"
			}
			list[i][key] = t.Parameters
		}
	}
	body["tools"] = []any{map[string]any{"functionDeclarations": list}}
	if c.cfg.ToolChoice != "" {
		body["toolConfig"] = map[string]any{"functionCallingConfig": map[string]any{"mode": strings.ToUpper(c.cfg.ToolChoice)}}
	}
}

// contents are the turns in the API's form. Results of tools are the user's.
func contents(r *eval.Request, turns []httpapi.Turn, q uint32) []content {
	out := make([]content, len(turns))
	for i, t := range turns {
		out[i] = content{Role: "user", Parts: []part{}}
		if t.Assistant {
			out[i].Role = "model"
		}
		for _, m := range t.Messages {
			if m.Role == "tool" {
				out[i].Parts = append(out[i].Parts, part{Response: &response{Name: httpapi.ToolName(r, m.ToolCallID), Response: result(m.Content)}})
				continue
			}
			if m.Content != "" || len(m.ToolCalls) == 0 {
				out[i].Parts = append(out[i].Parts, part{Text: m.Content})
			}
			for _, tc := range m.ToolCalls {
				p := part{Call: &call{Name: tc.Name, Args: httpapi.Raw(httpapi.Object(tc.Arguments))}}
				if q&wantsMark != 0 {
					p.Mark = unmarked
				}
				out[i].Parts = append(out[i].Parts, p)
			}
		}
	}
	return out
}

// result is a tool's answer as an object: its own, or with the text under
// "result".
func result(text string) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &object) == nil && object != nil {
		return json.RawMessage(text)
	}
	b, err := json.Marshal(map[string]string{"result": text})
	if err != nil {
		return json.RawMessage("{}") // a map of texts always encodes
	}
	return b
}
