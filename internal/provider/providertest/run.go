package providertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"olmoeval/eval"
)

// patience is how long anything may take; nothing waits for it to pass.
const patience = time.Minute

type check struct {
	name string
	run  func(t *testing.T, f *Fake)
}

var checks = []check{
	{"answer", answer}, {"samples", samples}, {"length", length}, {"tool_calls", toolCalls}, {"reasoning", reasoning},
	{"empty", empty}, {"at_once", atOnce},
	{"unauthorized", unauthorized}, {"unknown_model", unknownModel}, {"rate_limited", rateLimited}, {"server_error", serverError},
	{"overloaded", overloaded}, {"too_long", tooLong}, {"filtered", filtered}, {"not_json", notJSON}, {"nan", nan}, {"cancel", cancelled},
	{"secrets", secrets}, {"identity", identity}, {"caps", caps}, {"no_faked_scores", noFakedScores},
}

// Checks are the names of the checks, for Fake.Skip.
func Checks() []string {
	out := make([]string, len(checks))
	for i, c := range checks {
		out[i] = c.name
	}
	return out
}

// Run checks a provider against its fake.
func Run(t *testing.T, f Fake) {
	for name := range f.Skip {
		if !slices.Contains(Checks(), name) {
			t.Errorf("Skip names %q, which is no check: %s", name, strings.Join(Checks(), ", "))
		}
	}
	for _, c := range checks {
		if why, skip := f.Skip[c.name]; skip {
			t.Logf("%s is not checked: %s", c.name, why)
			continue
		}
		t.Run(c.name, func(t *testing.T) { c.run(t, &f) })
	}
}

// said is a short answer with its counts.
func said(text string) Act {
	return Act{Says: []Sample{{Text: text, Finish: "stop"}}, Usage: eval.Usage{PromptTokens: 11, CompletionTokens: 3}}
}

func (f *Fake) start(t *testing.T, acts ...Act) Running {
	t.Helper()
	r := f.Start(t, Script{Acts: acts})
	t.Cleanup(func() {
		if err := r.Provider.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// request asks the question that all checks ask; sampling is on.
func (f *Fake) request() *eval.Request {
	limit := 2000
	s := eval.Sampling{Temperature: 1, MaxTokens: &limit}
	if f.Completion {
		return &eval.Request{Type: eval.Completion, Prompt: "Who sank the Armada?", Sampling: s}
	}
	return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "Who sank the Armada?"}}, Sampling: s}
}

func (f *Fake) ask(t *testing.T, p eval.Provider, edit func(*eval.Request)) (*eval.Response, error) {
	t.Helper()
	r := f.request()
	if edit != nil {
		edit(r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return p.Respond(ctx, r)
}

// only asks and wants one good output.
func (f *Fake) only(t *testing.T, act Act, edit func(*eval.Request)) (eval.Output, *eval.Response) {
	t.Helper()
	resp, err := f.ask(t, f.start(t, act).Provider, edit)
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Outputs) != 1 {
		t.Fatalf("%d outputs, want 1", len(resp.Outputs))
	}
	return resp.Outputs[0], resp
}
