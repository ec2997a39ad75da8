package exec

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestCaps(t *testing.T) {
	p := provider(t, map[string]any{"hello": map[string]any{"weights": "abc", "revision": "r1"}}, func(c *Config) { c.Instances = 2 })
	caps, err := p.Caps(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := eval.Caps{
		Completion: true, Chat: true, Loglikelihood: true, N: true, Seed: true, MaxContext: 100, Fingerprint: caps.Fingerprint,
		Reported: map[string]string{"id": "m", "revision": "r1", "weights": "abc", "engine": "test", "version": "1"},
	}
	if !reflect.DeepEqual(caps, want) {
		t.Errorf("Caps = %+v, want %+v", caps, want)
	}
	other := provider(t, map[string]any{"hello": map[string]any{"weights": "abd"}}, nil)
	c2, err := other.Caps(t.Context())
	if err != nil || len(caps.Fingerprint) != 16 || c2.Fingerprint == caps.Fingerprint {
		t.Errorf("fingerprints %q and %q, %v", caps.Fingerprint, c2.Fingerprint, err)
	}
	third := provider(t, nil, nil) // tells no digest: it is asked, and repeats itself
	if c3, err := third.Caps(t.Context()); err != nil || len(c3.Fingerprint) != 16 {
		t.Errorf("fingerprint %q, %v", c3.Fingerprint, err)
	}
}

func TestScoresThatAreNone(t *testing.T) {
	p := provider(t, map[string]any{"equal": true}, nil)
	caps, err := p.Caps(t.Context())
	if err != nil || caps.Loglikelihood || !strings.Contains(strings.Join(caps.Notes, " "), "all continuations") {
		t.Errorf("Caps = %+v, %v", caps, err)
	}
	_, err = p.Respond(t.Context(), &eval.Request{Type: eval.Loglikelihood, Prompt: "a", Continuations: []string{"b"}})
	if f := eval.FaultOf(err); err == nil || !f.Abort || f.Status != eval.ConfigError {
		t.Errorf("scored all the same: %v", err)
	}
}

func TestNotOffered(t *testing.T) {
	p := provider(t, map[string]any{"hello": map[string]any{"capabilities": map[string]any{"completion": true}}}, nil)
	schema := say("a")
	schema.Sampling.JSONSchema = map[string]any{}
	for _, r := range []*eval.Request{
		{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: "a"}}},
		{Type: eval.Loglikelihood, Prompt: "a", Continuations: []string{"b"}},
		{Type: eval.Completion, Prompt: "a", Tools: []eval.Tool{{Name: "t"}}},
		schema,
	} {
		if _, err := p.Respond(t.Context(), r); eval.FaultOf(err).Status != eval.ConfigError || !strings.Contains(err.Error(), "does not offer") {
			t.Errorf("%s: %v", r.Type, err)
		}
	}
}

// Everything of a request and its sampling is sent.
func TestRequestOnTheWire(t *testing.T) {
	r := &eval.Request{
		Type: eval.Completion, Prompt: "whole", System: "s", Continuations: []string{"c"}, ContinuationPrompts: []string{"p"},
		Messages: []eval.Message{{Role: "user", Content: "é<"}}, MaxLength: new(7),
		Sampling: eval.Sampling{MaxTokens: new(3), Temperature: 0.5, TopP: new(0.9), TopK: new(4), Stop: []string{"\n"}, NumSamples: 1, Seed: new(int64(9)),
			MinP: new(0.1), FrequencyPenalty: new(0.2), PresencePenalty: new(0.3), RepetitionPenalty: new(1.1),
			ReasoningEffort: "low", ExtraBody: map[string]any{"a": 1.0}},
	}
	p := provider(t, nil, nil)
	resp, err := p.Respond(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var sent struct {
		eval.Request
		Sampling eval.Sampling `json:"sampling"`
	}
	if err := json.Unmarshal([]byte(resp.Outputs[0].Text), &sent); err != nil {
		t.Fatal(err)
	}
	got := sent.Request
	got.Sampling = sent.Sampling
	if !reflect.DeepEqual(&got, r) {
		t.Errorf("sent %+v, want %+v", got, r)
	}
}

// One sample at a time: sample k is asked for with Seed+k.
func TestSamplesOneByOne(t *testing.T) {
	p := provider(t, map[string]any{"hello": map[string]any{"capabilities": map[string]any{"completion": true}}}, nil)
	r := say("whole")
	r.Sampling = eval.Sampling{Temperature: 1, NumSamples: 3, Seed: new(int64(40))}
	resp, err := p.Respond(t.Context(), r)
	if err != nil || len(resp.Outputs) != 3 {
		t.Fatalf("%v, %v", resp, err)
	}
	for k, out := range resp.Outputs {
		var sent asked
		if err := json.Unmarshal([]byte(out.Text), &sent); err != nil {
			t.Fatal(err)
		}
		if *sent.Sampling.Seed != 40+int64(k) || sent.Sampling.NumSamples != 1 {
			t.Errorf("sample %d was asked for with seed %d and n %d", k, *sent.Sampling.Seed, sent.Sampling.NumSamples)
		}
	}
	if *r.Sampling.Seed != 40 || r.Sampling.NumSamples != 3 {
		t.Error("the caller's request was changed")
	}
}

func TestScoresThatCannotBeBelieved(t *testing.T) {
	one := 1
	num := func(v float64) *float64 { return &v }
	tests := map[string]output{
		"has no sum_logits":           {NumTokens: &one},
		"has no num_tokens":           {SumLogits: num(-1)},
		"above zero":                  {SumLogits: num(0.5), NumTokens: &one},
		"has num_tokens 0":            {SumLogits: num(-1), NumTokens: new(0)},
		"has num_tokens -1":           {SumLogits: num(-1), NumTokens: new(-1)},
		"has 0 tokens":                {SumLogits: num(-1), NumTokens: &one, Tokens: []token{}},
		"add up to -2":                {SumLogits: num(-1), NumTokens: &one, Tokens: []token{{"a", num(-2)}}},
		"no log-probability for toke": {SumLogits: num(-1), NumTokens: &one, Tokens: []token{{"a", nil}}},
	}
	for want, o := range tests {
		if _, err := o.scored("c"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	out, err := (&output{SumLogits: num(-1.0000001), NumTokens: &one, Tokens: []token{{"a", num(-1)}}}).scored("c")
	if err != nil || out.Text != "c" || out.Loglik.Sum != -1.0000001 || out.Loglik.Greedy != nil || len(out.Logprobs) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"answer","id":1,"outputs":[{"sum_logits":NaN,"num_tokens":1}]}`))
	f.Add([]byte(`{"type":"error","id":1,"kind":"internal","message":"\"NaN"}`))
	f.Add([]byte(`{"type":"hello","protocol":1,"capabilities":{"n":true}}`))
	f.Add([]byte(`{"type":"answer","id":-Infinity}`))
	f.Add([]byte("loading"))
	r := &eval.Request{Type: eval.Loglikelihood, Continuations: []string{"a"}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		in, err := parse(raw)
		if (in == nil) == (err == nil) {
			t.Fatalf("parse = %v, %v", in, err)
		}
		if in == nil {
			return
		}
		resp, err := in.answer(r)
		if err == nil && (len(resp.Outputs) != 1 || resp.Outputs[0].Loglik == nil || !finite(resp.Outputs[0].Loglik.Sum)) {
			t.Fatalf("answer = %+v", resp)
		}
	})
}
