package providertest

import (
	"context"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

// Real is a provider of a model that cannot be scripted.
type Real struct {
	Provider eval.Provider
	// Tolerance is how far equal scores may lie apart, per token; 0 means 1e-4.
	Tolerance float64
	// Skip names checks that do not apply: repeats, usage, samples, limit, stop,
	// scores, order, batches, cancel; each with the reason.
	Skip map[string]string
}

// RunReal checks what holds for every model: that greedy answers repeat, that
// limits and stop sequences bind, that scores do not depend on what is scored
// beside them. What Caps denies is not asked for.
func RunReal(t *testing.T, r Real) {
	ctx := t.Context()
	caps, err := r.Provider.Caps(ctx)
	if err != nil {
		t.Fatal(err)
	}
	do := func(name string, can bool, f func(t *testing.T)) {
		if why, skip := r.Skip[name]; skip {
			t.Logf("%s is not checked: %s", name, why)
		} else if can {
			t.Run(name, f)
		}
	}
	generates := caps.Completion || caps.Chat
	ask := func(t *testing.T, s eval.Sampling) *eval.Response {
		t.Helper()
		resp, err := r.Provider.Respond(ctx, generation(caps, s))
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	limit := 8
	do("repeats", generates, func(t *testing.T) {
		a, b := ask(t, eval.Sampling{MaxTokens: &limit}), ask(t, eval.Sampling{MaxTokens: &limit})
		if a.Outputs[0].Text != b.Outputs[0].Text {
			t.Errorf("greedy answers %q and %q", a.Outputs[0].Text, b.Outputs[0].Text)
		}
	})
	do("usage", generates, func(t *testing.T) {
		a := ask(t, eval.Sampling{MaxTokens: &limit})
		if a.Usage.PromptTokens <= 0 || a.Usage.CompletionTokens <= 0 || a.Usage.CompletionTokens > limit {
			t.Errorf("usage %+v with a limit of %d tokens", a.Usage, limit)
		}
	})
	do("samples", generates, func(t *testing.T) {
		seed := int64(7)
		s := eval.Sampling{MaxTokens: &limit, Temperature: 1, NumSamples: 3, Seed: &seed}
		a := ask(t, s)
		if len(a.Outputs) != 3 {
			t.Fatalf("%d outputs, want 3", len(a.Outputs))
		}
		if b := ask(t, s); caps.Seed && !reflect.DeepEqual(texts(a), texts(b)) {
			t.Errorf("one seed gives %q and %q", texts(a), texts(b))
		}
	})
	do("limit", generates, func(t *testing.T) {
		one := 1
		if out := ask(t, eval.Sampling{MaxTokens: &one}).Outputs[0]; out.FinishReason != "length" && out.FinishReason != "stop" {
			t.Errorf("finish reason %q after one token", out.FinishReason)
		}
	})
	do("stop", generates, func(t *testing.T) {
		whole := ask(t, eval.Sampling{MaxTokens: &limit}).Outputs[0].Text
		runes := []rune(whole)
		if len(runes) < 2 {
			t.Skip("the answer is too short to be stopped")
		}
		stop := string(runes[len(runes)/2])
		out := ask(t, eval.Sampling{MaxTokens: &limit, Stop: []string{stop}}).Outputs[0]
		if want, _, _ := strings.Cut(whole, stop); out.Text != want || out.FinishReason != "stop" {
			t.Errorf("%q (%s) with the stop %q, want %q", out.Text, out.FinishReason, stop, want)
		}
	})
	do("scores", caps.Loglikelihood, func(t *testing.T) { r.scores(t) })
	do("order", caps.Loglikelihood, func(t *testing.T) { r.order(t) })
	do("batches", caps.Loglikelihood, func(t *testing.T) { r.batches(t) })
	do("cancel", generates, func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		_, err := r.Provider.Respond(ctx, generation(caps, eval.Sampling{MaxTokens: &limit}))
		if got := eval.FaultOf(err); err == nil || got.Status != eval.Cancelled {
			t.Errorf("%v, want the status cancelled", err)
		}
	})
}

func generation(caps eval.Caps, s eval.Sampling) *eval.Request {
	if caps.Completion {
		return &eval.Request{Type: eval.Completion, Prompt: "One, two, three,", Sampling: s}
	}
	return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: "Count to five."}}, Sampling: s}
}

func texts(r *eval.Response) []string {
	var out []string
	for _, o := range r.Outputs {
		out = append(out, o.Text)
	}
	return out
}

// continuations are of different lengths, with one twice.
var continuations = []string{" Paris", " a city that I have never seen", " b", " Rome, of course", " Paris", " ü"}

func (r *Real) score(t *testing.T, context string, continuations ...string) []eval.Output {
	t.Helper()
	resp, err := r.Provider.Respond(t.Context(), &eval.Request{Type: eval.Loglikelihood, Prompt: context, Continuations: continuations})
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Outputs) != len(continuations) {
		t.Fatalf("%d outputs for %d continuations", len(resp.Outputs), len(continuations))
	}
	return resp.Outputs
}

const capital = "The capital of France is"

func (r *Real) scores(t *testing.T) {
	for i, out := range r.score(t, capital, continuations...) {
		l := out.Loglik
		if l == nil || math.IsNaN(l.Sum) || math.IsInf(l.Sum, 0) || l.Sum > 1e-6 || l.Tokens < 1 || out.Text != continuations[i] {
			t.Errorf("%q: %+v", continuations[i], l)
			continue
		}
		if l.Greedy != nil && l.Margin != nil && (*l.Margin > 0 && !*l.Greedy || *l.Margin < 0 && *l.Greedy) {
			t.Errorf("%q: greedy %t with a margin of %v", continuations[i], *l.Greedy, *l.Margin)
		}
	}
	if out := r.score(t, capital); len(out) != 0 {
		t.Errorf("no continuation gives %+v", out)
	}
}

// same wants two scores of one continuation to be equal.
func (r *Real) same(t *testing.T, what string, a, b eval.Output) {
	t.Helper()
	tolerance := r.Tolerance
	if tolerance == 0 {
		tolerance = 1e-4
	}
	if a.Loglik == nil || b.Loglik == nil || a.Loglik.Tokens != b.Loglik.Tokens ||
		math.Abs(a.Loglik.Sum-b.Loglik.Sum) > tolerance*float64(a.Loglik.Tokens) {
		t.Errorf("%s: %q scores %+v and %+v", what, a.Text, a.Loglik, b.Loglik)
	}
}

func (r *Real) order(t *testing.T) {
	forth := r.score(t, capital, continuations...)
	turned := slices.Clone(continuations)
	slices.Reverse(turned)
	back := r.score(t, capital, turned...)
	slices.Reverse(back)
	for i := range forth {
		r.same(t, "in another order", forth[i], back[i])
	}
	r.same(t, "twice in one request", forth[0], forth[4])
}

func (r *Real) batches(t *testing.T) {
	together := r.score(t, capital, continuations...)
	for i, c := range continuations {
		r.same(t, "alone", together[i], r.score(t, capital, c)[0])
	}
}
