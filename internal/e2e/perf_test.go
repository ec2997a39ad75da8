package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/eval"
	"olmoeval/internal/cli"
	"olmoeval/internal/journal"
	"olmoeval/internal/mockserver"
	"olmoeval/internal/perf"
	"olmoeval/internal/provider/mock"
)

// tally counts what a server was asked about questions, and what it said that
// took.
type tally struct {
	*httptest.Server
	mu                          sync.Mutex
	asked, answered             int
	prompt, completion, metrics int
	first                       chan struct{} // closed at the first question
	hold                        chan struct{} // answers wait for it, if not nil
}

// copying keeps what is written.
type copying struct {
	http.ResponseWriter
	code int
	body bytes.Buffer
}

func (c *copying) WriteHeader(code int) { c.code = code; c.ResponseWriter.WriteHeader(code) }
func (c *copying) Write(b []byte) (int, error) {
	c.body.Write(b)
	return c.ResponseWriter.Write(b)
}
func (c *copying) Flush() { c.ResponseWriter.(http.Flusher).Flush() }

var usagePattern = regexp.MustCompile(`"usage":(\{[^{}]*\})`)

func newTally(t *testing.T, spec string, hold chan struct{}) *tally {
	t.Helper()
	model, err := mock.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	c := &tally{first: make(chan struct{}), hold: hold}
	next := mockserver.New(mockserver.Config{Model: model})
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		question := strings.HasSuffix(r.URL.Path, "completions") && bytes.Contains(body, []byte("What is "))
		if !question {
			c.mu.Lock()
			if r.URL.Path == "/metrics" {
				c.metrics++
			}
			c.mu.Unlock()
			next.ServeHTTP(w, r)
			return
		}
		c.mu.Lock()
		if c.asked++; c.asked == 1 {
			close(c.first)
		}
		c.mu.Unlock()
		if c.hold != nil {
			<-c.hold
		}
		kept := &copying{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(kept, r)
		c.mu.Lock()
		defer c.mu.Unlock()
		all := usagePattern.FindAllSubmatch(kept.body.Bytes(), -1)
		if kept.code != http.StatusOK || len(all) == 0 {
			return
		}
		var u eval.Usage
		if err := json.Unmarshal(all[len(all)-1][1], &u); err != nil {
			t.Error(err)
		}
		c.answered++
		c.prompt += u.PromptTokens
		c.completion += u.CompletionTokens
	}))
	t.Cleanup(c.Close)
	return c
}

// collected is what a fake OpenTelemetry collector was sent.
type collected struct {
	*httptest.Server
	mu     sync.Mutex
	text   strings.Builder
	spans  []spanSeen
	others []string // names of metrics
}

type spanSeen struct {
	SpanID, ParentSpanID, Name string
	Attributes                 []struct {
		Key   string
		Value map[string]any
	}
}

func (s *spanSeen) get(key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			for _, v := range a.Value {
				return fmt.Sprint(v)
			}
		}
	}
	return ""
}

func collect(t *testing.T) *collected {
	t.Helper()
	c := &collected{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.text.Write(b)
		var msg struct {
			ResourceSpans   []struct{ ScopeSpans []struct{ Spans []spanSeen } }
			ResourceMetrics []struct {
				ScopeMetrics []struct{ Metrics []struct{ Name string } }
			}
		}
		if err := json.Unmarshal(b, &msg); err != nil {
			t.Error(err)
		}
		for _, g := range msg.ResourceSpans {
			for _, s := range g.ScopeSpans {
				c.spans = append(c.spans, s.Spans...)
			}
		}
		for _, g := range msg.ResourceMetrics {
			for _, s := range g.ScopeMetrics {
				for _, m := range s.Metrics {
					c.others = append(c.others, m.Name)
				}
			}
		}
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(c.Close)
	return c
}

const (
	secretKey = "sk-never-to-be-seen"
	price     = ",price={prompt: 3, completion: 15}"
)

// What perf says of a run over HTTP is what the server counted; the collector
// gets a span for each request that was sent; the key is nowhere.
func TestPerfAgreesWithTheServer(t *testing.T) {
	for name, c := range map[string]struct {
		fields string
		stream bool
	}{"whole": {"", false}, "stream": {",stream=true", true}} {
		t.Run(name, func(t *testing.T) {
			const n, twice = 120, 20
			dir := t.TempDir()
			data := rows(t, dir, n)
			b, err := os.ReadFile(data)
			if err != nil {
				t.Fatal(err)
			}
			// The first questions stand there again, under other ids.
			again := strings.ReplaceAll(strings.Join(strings.SplitAfter(string(b), "\n")[:twice], ""), `"q`, `"again`)
			again = strings.ReplaceAll(again, `"againuestion"`, `"question"`)
			if err := os.WriteFile(data, append(b, again...), 0o644); err != nil {
				t.Fatal(err)
			}
			server, otlp := newTally(t, "mock:latency=2ms,fail=0.1", nil), collect(t)
			env := map[string]string{"OPENAI_API_KEY": secretKey, "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.URL}
			code, _, errs := call(dir, env, "run", "-m", "m,base_url="+server.URL+"/v1,model=mock"+price+c.fields, "-t", data, "--home", filepath.Join(dir, "home"), "--concurrency", "8", "--json")
			if code != 0 {
				t.Fatalf("exit code %d\n%s", code, errs)
			}
			code, out, errs := call(dir, env, "perf", "last", "--home", filepath.Join(dir, "home"), "--json")
			var rep perf.Report
			if err := json.Unmarshal([]byte(out), &rep); code != 0 || err != nil {
				t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
			}
			server.mu.Lock()
			defer server.mu.Unlock()
			if rep.Requests != n || rep.Reused != twice || rep.Attempts != server.asked || rep.Retries != server.asked-n || rep.Requests != server.answered || rep.Failed != 0 {
				t.Errorf("perf: %d requests, %d reused, %d attempts; the server was asked %d times and answered %d", rep.Requests, rep.Reused, rep.Attempts, server.asked, server.answered)
			}
			if rep.PromptTokens != int64(server.prompt) || rep.CompletionTokens != int64(server.completion) || server.completion == 0 {
				t.Errorf("perf: %d and %d tokens; the server: %d and %d", rep.PromptTokens, rep.CompletionTokens, server.prompt, server.completion)
			}
			want := (3*float64(server.prompt) + 15*float64(server.completion)) / 1e6
			if got := rep.Cost.Subject; got == nil || *got < want*0.999999 || *got > want*1.000001 || rep.Cost.Unpriced != 0 {
				t.Errorf("cost %v, want %v", got, want)
			}
			l := rep.Latency
			if l.Total == nil || l.Total.N != n || l.Total.P50 < 2 || l.Queue.N != n || (l.FirstToken != nil) != c.stream {
				t.Errorf("latency %+v", l)
			}
			if rep.Throughput.Requests == nil || *rep.Throughput.Requests <= 0 || len(rep.Engine) != 1 || rep.Engine[0].Looks != server.metrics || server.metrics < 2 {
				t.Errorf("throughput %+v, engine %+v, %d looks", rep.Throughput, rep.Engine, server.metrics)
			}
			checkSpans(t, otlp, n, &rep)
			if strings.Contains(otlp.text.String(), secretKey) || strings.Contains(otlp.text.String(), "What is") {
				t.Error("the key or a prompt is in what the collector got")
			}
			nowhere(t, filepath.Join(dir, "home"), secretKey)
		})
	}
}

// checkSpans wants one run, one task and n requests, hanging together.
func checkSpans(t *testing.T, c *collected, n int, rep *perf.Report) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var run, task *spanSeen
	for i := range c.spans {
		switch s := &c.spans[i]; {
		case strings.HasPrefix(s.Name, "run "):
			run = s
		case strings.HasPrefix(s.Name, "task "):
			task = s
		}
	}
	if run == nil || task == nil || len(c.spans) != n+2 {
		t.Fatalf("%d spans, want a run, a task and %d requests", len(c.spans), n)
	}
	tokens, attempts := 0, 0
	for i := range c.spans {
		s := &c.spans[i]
		if s == run || s == task {
			continue
		}
		var in, tried int
		fmt.Sscan(s.get("gen_ai.usage.input_tokens"), &in)
		fmt.Sscan(s.get("olmo_eval.attempts"), &tried)
		tokens += in
		attempts += tried
		if s.ParentSpanID != task.SpanID || s.Name != "text_completion mock" || s.get("gen_ai.request.model") != "mock" || s.get("server.address") != "127.0.0.1" {
			t.Fatalf("span %+v", s)
		}
	}
	if run.get("olmo_eval.run_id") != rep.RunID || task.ParentSpanID != run.SpanID || int64(tokens) != rep.PromptTokens || attempts != rep.Attempts {
		t.Errorf("run %q, %d prompt tokens, %d attempts in spans", run.get("olmo_eval.run_id"), tokens, attempts)
	}
	if len(c.others) == 0 {
		t.Error("no metrics")
	}
}

// nowhere wants a text in no file under a directory.
func nowhere(t *testing.T, dir, text string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("it is in %s", path)
		}
		return err
	})
	if err != nil || files < 4 {
		t.Errorf("%v, %d files", err, files)
	}
}

// A budget ends the command with code 3 and one line; the same command goes on,
// and nothing is asked twice.
func TestBudgetOfACommand(t *testing.T) {
	dir := t.TempDir()
	server := serve(t, "mock", "m1", "m2")
	data := rows(t, dir, 100)
	args := []string{"run", "-m", "m1,base_url=" + server.URL + "/v1" + price, "-m", "m2,base_url=" + server.URL + "/v1" + price,
		"-t", data, "--home", filepath.Join(dir, "home"), "--concurrency", "4", "--quiet", "--json"}
	code, out, errs := call(dir, nil, append(args, "--max-tokens", "200")...)
	if code != 3 || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "--max-tokens 200") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	first := resultOf(t, out) // one object: the second model was not begun
	if used := first.Usage.PromptTokens + first.Usage.CompletionTokens; first.Status != journal.Interrupted || used < 200 || first.Tasks[0].NOK >= 50 {
		t.Errorf("status %s, %d tokens, %d ok", first.Status, used, first.Tasks[0].NOK)
	}
	code, out, errs = call(dir, nil, args...)
	if code != 0 || server.again() != 0 {
		t.Errorf("exit code %d, %d asked again\n%s", code, server.again(), errs)
	}
	one, two, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if r := resultOf(t, one); r.RunID != first.RunID || r.Status != journal.Complete || resultOf(t, two).Status != journal.Complete {
		t.Errorf("the second command: %s", out)
	}
}

// lines is a writer whose text can be read while it is written.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Prometheus is answered while the run runs, to those who bear the token.
func TestPrometheusOfARun(t *testing.T) {
	dir, hold := t.TempDir(), make(chan struct{})
	server := newTally(t, "mock", hold)
	data := rows(t, dir, 5)
	var out bytes.Buffer
	errs := &lines{}
	code := make(chan int, 1)
	go func() {
		code <- cli.Main(t.Context(), cli.Env{
			Args:  []string{"run", "-m", "m,base_url=" + server.URL + "/v1,model=mock", "-t", data, "--quiet", "--prometheus", "127.0.0.1:0"},
			Stdin: strings.NewReader(""), Stdout: &out, Stderr: errs, Dir: dir, Getenv: func(string) string { return "" }, Sets: []eval.Set{benchmarks.All()},
		})
	}()
	<-server.first
	m := regexp.MustCompile(`prometheus: (http://127\.0\.0\.1:\d+/metrics), header Authorization: Bearer ([0-9a-f]{32})\n`).FindStringSubmatch(errs.String())
	if m == nil {
		close(hold)
		t.Fatalf("no address: %s", errs)
	}
	get := func(token string) (int, string) {
		req, _ := http.NewRequest(http.MethodGet, m[1], nil)
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, _ := get("wrong"); status != http.StatusUnauthorized {
		t.Errorf("a wrong token: %d", status)
	}
	status, body := get(m[2])
	if status != http.StatusOK || !strings.Contains(body, `olmo_eval_progress{olmo_eval_what="total"} 5`) {
		t.Errorf("%d\n%s", status, body)
	}
	close(hold)
	if c := <-code; c != 0 {
		t.Errorf("exit code %d\n%s", c, errs)
	}
}

// Wrong flags are refused in one line before anything is asked or written.
func TestMeasuringFlagsThatAreWrong(t *testing.T) {
	server := newTally(t, "mock", nil)
	model := "m,base_url=" + server.URL + "/v1,model=mock"
	for name, c := range map[string]struct {
		env   map[string]string
		model string
		flags []string
		want  string
	}{
		"no price":            {nil, model, []string{"--max-cost", "1"}, "price={prompt: 3, completion: 15}"},
		"cost below 0":        {nil, model + price, []string{"--max-cost", "-1"}, "--max-cost"},
		"tokens below 0":      {nil, model, []string{"--max-tokens", "-1"}, "--max-tokens"},
		"time below 0":        {nil, model, []string{"--max-time", "-1s"}, "--max-time"},
		"price below 0":       {nil, model + ",price={prompt: -3, completion: 15}", nil, "price"},
		"open to all":         {nil, model, []string{"--prometheus", "0.0.0.0:9464"}, "127.0.0.1"},
		"token of nothing":    {nil, model, []string{"--prometheus-token-env", "TOKEN"}, "--prometheus"},
		"token that is unset": {nil, model, []string{"--prometheus", "127.0.0.1:0", "--prometheus-token-env", "TOKEN"}, "TOKEN"},
		"collector":           {nil, model, []string{"--otlp", "localhost:4318"}, "http://HOST:4318"},
		"collector by gRPC":   {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, model, nil, "--otlp"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			data := rows(t, dir, 2)
			code, out, errs := call(dir, c.env, append([]string{"run", "-m", c.model, "-t", data, "--quiet"}, c.flags...)...)
			if code != 2 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, c.want) {
				t.Errorf("exit code %d\n%s%s", code, out, errs)
			}
			if _, err := os.Stat(filepath.Join(dir, "olmo-eval-results")); err == nil {
				t.Error("something was written")
			}
		})
	}
	if server.asked != 0 {
		t.Errorf("%d questions were asked", server.asked)
	}
}
