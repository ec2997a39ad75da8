package llamacpp

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/gguf"
	"olmoeval/internal/gguf/tiny"
)

func TestValidate(t *testing.T) {
	minus := -1
	for want, c := range map[string]Config{
		"no checkpoint":   {},
		"unknown bound":   {Path: "x", Boundary: "lm_evil"},
		"max_model_len":   {Path: "x", ContextLength: -1},
		"gpu_layers":      {Path: "x", GPULayers: &minus},
		"parallel=99":     {Path: "x", Parallel: 99},
		"unknown kv_cach": {Path: "x", KVCache: "q4"},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}

func TestNewFaults(t *testing.T) {
	open := func(*gguf.File, []string) (backend, error) { return newRef(tiny.Config{}), nil }
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := os.WriteFile(path, []byte("<!doctype html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := newProvider(Config{Path: path}, open)
	if f := eval.FaultOf(err); err == nil || f.Status != eval.ConfigError || !f.Abort {
		t.Errorf("a page of HTML: %v", err)
	}
	if _, err := newProvider(Config{Path: tinyFile(t, tiny.Config{}), ChatTemplate: "none.jinja"}, open); err == nil {
		t.Error("a template that is not there")
	}
	if p, err := New(Config{Path: path, LibDir: t.TempDir()}); err == nil || p != nil || eval.FaultOf(err).Hint == "" {
		t.Errorf("a folder without libraries, or a program without the tag: %v", err)
	}
}

func TestSplitFiles(t *testing.T) {
	header := func(meta ...gguf.KV) *gguf.File {
		path := filepath.Join(t.TempDir(), "x.gguf")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(gguf.Write(f, meta, nil), f.Close()); err != nil {
			t.Fatal(err)
		}
		h, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	three := header(gguf.KV{Key: "split.count", Value: uint32(3)})
	got, err := files("a/m-00001-of-00003.gguf", three)
	if err != nil || strings.Join(got, " ") != "a/m-00001-of-00003.gguf a/m-00002-of-00003.gguf a/m-00003-of-00003.gguf" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := files("a/m-00002-of-00003.gguf", three); err == nil || !strings.Contains(err.Error(), "-00001-of-00003.gguf") {
		t.Errorf("the second of three: %v", err)
	}
	if _, err := files("x", header(gguf.KV{Key: "split.count", Value: uint32(1 << 30)})); err == nil {
		t.Error("a checkpoint in a thousand million files")
	}
	if got, err := files("x", header()); err != nil || len(got) != 1 {
		t.Errorf("%q %v", got, err)
	}
	a, b := tinyFile(t, tiny.Config{Seed: 1}), tinyFile(t, tiny.Config{Seed: 2})
	x, err1 := digest([]string{a, b})
	y, err2 := digest([]string{b, a})
	if err := errors.Join(err1, err2); err != nil || x == y {
		t.Errorf("%s %s %v", x, y, err)
	}
}

func TestIdentity(t *testing.T) {
	yes := true
	c := tiny.Config{Seed: 50}
	plain := refProvider(t, c, func(cfg *Config, _ *refModel) { cfg.Threads, cfg.Parallel, cfg.KVCache = 3, 2, KVF16 }).Model()
	if plain.Options != nil || plain.Weights == "" || !plain.Pinned || plain.Kind != "llamacpp" {
		t.Errorf("%+v", plain)
	}
	step := int64(7)
	set := refProvider(t, c, func(cfg *Config, _ *refModel) {
		cfg.AddBOS, cfg.ContextLength, cfg.Boundary, cfg.KVCache, cfg.EOS = &yes, 512, BoundarySeparate, KVF32, "\n"
		cfg.As = eval.Model{Name: "mine", Step: &step}
	}).Model()
	if len(set.Options) != 5 || set.Name != "mine" || *set.Step != 7 || set.Weights != plain.Weights {
		t.Errorf("%+v", set)
	}
}

func TestCapsDoubt(t *testing.T) {
	for want, break_ := range map[string]func(*refModel){
		"both score":   func(m *refModel) { m.flat = true },
		"not a number": func(m *refModel) { m.nan = true },
		"alone and": func(m *refModel) {
			m.before = func(int) error { m.w["output.weight"][5000] += 3; m.scale(1.01); return nil }
		},
	} {
		p := refProvider(t, tiny.Config{Seed: 51}, func(_ *Config, m *refModel) { break_(m) })
		caps, err := p.Caps(t.Context())
		if notes := strings.Join(caps.Notes, "; "); err != nil || caps.Loglikelihood || !strings.Contains(notes, want) {
			t.Errorf("%s: %+v %v", want, caps, err)
		}
	}
	caps, err := refProvider(t, tiny.Config{Seed: 51}, nil).Caps(t.Context())
	if err != nil || !caps.Loglikelihood || !caps.Chat || !caps.Completion || !caps.N || !caps.Seed || caps.Tools || caps.JSONSchema || caps.MaxContext != tiny.Context {
		t.Errorf("%+v %v", caps, err)
	}
}

// scale multiplies all outputs of the network.
func (m *refModel) scale(by float64) {
	for i := range m.w["output.weight"] {
		m.w["output.weight"][i] *= by
	}
}

func TestNotANumber(t *testing.T) {
	p := refProvider(t, tiny.Config{}, func(_ *Config, m *refModel) { m.nan = true })
	for _, r := range []*eval.Request{lik("a", "b"), {Type: eval.Completion, Prompt: "a"}} {
		if _, err := p.Respond(t.Context(), r); eval.FaultOf(err).Status != eval.InfraBadResponse {
			t.Errorf("%s: %v", r.Type, err)
		}
	}
}

func TestRefused(t *testing.T) {
	p := refProvider(t, tiny.Config{}, nil)
	for want, r := range map[string]*eval.Request{
		"tools":       {Type: eval.Chat, Prompt: "x", Tools: []eval.Tool{{Name: "f"}}},
		"JSON schema": {Type: eval.Completion, Prompt: "x", Sampling: eval.Sampling{JSONSchema: map[string]any{"type": "object"}}},
		"extra_body":  {Type: eval.Completion, Prompt: "x", Sampling: eval.Sampling{ExtraBody: map[string]any{"a": 1}}},
		"unknown":     {Type: "embedding"},
	} {
		_, err := p.Respond(t.Context(), r)
		if f := eval.FaultOf(err); err == nil || f.Status != eval.ConfigError || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestCancel cancels a request in the middle of its answer: it ends before the
// next token is computed, and the next request is answered as ever.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls, stopAt := 0, 5
	p := refProvider(t, tiny.Config{Seed: 52}, func(_ *Config, m *refModel) {
		m.before = func(int) error {
			if calls++; calls == stopAt {
				cancel()
			}
			return nil
		}
	})
	n := 100
	r := &eval.Request{Type: eval.Completion, Prompt: "Then", Sampling: eval.Sampling{MaxTokens: &n}}
	if _, err := p.Respond(ctx, r); eval.FaultOf(err).Status != eval.Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if calls != stopAt {
		t.Errorf("%d steps, want %d", calls, stopAt)
	}
	want := ask(t, refProvider(t, tiny.Config{Seed: 52}, nil), r).Outputs[0].Text
	if got := ask(t, p, r).Outputs[0].Text; got != want {
		t.Errorf("%q after a cancelled request, want %q", got, want)
	}
	// Between the blocks of a long prompt, too.
	ctx2, cancel2 := context.WithCancel(t.Context())
	defer cancel2()
	p = refProvider(t, tiny.Config{Seed: 52}, func(_ *Config, m *refModel) {
		m.before = func(int) error { cancel2(); return nil }
	})
	if _, err := p.Respond(ctx2, lik(strings.Repeat(long, 6), " x")); eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("%v", err)
	}
}

// TestFailureForgets fails a batch in the middle and then asks again: nothing
// of the failed request may be left.
func TestFailureForgets(t *testing.T) {
	broken := errors.New("broken")
	calls, failAt := 0, 0
	p := refProvider(t, tiny.Config{Seed: 53}, func(_ *Config, m *refModel) {
		m.before = func(int) error {
			if calls++; calls == failAt {
				return broken
			}
			return nil
		}
	})
	n, seed := 6, int64(3)
	requests := []*eval.Request{
		lik(strings.Repeat(long, 4), " the", " a thing", " in the end"),
		{Type: eval.Completion, Prompt: strings.Repeat(long, 4), Sampling: eval.Sampling{MaxTokens: &n, Temperature: 1, NumSamples: 3, Seed: &seed}},
	}
	for k, r := range requests {
		fresh := ask(t, refProvider(t, tiny.Config{Seed: 53}, nil), r)
		for i := 1; i <= 3; i++ {
			calls, failAt = 0, i
			if _, err := p.Respond(t.Context(), r); !errors.Is(err, broken) && i < 3 {
				t.Errorf("request %d, failure %d: %v", k, i, err)
			}
			failAt = 0
			got := ask(t, p, r)
			for o := range got.Outputs {
				x, y := got.Outputs[o], fresh.Outputs[o]
				if x.Text != y.Text || x.Loglik != nil && x.Loglik.Sum != y.Loglik.Sum {
					t.Errorf("request %d, after failure %d: %+v, want %+v", k, i, x, y)
				}
			}
		}
	}
}

// TestClose closes the provider while a request is answered and another waits.
func TestClose(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var model *refModel
	p := refProvider(t, tiny.Config{}, func(_ *Config, m *refModel) {
		model = m
		m.before = func(int) error {
			once.Do(func() { close(started); <-release })
			return nil
		}
	})
	var first, second error
	var wg sync.WaitGroup
	wg.Go(func() { _, first = p.Respond(t.Context(), lik("a", "b")) })
	<-started
	waiting := make(chan struct{})
	wg.Go(func() { close(waiting); _, second = p.Respond(t.Context(), lik("a", "b")) })
	<-waiting
	closed := make(chan struct{})
	go func() { p.Close(); close(closed) }()
	<-p.closed // Close has begun, and must wait for the first
	select {
	case <-closed:
		t.Error("closed while a request was answered")
	default:
	}
	close(release)
	wg.Wait()
	<-closed
	if first != nil {
		t.Errorf("the request that was answered: %v", first)
	}
	// The second was turned away, or answered before Close got hold of the
	// model.
	if second != nil && eval.FaultOf(second).Status != eval.InfraServerDown {
		t.Errorf("the request that waited: %v", second)
	}
	if _, err := p.Respond(t.Context(), lik("a", "b")); eval.FaultOf(err).Status != eval.InfraServerDown {
		t.Errorf("after Close: %v", err)
	}
	if err := p.Close(); err != nil || model.closed != 1 || model.made != 0 {
		t.Errorf("closed %d times, %d contexts are left, %v", model.closed, model.made, err)
	}
}

// TestWaitingIsCancelled holds the only context and cancels who waits for it.
func TestWaitingIsCancelled(t *testing.T) {
	p := refProvider(t, tiny.Config{}, nil)
	if _, err := p.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := p.Respond(ctx, lik("a", "b")); done <- err }()
	cancel()
	if err := <-done; eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("%v", err)
	}
	p.free <- s
	ask(t, p, lik("a", "b"))
}

func TestStopSequences(t *testing.T) {
	for _, c := range []struct {
		text  string
		from  int
		stops []string
		want  int
	}{
		{"one two", 4, []string{"two"}, 4}, {"one two", 6, []string{"e t"}, -1}, {"one two", 3, []string{"e t"}, 2},
		{"abcabc", 5, []string{"c", "bc"}, 4}, {"abc", 0, []string{"", "x"}, -1}, {"ab", 1, []string{"abc", "b", "ab"}, 0},
	} {
		if got := firstStop(c.text, c.from, c.stops); got != c.want {
			t.Errorf("%q from %d, %q: %d, want %d", c.text, c.from, c.stops, got, c.want)
		}
	}
	p := refProvider(t, tiny.Config{Seed: 7, Scale: 1.5}, nil)
	n := 30
	free := ask(t, p, &eval.Request{Type: eval.Completion, Prompt: "Then", Sampling: eval.Sampling{MaxTokens: &n}}).Outputs[0]
	if len(free.Text) < 6 {
		t.Fatalf("%q is too short", free.Text)
	}
	stop := free.Text[3:5]
	got := ask(t, p, &eval.Request{Type: eval.Completion, Prompt: "Then", Sampling: eval.Sampling{MaxTokens: &n, Stop: []string{"never", stop}}}).Outputs[0]
	if want, _, _ := strings.Cut(free.Text, stop); got.Text != want || got.FinishReason != "stop" {
		t.Errorf("%+v, want %q", got, want)
	}
	eos := refProvider(t, tiny.Config{Seed: 7, Scale: 1.5}, func(c *Config, _ *refModel) { c.EOS = stop })
	if got := ask(t, eos, &eval.Request{Type: eval.Completion, Prompt: "Then", Sampling: eval.Sampling{MaxTokens: &n}}).Outputs[0]; got.FinishReason != "stop" {
		t.Errorf("eos=%q: %+v", stop, got)
	}
}

func TestLogprob(t *testing.T) {
	lp, margin, err := logprob([]float32{1, 3, 2}, 1)
	if err != nil || math.Abs(lp-(-math.Log(1+math.Exp(-1)+math.Exp(-2)))) > 1e-12 || margin != 1 {
		t.Errorf("%v %v %v", lp, margin, err)
	}
	if _, margin, _ := logprob([]float32{1, 3, 2}, 2); margin != -1 {
		t.Errorf("margin %v", margin)
	}
	if lp, margin, err := logprob([]float32{5, 5}, 0); err != nil || margin != 0 || math.Abs(lp+math.Ln2) > 1e-12 {
		t.Errorf("a tie: %v %v %v", lp, margin, err)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, l := range [][]float32{{nan, 1}, {inf, 1}, {-inf, 1}, {1}, {}} {
		if lp, _, err := logprob(l, 0); err == nil {
			t.Errorf("%v: %v", l, lp)
		}
	}
}
