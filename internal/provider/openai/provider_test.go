package openai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/provider/providertest"
)

const testKey = "sk-test-0123456789abcdef"

// actor is a server of the OpenAI API that acts out a script.
type actor struct {
	*providertest.Stage
	t      *testing.T
	azure  bool
	stream bool
}

func (a *actor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	key, path := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), strings.TrimPrefix(r.URL.Path, "/v1")
	if a.azure {
		key, path = r.Header.Get("Api-Key"), strings.TrimPrefix(r.URL.Path, "/openai/v1")
		if r.Header.Get("Authorization") != "" || r.URL.Query().Get("api-version") != "preview" {
			a.t.Errorf("sent %v to %s", r.Header, r.URL)
		}
	}
	if key != testKey {
		a.t.Errorf("the key is %q", key)
	}
	if act := a.First(); act.Fail.Always() {
		a.fail(w, r, act)
		return
	}
	switch path {
	case "/chat/completions":
		var q struct {
			N      int  `json:"n"`
			Stream bool `json:"stream"`
		}
		if err := json.Unmarshal(body, &q); err != nil || q.Stream != a.stream {
			a.t.Errorf("sent %s: %v", body, err)
		}
		act := a.Next()
		if act.Fail != "" {
			a.fail(w, r, act)
			return
		}
		a.answer(w, act, q.N)
	case "/completions":
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":{"message":"this is a chat model","code":"OperationNotSupported"}}`)
	case "/models":
		id := "m"
		if a.azure {
			id = "gpt-4o" // Azure lists what could be deployed, not what is
		}
		fmt.Fprintf(w, `{"data":[{"id":%q}]}`, id)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *actor) fail(w http.ResponseWriter, r *http.Request, act providertest.Act) {
	refuse := func(code int, kind, message string) {
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": kind, "code": kind}})
	}
	switch act.Fail {
	case providertest.Unauthorized:
		refuse(401, "invalid_api_key", act.Message)
	case providertest.UnknownModel:
		if strings.HasSuffix(r.URL.Path, "/models") && !a.azure {
			io.WriteString(w, `{"data":[{"id":"m2"}]}`)
			return
		}
		refuse(404, "model_not_found", act.Message)
	case providertest.RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(act.RetryAfter))
		refuse(429, "rate_limit_exceeded", act.Message)
	case providertest.ServerError:
		refuse(500, "server_error", act.Message)
	case providertest.Overloaded:
		refuse(503, "server_error", act.Message)
	case providertest.TooLong:
		refuse(400, "context_length_exceeded", act.Message)
	case providertest.Filtered:
		refuse(400, "content_filter", act.Message)
	case providertest.NotJSON:
		if a.stream {
			a.events(w, `{"choices":[{"index":0,"delta":{"content":"a`)
			return
		}
		io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"a`)
	case providertest.NaN:
		if a.stream {
			a.events(w, `{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":NaN}]}}]}`)
			return
		}
		io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":NaN}]}}]}`)
	case providertest.Hang:
		providertest.HangHTTP(r)
	}
}

func (a *actor) events(w http.ResponseWriter, chunks ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, c := range append(chunks, "[DONE]") {
		io.WriteString(w, "data: "+c+"\n\n")
	}
}

func (a *actor) answer(w http.ResponseWriter, act providertest.Act, n int) {
	usage := map[string]any{"prompt_tokens": act.Usage.PromptTokens, "completion_tokens": act.Usage.CompletionTokens,
		"prompt_tokens_details":     map[string]any{"cached_tokens": act.Usage.CachedTokens},
		"completion_tokens_details": map[string]any{"reasoning_tokens": act.Usage.ReasoningTokens}}
	var choices []any
	for i, s := range act.Says[:min(n, len(act.Says))] {
		m := map[string]any{"role": "assistant", "content": s.Text, "reasoning_content": s.Reasoning}
		var calls []any
		for k, c := range s.ToolCalls {
			calls = append(calls, map[string]any{"index": k, "id": c.ID, "type": "function", "function": map[string]any{"name": c.Name, "arguments": c.Arguments}})
		}
		if calls != nil {
			m["content"], m["tool_calls"] = nil, calls
		}
		part := "message"
		if a.stream {
			part = "delta"
		}
		choices = append(choices, map[string]any{"index": i, part: m, "finish_reason": s.Finish})
	}
	if !a.stream {
		json.NewEncoder(w).Encode(map[string]any{"choices": choices, "usage": usage})
		return
	}
	first, _ := json.Marshal(map[string]any{"choices": choices})
	last, _ := json.Marshal(map[string]any{"choices": []any{}, "usage": usage})
	a.events(w, string(first), string(last))
}

func fake(azure, stream bool) providertest.Fake {
	env := "OPENAI_API_KEY"
	if azure {
		env = "AZURE_OPENAI_API_KEY"
	}
	return providertest.Fake{Secret: testKey, KeyEnv: env, Start: func(t *testing.T, s providertest.Script) providertest.Running {
		a := &actor{Stage: providertest.NewStage(s), t: t, azure: azure, stream: stream}
		srv := httptest.NewServer(a)
		t.Cleanup(srv.Close)
		cfg := Config{BaseURLs: []string{srv.URL}, Model: "m", APIKey: testKey, Stream: stream, Headers: map[string]string{"X-Tenant": testKey}}
		if azure {
			cfg.Azure, cfg.APIVersion = true, "preview"
		}
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return providertest.Running{Provider: c, Config: cfg, Arrived: a.Arrived()}
	}}
}

func TestProvider(t *testing.T)          { providertest.Run(t, fake(false, false)) }
func TestProviderStreaming(t *testing.T) { providertest.Run(t, fake(false, true)) }
func TestProviderAzure(t *testing.T)     { providertest.Run(t, fake(true, false)) }

func TestAzureKeepsItsKind(t *testing.T) {
	for want, cfg := range map[string]Config{
		"azure":  {Azure: true},
		"openai": {},
		"vllm":   {As: eval.Model{Kind: "vllm"}},
	} {
		cfg.BaseURLs, cfg.Model = []string{"https://r.example"}, "m"
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Model().Kind; got != want {
			t.Errorf("kind %s, want %s", got, want)
		}
	}
}
