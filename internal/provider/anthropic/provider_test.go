package anthropic

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/providertest"
)

const testKey = "sk-ant-test-0123456789abcdef"

// actor is a server of the Messages API that acts out a script.
type actor struct {
	*providertest.Stage
	t      *testing.T
	stream bool
}

func (a *actor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Api-Key") != testKey || r.Header.Get("Anthropic-Version") != "2023-06-01" {
		a.t.Errorf("headers %v", r.Header)
	}
	if act := a.First(); act.Fail.Always() {
		a.fail(w, r, act)
		return
	}
	switch r.URL.Path {
	case "/v1/messages":
		var q struct {
			MaxTokens int  `json:"max_tokens"`
			Stream    bool `json:"stream"`
		}
		if err := json.Unmarshal(body, &q); err != nil || q.MaxTokens == 0 || q.Stream != a.stream {
			a.t.Errorf("sent %s: %v", body, err)
		}
		act := a.Next()
		if act.Fail != "" {
			a.fail(w, r, act)
			return
		}
		a.answer(w, act)
	case "/v1/models/claude-test":
		io.WriteString(w, `{"type":"model","id":"claude-test-1","max_input_tokens":200000,"max_tokens":64000}`)
	default:
		refuse(w, 404, "not_found_error", "no such page")
	}
}

func refuse(w http.ResponseWriter, code int, kind, message string) {
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": message}, "request_id": "req_1"})
}

func (a *actor) fail(w http.ResponseWriter, r *http.Request, act providertest.Act) {
	switch act.Fail {
	case providertest.Unauthorized:
		refuse(w, 401, "authentication_error", act.Message)
	case providertest.UnknownModel:
		if r.URL.Path == "/v1/models" {
			io.WriteString(w, `{"data":[{"type":"model","id":"claude-tess"}],"has_more":false}`)
			return
		}
		refuse(w, 404, "not_found_error", "model: claude-test")
	case providertest.RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(act.RetryAfter))
		refuse(w, 429, "rate_limit_error", act.Message)
	case providertest.ServerError:
		refuse(w, 500, "api_error", act.Message)
	case providertest.Overloaded:
		refuse(w, 529, "overloaded_error", act.Message)
	case providertest.TooLong:
		refuse(w, 400, "invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum")
	case providertest.Filtered:
		refuse(w, 400, "invalid_request_error", "Output blocked by content filtering policy")
	case providertest.NotJSON:
		if a.stream {
			events(w, "message_start", `{"type":"message_start","mess`)
			return
		}
		io.WriteString(w, `{"type":"message","content":[`)
	case providertest.NaN:
		if a.stream {
			events(w, "message_start", `{"type":"message_start","message":{"usage":{"input_tokens":NaN}}}`)
			return
		}
		io.WriteString(w, `{"type":"message","content":[],"stop_reason":"end_turn","usage":{"input_tokens":NaN}}`)
	case providertest.Hang:
		providertest.HangHTTP(r)
	}
}

// events writes names and data.
func events(w http.ResponseWriter, pairs ...string) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	for i := 0; i < len(pairs); i += 2 {
		io.WriteString(w, "event: "+pairs[i]+"\ndata: "+pairs[i+1]+"\n\n")
	}
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

var reasons = map[string]string{"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}

func (a *actor) answer(w http.ResponseWriter, act providertest.Act) {
	s := act.Says[0]
	type m = map[string]any
	usage := m{"input_tokens": act.Usage.PromptTokens - act.Usage.CachedTokens, "cache_read_input_tokens": act.Usage.CachedTokens,
		"cache_creation_input_tokens": 0, "output_tokens": act.Usage.CompletionTokens}
	blocks := []m{}
	if s.Reasoning != "" {
		blocks = append(blocks, m{"type": "thinking", "thinking": s.Reasoning, "signature": "c2ln"})
	}
	if s.Text != "" {
		blocks = append(blocks, m{"type": "text", "text": s.Text})
	}
	for _, c := range s.ToolCalls {
		var input any = c.Arguments
		if json.Valid([]byte(c.Arguments)) {
			input = json.RawMessage(c.Arguments)
		}
		blocks = append(blocks, m{"type": "tool_use", "id": c.ID, "name": c.Name, "input": input})
	}
	if !a.stream {
		io.WriteString(w, text(m{"id": "msg_1", "type": "message", "role": "assistant", "content": blocks, "stop_reason": reasons[s.Finish], "usage": usage}))
		return
	}
	usage["output_tokens"] = 1
	list := []string{"message_start", text(m{"type": "message_start", "message": m{"id": "msg_1", "type": "message", "content": []m{}, "usage": usage}}),
		"ping", `{"type":"ping"}`}
	for i, b := range blocks {
		begin, deltas := m{"type": b["type"]}, []m{}
		split := func(kind, field, whole string) {
			half := len(whole) / 2
			for half > 0 && whole[half]&0xc0 == 0x80 {
				half-- // not within a character
			}
			deltas = append(deltas, m{"type": kind, field: whole[:half]}, m{"type": kind, field: whole[half:]})
		}
		switch b["type"] {
		case "text":
			begin["text"] = ""
			split("text_delta", "text", s.Text)
		case "thinking":
			begin["thinking"] = ""
			split("thinking_delta", "thinking", s.Reasoning)
			deltas = append(deltas, m{"type": "signature_delta", "signature": "c2ln"})
		case "tool_use":
			begin["id"], begin["name"], begin["input"] = b["id"], b["name"], m{}
			split("input_json_delta", "partial_json", s.ToolCalls[i].Arguments)
		}
		list = append(list, "content_block_start", text(m{"type": "content_block_start", "index": i, "content_block": begin}))
		for _, d := range deltas {
			list = append(list, "content_block_delta", text(m{"type": "content_block_delta", "index": i, "delta": d}))
		}
		list = append(list, "content_block_stop", text(m{"type": "content_block_stop", "index": i}))
	}
	list = append(list, "message_delta", text(m{"type": "message_delta", "delta": m{"stop_reason": reasons[s.Finish]}, "usage": m{"output_tokens": act.Usage.CompletionTokens}}),
		"message_stop", `{"type":"message_stop"}`)
	events(w, list...)
}

func fake(stream bool) providertest.Fake {
	return providertest.Fake{Secret: testKey, KeyEnv: "ANTHROPIC_API_KEY", PerSample: true, Start: func(t *testing.T, s providertest.Script) providertest.Running {
		a := &actor{Stage: providertest.NewStage(s), t: t, stream: stream}
		srv := httptest.NewServer(a)
		t.Cleanup(srv.Close)
		cfg := Config{BaseURL: srv.URL, Model: "claude-test", APIKey: testKey, Stream: stream, Headers: httpapi.Headers{"X-Extra": testKey}}
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return providertest.Running{Provider: c, Config: cfg, Arrived: a.Arrived()}
	}}
}

func TestProvider(t *testing.T)          { providertest.Run(t, fake(false)) }
func TestProviderStreaming(t *testing.T) { providertest.Run(t, fake(true)) }

func TestConfigDoesNotValidate(t *testing.T) {
	for want, cfg := range map[string]Config{
		"no model name":         {},
		"base_url":              {Model: "m", BaseURL: "api.anthropic.com"},
		"did you mean \"auto\"": {Model: "m", ToolChoice: "auot"},
		"reasoning_effort":      {Model: "m", ReasoningEffort: "512"},
		"must not be negative":  {Model: "m", MaxTokens: -1},
		"setting of its own":    {Model: "m", ExtraBody: map[string]any{"messages": nil}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
