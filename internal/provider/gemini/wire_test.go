package gemini

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

const fine = `{"candidates":[{"content":{"parts":[{"text":"yes"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}}`

// recorder keeps bodies and answers each with what answer says.
type recorder struct {
	mu     sync.Mutex
	bodies []map[string]any
	answer func(body map[string]any) (code int, text string)
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	raw, _ := io.ReadAll(q.Body)
	var body map[string]any
	json.Unmarshal(raw, &body)
	r.mu.Lock()
	r.bodies = append(r.bodies, body)
	r.mu.Unlock()
	code, text := 200, fine
	if r.answer != nil {
		code, text = r.answer(body)
	}
	w.WriteHeader(code)
	io.WriteString(w, text)
}

func (r *recorder) serve(t *testing.T, edit func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	cfg := Config{BaseURL: srv.URL, Model: "gemini-2.5-flash"}
	if edit != nil {
		edit(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func says(text string) func(map[string]any) (int, string) {
	return func(map[string]any) (int, string) { return 200, text }
}

func user(text string) *eval.Request {
	return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: text}}}
}

func config(body map[string]any) map[string]any {
	g, _ := body["generationConfig"].(map[string]any)
	return g
}

func TestBody(t *testing.T) {
	limit, topK, topP, seed, half := 100, 5, 0.9, int64(3), 0.5
	for _, c := range []struct {
		name string
		edit func(*Config)
		r    func(*eval.Request)
		want string
	}{
		{name: "greedy", r: func(r *eval.Request) { r.Sampling.TopK = &topK },
			want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0}}`},
		{name: "sampled", r: func(r *eval.Request) {
			r.Sampling = eval.Sampling{MaxTokens: &limit, Temperature: 0.5, TopK: &topK, TopP: &topP, Seed: &seed, Stop: []string{"\n\n", ""}, FrequencyPenalty: &half, PresencePenalty: &half}
		}, want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"maxOutputTokens":100,"temperature":0.5,"topK":5,"topP":0.9,"seed":3,"stopSequences":["\n\n"],"frequencyPenalty":0.5,"presencePenalty":0.5}}`},
		{name: "tools", edit: func(c *Config) { c.ToolChoice = "any" }, r: func(r *eval.Request) {
			r.Tools = []eval.Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}, {Name: "g"}}
			r.Messages = []eval.Message{{Role: "system", Content: "A"}, {Role: "system", Content: "B"}, {Role: "user", Content: "one"},
				{Role: "assistant", ToolCalls: []eval.ToolCall{{ID: "1", Name: "f", Arguments: `{"x":1}`}, {ID: "2", Name: "g", Arguments: `{"x":`}}},
				{Role: "tool", ToolCallID: "1", Content: `{"ok":true}`}, {Role: "tool", ToolCallID: "2", Content: "text"}, {Role: "user", Content: "and?"}}
		}, want: `{"systemInstruction":{"parts":[{"text":"A\n\nB"}]},"generationConfig":{"temperature":0},"toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
			"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","properties":{}}},{"name":"g"}]}],
			"contents":[{"role":"user","parts":[{"text":"one"}]},
			{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1}}},{"functionCall":{"name":"g","args":{"arguments":"{\"x\":"}}}]},
			{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"ok":true}}},{"functionResponse":{"name":"g","response":{"result":"text"}}},{"text":"and?"}]}]}`},
		{name: "thinking by number", r: func(r *eval.Request) { r.Sampling.ReasoningEffort = "medium" },
			want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":8192}}}`},
		{name: "no thinking", edit: func(c *Config) { c.ReasoningEffort = "none" },
			want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0,"thinkingConfig":{"includeThoughts":false,"thinkingBudget":0}}}`},
		{name: "thinking by level", edit: func(c *Config) { c.Model, c.ReasoningEffort = "gemini-3-pro-preview", "low" },
			want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0,"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"low"}}}`},
		{name: "schema and logprobs", edit: func(c *Config) { c.Logprobs = true }, r: func(r *eval.Request) { r.Sampling.JSONSchema = map[string]any{"type": "object"} },
			want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":0,"responseMimeType":"application/json","responseJsonSchema":{"type":"object"},"responseLogprobs":true,"logprobs":1}}`},
		{name: "extra", edit: func(c *Config) {
			c.ExtraBody = map[string]any{"safetySettings": []any{}, "generationConfig": map[string]any{"mediaResolution": "LOW"}}
		}, want: `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"safetySettings":[],"generationConfig":{"temperature":0,"mediaResolution":"LOW"}}`},
	} {
		rec := &recorder{}
		r := user("hi")
		if c.r != nil {
			c.r(r)
		}
		if _, err := rec.serve(t, c.edit).Respond(t.Context(), r); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if len(rec.bodies) != 1 || !reflect.DeepEqual(rec.bodies[0], want) {
			t.Errorf("%s: sent %v\nwant %v", c.name, rec.bodies, want)
		}
	}
}

func bad(message string) (int, string) {
	return 400, fmt.Sprintf(`{"error":{"code":400,"message":%q,"status":"INVALID_ARGUMENT"}}`, message)
}

func candidates(texts ...string) string {
	var list []string
	for i, text := range texts {
		list = append(list, fmt.Sprintf(`{"index":%d,"content":{"parts":[{"text":%q}]},"finishReason":"STOP"}`, i, text))
	}
	return `{"candidates":[` + strings.Join(list, ",") + `],"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":1}}`
}

// TestSamplesThatDidNotCome: a model that refuses several candidates, and one
// that makes fewer than it was asked for.
func TestSamplesThatDidNotCome(t *testing.T) {
	seed := int64(40)
	for name, c := range map[string]struct {
		answer func(calls int, n float64) (int, string)
		calls  int
		again  int // calls of a second request
	}{
		"refuses": {func(calls int, n float64) (int, string) {
			if n > 1 {
				return bad("Multiple candidates is not enabled for this model")
			}
			return 200, candidates(fmt.Sprint(calls))
		}, 4, 3},
		"makes one": {func(calls int, n float64) (int, string) { return 200, candidates(fmt.Sprint(calls)) }, 3, 3},
		"makes two": {func(calls int, n float64) (int, string) {
			if n >= 2 {
				return 200, candidates("a", "b")
			}
			return 200, candidates("c")
		}, 2, 3},
	} {
		calls := 0
		var seeds []any
		rec := &recorder{}
		var mu sync.Mutex
		rec.answer = func(body map[string]any) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			n, _ := config(body)["candidateCount"].(float64)
			seeds = append(seeds, config(body)["seed"])
			return c.answer(calls, n)
		}
		cl := rec.serve(t, nil)
		r := user("x")
		r.Sampling = eval.Sampling{Temperature: 1, NumSamples: 3, Seed: &seed}
		resp, err := cl.Respond(t.Context(), r)
		if err != nil || len(resp.Outputs) != 3 || calls != c.calls {
			t.Errorf("%s: %+v %v after %d calls, want %d", name, resp, err, calls, c.calls)
			continue
		}
		if name == "makes one" && !slices.Equal(seeds, []any{40.0, 41.0, 42.0}) {
			t.Errorf("seeds %v, want a new one for each sample", seeds)
		}
		calls = 0
		if _, err := cl.Respond(t.Context(), r); err != nil || calls != c.again {
			t.Errorf("%s: %v and %d calls the second time, want %d", name, err, calls, c.again)
		}
	}
	// More than the API makes at once.
	rec := &recorder{answer: func(body map[string]any) (int, string) {
		n, _ := config(body)["candidateCount"].(float64)
		return 200, candidates(strings.Fields(strings.Repeat("t ", max(1, int(n))))...)
	}}
	r := user("x")
	r.Sampling = eval.Sampling{Temperature: 1, NumSamples: 17}
	if resp, err := rec.serve(t, nil).Respond(t.Context(), r); err != nil || len(resp.Outputs) != 17 || len(rec.bodies) != 3 || resp.Usage.PromptTokens != 6 {
		t.Errorf("%+v %v after %d calls", resp, err, len(rec.bodies))
	}
}

func TestRefusedFormsAreChanged(t *testing.T) {
	for name, c := range map[string]struct {
		message string
		edit    func(*Config)
		r       func(*eval.Request)
		gone    string
		came    string
	}{
		"schema": {`Invalid JSON payload received. Unknown name "responseJsonSchema" at 'generation_config'`, nil,
			func(r *eval.Request) { r.Sampling.JSONSchema = map[string]any{} }, `"responseJsonSchema"`, `"responseSchema"`},
		"level": {"Thinking level is not supported for this model.", func(c *Config) { c.Model = "gemini-9" },
			func(r *eval.Request) { r.Sampling.ReasoningEffort = "low" }, `"thinkingLevel"`, `"thinkingBudget":1024`},
		"mark": {"Function call is missing a thought_signature in functionCall parts.", nil, func(r *eval.Request) {
			r.Messages = append(r.Messages, eval.Message{Role: "assistant", ToolCalls: []eval.ToolCall{{ID: "1", Name: "f"}}}, eval.Message{Role: "tool", ToolCallID: "1"})
		}, `{"functionCall":{"args":{},"name":"f"}}`, `"thoughtSignature":"skip_thought_signature_validator"`},
	} {
		rec := &recorder{answer: func(body map[string]any) (int, string) {
			if b, _ := json.Marshal(body); strings.Contains(string(b), c.gone) {
				return bad(c.message)
			} else if !strings.Contains(string(b), c.came) {
				return bad("neither form")
			}
			return 200, fine
		}}
		r := user("x")
		c.r(r)
		if _, err := rec.serve(t, c.edit).Respond(t.Context(), r); err != nil || len(rec.bodies) != 2 {
			t.Errorf("%s: %v after %d calls", name, err, len(rec.bodies))
		}
	}
}

func TestOutputs(t *testing.T) {
	yes := true
	for name, c := range map[string]struct {
		body string
		want eval.Output
	}{
		"parts":        {`{"candidates":[{"content":{"parts":[{"text":"a"},{"text":"hm","thought":true},{"text":"b"}]},"finishReason":"STOP"}]}`, eval.Output{Text: "ab", Reasoning: "hm", FinishReason: "stop"}},
		"no content":   {`{"candidates":[{"finishReason":"MAX_TOKENS"}]}`, eval.Output{FinishReason: "length"}},
		"broken call":  {`{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}`, eval.Output{FinishReason: "malformed_function_call"}},
		"call with id": {`{"candidates":[{"content":{"parts":[{"functionCall":{"id":"q","name":"f"}}]},"finishReason":"STOP"}]}`, eval.Output{FinishReason: "tool_calls", ToolCalls: []eval.ToolCall{{ID: "q", Name: "f"}}}},
		"logprobs": {`{"candidates":[{"content":{"parts":[{"text":"ab"}]},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-0.5},{"token":"b"}],"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5}]}]}}]}`,
			eval.Output{Text: "ab", FinishReason: "stop", Logprobs: []eval.TokenLogprob{{Token: "a", Logprob: -0.5}}, Loglik: &eval.Loglik{Sum: -0.5, Tokens: 1, Greedy: &yes}}},
	} {
		resp, err := (&recorder{answer: says(c.body)}).serve(t, nil).Respond(t.Context(), user("x"))
		if err != nil || !reflect.DeepEqual(resp.Outputs, []eval.Output{c.want}) {
			t.Errorf("%s: %+v %v, want %+v", name, resp, err, c.want)
		}
	}
	// More stop sequences than the API takes.
	r := user("x")
	r.Sampling.Stop = []string{"1", "2", "3", "4", "5", "es"}
	rec := &recorder{}
	resp, err := rec.serve(t, nil).Respond(t.Context(), r)
	if err != nil || resp.Outputs[0].Text != "y" || len(config(rec.bodies[0])["stopSequences"].([]any)) != 5 || !slices.Equal(resp.Notes, []string{"stop=cut here"}) {
		t.Errorf("%+v %v", resp, err)
	}
	// Ids of new calls go on from the chat's.
	r = user("x")
	r.Messages = append(r.Messages, eval.Message{Role: "assistant", ToolCalls: []eval.ToolCall{{ID: "call_1", Name: "f"}}}, eval.Message{Role: "tool", ToolCallID: "call_1"})
	resp, err = (&recorder{answer: says(`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]},"finishReason":"STOP"}]}`)}).serve(t, nil).Respond(t.Context(), r)
	if err != nil || resp.Outputs[0].ToolCalls[0].ID != "call_2" {
		t.Errorf("%+v %v", resp, err)
	}
}

func TestWithheld(t *testing.T) {
	for name, body := range map[string]string{
		"prompt":     `{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}`,
		"recitation": `{"candidates":[{"finishReason":"RECITATION"}]}`,
	} {
		_, err := (&recorder{answer: says(body)}).serve(t, nil).Respond(t.Context(), user("x"))
		if err == nil || eval.FaultOf(err).Status != eval.ContentFiltered {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := user("x")
	r.Sampling = eval.Sampling{Temperature: 1, NumSamples: 2}
	resp, err := (&recorder{answer: says(`{"candidates":[{"finishReason":"SAFETY"},{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}`)}).serve(t, nil).Respond(t.Context(), r)
	if err != nil || resp.Outputs[0].FinishReason != "content_filter" || resp.Outputs[1].Text != "a" {
		t.Errorf("one of two: %+v %v", resp, err)
	}
	for name, body := range map[string]string{"none": `{}`, "no reason": `{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`, "two": candidates("a", "b")} {
		_, err := (&recorder{answer: says(body)}).serve(t, nil).Respond(t.Context(), user("x"))
		if err == nil || eval.FaultOf(err).Status != eval.InfraBadResponse {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFaults(t *testing.T) {
	quota := func(id, delay string) func(map[string]any) (int, string) {
		return func(map[string]any) (int, string) {
			return 429, fmt.Sprintf(`{"error":{"code":429,"message":"You exceeded your current quota","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":%q}]},{"retryDelay":%q}]}}`, id, delay)
		}
	}
	for name, c := range map[string]struct {
		answer func(map[string]any) (int, string)
		status eval.Status
		abort  bool
		after  time.Duration
	}{
		"minute": {quota("PerMinute", "1.5s"), eval.InfraRateLimited, false, 1500 * time.Millisecond},
		"day":    {quota("GenerateRequestsPerDayPerProject", "3s"), eval.InfraRateLimited, true, 3 * time.Second},
		"place": {func(map[string]any) (int, string) {
			return 400, `{"error":{"code":400,"message":"User location is not supported","status":"FAILED_PRECONDITION"}}`
		}, eval.ConfigError, true, 0},
	} {
		_, err := (&recorder{answer: c.answer}).serve(t, nil).Respond(t.Context(), user("x"))
		if f := eval.FaultOf(err); err == nil || f.Status != c.status || f.Abort != c.abort || f.After != c.after {
			t.Errorf("%s: %+v", name, eval.FaultOf(err))
		}
	}
	half := 0.5
	for want, s := range map[string]eval.Sampling{"min_p": {MinP: &half}, "repetition_penalty": {RepetitionPenalty: &half}, "reasoning_effort": {ReasoningEffort: "much"}} {
		r := user("x")
		r.Sampling = s
		if _, err := (&recorder{}).serve(t, nil).Respond(t.Context(), r); err == nil || !eval.FaultOf(err).Abort || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	_, err := (&recorder{answer: says(`{"name":"models/embed","supportedGenerationMethods":["embedContent"]}`)}).serve(t, nil).Caps(t.Context())
	if err == nil || !eval.FaultOf(err).Abort {
		t.Errorf("a model that generates nothing: %v", err)
	}
}

func TestStreamEndsEarly(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, `data: {"candidates":[{"content":{"parts":[{"text":"a"}]}}]}`+"\r\n\r\n")
	}))
	defer srv.Close()
	c, err := New(Config{BaseURL: srv.URL, Model: "m", Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Respond(t.Context(), user("x")); err == nil || eval.FaultOf(err).Status != eval.InfraNetwork {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	for want, cfg := range map[string]Config{
		"no model name":        {},
		"base_url":             {Model: "m", BaseURL: "example.org"},
		"must not hold a key":  {Model: "m", BaseURL: "https://example.org?key=x"},
		"did you mean":         {Model: "m", ToolChoice: "anny"},
		"reasoning_effort":     {Model: "m", ReasoningEffort: "lots"},
		"must not be negative": {Model: "m", Timeout: -1},
		"setting of its own":   {Model: "m", ExtraBody: map[string]any{"contents": nil}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c, err := New(Config{Model: "tunedModels/x", ReasoningEffort: "low", As: eval.Model{Name: "mine"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.call.String(); got != publicURL+"/v1beta/tunedModels/x:generateContent" {
		t.Errorf("calls %s", got)
	}
	if got := c.Model(); got.Name != "mine" || !reflect.DeepEqual(got.Options, map[string]any{"reasoning_effort": "low"}) {
		t.Errorf("%+v", got)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(fine))
	f.Add([]byte(`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":"{"}}]},"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"a","logProbability":-1}]}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r reply
		if httpapi.Decode(b, &r) != nil {
			return
		}
		resp, err := r.response(&plan{}, 2)
		if err == nil && (len(resp.Outputs) == 0 || len(resp.Outputs) > 2) {
			t.Errorf("%q: %+v", b, resp)
		}
	})
}
