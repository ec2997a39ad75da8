package llamacpp

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/gguf/tiny"
	"olmoeval/internal/provider/providertest"
)

// opener makes a provider of the tiny network: in Go, or in llama.cpp.
type opener func(t *testing.T, c tiny.Config, edit func(*Config)) *Provider

func inGo(t *testing.T, c tiny.Config, edit func(*Config)) *Provider {
	return refProvider(t, c, func(cfg *Config, _ *refModel) {
		if edit != nil {
			edit(cfg)
		}
	})
}

func TestInGo(t *testing.T) { suite(t, inGo, 1e-6) }

// suite is what holds for the network wherever it is computed; tolerance is per
// token.
func suite(t *testing.T, open opener, tolerance float64) {
	t.Run("provider", func(t *testing.T) {
		providertest.RunReal(t, providertest.Real{Provider: open(t, tiny.Config{Seed: 1}, nil), Tolerance: max(tolerance, 1e-5)})
	})
	t.Run("values", func(t *testing.T) { values(t, open, tolerance) })
	t.Run("boundary", func(t *testing.T) { boundaries(t, open, tolerance) })
	t.Run("truncation", func(t *testing.T) { truncation(t, open, tolerance) })
	t.Run("repeats", func(t *testing.T) { repeats(t, open) })
	t.Run("generation", func(t *testing.T) { generation(t, open) })
	t.Run("chat", func(t *testing.T) { chats(t, open) })
	t.Run("no BOS", func(t *testing.T) { noBOS(t, open, tolerance) })
}

func lik(context string, continuations ...string) *eval.Request {
	return &eval.Request{Type: eval.Loglikelihood, Prompt: context, Continuations: continuations}
}

func ask(t *testing.T, p *Provider, r *eval.Request) *eval.Response {
	t.Helper()
	resp, err := p.Respond(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// near compares a score with the values of its tokens.
func near(t *testing.T, what string, l *eval.Loglik, want []float64, tolerance float64) {
	t.Helper()
	sum := 0.0
	for _, v := range want {
		sum += v
	}
	if l == nil || l.Tokens != len(want) || math.Abs(l.Sum-sum) > tolerance*float64(max(1, len(want))) {
		t.Errorf("%s: %+v, want %.6f of %d tokens", what, l, sum, len(want))
	}
}

const long = "It was the thing that the others in the paris of their father had been waiting for, and then nothing. "

func values(t *testing.T, open opener, tolerance float64) {
	c := tiny.Config{Seed: 3}
	p, ref := open(t, c, nil), newRef(c)
	m, err := p.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	continuations := []string{" the other", "", " Paris", " ", "\n\n", " in a thing that is long enough to be of many tokens", "x", " Paris"}
	for _, context := range []string{"The capital of France is", strings.TrimSpace(strings.Repeat(long, 4)), "", "ä"} {
		resp := ask(t, p, lik(context, continuations...))
		for i, out := range resp.Outputs {
			if out.Text != continuations[i] {
				t.Errorf("output %d is %q", i, out.Text)
			}
			if out.Text == "" {
				near(t, "nothing", out.Loglik, nil, 0)
				continue
			}
			ids, err := m.tokenize(context + out.Text)
			if err != nil {
				t.Fatal(err)
			}
			own, err := m.tokenize(context)
			if err != nil {
				t.Fatal(err)
			}
			ids = append([]token{tiny.BOS}, ids...)
			want := ref.values(ids, 1+len(own))
			near(t, context[:min(20, len(context))]+"…"+out.Text, out.Loglik, want, tolerance)
			if g := out.Loglik.Greedy; g == nil || out.Loglik.Margin == nil || *g != (*out.Loglik.Margin >= 0) {
				t.Errorf("%q: greedy and margin disagree: %+v", out.Text, out.Loglik)
			}
		}
	}
	if resp := ask(t, p, lik("x")); len(resp.Outputs) != 0 {
		t.Errorf("%d outputs for no continuation", len(resp.Outputs))
	}
}

func boundaries(t *testing.T, open opener, tolerance float64) {
	c := tiny.Config{Seed: 4}
	ref := newRef(c)
	no := false
	bytes := func(s string) (out []token) {
		for i := range len(s) {
			out = append(out, token(s[i]))
		}
		return out
	}
	bos := []token{tiny.BOS}
	const the, space = token(260 + 14), token(' ')
	for _, v := range []struct {
		name                  string
		addBOS                *bool
		boundary              string
		context, continuation string
		head, rest            []token
	}{
		{"empty context", nil, "", "", "cd", bos, bytes("cd")},
		{"one space", &no, "", "qb ", "cd", bytes("qb"), bytes(" cd")},
		{"two spaces", &no, "", "qb  ", "cd", bytes("qb"), []token{' ', ' ', 'c', 'd'}},
		{"line break", nil, "", "q\n", "cd", append(bos, 'q'), bytes("\ncd")},
		{"no-break space", nil, "", "q\u00a0", "cd", append(bos, 'q'), bytes("\u00a0cd")},
		{"merge behind the boundary", nil, "", "q ", "the", append(bos, 'q'), []token{space, the}},
		{"merge over the boundary", nil, "", "q t", "he", append(bos, 'q', space), []token{the}},
		{"apart", nil, BoundarySeparate, "qt", "he", append(bos, 'q', 't'), []token{263}},
		{"special tokens are read", nil, "", "q<|im_end|>", "c", append(bos, 'q', tiny.End), bytes("c")},
		{"NUL", nil, "", "q\x00", "c", append(bos, 'q', 0), bytes("c")},
	} {
		p := open(t, c, func(cfg *Config) { cfg.AddBOS, cfg.Boundary = v.addBOS, v.boundary })
		got := ask(t, p, lik(v.context, v.continuation)).Outputs[0].Loglik
		near(t, v.name, got, ref.values(slices.Concat(v.head, v.rest), len(v.head)), tolerance)
	}
	p := open(t, c, func(cfg *Config) { cfg.AddBOS = &no })
	resp := ask(t, p, lik("  ", "cd"))
	near(t, "only spaces", resp.Outputs[0].Loglik, ref.values([]token{space, space, 'c', 'd'}, 1), tolerance)
	if !slices.Contains(resp.Notes, noteHeadless) {
		t.Errorf("notes %q do not say that a token was not scored", resp.Notes)
	}
}

func truncation(t *testing.T, open opener, tolerance float64) {
	c := tiny.Config{Seed: 5}
	p, ref := open(t, c, func(cfg *Config) { cfg.ContextLength = 300 }), newRef(c)
	m, err := p.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat(long, 5)
	ids, err := m.tokenize(text + " xyz")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct{ max, sent int }{{0, 299}, {100, 99}, {5000, 299}} {
		r := lik(text[:len(text)-1], " xyz")
		if v.max > 0 {
			r.MaxLength = &v.max
		}
		whole, err := m.tokenize(text[:len(text)-1] + " xyz")
		if err != nil {
			t.Fatal(err)
		}
		l := ask(t, p, r).Outputs[0].Loglik
		near(t, "cut", l, ref.values(whole[len(whole)-v.sent:], v.sent-4), tolerance)
		if !l.Cut {
			t.Error("it is not said that the context was cut")
		}
	}
	for n, want := range map[int]eval.Status{297: "", 298: "", 299: eval.ContextOverflow, 400: eval.ContextOverflow} {
		_, err := p.Respond(t.Context(), lik("q", strings.Repeat("x", n)))
		if err != nil != (want != "") || err != nil && eval.FaultOf(err).Status != want {
			t.Errorf("a continuation of %d tokens: %v", n, err)
		}
	}
	short := len(ids) // of the generation's prompt, which is as long
	if _, err := p.Respond(t.Context(), &eval.Request{Type: eval.Completion, Prompt: text}); eval.FaultOf(err).Status != eval.ContextOverflow {
		t.Errorf("a prompt of %d tokens: %v", short, err)
	}
}

// repeats checks that answers are the same to the last bit, whatever came
// before and whoever asks at once.
func repeats(t *testing.T, open opener) {
	c := tiny.Config{Seed: 6, Scale: 1.3}
	seed, n := int64(11), 12
	requests := []*eval.Request{
		lik(strings.Repeat(long, 4), " the", " a thing", " Paris is in"),
		lik(strings.Repeat(long, 4)+"But", " the", " a thing"),
		lik(long, " the"),
		{Type: eval.Completion, Prompt: strings.Repeat(long, 4), Sampling: eval.Sampling{MaxTokens: &n}},
		{Type: eval.Completion, Prompt: long, Sampling: eval.Sampling{MaxTokens: &n, Temperature: 1, NumSamples: 5, Seed: &seed}},
	}
	var want [][]eval.Output
	for _, r := range requests {
		want = append(want, ask(t, open(t, c, nil), r).Outputs) // each by a fresh model
	}
	p := open(t, c, nil)
	reused := 0
	for _, i := range []int{0, 1, 2, 3, 4, 3, 1, 0, 4, 2} {
		resp := ask(t, p, requests[i])
		if reused += resp.Usage.CachedTokens; !reflect.DeepEqual(resp.Outputs, want[i]) {
			t.Errorf("request %d is answered otherwise after others:\n%+v\n%+v", i, resp.Outputs, want[i])
		}
	}
	if reused < 2*block {
		t.Errorf("%d tokens were taken over", reused)
	}
	for _, parallel := range []int{1, 3} {
		p := open(t, c, func(cfg *Config) { cfg.Parallel = parallel })
		var wg sync.WaitGroup
		for k := range 10 {
			wg.Go(func() {
				i := k % len(requests)
				resp, err := p.Respond(t.Context(), requests[i])
				if err != nil || !reflect.DeepEqual(resp.Outputs, want[i]) {
					t.Errorf("%d at once: request %d: %v\n%+v\n%+v", parallel, i, err, resp, want[i])
				}
			})
		}
		wg.Wait()
	}
}

func generation(t *testing.T, open opener) {
	p := open(t, tiny.Config{Seed: 7, Scale: 1.5}, nil)
	make := func(s eval.Sampling) *eval.Request {
		return &eval.Request{Type: eval.Completion, Prompt: "Then in the end", Sampling: s}
	}
	n, none, seed := 24, 0, int64(5)
	greedy := ask(t, p, make(eval.Sampling{MaxTokens: &n}))
	out := greedy.Outputs[0]
	if len(out.Logprobs) == 0 || greedy.Usage.CompletionTokens != n && out.FinishReason != "stop" || greedy.Usage.PromptTokens < 5 || greedy.Timing.First <= 0 || greedy.Timing.Total < greedy.Timing.First {
		t.Fatalf("%+v %+v", greedy, out)
	}
	text := ""
	for _, l := range out.Logprobs {
		if text += l.Token; l.Logprob > 0 || math.IsInf(l.Logprob, 0) {
			t.Errorf("log-probability %v of %q", l.Logprob, l.Token)
		}
	}
	if text != out.Text {
		t.Errorf("tokens %q make another text than %q", text, out.Text)
	}
	if o := ask(t, p, make(eval.Sampling{MaxTokens: &none})).Outputs[0]; o.Text != "" || o.FinishReason != "length" {
		t.Errorf("no tokens: %+v", o)
	}
	one := 1
	if top := ask(t, p, make(eval.Sampling{MaxTokens: &n, Temperature: 2, TopK: &one, Seed: &seed})).Outputs[0]; top.Text != out.Text {
		t.Errorf("top_k=1 gives %q, greedy %q", top.Text, out.Text)
	}
	hot := make(eval.Sampling{MaxTokens: &n, Temperature: 1.5, NumSamples: 20, Seed: &seed})
	a := ask(t, p, hot)
	different := map[string]bool{}
	for _, o := range a.Outputs {
		different[o.Text] = true
	}
	if len(a.Outputs) != 20 || len(different) < 15 {
		t.Errorf("%d different samples of %d", len(different), len(a.Outputs))
	}
	unlogged := open(t, tiny.Config{Seed: 7}, func(c *Config) { no := false; c.Logprobs = &no })
	if o := ask(t, unlogged, make(eval.Sampling{MaxTokens: &n})).Outputs[0]; o.Logprobs != nil {
		t.Error("log-probabilities that nobody asked for")
	}
}

func chats(t *testing.T, open opener) {
	p := open(t, tiny.Config{Seed: 8}, nil)
	n := 6
	s := eval.Sampling{MaxTokens: &n}
	chat := ask(t, p, &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: "Hi"}}, Sampling: s})
	// BOS is put before a text, once.
	same := ask(t, p, &eval.Request{Type: eval.Completion, Prompt: "<s><|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", Sampling: s})
	if chat.Outputs[0].Text != same.Outputs[0].Text || chat.Usage.PromptTokens != same.Usage.PromptTokens {
		t.Errorf("%+v of %d tokens, want %+v of %d", chat.Outputs[0], chat.Usage.PromptTokens, same.Outputs[0], same.Usage.PromptTokens)
	}
	own := open(t, tiny.Config{Seed: 8}, func(c *Config) {
		c.ChatTemplate, c.ChatTemplateKwargs = "{{ bos_token }}{{ style }} {{ messages[0].content }}:", map[string]any{"style": "short"}
	})
	x := ask(t, own, &eval.Request{Type: eval.Chat, Prompt: "Hi", Sampling: s})
	y := ask(t, own, &eval.Request{Type: eval.Completion, Prompt: "short Hi:", Sampling: s})
	if x.Outputs[0].Text != y.Outputs[0].Text || x.Usage.PromptTokens != y.Usage.PromptTokens {
		t.Errorf("with a template of one's own: %+v of %d tokens, want %+v of %d", x.Outputs[0], x.Usage.PromptTokens, y.Outputs[0], y.Usage.PromptTokens)
	}
	refusing := open(t, tiny.Config{Seed: 8}, func(c *Config) { c.ChatTemplate = "{{ raise_exception('roles must alternate') }}" })
	if _, err := refusing.Respond(t.Context(), &eval.Request{Type: eval.Chat, Prompt: "Hi"}); err == nil || !strings.Contains(err.Error(), "roles must alternate") {
		t.Errorf("a template that refuses: %v", err)
	}
	bare := open(t, tiny.Config{Seed: 8, NoTemplate: true}, nil)
	caps, err := bare.Caps(t.Context())
	if err != nil || caps.Chat || !caps.Completion {
		t.Errorf("%+v %v", caps, err)
	}
	if _, err := bare.Respond(t.Context(), &eval.Request{Type: eval.Chat, Prompt: "Hi", Sampling: s}); eval.FaultOf(err).Status != eval.ConfigError {
		t.Errorf("a chat without a template: %v", err)
	}
}

func noBOS(t *testing.T, open opener, tolerance float64) {
	c := tiny.Config{Seed: 9, NoBOS: true}
	p, ref := open(t, c, nil), newRef(c)
	near(t, "EOS for BOS", ask(t, p, lik("", "x")).Outputs[0].Loglik, ref.values([]token{tiny.EOS, 'x'}, 1), tolerance)
	near(t, "no token before", ask(t, p, lik("q", "x")).Outputs[0].Loglik, ref.values([]token{'q', 'x'}, 1), tolerance)
	caps, err := p.Caps(t.Context())
	if err != nil || !caps.Loglikelihood || !slices.ContainsFunc(caps.Notes, func(s string) bool { return strings.Contains(s, "bos=false") }) {
		t.Errorf("%+v %v", caps, err)
	}
}
