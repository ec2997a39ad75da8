package bedrock

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/providertest"
)

const (
	testKey    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	testBearer = "ABSK-test-0123456789abcdef"
	testModel  = "us.test.model-v1:0"
)

type m = map[string]any

// actor is a server of the Converse API that acts out a script.
type actor struct {
	*providertest.Stage
	t      *testing.T
	bearer bool
}

// authentic checks who sends by signing what came once more.
func (a *actor) authentic(r *http.Request, body []byte) bool {
	got := r.Header.Get("Authorization")
	if a.bearer {
		return got == "Bearer "+testBearer
	}
	at, err := time.Parse(longTime, r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Hour {
		return false
	}
	again := &http.Request{Method: r.Method, Host: r.Host, URL: r.URL, Header: http.Header{"Content-Type": r.Header["Content-Type"], "X-Extra": r.Header["X-Extra"]}}
	s := &signer{id: "AKIDEXAMPLE", secret: testKey, token: "token-0123456789", region: "eu-west-1", service: "bedrock"}
	s.sign(again, strings.TrimSuffix(r.RequestURI, "?"), body, at)
	return got == again.Header.Get("Authorization")
}

func (a *actor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !a.authentic(r, body) {
		a.t.Errorf("not signed rightly: %v", r.Header)
	}
	if r.RequestURI != "/model/us.test.model-v1%3A0/converse" {
		a.t.Errorf("called %s", r.RequestURI)
	}
	if !json.Valid(body) || bytes.Contains(body, []byte(`"model"`)) {
		a.t.Errorf("sent %s", body)
	}
	act := a.First()
	if !act.Fail.Always() {
		act = a.Next()
	}
	refuse := func(code int, kind, message string) {
		w.Header().Set("X-Amzn-ErrorType", kind+":http://internal.amazon.com/coral/")
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(m{"message": message})
	}
	switch act.Fail {
	case "":
		answer(w, act)
	case providertest.Unauthorized:
		refuse(403, "UnrecognizedClientException", "The security token included in the request is invalid. "+act.Message)
	case providertest.UnknownModel:
		refuse(400, "ValidationException", "The provided model identifier is invalid.")
	case providertest.RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(act.RetryAfter))
		refuse(429, "ThrottlingException", "Too many requests, please wait before trying again.")
	case providertest.ServerError:
		refuse(500, "InternalServerException", act.Message)
	case providertest.Overloaded:
		refuse(503, "ServiceUnavailableException", act.Message)
	case providertest.TooLong:
		refuse(400, "ValidationException", "Input is too long for requested model.")
	case providertest.Filtered:
		act.Says = []providertest.Sample{{Text: "Sorry, that is blocked.", Finish: "filtered"}}
		answer(w, act)
	case providertest.NotJSON:
		io.WriteString(w, `{"output":{"message"`)
	case providertest.NaN:
		io.WriteString(w, `{"output":{"message":{"role":"assistant","content":[]}},"stopReason":"end_turn","metrics":{"latencyMs":NaN}}`)
	case providertest.Hang:
		providertest.HangHTTP(r)
	}
}

var reasons = map[string]string{"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "filtered": "guardrail_intervened"}

func answer(w http.ResponseWriter, act providertest.Act) {
	s := act.Says[0]
	blocks := []m{}
	if s.Reasoning != "" {
		blocks = append(blocks, m{"reasoningContent": m{"reasoningText": m{"text": s.Reasoning, "signature": "c2ln"}}})
	}
	if s.Text != "" {
		blocks = append(blocks, m{"text": s.Text})
	}
	for _, c := range s.ToolCalls {
		var input any = c.Arguments
		if json.Valid([]byte(c.Arguments)) {
			input = json.RawMessage(c.Arguments)
		}
		blocks = append(blocks, m{"toolUse": m{"toolUseId": c.ID, "name": c.Name, "input": input}})
	}
	json.NewEncoder(w).Encode(m{"output": m{"message": m{"role": "assistant", "content": blocks}}, "stopReason": reasons[s.Finish],
		"usage":   m{"inputTokens": act.Usage.PromptTokens - act.Usage.CachedTokens, "cacheReadInputTokens": act.Usage.CachedTokens, "outputTokens": act.Usage.CompletionTokens},
		"metrics": m{"latencyMs": 12}})
}

func fake(bearer bool) providertest.Fake {
	f := providertest.Fake{Secret: testKey, KeyEnv: "AWS_SECRET_ACCESS_KEY", PerSample: true}
	keys := Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: testKey, SessionToken: "token-0123456789", Region: "eu-west-1"}
	if bearer {
		f.Secret, f.KeyEnv = testBearer, "AWS_BEARER_TOKEN_BEDROCK"
		keys = Credentials{Bearer: testBearer, Region: "eu-west-1"}
	}
	f.Start = func(t *testing.T, s providertest.Script) providertest.Running {
		a := &actor{Stage: providertest.NewStage(s), t: t, bearer: bearer}
		srv := httptest.NewServer(a)
		t.Cleanup(srv.Close)
		cfg := Config{BaseURL: srv.URL, Model: testModel, Credentials: keys, Headers: httpapi.Headers{"X-Extra": "more"}}
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return providertest.Running{Provider: c, Config: cfg, Arrived: a.Arrived()}
	}
	return f
}

func TestProvider(t *testing.T)         { providertest.Run(t, fake(false)) }
func TestProviderWithAKey(t *testing.T) { providertest.Run(t, fake(true)) }
