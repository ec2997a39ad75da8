package openai

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"olmoeval/eval"
)

// charServer is a tiny vLLM: one id per character, BOS 1 if it has one.
type charServer struct {
	bos, echo, noIDs, flat, onlyOne, generated bool
	maxLen                                     int
	info                                       string // of /tokenizer_info
	sent                                       [][]int
	merges                                     []string // pairs with one id for both, from 5000 on
	reversed                                   bool     // choices come last first
	edit                                       func(ids []int, raw []map[string]any) any
}

func (s *charServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Prompt  json.RawMessage
		Special bool `json:"add_special_tokens"`
		Echo    bool
	}
	json.NewDecoder(r.Body).Decode(&q)
	reply := func(v any) { json.NewEncoder(w).Encode(v) }
	switch r.URL.Path {
	case "/v1/models":
		reply(map[string]any{"data": []any{map[string]any{"id": "m", "max_model_len": s.maxLen}}})
	case "/tokenizer_info":
		if s.info == "" {
			w.WriteHeader(404)
		}
		fmt.Fprint(w, s.info)
	case "/tokenize":
		if s.noIDs {
			w.WriteHeader(404)
			return
		}
		var text string
		json.Unmarshal(q.Prompt, &text)
		ids := []int{}
		if q.Special && s.bos {
			ids = append(ids, 1)
		}
		reply(map[string]any{"tokens": append(ids, s.encode(text)...)})
	case "/v1/completions":
		s.complete(w, q.Prompt, q.Echo)
	}
}

// encode has one id per character, or per merged pair.
func (s *charServer) encode(text string) []int {
	var ids []int
next:
	for len(text) > 0 {
		for i, m := range s.merges {
			if strings.HasPrefix(text, m) {
				ids, text = append(ids, 5000+i), text[len(m):]
				continue next
			}
		}
		c, n := utf8.DecodeRuneInString(text)
		ids, text = append(ids, int(c)), text[n:]
	}
	return ids
}

func (s *charServer) complete(w http.ResponseWriter, raw json.RawMessage, echo bool) {
	var many [][]int
	var texts []string
	if json.Unmarshal(raw, &many) != nil {
		many = make([][]int, 1)
		if json.Unmarshal(raw, &many[0]) != nil {
			many = nil
			if json.Unmarshal(raw, &texts) != nil {
				texts = make([]string, 1)
				json.Unmarshal(raw, &texts[0])
			}
			for _, t := range texts {
				var ids []int
				for _, c := range t {
					ids = append(ids, int(c))
				}
				many = append(many, ids)
			}
		}
	}
	if s.onlyOne && len(many) > 1 {
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error":{"message":"prompt must be one"}}`)
		return
	}
	if texts != nil && !s.echo {
		w.WriteHeader(400)
		return
	}
	choices := []any{}
	for i, ids := range many {
		s.sent = append(s.sent, ids)
		choice := map[string]any{"index": i, "text": ""}
		var list []map[string]any
		tokens, values, offs, tops := []string{}, []any{}, []int{}, []any{}
		for k, id := range ids {
			entry := map[string]any{fmt.Sprint(id): map[string]any{"logprob": s.value(id), "rank": 1 + id%2, "decoded_token": "?"}}
			var value any = s.value(id)
			var top any = map[string]any{"?": s.value(id) + float64(id%2)}
			if k == 0 {
				entry, value, top = nil, nil, nil
			}
			list = append(list, entry)
			tokens, values, offs, tops = append(tokens, string(rune(id))), append(values, value), append(offs, k), append(tops, top)
		}
		switch {
		case echo:
			choice["logprobs"] = map[string]any{"tokens": append(tokens, "z"), "token_logprobs": append(values, -1), "text_offset": append(offs, len(ids)), "top_logprobs": append(tops, nil)}
		case s.generated: // only what was generated, as some servers do
			choice["logprobs"] = map[string]any{"tokens": []string{"z"}, "token_logprobs": []any{-1}, "text_offset": []int{0}}
		default:
			choice["prompt_logprobs"] = list
			if s.edit != nil {
				choice["prompt_logprobs"] = s.edit(ids, list)
			}
		}
		choices = append(choices, choice)
	}
	if s.reversed {
		slices.Reverse(choices)
	}
	json.NewEncoder(w).Encode(map[string]any{"choices": choices, "usage": map[string]any{"prompt_tokens": 1}})
}

func (s *charServer) value(id int) float64 {
	if s.flat {
		return 0
	}
	return -float64(id) / 100
}

func scorer(t *testing.T, s *charServer, edit func(*Config)) *Client {
	t.Helper()
	return serve(t, s.ServeHTTP, edit)
}

func lik(context string, continuations ...string) *eval.Request {
	return &eval.Request{Type: eval.Loglikelihood, Prompt: context, Continuations: continuations}
}

func TestConformance1Boundary(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name                  string
		s                     charServer
		edit                  func(*Config)
		context, continuation string
		ids                   []int
		scored                string // the characters in the sum
		headless              bool
	}{
		{"empty context", charServer{bos: true}, nil, "", "cd", []int{1, 'c', 'd'}, "cd", false},
		{"one space", charServer{bos: true}, nil, "ab ", "cd", []int{'a', 'b', ' ', 'c', 'd'}, " cd", false},
		{"two spaces", charServer{bos: true}, nil, "ab  ", "cd", []int{'a', 'b', ' ', ' ', 'c', 'd'}, "  cd", false},
		{"only spaces", charServer{bos: true}, nil, "  ", "cd", []int{' ', ' ', 'c', 'd'}, " cd", true},
		{"no BOS", charServer{}, nil, "", "xy", []int{'x', 'y'}, "y", true},
		{"line break", charServer{bos: true}, nil, "a\n\t\u00a0", "b", []int{'a', '\n', '\t', 0xa0, 'b'}, "\n\t\u00a0b", false},
		{"separator", charServer{bos: true}, nil, "a\x1c", "b", []int{'a', 0x1c, 'b'}, "\x1cb", false},
		{"add BOS", charServer{bos: true}, func(c *Config) { c.AddBOS = &yes }, "ab", "c", []int{1, 'a', 'b', 'c'}, "c", false},
		{"BOS of the tokenizer", charServer{bos: true, info: `{"add_bos_token":true}`}, nil, "ab", "c", []int{1, 'a', 'b', 'c'}, "c", false},
		{"EOS for BOS", charServer{info: `{"bos_token":null,"eos_token":{"content":"$"}}`}, nil, "", "x", []int{'$', 'x'}, "x", false},
		{"BOS off against the tokenizer", charServer{bos: true, info: `{"add_bos_token":true}`}, func(c *Config) { c.AddBOS = &no }, "ab", "c", []int{'a', 'b', 'c'}, "c", false},
		{"neither BOS nor EOS", charServer{info: `{"bos_token":null,"eos_token":null}`}, nil, "", "xy", []int{'x', 'y'}, "y", true},
		{"narrow no-break and ideographic space", charServer{bos: true}, nil, "a\u202f\u3000", "b", []int{'a', 0x202f, 0x3000, 'b'}, "\u202f\u3000b", false},
		{"zero-width space stays", charServer{bos: true}, nil, "a\u200b", "b", []int{'a', 0x200b, 'b'}, "b", false},
		{"merge across the boundary", charServer{bos: true, merges: []string{" c"}}, nil, "ab ", "cd", []int{'a', 'b', 5000, 'd'}, "\u1388d", false},
		{"merge into the context's last token", charServer{bos: true, merges: []string{"bc"}}, nil, "ab", "c", []int{'a', 5000}, "\u1388", false},
		{"separate", charServer{bos: true}, func(c *Config) { c.Boundary = BoundarySeparate }, "ab ", "cd", []int{'a', 'b', ' ', 'c', 'd'}, " cd", false},
	} {
		resp, err := scorer(t, &c.s, c.edit).Respond(ctx, lik(c.context, c.continuation))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := c.s.sent[len(c.s.sent)-1]; !reflect.DeepEqual(got, c.ids) {
			t.Errorf("%s: sent %v, want %v", c.name, got, c.ids)
		}
		sum := 0.0
		n := 0
		for _, r := range c.scored {
			sum += c.s.value(int(r))
			n++
		}
		l := resp.Outputs[0].Loglik
		if math.Abs(l.Sum-sum) > 1e-9 || l.Tokens != n || (len(resp.Notes) > 0) != c.headless {
			t.Errorf("%s: %+v %v, want %v of %d", c.name, l, resp.Notes, sum, n)
		}
	}
}

func TestConformance3Truncation(t *testing.T) {
	s := &charServer{bos: true, maxLen: 30}
	c := scorer(t, s, nil)
	long := strings.Repeat("abcdefghij", 5)
	ask := func(maxLength int, continuation string) (*eval.Loglik, []int, error) {
		r := lik(long, continuation)
		if maxLength > 0 {
			r.MaxLength = &maxLength
		}
		resp, err := c.Respond(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		return resp.Outputs[0].Loglik, s.sent[len(s.sent)-1], nil
	}
	for _, v := range []struct{ max, sent int }{{0, 29}, {10, 9}, {100, 29}} {
		l, ids, err := ask(v.max, " xyz")
		if err != nil || len(ids) != v.sent || !l.Cut || l.Tokens != 4 {
			t.Errorf("max %d: %+v, %d ids, %v", v.max, l, len(ids), err)
		}
	}
	for _, n := range []int{29, 40} {
		if _, _, err := ask(0, strings.Repeat("x", n)); eval.FaultOf(err).Status != eval.ContextOverflow {
			t.Errorf("a continuation of %d: %v", n, err)
		}
	}
	if l, _, err := ask(0, strings.Repeat("x", 28)); err != nil || !l.Cut {
		t.Errorf("a continuation of 28 with one token before it: %v %v", l, err)
	}
}

func TestConformance4Scoring(t *testing.T) {
	s := &charServer{bos: true, maxLen: 100}
	c := scorer(t, s, nil)
	r := lik("ab", " c", "", " defg")
	r.ContinuationPrompts = []string{"ab", "x", "longer"}
	resp, err := c.Respond(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2, 0, 5} {
		if l := resp.Outputs[i].Loglik; l == nil || l.Tokens != want || resp.Outputs[i].Text != r.Continuations[i] {
			t.Errorf("%d: %+v", i, l)
		}
	}
	if resp.Usage.PromptTokens != 1 {
		t.Errorf("%d calls", resp.Usage.PromptTokens)
	}
	if g := resp.Outputs[0].Loglik.Greedy; g == nil || *g {
		t.Error("rank 2 was taken for greedy")
	}
	// A server that takes one prompt a call is found out once.
	s = &charServer{bos: true, maxLen: 100, onlyOne: true}
	resp, err = scorer(t, s, nil).Respond(ctx, lik("ab", " c", " d"))
	if err != nil || resp.Usage.PromptTokens != 2 || resp.Outputs[1].Loglik.Tokens != 2 {
		t.Errorf("%+v %v", resp, err)
	}
}

func TestConformance4Faults(t *testing.T) {
	trial := func(ids []int) bool { return len(ids) > 20 } // leave the trial alone
	for name, edit := range map[string]func(ids []int, raw []map[string]any) any{
		"missing":   func([]int, []map[string]any) any { return nil },
		"too short": func(_ []int, raw []map[string]any) any { return raw[:len(raw)-1] },
		"too long":  func(_ []int, raw []map[string]any) any { return append(raw, raw[1]) },
		"other id": func(_ []int, raw []map[string]any) any {
			raw[len(raw)-1] = map[string]any{"7": raw[1]["98"]}
			return raw
		},
		"null entry": func(_ []int, raw []map[string]any) any { raw[len(raw)-1] = nil; return raw },
		"null logprob": func(ids []int, raw []map[string]any) any {
			raw[len(raw)-1] = map[string]any{fmt.Sprint(ids[len(ids)-1]): map[string]any{"logprob": nil, "rank": 1}}
			return raw
		},
	} {
		s := &charServer{bos: true, maxLen: 100}
		s.edit = func(ids []int, raw []map[string]any) any {
			if trial(ids) {
				return raw
			}
			return edit(ids, raw)
		}
		_, err := scorer(t, s, nil).Respond(ctx, lik("ab", "cd"))
		if eval.FaultOf(err).Status != eval.InfraBadResponse {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEcho(t *testing.T) {
	s := &charServer{echo: true, noIDs: true}
	c := scorer(t, s, nil)
	resp, err := c.Respond(ctx, lik("ab ", "cé", "d"))
	if err != nil {
		t.Fatal(err)
	}
	l := resp.Outputs[0].Loglik
	if want := -float64(' '+'c'+'é') / 100; math.Abs(l.Sum-want) > 1e-9 || l.Tokens != 3 || l.Greedy == nil || *l.Greedy {
		t.Errorf("%+v, want %v", l, want)
	}
	if resp.Notes[0] != noteOffset {
		t.Errorf("%v", resp.Notes)
	}
}

func TestReadEchoByServersOffsets(t *testing.T) {
	// Tokens that do not spell the prompt: é is split.
	b := `{"tokens":["h","\ufffd","\ufffd"," x","!"],"token_logprobs":[null,-1,-2,-4,-8],"text_offset":[0,1,1,2,4],"top_logprobs":null}`
	got, err := readEcho([]byte(b), "hé x", "hé")
	if err != nil || got.sum != -4 || got.tokens != 1 || got.ranked {
		t.Errorf("%+v %v", got, err)
	}
	for _, b := range []string{
		`{"tokens":["z"],"token_logprobs":[-1]}`,
		`{"tokens":["h"],"token_logprobs":[null],"text_offset":[0]}`,
		`{"tokens":["h","\ufffd"," x"],"token_logprobs":[null,-1,null],"text_offset":[0,1,2]}`,
		`{"tokens":["h","\ufffd"," x"],"token_logprobs":[null,-1,-1],"text_offset":[0,3,2]}`,
	} {
		if got, err := readEcho([]byte(b), "hé x", "hé"); err == nil && got.tokens > 0 {
			t.Errorf("%s: %+v", b, got)
		}
	}
}

func TestServersThatCannotScore(t *testing.T) {
	for name, s := range map[string]*charServer{
		"equal scores":         {bos: true, flat: true},
		"generated alone":      {bos: true, generated: true},
		"neither ids nor echo": {noIDs: true},
	} {
		c := scorer(t, s, nil)
		_, err := c.Respond(ctx, lik("a", "b"))
		f := eval.FaultOf(err)
		if f.Status != eval.ConfigError || !f.Abort || f.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
