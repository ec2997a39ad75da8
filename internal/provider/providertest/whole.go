package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
)

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
