package telemetry

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.uber.org/goleak"

	"olmoeval/eval"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// collector keeps what it is sent.
type collector struct {
	mu      sync.Mutex
	spans   []span
	metrics []map[string]any
	bodies  strings.Builder
	headers []http.Header
	answer  func(n int) int // status of the n-th message, from 1
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, r.Header.Clone())
	if c.answer != nil {
		if code := c.answer(len(c.headers)); code != http.StatusOK {
			w.WriteHeader(code)
			return
		}
	}
	c.bodies.Write(b)
	var msg struct {
		ResourceSpans []struct {
			Resource   resource `json:"resource"`
			ScopeSpans []struct {
				Spans []span `json:"spans"`
			} `json:"scopeSpans"`
		} `json:"resourceSpans"`
		ResourceMetrics []struct {
			ScopeMetrics []struct {
				Metrics []map[string]any `json:"metrics"`
			} `json:"scopeMetrics"`
		} `json:"resourceMetrics"`
	}
	if err := json.Unmarshal(b, &msg); err != nil || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, g := range msg.ResourceSpans {
		for _, s := range g.ScopeSpans {
			c.spans = append(c.spans, s.Spans...)
		}
	}
	for _, g := range msg.ResourceMetrics {
		for _, s := range g.ScopeMetrics {
			c.metrics = append(c.metrics, s.Metrics...)
		}
	}
	fmt.Fprint(w, "{}")
}

// of is a span's attribute as text.
func of(s span, key string) string {
	for _, a := range s.Attributes {
		if a.Key != key {
			continue
		}
		switch v := a.Value; {
		case v.String != nil:
			return *v.String
		case v.Int != nil:
			return *v.Int
		case v.Double != nil:
			return fmt.Sprint(*v.Double)
		case v.Array != nil:
			return *v.Array.Values[0].String
		}
	}
	return ""
}

const secret = "sk-very-secret"

func sampleRecord(i int) *eval.Record {
	n := 64
	return &eval.Record{
		Index: i, Digest: fmt.Sprintf("d%d", i), Status: eval.OK, Attempts: 2, Error: secret, ID: "id " + secret,
		Request: &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: "prompt " + secret}}, System: secret,
			Sampling: eval.Sampling{MaxTokens: &n, Temperature: 0.5, Stop: []string{secret}, ExtraBody: map[string]any{"key": secret}}},
		Instance: &eval.Instance{Question: secret},
		Outputs:  []eval.Output{{Text: "answer " + secret, FinishReason: "stop", Answer: secret}},
		Usage:    eval.Usage{PromptTokens: 10, CachedTokens: 4, CompletionTokens: 20, Cost: 0.5},
		Timing:   eval.Timing{Queue: 3, First: 40, Total: 90},
	}
}

func testRun() Run {
	return Run{ID: "run1", Model: eval.Model{Name: "n", Kind: "openai", ID: "org/m"}, Start: time.Unix(100, 0),
		Endpoint: "http://user:" + secret + "@127.0.0.1:8000/v1?key=" + secret,
		State:    func() map[string]float64 { return map[string]float64{"in_flight": 3} }}
}

func TestSpansAndMetrics(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	cfg, err := FromEnv(func(k string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20" + secret, "OTEL_RESOURCE_ATTRIBUTES": "team=a",
			"OPENAI_API_KEY": secret}[k]
	}, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Client = server.Client()
	r := New(cfg)
	tr := r.Begin(testRun())
	at := func(s int64) time.Time { return time.Unix(100+s, 5) }
	tr.Seen("a", sampleRecord(0), at(2), at(4))
	failed := sampleRecord(1)
	failed.Status, failed.Usage, failed.Outputs = eval.InfraServerDown, eval.Usage{}, nil
	tr.Seen("a", failed, at(1), at(3))
	reused := sampleRecord(2)
	reused.Notes = []string{"reused"}
	tr.Seen("b", reused, at(5), at(5))
	tr.End("complete", at(9))
	tr.End("complete", at(10)) // once
	if err := r.Close(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	byName := map[string]span{}
	for _, s := range c.spans {
		if s.TraceID != c.spans[0].TraceID || len(s.TraceID) != 32 || len(s.SpanID) != 16 {
			t.Errorf("ids of %s: %s %s", s.Name, s.TraceID, s.SpanID)
		}
		name := s.Name
		if s.Status != nil && s.Status.Code == codeError {
			name += " failed"
		}
		byName[name] = s
	}
	if len(c.spans) != 5 {
		t.Fatalf("%d spans, want a run, two tasks and two requests", len(c.spans))
	}
	run, a, ok, bad := byName["run org/m"], byName["task a"], byName["chat org/m"], byName["chat org/m failed"]
	if run.Parent != "" || a.Parent != run.SpanID || ok.Parent != a.SpanID || bad.Parent != a.SpanID || byName["task b"].Parent != run.SpanID {
		t.Error("spans do not hang together")
	}
	if a.Start != "101000000005" || a.End != "104000000005" || ok.Kind != kindClient || run.Start != "100000000000" || run.End != "109000000005" {
		t.Errorf("times: task %s–%s, run %s–%s", a.Start, a.End, run.Start, run.End)
	}
	for key, want := range map[string]string{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "org/m",
		"gen_ai.request.max_tokens": "64", "gen_ai.request.temperature": "0.5", "gen_ai.usage.input_tokens": "10", "gen_ai.usage.output_tokens": "20",
		"gen_ai.response.finish_reasons": "stop", "server.address": "127.0.0.1", "server.port": "8000", "olmo_eval.task": "a", "olmo_eval.item_digest": "d0",
		"olmo_eval.attempts": "2", "olmo_eval.first_token_ms": "40", "error.type": ""} {
		if got := of(ok, key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if of(bad, "error.type") != "infra_server_down" || of(bad, "gen_ai.usage.input_tokens") != "" || of(run, "olmo_eval.run_id") != "run1" || of(a, "olmo_eval.failed") != "1" {
		t.Errorf("failed request %+v", bad)
	}
	if strings.Contains(c.bodies.String(), secret) {
		t.Error("the secret is in what was sent")
	}
	if c.headers[0].Get("Authorization") != "Bearer "+secret {
		t.Error("the collector's own header was not sent")
	}
	got := map[string]bool{}
	for _, m := range c.metrics {
		got[m["name"].(string)] = true
	}
	for _, name := range []string{tokenUsage, duration, firstToken, queueTime, instances, attempts, tokens, cost, progressing} {
		if !got[name] {
			t.Errorf("metric %s was not sent", name)
		}
	}
}

// A collector that is busy is tried again; one that refuses is not, and the end
// says what was lost.
func TestCollectorsThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		answer   func(n int) int
		messages int
		lost     bool
	}{
		"busy":        {func(n int) int { return map[bool]int{true: 503, false: 200}[n < 3] }, 3, false},
		"refusing":    {func(int) int { return 401 }, 1, true},
		"always busy": {func(int) int { return 429 }, sends, true},
	} {
		t.Run(name, func(t *testing.T) {
			col := &collector{answer: c.answer}
			server := httptest.NewServer(col)
			defer server.Close()
			var slept atomic.Int64
			r := New(Config{Traces: server.URL, Client: server.Client(), Sleep: func(time.Duration) { slept.Add(1) }})
			r.Begin(testRun()).End("failed", time.Unix(200, 0))
			err := r.Close(30 * time.Second)
			if (err != nil) != c.lost || len(col.headers) != c.messages || slept.Load() != int64(c.messages-1) {
				t.Errorf("%v, %d messages, slept %d times", err, len(col.headers), slept.Load())
			}
			if err != nil && (!strings.Contains(err.Error(), "1 spans lost") || strings.Contains(err.Error(), server.URL)) {
				t.Errorf("error %q", err)
			}
		})
	}
}

// A collector that hangs holds up neither the run nor its end.
func TestHangingCollector(t *testing.T) {
	begun, release := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-release
	}))
	r := New(Config{Traces: server.URL, Client: server.Client(), Timeout: time.Hour, linger: time.Hour})
	tr := r.Begin(testRun())
	rec := sampleRecord(0)
	for range batchSize {
		tr.Seen("a", rec, time.Unix(1, 0), time.Unix(2, 0))
	}
	<-begun // the sender waits for the collector with a full batch
	for range queued + 10 {
		tr.Seen("a", rec, time.Unix(1, 0), time.Unix(2, 0))
	}
	err := r.Close(time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "10 dropped") {
		t.Errorf("%v", err)
	}
	close(release)
	server.Close()
}

func TestFromEnv(t *testing.T) {
	for name, c := range map[string]struct {
		env             map[string]string
		flag            string
		traces, metrics string
		bad             bool
	}{
		"nothing":          {nil, "", "", "", false},
		"base":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "", "http://c:4318/v1/traces", "http://c:4318/v1/metrics", false},
		"flag":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_SDK_DISABLED": "true"}, "http://d:2", "http://d:2/v1/traces", "http://d:2/v1/metrics", false},
		"one signal":       {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x"}, "", "http://c/x", "", false},
		"none":             {map[string]string{"OTEL_METRICS_EXPORTER": "none"}, "http://d:2", "http://d:2/v1/traces", "", false},
		"disabled":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1", "OTEL_SDK_DISABLED": "true"}, "", "", "", false},
		"grpc":             {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", "", "", true},
		"no URL":           {nil, "localhost:4318", "", "", true},
		"wrong header":     {map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": secret}, "http://d:2", "", "", true},
		"wrong timeout":    {map[string]string{"OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, "http://d:2", "", "", true},
		"wrong attributes": {map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "a"}, "http://d:2", "", "", true},
	} {
		got, err := FromEnv(func(k string) string { return c.env[k] }, c.flag)
		if (err != nil) != c.bad || !c.bad && (got.Traces != c.traces || got.Metrics != c.metrics) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the value is in the error: %v", name, err)
		}
	}
}

func TestPrometheus(t *testing.T) {
	r := New(Config{})
	defer r.Close(time.Second)
	tr := r.Begin(testRun())
	for i := range 3 {
		tr.Seen("a", sampleRecord(i), time.Unix(1, 0), time.Unix(1, 0).Add(3*time.Second))
	}
	for _, addr := range []string{"0.0.0.0:0", "192.168.0.1:9464", ":9464", "9464", "example.org:1"} {
		if s, err := Serve(r, addr, ""); err == nil {
			t.Errorf("it listens at %s", addr)
			s.Close()
		}
	}
	s, err := Serve(r, "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	get := func(header string) (int, string) {
		req, _ := http.NewRequest(http.MethodGet, s.URL, nil)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	for _, h := range []string{"", "Bearer ", "Bearer x" + s.Token, s.Token} {
		if code, body := get(h); code != http.StatusUnauthorized || strings.Contains(body, "olmo") || strings.Contains(body, s.Token) {
			t.Errorf("header %q: %d", h, code)
		}
	}
	code, body := get("Bearer " + s.Token)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if code != http.StatusOK || err != nil {
		t.Fatalf("%d, %v", code, err)
	}
	if f := families["olmo_eval_instances_total"]; f == nil || f.Metric[0].GetCounter().GetValue() != 3 {
		t.Errorf("instances: %v", f)
	}
	if f := families["gen_ai_client_operation_duration_seconds"]; f == nil || f.Metric[0].GetHistogram().GetSampleCount() != 3 || f.Metric[0].GetHistogram().GetSampleSum() != 9 {
		t.Errorf("duration: %v", f)
	}
	if f := families["olmo_eval_progress"]; f == nil || f.Metric[0].GetGauge().GetValue() != 3 {
		t.Errorf("progress: %v", f)
	}
	if f := families["olmo_eval_cost_usd_total"]; f == nil || f.Metric[0].GetCounter().GetValue() != 1.5 {
		t.Errorf("cost: %v", f)
	}
	if strings.Contains(body, secret) {
		t.Error("the secret is in the answer")
	}
}

func FuzzPairs(f *testing.F) {
	f.Add("a=b,c=%20d")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := pairs("X", text)
		if _, ok := out[""]; ok || err != nil && len(text) > 20 && strings.Contains(err.Error(), text) {
			t.Errorf("%v %v", out, err)
		}
	})
}

// What telling costs a worker for each instance.
func BenchmarkSeen(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	r := New(Config{Traces: server.URL, Metrics: server.URL, Client: server.Client()})
	tr, rec, begin := r.Begin(testRun()), sampleRecord(0), time.Unix(1, 0)
	for b.Loop() {
		tr.Seen("a", rec, begin, begin.Add(time.Second))
	}
	_ = r.Close(time.Minute) // spans that were dropped are no matter
}
