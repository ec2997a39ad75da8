//go:build llamacpp

package llamacpp

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/gguf/tiny"
	"olmoeval/internal/provider/openai"
	"olmoeval/internal/provider/providertest"
)

// httpServer puts a loaded model behind the calls that vLLM answers when it
// scores: models, tokenize, completions of token ids with prompt_logprobs.
type httpServer struct {
	t *testing.T
	p *Provider
	m *loaded
}

func (s *httpServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Prompt  json.RawMessage `json:"prompt"`
		Special bool            `json:"add_special_tokens"`
		Top     *int            `json:"prompt_logprobs"`
		Most    int             `json:"max_tokens"`
		Stop    []string        `json:"stop"`
	}
	if r.Method == http.MethodPost {
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	var v any
	var err error
	switch r.URL.Path {
	case "/v1/models":
		v = map[string]any{"data": []any{map[string]any{"id": "tiny", "max_model_len": s.m.window}}}
	case "/tokenizer_info":
		v = map[string]any{"add_bos_token": len(s.m.prefix) > 0, "bos_token": s.m.bos, "eos_token": s.m.eos}
	case "/tokenize":
		var text string
		var ids []token
		if err = json.Unmarshal(q.Prompt, &text); err == nil {
			ids, err = s.m.tokenize(text)
		}
		if q.Special {
			ids = append(append([]token{}, s.m.prefix...), ids...)
		}
		v = map[string]any{"tokens": ids}
	case "/v1/completions":
		if q.Top == nil {
			v, err = s.continues(r, q.Prompt, q.Most, q.Stop)
		} else {
			v, err = s.scores(r, q.Prompt, *q.Top)
		}
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, fmt.Sprintf(`{"error":{"message":%q}}`, err), http.StatusBadRequest)
		return
	}
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Error(err)
	}
}

// continues answers a greedy completion of a text.
func (s *httpServer) continues(r *http.Request, prompt json.RawMessage, most int, stop []string) (any, error) {
	var text string
	if err := json.Unmarshal(prompt, &text); err != nil {
		return nil, err
	}
	resp, err := s.p.Respond(r.Context(), &eval.Request{Type: eval.Completion, Prompt: text, Sampling: eval.Sampling{MaxTokens: &most, Stop: stop}})
	if err != nil {
		return nil, err
	}
	out := resp.Outputs[0]
	return map[string]any{"choices": []any{map[string]any{"index": 0, "text": out.Text, "finish_reason": out.FinishReason}},
		"usage": map[string]any{"prompt_tokens": resp.Usage.PromptTokens, "completion_tokens": resp.Usage.CompletionTokens}}, nil
}

// scores sends the log-probability and the rank of every prompt token.
func (s *httpServer) scores(r *http.Request, prompt json.RawMessage, top int) (any, error) {
	var many [][]token
	if err := json.Unmarshal(prompt, &many); err != nil {
		many = make([][]token, 1) // one prompt is a list of numbers
		if err := json.Unmarshal(prompt, &many[0]); err != nil {
			return nil, err
		}
	}
	session, err := s.p.take(r.Context())
	if err != nil {
		return nil, err
	}
	defer func() { s.p.free <- session }()
	choices := []any{}
	for i, ids := range many {
		session.reset()
		list := []any{nil}
		for k := range len(ids) - 1 {
			if err := session.decode([]entry{{id: ids[k], pos: k, want: true}}); err != nil {
				return nil, err
			}
			logits, err := session.logits(0)
			if err != nil {
				return nil, err
			}
			entry := map[string]any{}
			for _, id := range []token{ids[k+1], best(logits)}[:1+min(top, 1)] {
				v, _, err := logprob(logits, id)
				if err != nil {
					return nil, err
				}
				entry[fmt.Sprint(id)] = map[string]any{"logprob": v, "rank": rank(logits, id), "decoded_token": s.m.piece(id, true)}
			}
			list = append(list, entry)
		}
		choices = append(choices, map[string]any{"index": i, "text": "", "prompt_logprobs": list})
	}
	return map[string]any{"choices": choices, "usage": map[string]any{"prompt_tokens": 1}}, nil
}

func best(logits []float32) token {
	at := 0
	for i, v := range logits {
		if v > logits[at] {
			at = i
		}
	}
	return token(at)
}

func rank(logits []float32, id token) int {
	n := 1
	for _, v := range logits {
		if v > logits[id] {
			n++
		}
	}
	return n
}

// TestHTTPRoute asks the same network through HTTP, where prompts are split,
// sent, computed token by token and read back by other code.
func TestHTTPRoute(t *testing.T) {
	direct := inLibrary(t, tiny.Config{Seed: 60}, nil)
	p := inLibrary(t, tiny.Config{Seed: 60}, nil)
	m, err := p.load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(&httpServer{t, p, m})
	defer server.Close()
	client, err := openai.New(openai.Config{BaseURLs: []string{server.URL + "/v1"}, Model: "tiny"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, context := range []string{"The capital of France is", strings.TrimSpace(strings.Repeat(long, 4)), "", "q t", "a \n"} {
		r := lik(context, " Paris", "he", " ", "a thing in the end", "")
		one, err := client.Respond(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		two := ask(t, direct, r)
		for i := range r.Continuations {
			a, b := one.Outputs[i].Loglik, two.Outputs[i].Loglik
			if a == nil || a.Tokens != b.Tokens || math.Abs(a.Sum-b.Sum) > 1e-4*float64(max(1, a.Tokens)) || *a.Greedy != *b.Greedy {
				t.Errorf("%.20q + %q: %+v over HTTP, %+v directly", context, r.Continuations[i], a, b)
			}
		}
	}
	n := 12
	r := &eval.Request{Type: eval.Completion, Prompt: "Then in", Sampling: eval.Sampling{MaxTokens: &n}}
	resp, err := client.Respond(t.Context(), r)
	if want := ask(t, direct, r).Outputs[0].Text; err != nil || resp.Outputs[0].Text != want {
		t.Errorf("%+v %v, want %q", resp, err, want)
	}
	providertest.RunReal(t, providertest.Real{Provider: client, Skip: map[string]string{"samples": "the server of this test draws no samples"}})
}
