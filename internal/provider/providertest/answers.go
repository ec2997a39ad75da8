package providertest

import (
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"testing"

	"olmoeval/eval"
)

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
