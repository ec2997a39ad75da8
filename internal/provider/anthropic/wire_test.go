package anthropic

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

	"olmoeval/eval"
)

// serve makes a client of a server that answers with handler.
func serve(t *testing.T, handler http.HandlerFunc, edit func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	cfg := Config{BaseURL: srv.URL, Model: "claude-test"}
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

const fine = `{"type":"message","content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`

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

func user(text string) *eval.Request {
	return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: text}}}
}

func TestBody(t *testing.T) {
	limit, topK, topP, seed := 100, 5, 0.9, int64(3)
	for _, c := range []struct {
		name  string
		edit  func(*Config)
		r     func(*eval.Request)
		want  string
		notes []string
	}{
		{name: "greedy", r: func(r *eval.Request) { r.Sampling.MaxTokens, r.Sampling.TopK, r.Sampling.TopP = &limit, &topK, &topP },
			want: `{"model":"claude-test","max_tokens":100,"temperature":0,"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`},
		{name: "sampled", r: func(r *eval.Request) {
			r.Sampling = eval.Sampling{MaxTokens: &limit, Temperature: 0.5, TopK: &topK, TopP: &topP, Seed: &seed, Stop: []string{"END", "\n\n"}}
		}, want: `{"model":"claude-test","max_tokens":100,"temperature":0.5,"top_k":5,"top_p":0.9,"stop_sequences":["END"],"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`,
			notes: []string{"seed=unsent", "stop=cut here"}},
		{name: "nucleus alone", r: func(r *eval.Request) { r.Sampling = eval.Sampling{MaxTokens: &limit, Temperature: 1, TopP: &topP} },
			want: `{"model":"claude-test","max_tokens":100,"top_p":0.9,"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`},
		{name: "no bound", edit: func(c *Config) { c.Model = "claude-opus-4-1-20250805" },
			want:  `{"model":"claude-opus-4-1-20250805","max_tokens":32000,"temperature":0,"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`,
			notes: []string{"max_tokens=32000"}},
		{name: "bound of the configuration", edit: func(c *Config) { c.MaxTokens = 7 },
			want:  `{"model":"claude-test","max_tokens":7,"temperature":0,"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`,
			notes: []string{"max_tokens=7"}},
		{name: "tools", edit: func(c *Config) { c.ToolChoice = "any" }, r: func(r *eval.Request) {
			r.Sampling.MaxTokens = &limit
			r.Tools = []eval.Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}, {Name: "g"}}
			r.Messages = []eval.Message{{Role: "system", Content: "A"}, {Role: "user", Content: "one"}, {Role: "user", Content: "two"},
				{Role: "assistant", Content: "calls", ToolCalls: []eval.ToolCall{{ID: "1", Name: "f", Arguments: `{"x":1}`}, {ID: "2", Name: "f", Arguments: `{"x":`}, {ID: "3", Name: "g"}}},
				{Role: "tool", ToolCallID: "1", Content: "r1"}, {Role: "user", Content: "and?"}, {Role: "tool", ToolCallID: "2", Content: "r2"},
				{Role: "assistant", Content: "", ToolCalls: []eval.ToolCall{{ID: "4", Name: "g", Arguments: "{}"}}}}
		}, want: `{"model":"claude-test","max_tokens":100,"temperature":0,"system":"A","tool_choice":{"type":"any"},
			"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}}},{"name":"g","input_schema":{"type":"object"}}],
			"messages":[{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
			{"role":"assistant","content":[{"type":"text","text":"calls"},{"type":"tool_use","id":"1","name":"f","input":{"x":1}},{"type":"tool_use","id":"2","name":"f","input":{"arguments":"{\"x\":"}},{"type":"tool_use","id":"3","name":"g","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"r1"},{"type":"tool_result","tool_use_id":"2","content":"r2"},{"type":"text","text":"and?"}]},
			{"role":"assistant","content":[{"type":"tool_use","id":"4","name":"g","input":{}}]}]}`},
		{name: "thinking by number", edit: func(c *Config) { c.Model = "claude-sonnet-4-5" }, r: func(r *eval.Request) {
			many := 10000
			r.Sampling = eval.Sampling{MaxTokens: &many, ReasoningEffort: "medium", TopK: &topK}
		}, want: `{"model":"claude-sonnet-4-5","max_tokens":10000,"thinking":{"type":"enabled","budget_tokens":8192},"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`,
			notes: []string{"sampling=the model's own"}},
		{name: "thinking within the bound", edit: func(c *Config) { c.Model, c.ReasoningEffort = "claude-3-7-sonnet-20250219", "high" }, r: func(r *eval.Request) {
			many := 3000
			r.Sampling.MaxTokens = &many
		}, want: `{"model":"claude-3-7-sonnet-20250219","max_tokens":3000,"thinking":{"type":"enabled","budget_tokens":2999},"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`,
			notes: []string{"sampling=the model's own"}},
		{name: "thinking by effort", edit: func(c *Config) { c.Model, c.ReasoningEffort = "claude-opus-4-6", "high" }, r: func(r *eval.Request) {
			r.Sampling = eval.Sampling{MaxTokens: &limit, ReasoningEffort: "low", JSONSchema: map[string]any{"type": "object"}}
		}, want: `{"model":"claude-opus-4-6","max_tokens":100,"thinking":{"type":"adaptive"},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`,
			notes: []string{"sampling=the model's own"}},
		{name: "extra", edit: func(c *Config) {
			c.ExtraBody = map[string]any{"service_tier": "auto", "metadata": map[string]any{"user_id": "a"}}
		}, r: func(r *eval.Request) {
			r.Sampling = eval.Sampling{MaxTokens: &limit, ExtraBody: map[string]any{"metadata": map[string]any{"b": 2}, "temperature": 0.25}}
		}, want: `{"model":"claude-test","max_tokens":100,"temperature":0.25,"service_tier":"auto","metadata":{"user_id":"a","b":2},"messages":[{"role":"user","content":[{"type":"text","text":"hi <b>"}]}]}`},
	} {
		rec := &recorder{}
		r := user("hi <b>")
		if c.r != nil {
			c.r(r)
		}
		resp, err := serve(t, rec.ServeHTTP, c.edit).Respond(t.Context(), r)
		if err != nil {
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
		if !slices.Equal(resp.Notes, c.notes) {
			t.Errorf("%s: notes %q, want %q", c.name, resp.Notes, c.notes)
		}
	}
}

func TestConfigurationIsNotEdited(t *testing.T) {
	rec := &recorder{}
	extra := map[string]any{"metadata": map[string]any{"user_id": "a"}}
	c := serve(t, rec.ServeHTTP, func(c *Config) { c.ExtraBody = extra })
	r := user("x")
	r.Sampling.ExtraBody = map[string]any{"metadata": map[string]any{"b": 2}}
	if _, err := c.Respond(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if want := map[string]any{"metadata": map[string]any{"user_id": "a"}}; !reflect.DeepEqual(extra, want) {
		t.Errorf("the configuration became %v", extra)
	}
}

func TestRefusedSettings(t *testing.T) {
	half, small := 0.5, 500
	for want, s := range map[string]eval.Sampling{
		"min_p":              {MinP: &half},
		"frequency_penalty":  {FrequencyPenalty: &half},
		"presence_penalty":   {PresencePenalty: &half},
		"repetition_penalty": {RepetitionPenalty: &half},
		"no room to think":   {MaxTokens: &small, ReasoningEffort: "low"},
		"reasoning_effort":   {ReasoningEffort: "lowe"},
	} {
		rec := &recorder{}
		r := user("x")
		r.Sampling = s
		_, err := serve(t, rec.ServeHTTP, nil).Respond(t.Context(), r)
		if f := eval.FaultOf(err); err == nil || f.Status != eval.ConfigError || !f.Abort || !strings.Contains(err.Error(), want) || len(rec.bodies) > 0 {
			t.Errorf("%s: %v after %d calls", want, err, len(rec.bodies))
		}
	}
	for kind, r := range map[string]*eval.Request{"completions": {Type: eval.Completion, Prompt: "x"}, "log-likelihoods": {Type: eval.Loglikelihood, Prompt: "x", Continuations: []string{"y"}}} {
		_, err := serve(t, http.NotFound, nil).Respond(t.Context(), r)
		if f := eval.FaultOf(err); err == nil || !f.Abort || f.Hint == "" || !strings.Contains(err.Error(), kind) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func bad(message string) (int, string) {
	return 400, fmt.Sprintf(`{"type":"error","error":{"type":"invalid_request_error","message":%q}}`, message)
}

// TestModelsThatDrawAsTheyLike: newer models refuse a temperature. It is left
// out, once and for all, and samples are drawn although it was 0.
func TestModelsThatDrawAsTheyLike(t *testing.T) {
	rec := &recorder{answer: func(body map[string]any) (int, string) {
		if _, has := body["temperature"]; has {
			return bad("`temperature` is deprecated for this model.")
		}
		return 200, fine
	}}
	c := serve(t, rec.ServeHTTP, nil)
	r := user("x")
	r.Sampling.NumSamples = 3
	limit := 10
	r.Sampling.MaxTokens = &limit
	resp, err := c.Respond(t.Context(), r)
	if err != nil || len(resp.Outputs) != 3 || resp.Usage.CompletionTokens != 3 || !slices.Equal(resp.Notes, []string{"sampling=the model's own"}) {
		t.Fatalf("%+v %v", resp, err)
	}
	if len(rec.bodies) != 4 {
		t.Errorf("%d calls, want a refusal and three samples", len(rec.bodies))
	}
	// One that takes it repeats the one greedy answer.
	rec = &recorder{}
	resp, err = serve(t, rec.ServeHTTP, nil).Respond(t.Context(), r)
	if err != nil || len(resp.Outputs) != 3 || resp.Usage.CompletionTokens != 1 || len(rec.bodies) != 1 {
		t.Errorf("%+v %v after %d calls", resp, err, len(rec.bodies))
	}
}

func TestThinkingIsAskedForAsTheModelTakesIt(t *testing.T) {
	kind := func(body map[string]any) string { return body["thinking"].(map[string]any)["type"].(string) }
	for model, want := range map[string][]string{"claude-next": {"enabled", "adaptive"}, "claude-opus-9-1": {"adaptive", "enabled"}} {
		rec := &recorder{answer: func(body map[string]any) (int, string) {
			switch {
			case kind(body) == want[1]:
				return 200, fine
			case want[0] == "enabled":
				return bad(`"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort"`)
			}
			return bad(`adaptive thinking is not supported on this model`)
		}}
		r := user("x")
		r.Sampling.ReasoningEffort = "low"
		_, err := serve(t, rec.ServeHTTP, func(c *Config) { c.Model = model }).Respond(t.Context(), r)
		var got []string
		for _, b := range rec.bodies {
			got = append(got, kind(b))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", model, got, err, want)
		}
	}
}

func TestOutputs(t *testing.T) {
	r := user("x")
	r.Sampling.Stop = []string{"\n"}
	for name, c := range map[string]struct {
		body string
		want eval.Output
	}{
		"cut at white space": {`{"type":"message","content":[{"type":"text","text":"a\nb"}],"stop_reason":"max_tokens"}`, eval.Output{Text: "a", FinishReason: "stop"}},
		"refusal":            {`{"type":"message","content":[],"stop_reason":"refusal"}`, eval.Output{FinishReason: "content_filter"}},
		"stop sequence":      {`{"type":"message","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"stop_reason":"stop_sequence"}`, eval.Output{Text: "ab", FinishReason: "stop"}},
		"window":             {`{"type":"message","content":[{"type":"redacted_thinking","data":"x"}],"stop_reason":"model_context_window_exceeded"}`, eval.Output{FinishReason: "length"}},
		"new reason":         {`{"type":"message","content":[],"stop_reason":"tired"}`, eval.Output{FinishReason: "tired"}},
	} {
		resp, err := serve(t, (&recorder{answer: func(map[string]any) (int, string) { return 200, c.body }}).ServeHTTP, nil).Respond(t.Context(), r)
		if err != nil || !reflect.DeepEqual(resp.Outputs, []eval.Output{c.want}) {
			t.Errorf("%s: %+v %v, want %+v", name, resp, err, c.want)
		}
	}
	cached := `{"type":"message","content":[],"stop_reason":"end_turn","usage":{"input_tokens":3,"cache_creation_input_tokens":5,"cache_read_input_tokens":7,"output_tokens":2}}`
	resp, err := serve(t, (&recorder{answer: func(map[string]any) (int, string) { return 200, cached }}).ServeHTTP, nil).Respond(t.Context(), r)
	if want := (eval.Usage{PromptTokens: 15, CachedTokens: 7, CompletionTokens: 2}); err != nil || resp.Usage != want {
		t.Errorf("%+v %v", resp, err)
	}
	for name, body := range map[string]string{"no reason": `{"type":"message","content":[]}`, "other": `[]`, "nothing": `{}`} {
		_, err := serve(t, (&recorder{answer: func(map[string]any) (int, string) { return 200, body }}).ServeHTTP, nil).Respond(t.Context(), r)
		if err == nil || eval.FaultOf(err).Status != eval.InfraBadResponse {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBrokenStreams(t *testing.T) {
	begin := []string{"message_start", `{"type":"message_start","message":{"usage":{"input_tokens":1}}}`}
	for name, c := range map[string]struct {
		events []string
		status eval.Status
		busy   bool
	}{
		"early end":   {append(begin[:2:2], "content_block_start", `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}`), eval.InfraNetwork, false},
		"overloaded":  {append(begin[:2:2], "error", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`), eval.InfraServerDown, true},
		"rate":        {append(begin[:2:2], "error", `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`), eval.InfraRateLimited, true},
		"unknown":     {append(begin[:2:2], "error", `{"type":"error","error":{"type":"odd_error","message":"odd"}}`), eval.InfraServerDown, false},
		"wrong block": {append(begin[:2:2], "content_block_delta", `{"type":"content_block_delta","index":3,"delta":{"text":"a"}}`), eval.InfraBadResponse, false},
		"skips block": {append(begin[:2:2], "content_block_start", `{"type":"content_block_start","index":9}`), eval.InfraBadResponse, false},
		"no reason":   {append(begin[:2:2], "message_stop", `{"type":"message_stop"}`), eval.InfraBadResponse, false},
	} {
		_, err := serve(t, func(w http.ResponseWriter, r *http.Request) { events(w, c.events...) }, func(c *Config) { c.Stream = true }).Respond(t.Context(), user("x"))
		if f := eval.FaultOf(err); err == nil || f.Status != c.status || f.Abort {
			t.Errorf("%s: %v", name, err)
		}
	}
	resp, err := serve(t, (&recorder{}).ServeHTTP, func(c *Config) { c.Stream = true }).Respond(t.Context(), user("x"))
	if err != nil || resp.Outputs[0].Text != "yes" || resp.Timing.First != 0 {
		t.Errorf("a server that does not stream: %+v %v", resp, err)
	}
}

func TestCaps(t *testing.T) {
	listed := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/models/claude-test":
			io.WriteString(w, `{"id":"claude-test-20990101","max_input_tokens":1000,"max_tokens":77,"capabilities":{"structured_outputs":{"supported":false}}}`)
		case "/v1/messages":
			io.WriteString(w, fine)
		}
	}
	c := serve(t, listed, nil)
	caps, err := c.Caps(t.Context())
	if err != nil || caps.MaxContext != 1000 || caps.JSONSchema || caps.Reported["id"] != "claude-test-20990101" || !caps.Chat || caps.Loglikelihood || caps.Seed || caps.N || caps.Logprobs {
		t.Errorf("%+v %v", caps, err)
	}
	resp, err := c.Respond(t.Context(), user("x"))
	if err != nil || !slices.Equal(resp.Notes, []string{"max_tokens=77"}) {
		t.Errorf("%+v %v", resp, err)
	}
	// A gateway without a list is asked for one token.
	asked := &recorder{}
	gateway := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/messages" {
			http.NotFound(w, r)
			return
		}
		asked.ServeHTTP(w, r)
	}, nil)
	if caps, err := gateway.Caps(t.Context()); err != nil || !caps.JSONSchema || len(asked.bodies) != 1 || asked.bodies[0]["max_tokens"] != 1.0 {
		t.Errorf("%+v %v %v", caps, err, asked.bodies)
	}
	poor := serve(t, (&recorder{answer: func(map[string]any) (int, string) {
		return bad("Your credit balance is too low to access the Anthropic API.")
	}}).ServeHTTP, nil)
	if _, err := poor.Respond(t.Context(), user("x")); err == nil || !eval.FaultOf(err).Abort {
		t.Errorf("no credit: %v", err)
	}
}

func TestFamily(t *testing.T) {
	for model, want := range map[string]struct {
		longest  int
		adaptive bool
	}{
		"claude-3-haiku-20240307":                    {4096, false},
		"claude-3-5-sonnet-20241022":                 {8192, false},
		"claude-3-7-sonnet-latest":                   {64000, false},
		"claude-opus-4-20250514":                     {32000, false},
		"claude-opus-4-1-20250805":                   {32000, false},
		"claude-opus-4-5":                            {64000, false},
		"claude-haiku-4-5-20251001":                  {64000, false},
		"claude-sonnet-4-6":                          {64000, true},
		"claude-sonnet-5":                            {128000, true},
		"anthropic/claude-opus-5":                    {128000, true},
		"us.anthropic.claude-sonnet-4-20250514-v1:0": {64000, false},
		"something-else":                             {8192, false},
	} {
		if got := longest(model); got != want.longest || adaptive(model) != want.adaptive {
			t.Errorf("%s: %d %t, want %+v", model, got, adaptive(model), want)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(fine))
	f.Add([]byte(`{"content":[{"type":"tool_use","id":"1","name":"f","input":"{\"x"}],"stop_reason":"tool_use"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r reply
		if json.Unmarshal(b, &r) != nil {
			return
		}
		if resp, err := r.response(&plan{cut: []string{"\n"}}); err == nil && strings.Contains(resp.Outputs[0].Text, "\n") {
			t.Errorf("%q: %+v", b, resp.Outputs[0])
		}
	})
}
