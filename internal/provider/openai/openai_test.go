package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/eval"
)

func serve(t testing.TB, h http.HandlerFunc, edit func(*Config)) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	cfg := Config{BaseURLs: []string{srv.URL}, Model: "m"}
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

// always answers every call alike.
func always(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
	}
}

var ctx = context.Background()

func prompt(text string) *eval.Request { return &eval.Request{Type: eval.Completion, Prompt: text} }

func user(text string) *eval.Request {
	return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: text}}}
}

func TestConformance6Faults(t *testing.T) {
	completion := `{"choices":[{"index":0,"text":"x","finish_reason":"stop"}]}`
	for _, c := range []struct {
		name   string
		h      http.HandlerFunc
		status eval.Status
		abort  bool
		after  time.Duration
		text   string // in the error or its hint
	}{
		{"no key", always(401, `{"error":{"message":"Missing key"}}`), eval.ConfigError, true, 0, "set OPENAI_API_KEY"},
		{"forbidden", always(403, `no`), eval.ConfigError, true, 0, "OPENAI_API_KEY"},
		{"rate", always(429, `{"error":{"message":"slow"}}`, "Retry-After", "7"), eval.InfraRateLimited, false, 7 * time.Second, "slow"},
		{"rate in ms", always(429, `{}`, "Retry-After-Ms", "250", "Retry-After", "9"), eval.InfraRateLimited, false, 250 * time.Millisecond, "429"},
		{"rate reset", always(429, `{}`, "X-Ratelimit-Remaining-Requests", "10", "X-Ratelimit-Reset-Requests", "90s",
			"X-Ratelimit-Remaining-Tokens", "0", "X-Ratelimit-Reset-Tokens", "6s"), eval.InfraRateLimited, false, 6 * time.Second, "429"},
		{"quota", always(429, `{"error":{"message":"pay","code":"insufficient_quota"}}`), eval.InfraRateLimited, true, 0, "quota"},
		{"down", always(500, `{"error":"boom"}`), eval.InfraServerDown, false, 0, "boom"},
		{"overloaded", always(503, ``, "Retry-After", "2"), eval.InfraServerDown, false, 2 * time.Second, "503"},
		{"gateway", always(502, `<html>bad</html>`), eval.InfraServerDown, false, 0, "bad"},
		{"request timeout", always(408, ``), eval.InfraNetwork, false, 0, "408"},
		{"too long", always(400, `{"error":{"message":"This model's maximum context length is 10 tokens"}}`), eval.ContextOverflow, false, 0, "10 tokens"},
		{"too long by code", always(400, `{"error":{"message":"no","code":"context_length_exceeded"}}`), eval.ContextOverflow, false, 0, "no"},
		{"filtered", always(400, `{"error":{"message":"no","code":"content_filter"}}`), eval.ContentFiltered, false, 0, "no"},
		{"bad request", always(400, `{"detail":"what is foo"}`), eval.ConfigError, false, 0, "what is foo"},
		{"moved", always(307, ``, "Location", "http://elsewhere/v1"), eval.ConfigError, true, 0, "http://elsewhere/v1"},
		{"no such path", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/models" {
				io.WriteString(w, `{"data":[{"id":"other"}]}`)
				return
			}
			w.WriteHeader(404)
		}, eval.ConfigError, true, 0, "served there: other"},
		{"html", always(200, `<html>`), eval.InfraBadResponse, false, 0, "not JSON"},
		{"empty", always(200, ``), eval.InfraBadResponse, false, 0, "not JSON"},
		{"NaN", always(200, `{"choices":[{"index":0,"text":"x","logprobs":{"tokens":["a"],"token_logprobs":[NaN]}}]}`), eval.InfraBadResponse, false, 0, "not JSON"},
		{"no choices", always(200, `{"choices":[]}`), eval.InfraBadResponse, false, 0, "0 choices where 1"},
		{"two choices", always(200, `{"choices":[{"index":0,"text":"x"},{"index":1,"text":"x"}]}`), eval.InfraBadResponse, false, 0, "2 choices"},
		{"wrong index", always(200, `{"choices":[{"index":1,"text":"x"}]}`), eval.InfraBadResponse, false, 0, "index 1"},
		{"no text", always(200, `{"choices":[{"index":0}]}`), eval.InfraBadResponse, false, 0, "no text"},
		{"text is a number", always(200, `{"choices":[{"index":0,"text":7}]}`), eval.InfraBadResponse, false, 0, "shape"},
		{"lists differ", always(200, `{"choices":[{"index":0,"text":"x","logprobs":{"tokens":["a"],"token_logprobs":[-1,-2]}}]}`), eval.InfraBadResponse, false, 0, "lengths"},
		{"error with 200", always(200, `{"error":{"message":"upstream"}}`), eval.InfraServerDown, false, 0, "upstream"},
		{"cut off", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, completion)
		}, eval.InfraNetwork, false, 0, "EOF"},
	} {
		cl := serve(t, c.h, nil)
		_, err := cl.Respond(ctx, prompt("x"))
		var f *eval.Fault
		if !errors.As(err, &f) {
			t.Errorf("%s: %v is no fault", c.name, err)
			continue
		}
		if f.Status != c.status || f.Abort != c.abort || f.After != c.after || !strings.Contains(f.Error()+" "+f.Hint, c.text) {
			t.Errorf("%s: %s abort=%v after=%s %q hint %q", c.name, f.Status, f.Abort, f.After, f.Error(), f.Hint)
		}
	}
}

func TestConnectionFaults(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c, _ := New(Config{BaseURLs: []string{gone.URL}, Model: "m"})
	if _, err := c.Respond(ctx, prompt("x")); eval.FaultOf(err).Status != eval.InfraServerDown {
		t.Errorf("%v", err)
	}
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // else the server does not see the client go
		<-r.Context().Done()
	}, func(c *Config) { c.Timeout = 30 * time.Millisecond })
	_, err := slow.Respond(ctx, prompt("x"))
	if f := eval.FaultOf(err); f.Status != eval.InfraNetwork || !strings.Contains(f.Error(), "no answer within 30ms") {
		t.Errorf("%v", err)
	}
	stopped, cancel := context.WithCancel(ctx)
	patient := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}, nil)
	_, err = patient.Respond(stopped, prompt("x"))
	if f := eval.FaultOf(err); f.Status != eval.Cancelled {
		t.Errorf("%v", err)
	}
}

func TestSecretsStayOut(t *testing.T) {
	c := serve(t, always(401, `{"error":{"message":"Incorrect key sk-hidden-123 given"}}`), func(c *Config) { c.APIKey = "sk-hidden-123" })
	_, err := c.Respond(ctx, prompt("x"))
	b, _ := json.Marshal(c.cfg)
	for _, text := range []string{err.Error(), fmt.Sprint(c.cfg), fmt.Sprintf("%+v %#v", c.cfg, c.cfg), string(b), fmt.Sprint(c.Model())} {
		if strings.Contains(text, "hidden") {
			t.Errorf("the key is in %s", text)
		}
	}
}

func TestConformance7Outputs(t *testing.T) {
	yes := true
	for _, c := range []struct {
		name, body string
		r          *eval.Request
		want       eval.Output
	}{
		{"reasoning", `{"choices":[{"index":0,"message":{"content":"4","reasoning_content":"2+2"},"finish_reason":"stop"}]}`, user("x"),
			eval.Output{Text: "4", Reasoning: "2+2", FinishReason: "stop"}},
		{"reasoning, new name", `{"choices":[{"index":0,"message":{"content":null,"reasoning":"hm"},"finish_reason":"length"}]}`, user("x"),
			eval.Output{Reasoning: "hm", FinishReason: "length"}},
		{"parts", `{"choices":[{"index":0,"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},"finish_reason":null}]}`, user("x"),
			eval.Output{Text: "ab"}},
		{"refusal", `{"choices":[{"index":0,"message":{"content":null,"refusal":"I won't"},"finish_reason":"stop"}]}`, user("x"),
			eval.Output{Text: "I won't", FinishReason: "refusal"}},
		{"tool calls", `{"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": tru"}},{"id":"b","function":{"name":"g","arguments":{"y":1}}}]},"finish_reason":"tool_calls"}]}`, user("x"),
			eval.Output{FinishReason: "tool_calls", ToolCalls: []eval.ToolCall{{ID: "a", Name: "f", Arguments: `{"x": tru`}, {ID: "b", Name: "g", Arguments: `{"y":1}`}}}},
		{"null logprob", `{"choices":[{"index":0,"text":"ab","logprobs":{"tokens":["a","b"],"token_logprobs":[null,-1.5],"top_logprobs":null},"finish_reason":"stop"}]}`, prompt("x"),
			eval.Output{Text: "ab", FinishReason: "stop", Logprobs: []eval.TokenLogprob{{Token: "b", Logprob: -1.5}}, Loglik: &eval.Loglik{Sum: -1.5, Tokens: 1}}},
		{"only nulls", `{"choices":[{"index":0,"text":"a","logprobs":{"tokens":["a"],"token_logprobs":[null]}}]}`, prompt("x"), eval.Output{Text: "a"}},
		{"greedy", `{"choices":[{"index":0,"text":"a\u00e9","logprobs":{"tokens":["a\"\u00e9"],"token_logprobs":[-1],"top_logprobs":[{"a":-1,"b":-3}]}}]}`, prompt("x"),
			eval.Output{Text: "aé", Logprobs: []eval.TokenLogprob{{Token: "a\"é", Logprob: -1}}, Loglik: &eval.Loglik{Sum: -1, Tokens: 1, Greedy: &yes}}},
	} {
		resp, err := serve(t, always(200, c.body), nil).Respond(ctx, c.r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if !reflect.DeepEqual(resp.Outputs, []eval.Output{c.want}) {
			t.Errorf("%s: %+v, want %+v", c.name, resp.Outputs, c.want)
		}
	}
	resp, err := serve(t, always(200, `{"choices":[{"index":0,"text":"a"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4},"cost":0.5}}`), nil).Respond(ctx, prompt("x"))
	if err != nil || resp.Usage != (eval.Usage{PromptTokens: 9, CachedTokens: 4, CompletionTokens: 2, Cost: 0.5}) {
		t.Errorf("%+v %v", resp, err)
	}
}

// capture answers well and keeps the bodies.
func capture(bodies *[]map[string]any) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		var b map[string]any
		json.NewDecoder(r.Body).Decode(&b)
		mu.Lock()
		*bodies = append(*bodies, b)
		mu.Unlock()
		n := 1.0
		if v, ok := b["n"].(float64); ok {
			n = v
		}
		var choices []any
		for i := range int(n) {
			choices = append(choices, map[string]any{"index": i, "text": fmt.Sprint(i), "message": map[string]any{"content": fmt.Sprint(i)}})
		}
		json.NewEncoder(w).Encode(map[string]any{"choices": choices})
	}
}

func TestConformance2Bodies(t *testing.T) {
	var bodies []map[string]any
	c := serve(t, capture(&bodies), func(c *Config) {
		c.EOS, c.ToolChoice = "<end>", "required"
		c.ExtraBody = map[string]any{"min_p": 0.1, "add_special_tokens": true}
		c.ChatTemplateKwargs = map[string]any{"thinking": false}
		no := false
		c.Logprobs = &no
	})
	seed, topK := int64(3), 5
	r := prompt("a\"b\n\x01ü\xff")
	r.Sampling = eval.Sampling{Stop: []string{"\n"}, Seed: &seed, TopK: &topK, NumSamples: 3}
	resp, err := c.Respond(ctx, r)
	if err != nil || len(resp.Outputs) != 3 || resp.Outputs[2].Text != "0" {
		t.Fatalf("%v %v", resp, err)
	}
	r2 := user("hi")
	r2.Tools = []eval.Tool{{Name: "f", Parameters: []byte(`{"type":"object"}`)}}
	r2.Messages = append(r2.Messages, eval.Message{Role: "assistant", ToolCalls: []eval.ToolCall{{ID: "1", Name: "f", Arguments: "{}"}}},
		eval.Message{Role: "tool", ToolCallID: "1", Content: "ok"})
	r2.Sampling = eval.Sampling{Stop: []string{"x"}, Temperature: 0.5, TopK: &topK, NumSamples: 2}
	if _, err := c.Respond(ctx, r2); err != nil {
		t.Fatal(err)
	}
	var want []map[string]any
	json.Unmarshal([]byte(`[
	 {"model":"m","prompt":"a\"b\n\u0001ü�","n":1,"temperature":0,"stop":["\n","<end>"],"seed":3,"min_p":0.1,"add_special_tokens":true},
	 {"model":"m","n":2,"temperature":0.5,"top_k":5,"stop":["x"],"min_p":0.1,"add_special_tokens":true,"chat_template_kwargs":{"thinking":false},"tool_choice":"required",
	  "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],
	  "messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"ok","tool_call_id":"1"}]}
	]`), &want)
	if !reflect.DeepEqual(bodies, want) {
		t.Errorf("sent %v\nwant %v", bodies, want)
	}
}

func TestRefusedParametersAreLeftOut(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		b, _ := io.ReadAll(r.Body)
		for _, word := range []string{`"logprobs"`, `"max_tokens"`, `"add_special_tokens"`} {
			if strings.Contains(string(b), word) {
				msg := "unrecognized argument: " + strings.Trim(word, `"`)
				if word == `"max_tokens"` {
					msg += ", use max_completion_tokens"
				}
				always(400, `{"error":{"message":"`+msg+`"}}`)(w, r)
				return
			}
		}
		always(200, `{"choices":[{"index":0,"text":"a"}]}`)(w, r)
	}, nil)
	ten := 10
	r := prompt("x")
	r.Sampling.MaxTokens = &ten
	resp, err := c.Respond(ctx, r)
	if err != nil || calls.Load() != 4 || len(resp.Notes) != 2 {
		t.Fatalf("%+v %v after %d calls", resp, err, calls.Load())
	}
	if _, err := c.Respond(ctx, r); err != nil || calls.Load() != 5 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
}

func TestStream(t *testing.T) {
	sse := func(chunks ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for _, c := range chunks {
				io.WriteString(w, ": ping\n\ndata: "+c+"\n\n")
			}
		}
	}
	on := func(c *Config) { c.Stream = true }
	resp, err := serve(t, sse(
		`{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}`,
		`{"choices":[{"index":0,"delta":{"reasoning_content":"think"}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"a "},"logprobs":{"content":[{"token":"a ","logprob":-0.5}]}}]}`,
		`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":"{\"x"}}]}}]}`,
		`{"choices":[{"index":0,"delta":{"content":"b","tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]},"finish_reason":"stop"}]}`,
		`{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}`, "[DONE]"), on).Respond(ctx, user("x"))
	if err != nil {
		t.Fatal(err)
	}
	want := eval.Output{Text: "a b", Reasoning: "think", FinishReason: "stop", ToolCalls: []eval.ToolCall{{ID: "1", Name: "f", Arguments: `{"x":1}`}},
		Logprobs: []eval.TokenLogprob{{Token: "a ", Logprob: -0.5}}, Loglik: &eval.Loglik{Sum: -0.5, Tokens: 1}}
	if !reflect.DeepEqual(resp.Outputs[0], want) || resp.Usage.PromptTokens != 3 {
		t.Errorf("%+v", resp)
	}
	for name, c := range map[string]struct {
		h      http.HandlerFunc
		status eval.Status
	}{
		"early end": {sse(`{"choices":[{"index":0,"text":"a"}]}`), eval.InfraNetwork},
		"no choice": {sse("[DONE]"), eval.InfraBadResponse},
		"error":     {sse(`{"choices":[{"index":0,"text":"a"}]}`, `{"error":{"message":"lost"}}`), eval.InfraServerDown},
		"garbage":   {sse(`{"choices":[{"index":0,"text":`), eval.InfraBadResponse},
		"no stream": {always(200, `{"choices":[{"index":0,"text":"a","finish_reason":"stop"}]}`), ""},
		"refused":   {always(429, `{}`), eval.InfraRateLimited},
	} {
		_, err := serve(t, c.h, on).Respond(ctx, prompt("x"))
		if c.status == "" && err != nil || c.status != "" && eval.FaultOf(err).Status != c.status {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReplicasShareTheLoad(t *testing.T) {
	const n = 60
	var a, b atomic.Int32
	var all sync.WaitGroup // until every request is at a server
	all.Add(n)
	hold := func(count *atomic.Int32) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			count.Add(1)
			all.Done()
			all.Wait()
			always(200, `{"choices":[{"index":0,"text":"a"}]}`)(w, r)
		}
	}
	second := httptest.NewServer(hold(&b))
	defer second.Close()
	c := serve(t, hold(&a), func(c *Config) { c.BaseURLs = append(c.BaseURLs, second.URL) })
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := c.Respond(ctx, prompt("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if a.Load() != n/2 || b.Load() != n/2 {
		t.Errorf("%d and %d of %d requests at once, want half each", a.Load(), b.Load(), n)
	}
}

func TestReplicaThatIsDownIsLeftAlone(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c := serve(t, always(200, `{"choices":[{"index":0,"text":"a"}]}`), func(c *Config) { c.BaseURLs = append(c.BaseURLs, gone.URL) })
	clock := time.Unix(1000, 0)
	c.now = func() time.Time { return clock }
	failures := func(n int) (failed int) {
		for range n {
			if _, err := c.Respond(ctx, prompt("x")); err != nil {
				failed++
			}
		}
		return failed
	}
	if n := failures(20); n != 1 {
		t.Errorf("%d of 20 requests went to a replica that refuses connections, want 1", n)
	}
	clock = clock.Add(downFor + time.Second)
	if n := failures(20); n != 1 {
		t.Errorf("after the pause %d of 20 went there, want one more try", n)
	}
}

func TestValidate(t *testing.T) {
	good := Config{BaseURLs: []string{"http://h:1/v1"}, Model: "m"}
	for want, edit := range map[string]func(*Config){
		"":                        func(*Config) {},
		"OPENAI_BASE_URL":         func(c *Config) { c.BaseURLs = nil },
		"want http://HOST":        func(c *Config) { c.BaseURLs = []string{"h:1"} },
		"no model":                func(c *Config) { c.Model = "" },
		`did you mean "lm_eval"`:  func(c *Config) { c.Boundary = "lmeval" },
		"setting of its own":      func(c *Config) { c.ExtraBody = map[string]any{"temperature": 1} },
		`did you mean "required"`: func(c *Config) { c.ToolChoice = "require" },
		"prompt_logprobs=-1":      func(c *Config) { n := -1; c.PromptLogprobs = &n },
		"must not be negative":    func(c *Config) { c.Timeout = -1 },
	} {
		c := good
		edit(&c)
		_, err := New(c)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestModelIdentityHasNoHosts(t *testing.T) {
	yes := true
	c, err := New(Config{BaseURLs: []string{"http://h:1/v1"}, Model: "m", APIKey: "k", AddBOS: &yes, As: eval.Model{Name: "n", Revision: "r"}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"kind": "openai", "id": "m", "revision": "r", "options": map[string]any{"add_bos_token": true}}
	if got := c.Model().Identity(); !reflect.DeepEqual(got, want) || c.Model().Name != "n" {
		t.Errorf("%v", got)
	}
}
