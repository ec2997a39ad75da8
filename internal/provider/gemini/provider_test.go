package gemini

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/providertest"
)

const testKey = "AIza-test-0123456789abcdef"

type m = map[string]any

// actor is a server of the Gemini API that acts out a script.
type actor struct {
	*providertest.Stage
	t      *testing.T
	stream bool
}

func (a *actor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("X-Goog-Api-Key") != testKey || strings.Contains(r.URL.String(), testKey) {
		a.t.Errorf("headers %v of %s", r.Header, r.URL)
	}
	if act := a.First(); act.Fail.Always() {
		a.fail(w, r, act)
		return
	}
	switch r.URL.Path {
	case "/v1beta/models/gemini-test:generateContent", "/v1beta/models/gemini-test:streamGenerateContent":
		var q struct {
			G struct {
				N int `json:"candidateCount"`
			} `json:"generationConfig"`
		}
		if err := json.Unmarshal(body, &q); err != nil || strings.Contains(r.URL.Path, "stream") != a.stream {
			a.t.Errorf("sent %s to %s: %v", body, r.URL, err)
		}
		act := a.Next()
		if act.Fail != "" {
			a.fail(w, r, act)
			return
		}
		a.answer(w, act, max(1, q.G.N))
	case "/v1beta/models/gemini-test":
		io.WriteString(w, `{"name":"models/gemini-test","version":"001","inputTokenLimit":1048576,"outputTokenLimit":65536,"supportedGenerationMethods":["generateContent"]}`)
	default:
		refuse(w, 404, "NOT_FOUND", "no such page")
	}
}

func refuse(w http.ResponseWriter, code int, status, message string, details ...any) {
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(m{"error": m{"code": code, "message": message, "status": status, "details": details}})
}

func (a *actor) fail(w http.ResponseWriter, r *http.Request, act providertest.Act) {
	switch act.Fail {
	case providertest.Unauthorized:
		refuse(w, 400, "INVALID_ARGUMENT", act.Message, m{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"})
	case providertest.UnknownModel:
		if r.URL.Path == "/v1beta/models" {
			io.WriteString(w, `{"models":[{"name":"models/gemini-tess"}]}`)
			return
		}
		refuse(w, 404, "NOT_FOUND", "models/gemini-test is not found for API version v1beta")
	case providertest.RateLimited:
		refuse(w, 429, "RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details.",
			m{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []m{{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}}},
			m{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": fmt.Sprintf("%ds", act.RetryAfter)})
	case providertest.ServerError:
		refuse(w, 500, "INTERNAL", act.Message)
	case providertest.Overloaded:
		refuse(w, 503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
	case providertest.TooLong:
		refuse(w, 400, "INVALID_ARGUMENT", "The input token count (2097152) exceeds the maximum number of tokens allowed (1048576).")
	case providertest.Filtered:
		a.write(w, m{"candidates": []m{{"content": m{"role": "model"}, "finishReason": "SAFETY", "index": 0}}, "usageMetadata": m{"promptTokenCount": 4}})
	case providertest.NotJSON:
		a.raw(w, `{"candidates":[{"content":`)
	case providertest.NaN:
		a.raw(w, `{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","avgLogprobs":NaN}]}`)
	case providertest.Hang:
		providertest.HangHTTP(r)
	}
}

func (a *actor) raw(w http.ResponseWriter, chunks ...string) {
	if !a.stream {
		io.WriteString(w, chunks[0])
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for _, c := range chunks {
		io.WriteString(w, "data: "+c+"\r\n\r\n")
	}
}

func (a *actor) write(w http.ResponseWriter, chunks ...any) {
	var texts []string
	for _, c := range chunks {
		b, _ := json.Marshal(c)
		texts = append(texts, string(b))
	}
	a.raw(w, texts...)
}

var reasons = map[string]string{"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}

func (a *actor) answer(w http.ResponseWriter, act providertest.Act, n int) {
	u := act.Usage
	usage := m{"promptTokenCount": u.PromptTokens, "cachedContentTokenCount": u.CachedTokens,
		"candidatesTokenCount": u.CompletionTokens - u.ReasoningTokens, "thoughtsTokenCount": u.ReasoningTokens}
	var candidates, pieces []any
	for i, s := range act.Says[:min(n, len(act.Says))] {
		parts := []m{}
		if s.Reasoning != "" {
			parts = append(parts, m{"text": s.Reasoning, "thought": true})
		}
		if s.Text != "" {
			parts = append(parts, m{"text": s.Text})
		}
		for _, c := range s.ToolCalls {
			var args any = c.Arguments
			if json.Valid([]byte(c.Arguments)) {
				args = json.RawMessage(c.Arguments)
			}
			parts = append(parts, m{"functionCall": m{"name": c.Name, "args": args}})
		}
		candidates = append(candidates, m{"content": m{"role": "model", "parts": parts}, "finishReason": reasons[s.Finish], "index": i})
		for _, p := range parts {
			pieces = append(pieces, m{"candidates": []m{{"content": m{"role": "model", "parts": []m{p}}}}})
		}
		pieces = append(pieces, m{"candidates": []m{{"content": m{}, "finishReason": reasons[s.Finish]}}, "usageMetadata": usage})
	}
	if a.stream {
		a.write(w, pieces...)
		return
	}
	a.write(w, m{"candidates": candidates, "usageMetadata": usage, "modelVersion": "gemini-test-001"})
}

func fake(stream bool) providertest.Fake {
	return providertest.Fake{Secret: testKey, KeyEnv: "GEMINI_API_KEY", PerSample: stream, Start: func(t *testing.T, s providertest.Script) providertest.Running {
		a := &actor{Stage: providertest.NewStage(s), t: t, stream: stream}
		srv := httptest.NewServer(a)
		t.Cleanup(srv.Close)
		cfg := Config{BaseURL: srv.URL, Model: "gemini-test", APIKey: testKey, Stream: stream, Headers: httpapi.Headers{"X-Extra": testKey}}
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return providertest.Running{Provider: c, Config: cfg, Arrived: a.Arrived()}
	}}
}

func TestProvider(t *testing.T)          { providertest.Run(t, fake(false)) }
func TestProviderStreaming(t *testing.T) { providertest.Run(t, fake(true)) }
