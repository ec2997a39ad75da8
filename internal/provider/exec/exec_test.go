package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/layer"
)

// provider makes one whose engine is this test.
func provider(t *testing.T, options map[string]any, change func(*Config)) *Provider {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A binary with the race detector would take a second to end.
	cfg := Config{Command: []string{exe}, Environ: append(os.Environ(), asEngine+"=1", "GORACE=atexit_sleep_ms=0"), Options: options, As: eval.Model{ID: "m"}}
	if change != nil {
		change(&cfg)
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p.limits.pause = 0
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func say(prompt string) *eval.Request { return &eval.Request{Type: eval.Completion, Prompt: prompt} }

// text asks and returns the text of the only output.
func text(t *testing.T, p *Provider, prompt string) string {
	t.Helper()
	resp, err := p.Respond(t.Context(), say(prompt))
	if err != nil {
		t.Fatalf("%s: %v", prompt, err)
	}
	if len(resp.Outputs) != 1 {
		t.Fatalf("%s: %d outputs", prompt, len(resp.Outputs))
	}
	return resp.Outputs[0].Text
}

// fault asks for a failure.
func fault(t *testing.T, p *Provider, prompt string) *eval.Fault {
	t.Helper()
	resp, err := p.Respond(t.Context(), say(prompt))
	var f *eval.Fault
	if !errors.As(err, &f) {
		t.Fatalf("%s: %v, %v, want a fault", prompt, resp, err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: message of several lines: %q", prompt, err)
	}
	return f
}

func TestAnswersInAnyOrder(t *testing.T) {
	p := provider(t, nil, nil)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			prompt := fmt.Sprintf("three %d", i)
			resp, err := p.Respond(t.Context(), say(prompt))
			if err != nil || resp.Outputs[0].Text != prompt {
				t.Errorf("%s: %v, %v", prompt, resp, err)
			}
		})
	}
	wg.Wait()
}

func TestManyAtOnce(t *testing.T) {
	p := provider(t, nil, func(c *Config) { c.Instances = 3 })
	var wg sync.WaitGroup
	for w := range 20 {
		wg.Go(func() {
			for i := range 20 {
				prompt := fmt.Sprintf("<%d-%d> \u2028\x00\"", w, i)
				resp, err := p.Respond(t.Context(), say(prompt))
				if err != nil || resp.Outputs[0].Text != prompt {
					t.Errorf("%q: %v, %v", prompt, resp, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := len(p.queue.waiting); n != 0 {
		t.Errorf("%d still wait", n)
	}
	for _, s := range p.queue.ready {
		if s.load != 0 {
			t.Errorf("a process has %d places taken", s.load)
		}
	}
}

// What a process does wrong with one request is a fault with the right status;
// the next request finds a process that works.
func TestFaults(t *testing.T) {
	tests := []struct {
		prompt string
		status eval.Status
		want   string
		same   bool // the process lives on
	}{
		{"die", eval.InfraServerDown, "died: exit status 3; stderr ends: ", false},
		{"leave", eval.InfraServerDown, "ended, with exit code 0", false},
		{"half", eval.InfraServerDown, "ended, with exit code 0", false},
		{"raw loading weights…", eval.InfraBadResponse, `no JSON object: "loading weights…"; debug output belongs on stderr`, false},
		{"raw [1]", eval.InfraBadResponse, "no JSON object", false},
		{"raw null", eval.InfraBadResponse, "no JSON object", false},
		{`raw {"type":"answer","id":ID,"outputs":[`, eval.InfraBadResponse, "no JSON object", false},
		{`raw {"type":"status","id":ID}`, eval.InfraBadResponse, `unknown type "status"`, false},
		{`raw {"type":"answer","outputs":[]}`, eval.InfraBadResponse, "without an id", false},
		{`raw {"type":"answer","id":77,"outputs":[]}`, eval.InfraBadResponse, "answered request 77, which was not asked", false},
		{`raw {"type":"hello","protocol":1}`, eval.InfraBadResponse, "hello twice", false},
		{`raw {"type":"error","kind":"internal","message":"all is lost"}`, eval.InfraServerDown, "all is lost", false},
		{"huge", eval.InfraBadResponse, "a line of more than 1000 bytes", false},
		{`raw {"type":"answer","id":ID}`, eval.InfraBadResponse, "has 0 outputs, want 1", true},
		{`raw {"type":"answer","id":ID,"outputs":[{},{}]}`, eval.InfraBadResponse, "has 2 outputs, want 1", true},
		{`raw {"type":"answer","id":ID,"outputs":[{"finish_reason":"stop"}]}`, eval.InfraBadResponse, "has no text", true},
		{`raw {"type":"answer","id":ID,"outputs":[{"text":"a"}]}`, eval.InfraBadResponse, "has no finish_reason", true},
		{`raw {"type":"answer","id":ID,"outputs":[{"text":5,"finish_reason":"stop"}]}`, eval.InfraBadResponse, "want string, got number", true},
		{`raw {"type":"answer","id":ID,"outputs":[{"text":"a NaN \" NaN","finish_reason":"stop","logprobs":[{"token":"a","logprob":NaN}]}]}`, eval.InfraBadResponse, "NaN or Infinity", true},
		{`raw {"type":"answer","id":ID,"usage":{"prompt_tokens":-1},"outputs":[{"text":"a","finish_reason":"stop"}]}`, eval.InfraBadResponse, "negative usage", true},
		{`raw {"type":"error","id":ID,"kind":"context_overflow","message":"9 > 8"}`, eval.ContextOverflow, "9 > 8", true},
		{`raw {"type":"error","id":ID,"kind":"content_filtered"}`, eval.ContentFiltered, "no message", true},
		{`raw {"type":"error","id":ID,"kind":"bad_request","message":"two\nlines"}`, eval.ConfigError, "two lines", true},
		{`raw {"type":"error","id":ID,"kind":"out_of_memory"}`, eval.InfraServerDown, "out_of_memory", true},
		{`raw {"type":"error","id":ID,"kind":"rate_limited","retry_after_s":2.5}`, eval.InfraRateLimited, "rate_limited", true},
		{`raw {"type":"error","id":ID,"kind":"odd","message":"x"}`, eval.InfraBadResponse, `unknown kind "odd"`, true},
	}
	p := provider(t, nil, nil)
	p.limits.line = 1000
	for _, tt := range tests {
		t.Run(tt.prompt, func(t *testing.T) {
			before := text(t, p, "pid")
			f := fault(t, p, tt.prompt)
			if f.Status != tt.status || !strings.Contains(f.Error(), tt.want) || f.Abort {
				t.Errorf("fault %s %q (abort %v), want %s %q", f.Status, f, f.Abort, tt.status, tt.want)
			}
			if after := text(t, p, "pid"); (after == before) != tt.same {
				t.Errorf("process %s, then %s; want the same: %v", before, after, tt.same)
			}
		})
	}
}

func TestFaultDetails(t *testing.T) {
	p := provider(t, nil, nil)
	var over interface{ Overloaded() bool }
	f := fault(t, p, `raw {"type":"error","id":ID,"kind":"out_of_memory","message":"CUDA"}`)
	if !errors.As(f, &over) || !over.Overloaded() {
		t.Errorf("out_of_memory does not ask for fewer requests: %v", f)
	}
	if f := fault(t, p, `raw {"type":"error","id":ID,"kind":"rate_limited","retry_after_s":2.5}`); f.After != 2500*time.Millisecond {
		t.Errorf("After = %v", f.After)
	}
	if f := fault(t, p, `raw {"type":"error","id":ID,"kind":"model_unavailable","message":"gone"}`); !f.Abort {
		t.Errorf("model_unavailable goes on: %v", f)
	}
}

// All that is in flight at a process that dies is tried again elsewhere.
func TestCrashTakesAllInFlight(t *testing.T) {
	p := provider(t, nil, nil)
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			if f := fault(t, p, fmt.Sprintf("dieWith %d", i)); f.Status != eval.InfraServerDown || !strings.Contains(f.Error(), "exit status 5") {
				t.Errorf("%s %v", f.Status, f)
			}
		})
	}
	wg.Wait()
	if got := text(t, p, "hello"); got != "hello" {
		t.Errorf("after the restart: %q", got)
	}
}

// A request that ends every process it meets is not sent for ever.
func TestDeadlyRequest(t *testing.T) {
	p := provider(t, nil, nil)
	for range 2 {
		if f := fault(t, p, "die"); !strings.Contains(f.Error(), "exit status 3") {
			t.Fatal(f)
		}
	}
	before := text(t, p, "pid")
	for range 10 {
		f := fault(t, p, "die")
		if f.Status != eval.InfraServerDown || f.Abort || !strings.Contains(f.Error(), "is not asked again") {
			t.Fatalf("%s %v", f.Status, f)
		}
	}
	if after := text(t, p, "pid"); after != before {
		t.Error("the process was ended again")
	}
}

// With the layers round it, a crash costs a try and nothing else.
func TestCrashIsTriedAgain(t *testing.T) {
	p := provider(t, nil, nil)
	r := layer.Stack{Base: time.Nanosecond}.Round(p)
	resp, err := r.Respond(t.Context(), say("dieOnce "+filepath.Join(t.TempDir(), "died")))
	if err != nil || resp.Outputs[0].Text != "lived" || resp.Attempts != 2 {
		t.Errorf("%+v, %v", resp, err)
	}
}

func TestGivenUp(t *testing.T) {
	p := provider(t, nil, func(c *Config) { c.Restarts = 2 })
	var f *eval.Fault
	for i := range 10 {
		f = fault(t, p, fmt.Sprintf("die %d", i))
		if f.Status != eval.InfraServerDown {
			t.Fatalf("%s %v", f.Status, f)
		}
	}
	if !f.Abort || !strings.Contains(f.Error(), "given up after 3 starts without an answer") {
		t.Errorf("abort %v: %v", f.Abort, f)
	}
}

func TestHandshakeFaults(t *testing.T) {
	tests := []struct {
		name    string
		options map[string]any
		want    string
	}{
		{"dies", map[string]any{"die": true}, "died: exit status 3; stderr ends: boom: no model here"},
		{"garbage", map[string]any{"raw": "Loading checkpoint shards"}, "no JSON object"},
		{"error", map[string]any{"raw": `{"type":"error","kind":"model_unavailable","message":"no such folder"}`}, "no such folder"},
		{"answer", map[string]any{"raw": `{"type":"answer","id":0}`}, `type "answer", want hello`},
		{"version", map[string]any{"hello": map[string]any{"protocol": 2}}, "speaks protocol 2, this program 1"},
		{"useless", map[string]any{"hello": map[string]any{"capabilities": map[string]any{}}}, "neither completion, chat nor loglikelihood"},
		{"range", map[string]any{"hello": map[string]any{"max_in_flight": -1}}, "out of range"},
		{"type", map[string]any{"hello": map[string]any{"max_context": "4k"}}, "want int, got string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := provider(t, tt.options, nil)
			_, err := p.Caps(t.Context())
			f := eval.FaultOf(err)
			if err == nil || !f.Abort || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Caps: %v (abort %v), want %q", err, err != nil && f.Abort, tt.want)
			}
		})
	}
}

func TestNoHelloInTime(t *testing.T) {
	p := provider(t, map[string]any{"mute": true}, func(c *Config) { c.StartTimeout = time.Millisecond })
	_, err := p.Caps(t.Context())
	if f := eval.FaultOf(err); err == nil || !f.Abort || !strings.Contains(err.Error(), "no hello within 1ms") || f.Hint == "" {
		t.Errorf("Caps: %v", err)
	}
	p = provider(t, map[string]any{"mute": true}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Caps(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Caps of a context that has ended: %v", err)
	}
}

func TestStartFaults(t *testing.T) {
	for _, command := range [][]string{{"no-such-program-x"}, {"./missing.py"}} {
		p, err := New(Config{Command: command, Dir: t.TempDir(), As: eval.Model{ID: "m"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Respond(t.Context(), say("x"))
		if f := eval.FaultOf(err); err == nil || !f.Abort || f.Hint == "" || f.Status != eval.ConfigError {
			t.Errorf("%v: %v", command, err)
		}
		_ = p.Close()
	}
	for _, cfg := range []Config{{}, {Command: []string{"x"}}, {Command: []string{"x"}, Instances: -1, As: eval.Model{ID: "m"}},
		{Command: []string{"x"}, Env: []string{"NOT_SET_TOKEN"}, As: eval.Model{ID: "m"}}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("New(%+v): no error", cfg)
		}
	}
}

// signals is a stderr that tells when a line was written.
type signals struct {
	mu    sync.Mutex
	all   string
	woken chan struct{} // closed and renewed with each write
}

func newSignals() *signals { return &signals{woken: make(chan struct{})} }

func (s *signals) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all += string(b)
	close(s.woken)
	s.woken = make(chan struct{})
	return len(b), nil
}

// await returns when the text was written.
func (s *signals) await(t *testing.T, text string) {
	t.Helper()
	limit := make(chan struct{})
	timer := time.AfterFunc(time.Minute, func() { close(limit) })
	defer timer.Stop()
	if !s.until(text, limit) {
		t.Fatalf("never wrote %q", text)
	}
}

// until waits for the text or for over.
func (s *signals) until(text string, over <-chan struct{}) bool {
	for {
		s.mu.Lock()
		woken, ok := s.woken, strings.Contains(s.all, text)
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-woken:
		case <-over:
			return false
		}
	}
}

func TestCancelThenLateAnswer(t *testing.T) {
	stderr := newSignals()
	p := provider(t, map[string]any{"hello": map[string]any{"max_in_flight": 1}}, func(c *Config) { c.Stderr = stderr })
	before := text(t, p, "pid")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := p.Respond(ctx, say("wait")); done <- err }()
	stderr.await(t, "got wait")
	cancel()
	if err := <-done; eval.FaultOf(err).Status != eval.Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("Respond = %v", err)
	}
	// There is one place, and it is free once the late answer has come.
	if after := text(t, p, "pid"); after != before {
		t.Error("the process was ended by a late answer")
	}
	stderr.await(t, "got cancel 1")
}

// deadline is a context that runs out when told.
type deadline struct {
	context.Context
	over chan struct{}
}

func (d deadline) Done() <-chan struct{} { return d.over }
func (d deadline) Err() error {
	select {
	case <-d.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestHangIsKilledAtTheDeadline(t *testing.T) {
	stderr := newSignals()
	p := provider(t, nil, func(c *Config) { c.Stderr = stderr })
	before := text(t, p, "pid")
	d := deadline{t.Context(), make(chan struct{})}
	done := make(chan error, 1)
	go func() { _, err := p.Respond(d, say("hang")); done <- err }()
	stderr.await(t, "got hang")
	close(d.over)
	if err := <-done; !eval.FaultOf(err).Status.Retryable() {
		t.Errorf("Respond = %v", err)
	}
	if after := text(t, p, "pid"); after == before {
		t.Error("the process that hangs was not killed")
	}
}

func TestTimeout(t *testing.T) {
	p := provider(t, nil, func(c *Config) { c.Timeout = time.Millisecond })
	if f := fault(t, p, "hang"); f.Status != eval.InfraServerDown || !strings.Contains(f.Error(), "no answer within 1ms") {
		t.Errorf("%s %v", f.Status, f)
	}
}

func TestClose(t *testing.T) {
	stderr := newSignals()
	p := provider(t, nil, func(c *Config) { c.Stderr = stderr })
	done := make(chan error, 1)
	go func() { _, err := p.Respond(t.Context(), say("hang")); done <- err }()
	stderr.await(t, "got hang")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("in flight at Close: %v", err)
	}
	stderr.await(t, "farewell")
	if _, err := p.Respond(t.Context(), say("x")); eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("after Close: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	// One that does not end when asked is made to.
	p = provider(t, map[string]any{"no_end": true}, nil)
	p.limits.grace = time.Millisecond
	text(t, p, "pid")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestOtherWeightsAfterRestart(t *testing.T) {
	p := provider(t, map[string]any{"weights_from": "pid"}, nil)
	text(t, p, "pid")
	fault(t, p, "die")
	_, err := p.Respond(t.Context(), say("x"))
	if f := eval.FaultOf(err); err == nil || !f.Abort || !strings.Contains(err.Error(), "an earlier one said") {
		t.Errorf("after a restart with other weights: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	change := func(c *Config) {
		c.Environ = append(c.Environ, "OPENAI_API_KEY=sk-1234567", "HF_TOKEN=hf_abcdef", "TOKENIZERS_PARALLELISM=false", "DB=postgres://u:pw123456@h/d", "PLAIN=yes")
		c.Env = []string{"HF_TOKEN"}
	}
	p := provider(t, nil, change)
	for name, want := range map[string]string{"OPENAI_API_KEY": "", "HF_TOKEN": "hf_abcdef", "TOKENIZERS_PARALLELISM": "false", "DB": "", "PLAIN": "yes"} {
		if got := text(t, p, "env "+name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if f := fault(t, p, "raw oops hf_abcdef"); strings.Contains(f.Error(), "hf_abcdef") || !strings.Contains(f.Error(), "***") {
		t.Errorf("a secret is shown: %v", f)
	}
}
