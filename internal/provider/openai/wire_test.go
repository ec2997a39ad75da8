package openai

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

// wireCase is one row of the recorded exchanges with a vLLM server.
type wireCase struct {
	Kind      string         `json:"kind"`
	MaxLength int            `json:"max_length"`
	Kwargs    map[string]any `json:"provider_kwargs"`
	Request   eval.Request   `json:"request"`
	Sampling  struct {
		MaxTokens   *int     `json:"max_tokens"`
		Temperature float64  `json:"temperature"`
		TopP        *float64 `json:"top_p"`
		TopK        *int     `json:"top_k"`
		Stop        []string `json:"stop_sequences"`
		NumSamples  int      `json:"num_samples"`
		DoSample    bool     `json:"do_sample"`
	} `json:"sampling_params"`
	HTTP []struct {
		Path     string         `json:"path"`
		Body     map[string]any `json:"body"`
		Response map[string]any `json:"response"`
	} `json:"http"`
	Outputs [][]struct {
		Text     string `json:"text"`
		Logprobs []struct {
			Token   string  `json:"token"`
			Logprob float64 `json:"logprob"`
		} `json:"logprobs"`
		Metadata struct {
			Sum        *float64 `json:"sum_logits"`
			Tokens     *int     `json:"num_tokens"`
			Greedy     *bool    `json:"is_greedy"`
			Prompt     *int     `json:"prompt_tokens"`
			Completion *int     `json:"completion_tokens"`
		} `json:"metadata"`
	} `json:"outputs"`
}

func wireCases(t *testing.T) []wireCase {
	f, err := os.Open(filepath.Join(corpus.Dir(t), "wire_vllm_server.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []wireCase
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c wireCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// replay answers as recorded, and plays a plausible model for what the client
// asks besides.
type replay struct {
	t *testing.T
	c *wireCase
	// sent are the bodies of completions and chats.
	sent []map[string]any
	// scored are the id lists that were sent, the trial's left out.
	scored [][]any
}

const trialID = 9000 // ids from here on are the trial's

func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply := func(v any) { json.NewEncoder(w).Encode(v) }
	if r.Method == http.MethodGet {
		if r.URL.Path == "/v1/models" {
			reply(map[string]any{"data": []any{map[string]any{"id": "m", "max_model_len": p.c.MaxLength}}})
			return
		}
		w.WriteHeader(404)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	var body map[string]any
	if err := json.Unmarshal(raw, &body); err != nil {
		p.t.Errorf("sent %s: %v", raw, err)
	}
	if r.URL.Path == "/tokenize" {
		p.tokenize(reply, body)
		return
	}
	if p.c.Kind == "gen" {
		p.sent = append(p.sent, body)
		reply(p.c.HTTP[0].Response)
		return
	}
	p.score(reply, body)
}

func (p *replay) tokenize(reply func(any), body map[string]any) {
	for _, h := range p.c.HTTP {
		if h.Path == "/tokenize" && reflect.DeepEqual(h.Body, body) {
			reply(h.Response)
			return
		}
	}
	text := body["prompt"].(string)
	ids := []any{}
	switch {
	case text == "" && body["add_special_tokens"] == true:
		ids = append(ids, 1)
	case strings.HasPrefix(text, trialContext):
		ids = append(ids, trialID)
		if rest := text[len(trialContext):]; rest == trialRight {
			ids = append(ids, trialID+1)
		} else if rest == trialWrong {
			ids = append(ids, trialID+2)
		}
	case strings.HasPrefix(p.c.Request.Prompt, text):
		p.t.Errorf("a context was encoded that the reference never encodes: %q", text)
	default:
		p.t.Errorf("tokenized %v", body)
	}
	reply(map[string]any{"tokens": ids})
}

func (p *replay) score(reply func(any), body map[string]any) {
	prompts := body["prompt"].([]any)
	if _, flat := prompts[0].(float64); flat {
		prompts = []any{body["prompt"]}
	}
	choices := []any{}
	trial := false
	for i, prompt := range prompts {
		ids := prompt.([]any)
		choice := map[string]any{"index": i, "text": "x"}
		if ids[0].(float64) == trialID {
			trial = true
			key := fmt.Sprint(ids[1])
			choice["prompt_logprobs"] = []any{nil, map[string]any{key: map[string]any{"logprob": -ids[1].(float64), "rank": 1}}}
		} else {
			p.scored = append(p.scored, ids)
			found := false
			for _, h := range p.c.HTTP {
				if h.Path == "/v1/completions" && reflect.DeepEqual(h.Body["prompt"], prompt) {
					recorded := h.Response["choices"].([]any)[0].(map[string]any)
					choice["prompt_logprobs"] = recorded["prompt_logprobs"]
					found = true
				}
			}
			if !found {
				p.t.Errorf("scored ids that the reference does not: %v", ids)
			}
		}
		choices = append(choices, choice)
	}
	if !trial {
		p.sent = append(p.sent, body)
	}
	reply(map[string]any{"choices": choices, "usage": map[string]any{"prompt_tokens": 3, "completion_tokens": 1}})
}

// TestRecordedWire compares what is sent, and what is made of the answers, with
// the reference. Differences that are meant:
//   - prompt_logprobs is 1, not 5: ranks say the rest;
//   - all continuations travel in one call, and contexts are encoded once;
//   - usage is kept where the reference loses it (chats with logprobs);
//   - a request with do_sample=false has no top_k: eval.Sampling says that by
//     its absence.
func TestRecordedWire(t *testing.T) {
	for i, c := range wireCases(t) {
		t.Run(fmt.Sprintf("%d_%s", i, c.Kind), func(t *testing.T) {
			play := &replay{t: t, c: &c}
			srv := httptest.NewServer(play)
			defer srv.Close()
			cfg := Config{BaseURLs: []string{srv.URL + "/v1"}, Model: "m"}
			if b, err := json.Marshal(c.Kwargs); err != nil || json.Unmarshal(b, &cfg) != nil {
				t.Fatalf("provider_kwargs %v: %v", c.Kwargs, err)
			}
			cl, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			r := c.Request
			s := c.Sampling
			r.Sampling = eval.Sampling{MaxTokens: s.MaxTokens, Temperature: s.Temperature, TopP: s.TopP, TopK: s.TopK, Stop: s.Stop, NumSamples: s.NumSamples}
			if c.Kind == "gen" && !s.DoSample {
				r.Sampling.TopK = nil
			}
			resp, err := cl.Respond(context.Background(), &r)
			if err != nil {
				t.Fatal(err)
			}
			if c.Kind == "gen" {
				if len(play.sent) != 1 || !reflect.DeepEqual(play.sent[0], c.HTTP[0].Body) {
					t.Errorf("sent %v\nwant %v", play.sent, c.HTTP[0].Body)
				}
			} else {
				checkScoring(t, play)
			}
			checkOutputs(t, &c, resp)
		})
	}
}

func checkScoring(t *testing.T, play *replay) {
	want := 0
	for _, h := range play.c.HTTP {
		if h.Path == "/v1/completions" {
			want++
		}
	}
	if len(play.scored) != want || len(play.sent) != min(want, 1) {
		t.Errorf("%d prompts in %d calls, the reference sends %d", len(play.scored), len(play.sent), want)
	}
	for _, body := range play.sent {
		delete(body, "prompt")
		if want := map[string]any{"model": "m", "max_tokens": 1.0, "temperature": 0.0, "prompt_logprobs": 1.0, "add_special_tokens": false}; !reflect.DeepEqual(body, want) {
			t.Errorf("sent %v, want %v", body, want)
		}
	}
}

func checkOutputs(t *testing.T, c *wireCase, resp *eval.Response) {
	if len(resp.Outputs) != len(c.Outputs[0]) {
		t.Fatalf("%d outputs, want %d", len(resp.Outputs), len(c.Outputs[0]))
	}
	for i, want := range c.Outputs[0] {
		got := resp.Outputs[i]
		if got.Text != want.Text {
			t.Errorf("text %q, want %q", got.Text, want.Text)
		}
		m := want.Metadata
		if (got.Loglik == nil) != (m.Sum == nil) {
			t.Fatalf("loglik %+v, want %v", got.Loglik, m.Sum)
		}
		if m.Sum != nil {
			if math.Abs(got.Loglik.Sum-*m.Sum) > 1e-12 || got.Loglik.Tokens != *m.Tokens {
				t.Errorf("%+v, want %v of %v tokens", got.Loglik, *m.Sum, *m.Tokens)
			}
			if !reflect.DeepEqual(got.Loglik.Greedy, m.Greedy) {
				t.Errorf("greedy %v, want %v", got.Loglik.Greedy, m.Greedy)
			}
		}
		if m.Prompt != nil && resp.Usage.PromptTokens != *m.Prompt || m.Completion != nil && resp.Usage.CompletionTokens != *m.Completion {
			t.Errorf("usage %+v, want %v and %v", resp.Usage, m.Prompt, m.Completion)
		}
		if c.Kind != "gen" {
			continue
		}
		if len(got.Logprobs) != len(want.Logprobs) {
			t.Fatalf("logprobs %v, want %v", got.Logprobs, want.Logprobs)
		}
		for k, w := range want.Logprobs {
			if g := got.Logprobs[k]; g.Token != w.Token || g.Logprob != w.Logprob {
				t.Errorf("token %d: %+v, want %+v", k, g, w)
			}
		}
	}
}
