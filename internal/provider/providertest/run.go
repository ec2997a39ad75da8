package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
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

func answer(t *testing.T, f *Fake) {
	act := said(" Drake,\n\"it is said\" ünd 天気 ")
	act.Usage = eval.Usage{PromptTokens: 11, CachedTokens: 4, CompletionTokens: 3}
	out, resp := f.only(t, act, nil)
	if out.Text != act.Says[0].Text || out.FinishReason != "stop" || out.Reasoning != "" || out.ToolCalls != nil {
		t.Errorf("%+v, want %+v", out, act.Says[0])
	}
	if resp.Usage != act.Usage {
		t.Errorf("usage %+v, want %+v", resp.Usage, act.Usage)
	}
	if resp.Attempts != 1 {
		t.Errorf("attempts %d, want 1", resp.Attempts)
	}
}

func samples(t *testing.T, f *Fake) {
	texts := []string{"a", "b", "c"}
	var acts []Act
	whole := Act{Usage: eval.Usage{PromptTokens: 11, CompletionTokens: 9}}
	for _, text := range texts {
		acts = append(acts, said(text))
		whole.Says = append(whole.Says, Sample{Text: text, Finish: "stop"})
	}
	want := whole.Usage
	if f.PerSample {
		want.PromptTokens *= len(texts)
	} else {
		acts = []Act{whole}
	}
	resp, err := f.ask(t, f.start(t, acts...).Provider, func(r *eval.Request) { r.Sampling.NumSamples = len(texts) })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, out := range resp.Outputs {
		got = append(got, out.Text)
	}
	if f.PerSample {
		slices.Sort(got) // they may overtake one another
	}
	if !slices.Equal(got, texts) {
		t.Errorf("samples %q, want %q", got, texts)
	}
	if resp.Usage != want {
		t.Errorf("usage %+v, want %+v", resp.Usage, want)
	}
}

func length(t *testing.T, f *Fake) {
	act := said("Dra")
	act.Says[0].Finish = "length"
	if out, _ := f.only(t, act, nil); out.FinishReason != "length" || out.Text != "Dra" {
		t.Errorf("%+v, want the finish reason length", out)
	}
}

func toolCalls(t *testing.T, f *Fake) {
	act := Act{Says: []Sample{{Finish: "tool_calls", ToolCalls: []eval.ToolCall{
		{ID: "call_1", Name: "look_up", Arguments: `{"name":"Armada","year":1588}`}, {ID: "call_2", Name: "look_up", Arguments: `{"name": "Dra`}}}}}
	out, _ := f.only(t, act, func(r *eval.Request) {
		r.Tools = []eval.Tool{{Name: "look_up", Description: "Looks a ship up.",
			Parameters: json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"},"year":{"type":"integer"}},"required":["name"]}`)}}
	})
	want := act.Says[0].ToolCalls
	if len(out.ToolCalls) != len(want) || out.FinishReason != "tool_calls" || out.Text != "" {
		t.Fatalf("%+v, want %+v", out, act.Says[0])
	}
	for i, got := range out.ToolCalls {
		if got.Name != want[i].Name || got.ID == "" || !sameArguments(got.Arguments, want[i].Arguments) {
			t.Errorf("call %d: %+v, want %+v", i, got, want[i])
		}
	}
	if out.ToolCalls[0].ID == out.ToolCalls[1].ID {
		t.Errorf("both calls have the id %s", out.ToolCalls[0].ID)
	}
}

// sameArguments compares JSON by value, and all else as it is.
func sameArguments(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return reflect.DeepEqual(x, y)
}

func reasoning(t *testing.T, f *Fake) {
	act := said("Drake")
	act.Says[0].Reasoning = "Who was it?\nDrake or the weather."
	act.Usage.ReasoningTokens = 2
	out, resp := f.only(t, act, nil)
	if out.Text != "Drake" || out.Reasoning != act.Says[0].Reasoning {
		t.Errorf("text %q and reasoning %q, want them apart", out.Text, out.Reasoning)
	}
	// Not every API tells these tokens apart; those that do must be believed.
	if got := resp.Usage.ReasoningTokens; got != 0 && got != 2 {
		t.Errorf("%d reasoning tokens, want 2", got)
	}
	if got := resp.Usage.CompletionTokens; got != act.Usage.CompletionTokens {
		t.Errorf("%d completion tokens, want %d with the reasoning", got, act.Usage.CompletionTokens)
	}
}

func empty(t *testing.T, f *Fake) {
	if out, _ := f.only(t, said(""), nil); out.Text != "" || out.FinishReason != "stop" {
		t.Errorf("%+v, want an empty text", out)
	}
}

func atOnce(t *testing.T, f *Fake) {
	p := f.start(t, said("Drake")).Provider
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			resp, err := f.ask(t, p, nil)
			if err != nil {
				t.Error(err)
			} else if resp.Outputs[0].Text != "Drake" {
				t.Errorf("%+v", resp.Outputs)
			}
		})
	}
	wg.Wait()
}

// fails asks a model that fails and returns the fault.
func (f *Fake) fails(t *testing.T, act Act, status eval.Status, abort bool) *eval.Fault {
	t.Helper()
	resp, err := f.ask(t, f.start(t, act).Provider, nil)
	if err == nil {
		t.Fatalf("%s: answered with %+v", act.Fail, resp.Outputs)
	}
	var fault *eval.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%s: an error without a fault: %v", act.Fail, err)
	}
	if fault.Status != status || fault.Abort != abort {
		t.Errorf("%s: %s abort=%t (%v), want %s abort=%t", act.Fail, fault.Status, fault.Abort, fault, status, abort)
	}
	if text := fault.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 1000 {
		t.Errorf("%s: not one short line: %q", act.Fail, text)
	}
	return fault
}

func unauthorized(t *testing.T, f *Fake) {
	if got := f.fails(t, Act{Fail: Unauthorized, Message: "bad credentials"}, eval.ConfigError, true); !strings.Contains(got.Hint, f.KeyEnv) {
		t.Errorf("hint %q does not name %s", got.Hint, f.KeyEnv)
	}
}

func unknownModel(t *testing.T, f *Fake) {
	if got := f.fails(t, Act{Fail: UnknownModel, Message: "no such model"}, eval.ConfigError, true); got.Hint == "" {
		t.Error("no hint")
	}
}

// asksForLess is how layers learn that a server has too much to do.
func asksForLess(err error) bool {
	var o interface{ Overloaded() bool }
	return eval.FaultOf(err).Status == eval.InfraRateLimited || errors.As(err, &o) && o.Overloaded()
}

func rateLimited(t *testing.T, f *Fake) {
	got := f.fails(t, Act{Fail: RateLimited, RetryAfter: 7, Message: "slow down"}, eval.InfraRateLimited, false)
	if got.After != 7*time.Second {
		t.Errorf("wait %s, want 7s", got.After)
	}
}

func serverError(t *testing.T, f *Fake) {
	got := f.fails(t, Act{Fail: ServerError, Message: "boom"}, eval.InfraServerDown, false)
	if asksForLess(got) {
		t.Error("an error of the server's is taken for overload")
	}
}

func overloaded(t *testing.T, f *Fake) {
	if got := f.fails(t, Act{Fail: Overloaded, Message: "busy"}, eval.InfraServerDown, false); !asksForLess(got) {
		t.Errorf("%v does not ask for fewer requests", got)
	}
}

func tooLong(t *testing.T, f *Fake) {
	_ = f.fails(t, Act{Fail: TooLong, Message: "too long"}, eval.ContextOverflow, false)
}

// filtered wants the status content_filtered: a fault's, or of an output that
// finished with content_filter.
func filtered(t *testing.T, f *Fake) {
	resp, err := f.ask(t, f.start(t, Act{Fail: Filtered, Message: "filtered"}).Provider, nil)
	if err != nil {
		if got := eval.FaultOf(err); got.Status != eval.ContentFiltered || got.Abort {
			t.Errorf("%s abort=%t (%v), want content_filtered", got.Status, got.Abort, err)
		}
	} else if got := resp.Outputs[0].FinishReason; got != "content_filter" {
		t.Errorf("finish reason %q, want content_filter", got)
	}
}

func notJSON(t *testing.T, f *Fake) {
	_ = f.fails(t, Act{Fail: NotJSON}, eval.InfraBadResponse, false)
}

func nan(t *testing.T, f *Fake) {
	_ = f.fails(t, Act{Fail: NaN}, eval.InfraBadResponse, false)
}

func cancelled(t *testing.T, f *Fake) {
	r := f.start(t, Act{Fail: Hang})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := r.Provider.Respond(ctx, f.request())
		done <- err
	}()
	limit := time.After(patience)
	if r.Arrived != nil {
		select {
		case <-r.Arrived:
		case err := <-done:
			t.Fatalf("answered before it was cancelled: %v", err)
		case <-limit:
			t.Fatal("the request never reached the model")
		}
	}
	cancel()
	select {
	case err := <-done:
		if got := eval.FaultOf(err); err == nil || got.Status != eval.Cancelled {
			t.Errorf("%v, want the status cancelled", err)
		}
	case <-limit:
		t.Error("still waiting for an answer after it was cancelled")
	}
}

func secrets(t *testing.T, f *Fake) {
	if f.Secret == "" {
		return // there is none that could show
	}
	r := f.start(t, Act{Fail: Unauthorized, Message: "the key " + f.Secret + " is unknown"})
	_, asked := f.ask(t, r.Provider, nil)
	_, capped := r.Provider.Caps(t.Context())
	shown := map[string]string{"identity": fmt.Sprint(r.Provider.Model().Identity())}
	for name, err := range map[string]error{"error": asked, "error of caps": capped} {
		if err == nil {
			t.Errorf("no %s", name)
			continue
		}
		shown[name] = fmt.Sprintf("%+v %+v %#v", err, eval.FaultOf(err), eval.FaultOf(err).Err)
		shown["hint of "+name] = eval.FaultOf(err).Hint
	}
	for name, v := range map[string]any{"configuration": r.Config, "provider": r.Provider, "model": r.Provider.Model()} {
		shown[name] = fmt.Sprintf("%v %+v", v, v)
		b, err := json.Marshal(v)
		shown[name+" as JSON"] = fmt.Sprint(string(b), err)
	}
	shown["configuration as Go"] = fmt.Sprintf("%#v", r.Config)
	for where, text := range shown {
		if strings.Contains(text, f.Secret) {
			t.Errorf("the key shows in the %s: %s", where, text)
		}
	}
}

func identity(t *testing.T, f *Fake) {
	a, b := f.start(t, said("x")), f.start(t, said("x"))
	m := a.Provider.Model()
	if m.Kind == "" || m.ID == "" || m.Name == "" {
		t.Errorf("%+v lacks a kind, an id or a name", m)
	}
	if !reflect.DeepEqual(m.Identity(), b.Provider.Model().Identity()) {
		t.Errorf("identities %v and %v of one model", m.Identity(), b.Provider.Model().Identity())
	}
	text, err := json.Marshal(m.Identity())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "http:", "https:"} {
		if strings.Contains(string(text), host) {
			t.Errorf("the identity names a host: %s", text)
		}
	}
}

func caps(t *testing.T, f *Fake) {
	ask := func(act Act) (eval.Caps, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return f.start(t, act).Provider.Caps(ctx)
	}
	good, err := ask(said("yes"))
	if err != nil {
		t.Fatal(err)
	}
	if !good.Chat && !good.Completion {
		t.Errorf("%+v can neither chat nor complete", good)
	}
	for _, fail := range []Failure{Unauthorized, UnknownModel} {
		if _, skip := f.Skip[string(fail)]; skip {
			continue
		}
		_, err := ask(Act{Fail: fail, Message: "no"})
		got := eval.FaultOf(err)
		if err == nil || got.Status != eval.ConfigError || !got.Abort || got.Hint == "" {
			t.Errorf("%s: %v (%+v), want an abort with a hint", fail, err, got)
		}
		if fail == Unauthorized && !strings.Contains(got.Hint, f.KeyEnv) {
			t.Errorf("hint %q does not name %s", got.Hint, f.KeyEnv)
		}
	}
}

// noFakedScores wants log-likelihoods refused where Caps denies them.
func noFakedScores(t *testing.T, f *Fake) {
	p := f.start(t, said("yes")).Provider
	can, err := p.Caps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if can.Loglikelihood {
		return // nothing is denied
	}
	resp, err := p.Respond(t.Context(), &eval.Request{Type: eval.Loglikelihood, Prompt: "The capital of France is", Continuations: []string{" Paris", " Rome"}})
	if err == nil {
		t.Fatalf("scored without being able to: %+v", resp.Outputs)
	}
	if got := eval.FaultOf(err); got.Status != eval.ConfigError || got.Hint == "" {
		t.Errorf("%+v, want a config_error with a hint", got)
	}
}
