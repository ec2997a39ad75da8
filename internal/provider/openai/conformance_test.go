package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"olmoeval/eval"
)

// The tests named TestConformanceN are those that every provider of a model
// behind a server should pass:
//
//  1. boundary of context and continuation: TestConformance1Boundary
//  2. request bodies: TestConformance2Bodies, -Defaults, -Sampling
//  3. truncation: TestConformance3Truncation
//  4. scoring: TestConformance4Scoring, -Faults, -Lists
//  5. first choice and margin: TestConformance5Greedy
//  6. retries: TestConformance6Faults says what is tried again; that it is, and
//     how often, is tested in package layer
//  7. usage, finish reasons, reasoning, tool calls: TestConformance7Outputs,
//     -Usage, and package providertest
//  8. scores do not depend on their neighbours: TestConformance8Batches

func number[T any](v T) *T { return &v }

// sentBody is what a request looks like on the wire.
func sentBody(t *testing.T, r *eval.Request, edit func(*Config)) map[string]any {
	t.Helper()
	var bodies []map[string]any
	if _, err := serve(t, capture(&bodies), edit).Respond(ctx, r); err != nil {
		t.Fatal(err)
	}
	if len(bodies) != 1 {
		t.Fatalf("%d calls, want 1", len(bodies))
	}
	return bodies[0]
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConformance2Defaults(t *testing.T) {
	topK := 5
	greedy := prompt("p")
	greedy.Sampling = eval.Sampling{TopK: &topK, Stop: []string{"</s>", "\n"}}
	chat := user("c")
	chat.Sampling = eval.Sampling{TopK: &topK, Stop: []string{"\n"}, MaxTokens: number(9)}
	drawn := prompt("p")
	drawn.Sampling = eval.Sampling{TopK: &topK, Temperature: 0.5, TopP: number(0.25)}
	edit := func(c *Config) {
		c.EOS, c.ChatTemplateKwargs, c.ReasoningEffort = "</s>", map[string]any{"enable_thinking": false}, "low"
	}
	for name, c := range map[string]struct {
		r    *eval.Request
		want string
	}{
		"no bound, temperature said, EOS once, no top_k": {greedy, `{"model":"m","prompt":"p","n":1,"temperature":0,"logprobs":1,"add_special_tokens":false,"stop":["</s>","\n"],"reasoning_effort":"low"}`},
		"EOS added, top_k when drawing":                  {drawn, `{"model":"m","prompt":"p","n":1,"temperature":0.5,"top_p":0.25,"top_k":5,"logprobs":1,"add_special_tokens":false,"stop":["</s>"],"reasoning_effort":"low"}`},
		"chats have the template's settings and no EOS":  {chat, `{"model":"m","messages":[{"role":"user","content":"c"}],"n":1,"max_tokens":9,"temperature":0,"logprobs":true,"top_logprobs":1,"stop":["\n"],"reasoning_effort":"low","chat_template_kwargs":{"enable_thinking":false}}`},
	} {
		if got, want := sentBody(t, c.r, edit), object(t, c.want); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: sent %v\nwant %v", name, got, want)
		}
	}
}

func TestConformance2Sampling(t *testing.T) {
	r := user("c")
	r.Sampling = eval.Sampling{Temperature: 1, MinP: number(0.05), FrequencyPenalty: number(0.5), PresencePenalty: number(-0.5), RepetitionPenalty: number(1.1),
		Seed: number(int64(7)), ReasoningEffort: "high", JSONSchema: map[string]any{"type": "object", "required": []any{"a"}},
		ExtraBody: map[string]any{"guided_regex": "a+", "deep": map[string]any{"er": []any{1.0, nil}}}}
	want := object(t, `{"model":"m","messages":[{"role":"user","content":"c"}],"n":1,"temperature":1,"logprobs":true,"top_logprobs":1,
		"min_p":0.05,"frequency_penalty":0.5,"presence_penalty":-0.5,"repetition_penalty":1.1,"seed":7,"reasoning_effort":"high",
		"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object","required":["a"]}}},
		"guided_regex":"a+","deep":{"er":[1,null]}}`)
	if got := sentBody(t, r, func(c *Config) { c.ReasoningEffort = "low" }); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v\nwant %v", got, want)
	}
	r.Type, r.Messages, r.Prompt = eval.Completion, nil, "p"
	got := sentBody(t, r, nil)
	for _, key := range []string{"min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "seed", "reasoning_effort", "response_format", "guided_regex", "deep"} {
		if !reflect.DeepEqual(got[key], want[key]) {
			t.Errorf("a completion's %s is %v, want %v", key, got[key], want[key])
		}
	}
}

func TestConformance4Lists(t *testing.T) {
	s := &charServer{bos: true, maxLen: 100}
	c := scorer(t, s, nil)
	if resp, err := c.Respond(ctx, lik("ab")); err != nil || len(resp.Outputs) != 0 || len(s.sent) != 0 {
		t.Errorf("no continuation: %+v %v, %d prompts sent", resp, err, len(s.sent))
	}
	// The token that was sent stands outside the best ones; two ids of one text;
	// the first position null; keys are strings.
	raw := `[null,{"9":{"logprob":-0.1,"rank":1,"decoded_token":"a"},"98":{"logprob":-7.5,"rank":812,"decoded_token":"a"}},{"99":{"logprob":-0.5,"rank":1,"decoded_token":"b"}}]`
	got, err := readTail([]byte(raw), []int{97, 98, 99}, 1, true)
	if err != nil || got.sum != -8 || got.tokens != 2 || got.greedy || !got.ranked {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := readTail([]byte(raw), []int{97, 98, 99}, 0, true); err != nil || !got.headless || got.tokens != 2 {
		t.Errorf("the first position has no score: %+v %v", got, err)
	}
}

// position is one of prompt_logprobs: the chosen id 5 and others.
func position(chosen float64, rank int, others ...float64) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"5":{"logprob":%v`, chosen)
	if rank > 0 {
		fmt.Fprintf(&b, `,"rank":%d`, rank)
	}
	b.WriteString(`}`)
	for i, o := range others {
		fmt.Fprintf(&b, `,"%d":{"logprob":%v}`, 6+i, o)
	}
	return b.String() + "}"
}

// TestConformance5Greedy: ranks and alternatives say the same, and the margin
// is told where it is known.
func TestConformance5Greedy(t *testing.T) {
	yes, no := number(true), number(false)
	for name, c := range map[string]struct {
		positions []string
		top       bool
		greedy    *bool
		margin    *float64
	}{
		"first by rank":                    {[]string{position(-1, 1)}, false, yes, nil},
		"first by alternatives":            {[]string{position(-1, 0, -3)}, true, yes, number(2.0)},
		"first by both":                    {[]string{position(-1, 1, -3)}, true, yes, number(2.0)},
		"second by rank":                   {[]string{position(-1, 2)}, false, no, nil},
		"second by alternatives":           {[]string{position(-1, 0, -0.5)}, true, no, number(-0.5)},
		"second by both":                   {[]string{position(-1, 2, -0.5)}, true, no, number(-0.5)},
		"a tie":                            {[]string{position(-1, 1, -1)}, true, yes, number(0.0)},
		"the smallest of several":          {[]string{position(-1, 1, -3), position(-1, 1, -1.25), position(-1, 1, -9)}, true, yes, number(0.25)},
		"the most negative":                {[]string{position(-1, 3, -0.5), position(-1, 2, -0.75)}, true, no, number(-0.5)},
		"an open first choice":             {[]string{position(-1, 1), position(-1, 1, -3)}, true, yes, nil},
		"an open first choice and a loser": {[]string{position(-1, 1), position(-1, 2, -0.5)}, true, no, number(-0.5)},
		"better ones not told":             {[]string{position(-1, 5, -3), position(-1, 2, -0.5)}, true, no, nil},
		"nothing told":                     {[]string{position(-1, 0)}, false, nil, nil},
	} {
		ids := []int{1}
		for range c.positions {
			ids = append(ids, 5)
		}
		got, err := readTail([]byte("[null,"+strings.Join(c.positions, ",")+"]"), ids, 1, c.top)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var out eval.Output
		if err := got.into(&out, &scored{}, &eval.Response{}); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(out.Loglik.Greedy, c.greedy) || !reflect.DeepEqual(out.Loglik.Margin, c.margin) {
			g, _ := json.Marshal(out.Loglik)
			t.Errorf("%s: %s, want greedy %v and margin %v", name, g, c.greedy, c.margin)
		}
	}
	// The same by echo, where the best alternative may be the token itself.
	for name, c := range map[string]struct {
		top    string
		margin *float64
	}{"itself": {`{"b":-1}`, nil}, "another": {`{"z":-0.25}`, number(-0.75)}, "both": {`{"z":-0.5,"b":-1}`, number(-0.5)}, "none": {`null`, nil}} {
		got, err := readEcho([]byte(`{"tokens":["a","b"],"token_logprobs":[null,-1],"top_logprobs":[null,`+c.top+`]}`), "ab", "a")
		if err != nil || !reflect.DeepEqual(got.margin.value(), c.margin) {
			t.Errorf("echo, %s: %v %v", name, got.margin.value(), err)
		}
	}
	// And on the wire: two alternatives are asked for, and the margin comes back.
	s := &charServer{bos: true, maxLen: 100, edit: func(ids []int, raw []map[string]any) any {
		for i := 1; i < len(raw); i++ {
			raw[i] = map[string]any{fmt.Sprint(ids[i]): map[string]any{"logprob": -float64(ids[i]) / 100, "rank": 1}, "9999": map[string]any{"logprob": -5.0, "rank": 2}}
		}
		return raw
	}}
	resp, err := scorer(t, s, func(c *Config) { c.PromptLogprobs = number(2) }).Respond(ctx, lik("x", "ab"))
	if err != nil {
		t.Fatal(err)
	}
	if l := resp.Outputs[0].Loglik; l.Margin == nil || math.Abs(*l.Margin-(5-0.98)) > 1e-12 || l.Greedy == nil || !*l.Greedy {
		t.Errorf("%+v", l)
	}
}

func TestConformance7Usage(t *testing.T) {
	usage := `"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":3}}`
	want := eval.Usage{PromptTokens: 9, CachedTokens: 4, CompletionTokens: 5, ReasoningTokens: 3}
	for name, c := range map[string]struct {
		body string
		r    *eval.Request
	}{
		"a chat with log-probabilities": {`{"choices":[{"index":0,"message":{"content":"a","reasoning":"hm"},"finish_reason":"length","logprobs":{"content":[{"token":"a","logprob":-1,"top_logprobs":[]}]}}],` + usage + `}`, user("x")},
		"a completion with them":        {`{"choices":[{"index":0,"text":"a","finish_reason":"length","logprobs":{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":[{"a":-1}]}}],` + usage + `}`, prompt("x")},
	} {
		resp, err := serve(t, always(200, c.body), nil).Respond(ctx, c.r)
		if err != nil || resp.Usage != want || len(resp.Outputs[0].Logprobs) != 1 || resp.Outputs[0].FinishReason != "length" {
			t.Errorf("%s: %+v %v", name, resp, err)
		}
	}
}

// TestConformance8Batches: a score is the same alone and among others, in any
// order, in one call or in several, however the server orders its choices.
func TestConformance8Batches(t *testing.T) {
	var conts []string
	for i := range 3*maxPrompts/2 + 1 {
		conts = append(conts, fmt.Sprintf(" %c%d", 'a'+i%26, i))
	}
	turned := slices.Clone(conts)
	slices.Reverse(turned)
	want := map[string]eval.Loglik{}
	for _, c := range conts {
		resp, err := scorer(t, &charServer{bos: true, maxLen: 100}, nil).Respond(ctx, lik("the context", c))
		if err != nil {
			t.Fatal(err)
		}
		want[c] = *resp.Outputs[0].Loglik
	}
	for name, s := range map[string]*charServer{
		"batches":      {bos: true, maxLen: 100},
		"last first":   {bos: true, maxLen: 100, reversed: true},
		"one a call":   {bos: true, maxLen: 100, onlyOne: true},
		"echo":         {echo: true, noIDs: true},
		"echo, turned": {echo: true, noIDs: true, reversed: true},
	} {
		c := scorer(t, s, nil)
		for order, list := range map[string][]string{"forth": conts, "back": turned} {
			resp, err := c.Respond(ctx, lik("the context", list...))
			if err != nil {
				t.Fatalf("%s, %s: %v", name, order, err)
			}
			for i, out := range resp.Outputs {
				if w := want[list[i]]; out.Text != list[i] || math.Abs(out.Loglik.Sum-w.Sum) > 1e-9 || out.Loglik.Tokens != w.Tokens || *out.Loglik.Greedy != *w.Greedy {
					t.Errorf("%s, %s: %q scores %+v, alone %+v", name, order, list[i], out.Loglik, w)
				}
			}
		}
	}
}

// TestServersThatIgnoreN: what is missing is asked for again with seeds of its
// own, and from then on one sample at a time.
func TestServersThatIgnoreN(t *testing.T) {
	var mu sync.Mutex
	var bodies []map[string]any
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		var body map[string]any
		json.Unmarshal(b, &body)
		mu.Lock()
		bodies = append(bodies, body)
		mu.Unlock()
		fmt.Fprintf(w, `{"choices":[{"index":0,"text":"seed %v"}],"usage":{"prompt_tokens":2,"completion_tokens":1}}`, body["seed"])
	}, nil)
	r := prompt("x")
	r.Sampling = eval.Sampling{Temperature: 1, NumSamples: 4, Seed: number(int64(40))}
	for round, wantN := range [][]any{{4.0, 1.0, 1.0, 1.0}, {1.0, 1.0, 1.0, 1.0}} {
		bodies = nil
		resp, err := c.Respond(ctx, r)
		if err != nil || len(resp.Outputs) != 4 || resp.Usage != (eval.Usage{PromptTokens: 8, CompletionTokens: 4}) {
			t.Fatalf("%+v %v", resp, err)
		}
		for k, out := range resp.Outputs {
			if want := fmt.Sprintf("seed %d", 40+k); out.Text != want {
				t.Errorf("sample %d is %q, want %q", k, out.Text, want)
			}
		}
		var n []any
		for _, b := range bodies {
			n = append(n, b["n"])
		}
		if !slices.Equal(n, wantN) {
			t.Errorf("round %d asked for %v, want %v", round, n, wantN)
		}
	}
	// None at all, or too many, is no answer.
	for _, body := range []string{`{"choices":[]}`, `{"choices":[{"index":0,"text":"a"},{"index":1,"text":"b"},{"index":2,"text":"c"},{"index":3,"text":"d"},{"index":4,"text":"e"}]}`} {
		if _, err := serve(t, always(200, body), nil).Respond(ctx, r); eval.FaultOf(err).Status != eval.InfraBadResponse || err == nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// TestModelsThatTakeNoTemperature: reasoning models refuse temperature and stop
// sequences. Samples are drawn, texts are cut here, and notes say so.
func TestModelsThatTakeNoTemperature(t *testing.T) {
	var calls int
	var mu sync.Mutex
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		calls++
		mu.Unlock()
		for word, message := range map[string]string{
			"temperature": "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
			"stop":        "Unsupported parameter: 'stop' is not supported with this model.",
		} {
			if bytes.Contains(b, []byte(`"`+word+`"`)) {
				w.WriteHeader(http.StatusBadRequest)
				json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error"}})
				return
			}
		}
		io.WriteString(w, `{"choices":[{"index":0,"message":{"content":"a\nb"},"finish_reason":"length"}]}`)
	}, nil)
	r := user("x")
	r.Sampling = eval.Sampling{NumSamples: 2, Stop: []string{"\n"}}
	resp, err := c.Respond(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	want := eval.Output{Text: "a", FinishReason: "stop"}
	if !reflect.DeepEqual(resp.Outputs, []eval.Output{want, want}) || !slices.Equal(resp.Notes, []string{"sampling=the model's own", "stop=cut here"}) || calls != 4 {
		t.Errorf("%+v after %d calls", resp, calls)
	}
}

// TestStreamTellsTheFirstToken: a stream measures the way to its first chunk, a
// whole answer does not.
func TestStreamTellsTheFirstToken(t *testing.T) {
	resp, err := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, `data: {"choices":[{"index":0,"text":"a"}]}`+"\n\n")
		w.(http.Flusher).Flush()
		io.WriteString(w, `data: {"choices":[{"index":0,"text":"b","finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}, func(c *Config) { c.Stream = true }).Respond(ctx, prompt("x"))
	if err != nil || resp.Outputs[0].Text != "ab" {
		t.Fatalf("%+v %v", resp, err)
	}
	if first, total := resp.Timing.First, resp.Timing.Total; !(first > 0 && first <= total) {
		t.Errorf("first token after %v of %v ms", first, total)
	}
	resp, err = serve(t, always(200, `{"choices":[{"index":0,"text":"a"}]}`), nil).Respond(ctx, prompt("x"))
	if err != nil || resp.Timing.First != 0 || resp.Timing.Total <= 0 {
		t.Errorf("without a stream: %+v %v", resp, err)
	}
}

// TestThoughtToTheEnd: a model that used up its tokens while it was thinking
// refuses to say so in another way. That is an answer cut short, and no sign
// that the server has no chats.
func TestThoughtToTheEnd(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/chat/completions":
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":{"message":"Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.","type":"invalid_request_error"}}`)
		case "/v1/models":
			io.WriteString(w, `{"data":[{"id":"m"}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}, nil)
	r := user("x")
	r.Sampling = eval.Sampling{Temperature: 1, NumSamples: 2}
	resp, err := c.Respond(ctx, r)
	if want := (eval.Output{FinishReason: "length"}); err != nil || !reflect.DeepEqual(resp.Outputs, []eval.Output{want, want}) {
		t.Errorf("%+v %v", resp, err)
	}
	caps, err := c.Caps(ctx)
	if err != nil || !caps.Chat || caps.Completion || caps.Fingerprint != "" || !slices.ContainsFunc(caps.Notes, func(n string) bool { return strings.Contains(n, "no fingerprint") }) {
		t.Errorf("%+v %v", caps, err)
	}
}
