package mockserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/mockserver"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/mock"
	"olmoeval/internal/provider/openai"
)

// start serves a mock that knows the requests.
func start(t testing.TB, spec string, known ...*eval.Request) (*mockserver.Server, *mock.Model, string) {
	t.Helper()
	m, err := mock.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	x := mockserver.NewIndex()
	for _, r := range known {
		x.Add(r)
	}
	s := mockserver.New(mockserver.Config{Model: m, Lookup: x.Lookup})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return s, m, h.URL
}

func client(t testing.TB, url string, edit func(*openai.Config)) *openai.Client {
	t.Helper()
	cfg := openai.Config{BaseURLs: []string{url}, Model: "m"}
	if edit != nil {
		edit(&cfg)
	}
	c, err := openai.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// requests makes questions of every shape.
func requests(n int) []*eval.Request {
	var out []*eval.Request
	for i := range n {
		add := func(r *eval.Request, in *eval.Instance) {
			r.Origin = &eval.Origin{Instance: in, Digest: eval.ItemDigest(in)}
			out = append(out, r)
		}
		q := fmt.Sprintf("What is %d + %d? — ünïcode", i, i)
		num := &eval.Instance{Question: q, Gold: fmt.Sprint(2 * i)}
		add(&eval.Request{Type: eval.Completion, Prompt: "Q: " + q + "\nA:"}, num)
		add(&eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: q}}}, num)
		add(&eval.Request{Type: eval.Completion, Prompt: "Sampled: " + q, Sampling: eval.Sampling{Temperature: 1, NumSamples: 3}}, num)
		choices := []string{"red", "a much longer choice", "blaugrün — 日本語", "x1"}
		conts := make([]string, 4)
		for k, c := range choices {
			conts[k] = " " + c
		}
		mc := &eval.Instance{Question: "mc " + q, Gold: choices[i%4], Choices: choices, Metadata: map[string]any{"gold_idx": i % 4, "num_choices": 4}}
		add(&eval.Request{Type: eval.Loglikelihood, Prompt: "Question: " + q + " colour\nAnswer:", Continuations: conts}, mc)
		doubled := &eval.Request{Type: eval.Loglikelihood, Continuations: append(append([]string(nil), conts...), conts...)}
		for k := range 8 {
			context := fmt.Sprintf("Unconditional %d?\nAnswer:", i)
			if k >= 4 {
				context = "Answer:"
			}
			doubled.ContinuationPrompts = append(doubled.ContinuationPrompts, context)
		}
		add(doubled, mc)
		add(&eval.Request{Type: eval.Loglikelihood, Prompt: fmt.Sprintf("The end of sentence %d is ", i), Continuations: []string{"near"}}, num)
		add(&eval.Request{Type: eval.Loglikelihood, Continuations: []string{fmt.Sprintf("A whole document, number %d.", i)}}, num)
	}
	return out
}

// same compares what came over the wire with what the mock says in process.
func same(got, want *eval.Response) error {
	if len(got.Outputs) != len(want.Outputs) {
		return fmt.Errorf("%d outputs, want %d", len(got.Outputs), len(want.Outputs))
	}
	for i := range want.Outputs {
		g, w := &got.Outputs[i], &want.Outputs[i]
		if g.Text != w.Text {
			return fmt.Errorf("output %d: text %q, want %q", i, g.Text, w.Text)
		}
		if w.Loglik == nil {
			continue
		}
		if g.Loglik == nil || math.Abs(g.Loglik.Sum-w.Loglik.Sum) > 1e-9 || g.Loglik.Tokens != w.Loglik.Tokens {
			return fmt.Errorf("output %d: %+v, want %+v", i, g.Loglik, w.Loglik)
		}
		if g.Loglik.Greedy == nil || *g.Loglik.Greedy != *w.Loglik.Greedy {
			return fmt.Errorf("output %d: greedy differs", i)
		}
	}
	return nil
}

func TestTheWireChangesNothing(t *testing.T) {
	reqs := requests(20)
	zero := 0
	for name, edit := range map[string]func(*openai.Config){
		"plain":  nil,
		"stream": func(c *openai.Config) { c.Stream = true },
		"ranks":  func(c *openai.Config) { c.PromptLogprobs = &zero },
		"echo":   func(c *openai.Config) { c.Boundary = openai.BoundaryTextOffset },
		"bos":    func(c *openai.Config) { yes := true; c.AddBOS = &yes },
	} {
		t.Run(name, func(t *testing.T) {
			_, m, url := start(t, "mock:acc=0.5,seed=2", reqs...)
			c := client(t, url, edit)
			for _, r := range reqs {
				if name == "echo" && r.Context(0) == "" {
					continue // the first token has no score without BOS
				}
				got, err := c.Respond(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				want, _ := m.Respond(context.Background(), r)
				if err := same(got, want); err != nil {
					t.Fatalf("%s %q: %v", r.Type, r.Prompt, err)
				}
				if echoed := len(got.Notes) > 0; echoed != (name == "echo" && r.Type == eval.Loglikelihood) {
					t.Fatalf("%s: notes %v", r.Type, got.Notes)
				}
			}
		})
	}
}

func TestCapsOfAMock(t *testing.T) {
	_, _, url := start(t, "mock")
	a, err := client(t, url, nil).Caps(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if !a.Completion || !a.Chat || !a.Loglikelihood || !a.Tools || a.MaxContext != 1<<20 || a.Fingerprint == "" || a.Reported["root"] != "mock" {
		t.Errorf("%+v", a)
	}
	b, err := client(t, url, nil).Caps(context.Background())
	if err != nil || b.Fingerprint != a.Fingerprint {
		t.Errorf("the fingerprint changed: %v", err)
	}
}

func TestUnknownModel(t *testing.T) {
	m, _ := mock.Parse("mock")
	h := httptest.NewServer(mockserver.New(mockserver.Config{Model: m, Names: []string{"olmo-7b", "olmo-13b"}}))
	defer h.Close()
	c := client(t, h.URL, func(c *openai.Config) { c.Model = "olmo-7c" })
	_, capsErr := c.Caps(context.Background())
	_, err := c.Respond(context.Background(), &eval.Request{Type: eval.Completion, Prompt: "x"})
	for _, err := range []error{capsErr, err} {
		var f *eval.Fault
		if !errors.As(err, &f) || !f.Abort || !strings.Contains(f.Error(), `did you mean "olmo-7b"`) || !strings.Contains(f.Hint, "olmo-13b, olmo-7b") {
			t.Errorf("%+v", err)
		}
	}
}

// TestFaultsLoseNothing strikes a tenth of all attempts.
func TestFaultsLoseNothing(t *testing.T) {
	reqs := requests(60)
	s, _, url := start(t, "mock:oracle,fail=0.02,http429=0.02,garbage=0.02,nan=0.02,hang=0.02,sticky=0.05", reqs...)
	clean, _ := mock.Parse("mock:oracle")
	r := &layer.Retry{Base: time.Millisecond, Next: &layer.Limit{Start: 16, Next: &layer.Timeout{Limit: 300 * time.Millisecond, Next: client(t, url, nil)}}}
	var ok, sticky atomic.Int32
	var wg sync.WaitGroup
	places := make(chan struct{}, 32)
	for _, req := range reqs {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			got, err := r.Respond(context.Background(), req)
			if err != nil {
				if f := eval.FaultOf(err); f.Status != eval.InfraServerDown || layer.Tries(err) != 6 {
					t.Errorf("%v after %d tries", err, layer.Tries(err))
				}
				sticky.Add(1)
				return
			}
			want, _ := clean.Respond(context.Background(), req)
			if err := same(got, want); err != nil {
				t.Error(err)
			}
			ok.Add(1)
		})
	}
	wg.Wait()
	n := int32(len(reqs))
	if ok.Load()+sticky.Load() != n || sticky.Load() == 0 || sticky.Load() > n/8 {
		t.Errorf("%d right, %d sticky of %d", ok.Load(), sticky.Load(), n)
	}
	retried := 0
	for _, c := range s.Calls() {
		if c.Known && c.Answered > 1 {
			t.Errorf("%+v: answered more than once", c)
		}
		if c.Calls > 1 {
			retried++
		}
	}
	if retried == 0 {
		t.Error("no call was repeated")
	}
}

func TestResetBreaksTheConnection(t *testing.T) {
	reqs := requests(1)
	_, _, url := start(t, "mock:oracle,reset=1", reqs...)
	_, err := client(t, url, nil).Respond(context.Background(), reqs[0])
	if f := eval.FaultOf(err); f.Status != eval.InfraNetwork || f.Abort {
		t.Errorf("%v", err)
	}
}

func TestCallsCountDuplicates(t *testing.T) {
	reqs := requests(1)
	s, _, url := start(t, "mock:oracle", reqs...)
	c := client(t, url, nil)
	var d eval.Digester
	for range 3 {
		if _, err := c.Respond(context.Background(), reqs[0]); err != nil {
			t.Fatal(err)
		}
	}
	calls := s.Calls()
	if len(calls) != 1 || calls[0].Digest != d.Digest(reqs[0]) || calls[0].Calls != 3 || calls[0].Answered != 3 || !calls[0].Known {
		t.Errorf("%+v", calls)
	}
	var served []mockserver.Call
	if err := json.Unmarshal(get(t, url+"/calls"), &served); err != nil || served[0] != calls[0] {
		t.Errorf("%v %v", served, err)
	}
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 {
		t.Fatalf("%s: %d %s", url, resp.StatusCode, b)
	}
	return b
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if !json.Valid(b) {
		t.Fatalf("%s %s: not JSON: %s", url, body, b)
	}
	return resp.StatusCode, string(b)
}

func TestPlainHTTP(t *testing.T) {
	_, _, url := start(t, "mock")
	for _, c := range []struct {
		path, body string
		code       int
		want       string
	}{
		{"/v1/completions", `{"model":"m","prompt":"a","max_tokens":3}`, 200, `"finish_reason":"length"`},
		{"/v1/completions", `{"model":"m","prompt":["a","b"],"n":2}`, 200, `"index":3`},
		{"/v1/completions", `{"model":"m","prompt":"a","stop":"ANSWER"}`, 200, `"text":"I have thought about it. "`},
		{"/v1/completions", `{"model":"m","prompt":[[3,4],[5]],"prompt_logprobs":0,"max_tokens":1}`, 200, `"prompt_logprobs":[null]`},
		{"/v1/completions", `{"model":"m","prompt":"ab cd","echo":true,"logprobs":1,"max_tokens":1}`, 200, `"text_offset":[0,2]`},
		{"/v1/completions", `{"model":"m","prompt":[99999999]}`, 400, "vocabulary"},
		{"/v1/completions", `{"model":"m"}`, 400, "want a prompt"},
		{"/v1/completions", `{`, 400, "not as it must be"},
		{"/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"logprobs":true}`, 200, `"logprob":-0.125`},
		{"/v1/chat/completions", `{"model":"m","messages":[]}`, 400, "want messages"},
		{"/tokenize", `{"model":"m","prompt":"abcd","add_special_tokens":false}`, 200, `"count":2`},
		{"/tokenize", `{"model":"m","prompt":""}`, 200, `"tokens":[1]`},
		{"/detokenize", `{"model":"m","tokens":[1,100]}`, 200, `{"prompt":"a"}`},
		{"/v1/models", `{}`, 405, "GET"},
		{"/nowhere", `{}`, 404, "nowhere"},
	} {
		code, body := post(t, url+c.path, c.body)
		if code != c.code || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d with %s", c.path, c.body, code, body, c.code, c.want)
		}
	}
	get(t, url+"/health")
	if b := string(get(t, url+"/metrics")); !strings.Contains(b, `vllm:num_requests_running{model_name="mock"} 0`) {
		t.Error(b)
	}
}

func TestContextLength(t *testing.T) {
	m, _ := mock.Parse("mock")
	h := httptest.NewServer(mockserver.New(mockserver.Config{Model: m, MaxModelLen: 50}))
	defer h.Close()
	long := strings.Repeat("word ", 100)
	_, err := client(t, h.URL, nil).Respond(context.Background(), &eval.Request{Type: eval.Completion, Prompt: long})
	if eval.FaultOf(err).Status != eval.ContextOverflow {
		t.Errorf("%v", err)
	}
	resp, err := client(t, h.URL, nil).Respond(context.Background(), &eval.Request{Type: eval.Loglikelihood, Prompt: long, Continuations: []string{" end"}})
	if err != nil || !resp.Outputs[0].Loglik.Cut {
		t.Errorf("%v %v", resp, err)
	}
	_, err = client(t, h.URL, nil).Respond(context.Background(), &eval.Request{Type: eval.Loglikelihood, Prompt: "a", Continuations: []string{long}})
	if eval.FaultOf(err).Status != eval.ContextOverflow {
		t.Errorf("%v", err)
	}
}
