package bedrock

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

const fine = `{"output":{"message":{"role":"assistant","content":[{"text":"yes"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1}}`

// recorder keeps bodies and answers each with what answer says.
type recorder struct {
	mu     sync.Mutex
	bodies []map[string]any
	kind   string
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
	w.Header().Set("X-Amzn-ErrorType", r.kind)
	w.WriteHeader(code)
	io.WriteString(w, text)
}

func (r *recorder) serve(t *testing.T, edit func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewServer(r)
	t.Cleanup(srv.Close)
	cfg := Config{BaseURL: srv.URL, Model: testModel, Credentials: Credentials{Bearer: testBearer}, Region: "us-east-1"}
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

func user(text string) *eval.Request {
	return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: text}}}
}

func TestBody(t *testing.T) {
	limit, topK, topP, seed := 100, 5, 0.9, int64(3)
	hi := `"messages":[{"role":"user","content":[{"text":"hi"}]}]`
	for _, c := range []struct {
		name  string
		edit  func(*Config)
		r     func(*eval.Request)
		want  string
		notes []string
	}{
		{name: "greedy", r: func(r *eval.Request) { r.Sampling.TopP, r.Sampling.TopK = &topP, &topK },
			want: `{` + hi + `,"inferenceConfig":{"temperature":0}}`},
		{name: "sampled", edit: func(c *Config) { c.Model = "us.anthropic.claude-v2:1" }, r: func(r *eval.Request) {
			r.Sampling = eval.Sampling{MaxTokens: &limit, Temperature: 0.5, TopP: &topP, TopK: &topK, Seed: &seed, Stop: []string{"\n", "END"}}
		}, want: `{` + hi + `,"inferenceConfig":{"maxTokens":100,"temperature":0.5,"topP":0.9,"stopSequences":["\n","END"]},"additionalModelRequestFields":{"top_k":5}}`,
			notes: []string{"seed=unsent"}},
		{name: "tools", edit: func(c *Config) { c.ToolChoice = "any" }, r: func(r *eval.Request) {
			r.Tools = []eval.Tool{{Name: "f", Description: "d", Parameters: json.RawMessage(`{"type":"object","properties":{}}`)}, {Name: "g"}}
			r.Messages = []eval.Message{{Role: "system", Content: "A"}, {Role: "user", Content: "one"},
				{Role: "assistant", ToolCalls: []eval.ToolCall{{ID: "1", Name: "f", Arguments: `{"x":1}`}, {ID: "2", Name: "g", Arguments: `{"x":`}}},
				{Role: "user", Content: "and?"}, {Role: "tool", ToolCallID: "1", Content: "r1"}, {Role: "tool", ToolCallID: "2"}}
		}, want: `{"system":[{"text":"A"}],"inferenceConfig":{"temperature":0},
			"toolConfig":{"toolChoice":{"any":{}},"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object","properties":{}}}}},{"toolSpec":{"name":"g","inputSchema":{"json":{"type":"object"}}}}]},
			"messages":[{"role":"user","content":[{"text":"one"}]},
			{"role":"assistant","content":[{"toolUse":{"toolUseId":"1","name":"f","input":{"x":1}}},{"toolUse":{"toolUseId":"2","name":"g","input":{"arguments":"{\"x\":"}}}]},
			{"role":"user","content":[{"toolResult":{"toolUseId":"1","content":[{"text":"r1"}]}},{"toolResult":{"toolUseId":"2","content":[{"text":""}]}},{"text":"and?"}]}]}`},
		{name: "extra", edit: func(c *Config) {
			c.ExtraBody = map[string]any{"additionalModelRequestFields": map[string]any{"thinking": map[string]any{"type": "enabled"}}, "guardrailConfig": map[string]any{"guardrailIdentifier": "g"}}
		}, want: `{` + hi + `,"inferenceConfig":{"temperature":0},"additionalModelRequestFields":{"thinking":{"type":"enabled"}},"guardrailConfig":{"guardrailIdentifier":"g"}}`},
	} {
		rec := &recorder{}
		r := user("hi")
		if c.r != nil {
			c.r(r)
		}
		resp, err := rec.serve(t, c.edit).Respond(t.Context(), r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var want map[string]any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if len(rec.bodies) != 1 || !reflect.DeepEqual(rec.bodies[0], want) || !slices.Equal(resp.Notes, c.notes) {
			t.Errorf("%s: sent %v\nwant %v; notes %q", c.name, rec.bodies, want, resp.Notes)
		}
	}
}

func TestRefusedSettings(t *testing.T) {
	half, topK := 0.5, 5
	for want, s := range map[string]eval.Sampling{
		"min_p": {MinP: &half}, "json_schema": {JSONSchema: map[string]any{}}, "reasoning_effort": {ReasoningEffort: "low"}, "top_k": {TopK: &topK, Temperature: 1},
	} {
		rec := &recorder{}
		r := user("x")
		r.Sampling = s
		_, err := rec.serve(t, nil).Respond(t.Context(), r)
		if f := eval.FaultOf(err); err == nil || f.Status != eval.ConfigError || !f.Abort || f.Hint == "" || !strings.Contains(err.Error(), want) || len(rec.bodies) > 0 {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestModelsThatTakeLess: what a model refuses is done here, or noted.
func TestModelsThatTakeLess(t *testing.T) {
	for name, c := range map[string]struct {
		message, gone string
		notes         []string
		calls         int
	}{
		"no stops":    {"This model doesn't support the stopSequences field. Remove stopSequences and try again.", "stopSequences", []string{"stop=cut here"}, 2},
		"blank stops": {"The model returned the following errors: stop_sequences: each stop sequence must contain non-whitespace", "\n", []string{"stop=cut here"}, 2},
		"temperature": {"The model returned the following errors: `temperature` is deprecated for this model.", "temperature", []string{"sampling=the model's own"}, 3},
	} {
		rec := &recorder{answer: func(body map[string]any) (int, string) {
			i := body["inferenceConfig"].(map[string]any)
			stops, _ := i["stopSequences"].([]any)
			if _, has := i[c.gone]; has || slices.Contains(stops, any(c.gone)) {
				b, _ := json.Marshal(m{"message": c.message})
				return 400, string(b)
			}
			return 200, strings.Replace(fine, "yes", `a\nb`, 1)
		}}
		r := user("x")
		r.Sampling = eval.Sampling{Stop: []string{"\n", "END"}, NumSamples: 2}
		resp, err := rec.serve(t, nil).Respond(t.Context(), r)
		if err != nil || len(resp.Outputs) != 2 || len(rec.bodies) != c.calls || !slices.Equal(resp.Notes, c.notes) {
			t.Errorf("%s: %+v %v after %d calls", name, resp, err, len(rec.bodies))
			continue
		}
		if cut := c.notes[0] == "stop=cut here"; cut != (resp.Outputs[0].Text == "a") {
			t.Errorf("%s: %q", name, resp.Outputs[0].Text)
		}
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		code    int
		kind    string
		message string
		status  eval.Status
		abort   bool
		hint    string
	}{
		"access":    {403, "AccessDeniedException", "You don't have access to the model with the specified model ID.", eval.ConfigError, true, "region="},
		"expired":   {403, "ExpiredTokenException", "The security token included in the request is expired", eval.ConfigError, true, "AWS_SESSION_TOKEN"},
		"gone":      {404, "ResourceNotFoundException", "Model not found.", eval.ConfigError, true, "region"},
		"on demand": {400, "ValidationException", "Invocation of model ID x with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.", eval.ConfigError, true, "inference profile"},
		"timeout":   {408, "ModelTimeoutException", "slow", eval.InfraNetwork, false, ""},
		"failed":    {424, "ModelErrorException", "oops", eval.InfraServerDown, false, ""},
		"not ready": {429, "ModelNotReadyException", "wait", eval.InfraRateLimited, false, ""},
		"quota":     {400, "ServiceQuotaExceededException", "much", eval.InfraRateLimited, false, ""},
		"bad":       {400, "ValidationException", "odd", eval.ConfigError, false, ""},
	} {
		rec := &recorder{kind: c.kind, answer: func(map[string]any) (int, string) { return c.code, fmt.Sprintf(`{"message":%q}`, c.message) }}
		_, err := rec.serve(t, nil).Respond(t.Context(), user("x"))
		if f := eval.FaultOf(err); err == nil || f.Status != c.status || f.Abort != c.abort || !strings.Contains(f.Hint, c.hint) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	for name, body := range map[string]string{"nothing": `{}`, "no reason": `{"output":{"message":{"content":[]}}}`, "no message": `{"stopReason":"end_turn"}`} {
		_, err := (&recorder{answer: func(map[string]any) (int, string) { return 200, body }}).serve(t, nil).Respond(t.Context(), user("x"))
		if err == nil || eval.FaultOf(err).Status != eval.InfraBadResponse {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	home := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(home, ".aws"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("credentials", "# mine\n[default]\naws_access_key_id = A1\naws_secret_access_key=S1\n\n[ lab ]\naws_access_key_id=A2\naws_secret_access_key = S2=\naws_session_token=T2\n")
	write("config", "[default]\nregion = us-west-2\n[profile lab]\nregion=eu-central-1\n[profile single]\nsso_session = x\n")
	for name, c := range map[string]struct {
		env  map[string]string
		want Credentials
		err  string
	}{
		"default":     {map[string]string{}, Credentials{AccessKeyID: "A1", SecretAccessKey: "S1", Region: "us-west-2"}, ""},
		"profile":     {map[string]string{"AWS_PROFILE": "lab"}, Credentials{AccessKeyID: "A2", SecretAccessKey: "S2=", SessionToken: "T2", Region: "eu-central-1"}, ""},
		"environment": {map[string]string{"AWS_ACCESS_KEY_ID": "A3", "AWS_SECRET_ACCESS_KEY": "S3", "AWS_SESSION_TOKEN": "T3", "AWS_REGION": "ap-south-1"}, Credentials{AccessKeyID: "A3", SecretAccessKey: "S3", SessionToken: "T3", Region: "ap-south-1"}, ""},
		"half":        {map[string]string{"AWS_ACCESS_KEY_ID": "A3", "AWS_DEFAULT_REGION": "ap-south-1"}, Credentials{AccessKeyID: "A1", SecretAccessKey: "S1", Region: "ap-south-1"}, ""},
		"bearer":      {map[string]string{"AWS_BEARER_TOKEN_BEDROCK": "B", "AWS_ACCESS_KEY_ID": "A3", "AWS_SECRET_ACCESS_KEY": "S3"}, Credentials{Bearer: "B", Region: "us-west-2"}, ""},
		"sso":         {map[string]string{"AWS_PROFILE": "single"}, Credentials{}, "export-credentials"},
		"unknown":     {map[string]string{"AWS_PROFILE": "nobody"}, Credentials{}, ""},
		"elsewhere":   {map[string]string{"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, "none"), "AWS_CONFIG_FILE": filepath.Join(home, "none")}, Credentials{}, ""},
	} {
		got, err := FromEnvironment(func(key string) string {
			if key == "HOME" {
				return home
			}
			return c.env[key]
		})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %#v %v, want %#v", name, got, err, c.want)
		}
	}
}

func TestConfig(t *testing.T) {
	keys := Credentials{Bearer: "b", Region: "us-east-1"}
	for want, cfg := range map[string]Config{
		"no model name":        {Credentials: keys},
		"no credentials":       {Model: "m"},
		"no region":            {Model: "m", Credentials: Credentials{Bearer: "b"}},
		"want one such as":     {Model: "m", Credentials: keys, Region: "x.example.org/"},
		"base_url":             {Model: "m", Credentials: keys, BaseURL: "host"},
		"did you mean":         {Model: "m", Credentials: keys, ToolChoice: "an"},
		"must not be negative": {Model: "m", Credentials: keys, Timeout: -1},
		"setting of its own":   {Model: "m", Credentials: keys, ExtraBody: map[string]any{"system": nil}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for region, want := range map[string]string{
		"us-gov-west-1": "https://bedrock-runtime.us-gov-west-1.amazonaws.com/model/a%3Ab%2Fc/converse",
		"cn-north-1":    "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/a%3Ab%2Fc/converse",
	} {
		c, err := New(Config{Model: "a:b/c", Credentials: keys, Region: region})
		if err != nil || c.url.String() != want {
			t.Errorf("%v %v, want %s", c, err, want)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(fine))
	f.Add([]byte(`{"output":{"message":{"content":[{"reasoningContent":{"redactedContent":"eA=="}},{"toolUse":{"toolUseId":"1","name":"f","input":"{"}}]}},"stopReason":"tool_use"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r reply
		if httpapi.Decode(b, &r) != nil {
			return
		}
		if resp, err := r.response(&plan{cut: []string{"\n"}}); err == nil && strings.Contains(resp.Outputs[0].Text, "\n") {
			t.Errorf("%q: %+v", b, resp.Outputs[0])
		}
	})
}

func FuzzReadSection(f *testing.F) {
	f.Add("[default]\na=b\n", "default")
	f.Fuzz(func(t *testing.T, text, section string) {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		if err := readSection(path, section, found); err == nil && len(found) > strings.Count(text, "=") {
			t.Errorf("%q: %v", text, found)
		}
	})
}
