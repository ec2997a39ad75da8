package mockserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	fast "github.com/goccy/go-json"

	"olmoeval/eval"
	"olmoeval/internal/provider/mock"
	"olmoeval/internal/provider/mock/lex"
	"olmoeval/internal/provider/wire"
)

// completionRequest is what is read of a body.
type completionRequest struct {
	Model          string  `json:"model"`
	Prompt         prompts `json:"prompt"`
	N              int     `json:"n"`
	MaxTokens      *int    `json:"max_tokens"`
	Stop           stops   `json:"stop"`
	Logprobs       *int    `json:"logprobs"`
	PromptLogprobs *int    `json:"prompt_logprobs"`
	Echo           bool    `json:"echo"`
	streaming
}

type streaming struct {
	Stream        bool `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

// prompt is one of a request: a text, or ids with the text they stand for.
type prompt struct {
	text string
	ids  []int
}

func (p *prompt) tokens() []int {
	if p.ids == nil {
		p.ids = lex.Encode(nil, p.text)
	}
	return p.ids
}

// prompts is a text, a list of texts, a list of ids, or a list of such lists.
type prompts []prompt

// UnmarshalJSON reads any of the forms.
func (p *prompts) UnmarshalJSON(b []byte) error {
	kind := byte(0)
	depth := 0
	for _, c := range b {
		if c == '[' {
			depth++
		} else if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			kind = c
			break
		}
	}
	var lists [][]int
	switch {
	case depth == 0:
		*p = make(prompts, 1)
		return fast.Unmarshal(b, &(*p)[0].text)
	case depth == 1 && kind == '"':
		var texts []string
		if err := fast.Unmarshal(b, &texts); err != nil {
			return err
		}
		for _, t := range texts {
			*p = append(*p, prompt{text: t})
		}
		return nil
	case depth == 1:
		var ids []int
		if err := fast.Unmarshal(b, &ids); err != nil {
			return err
		}
		lists = append(lists, ids)
	default:
		if err := fast.Unmarshal(b, &lists); err != nil {
			return err
		}
	}
	for _, ids := range lists {
		text := make([]byte, 0, 3*len(ids))
		for _, id := range ids {
			var err error
			if text, err = lex.AppendText(text, id); err != nil {
				return err
			}
		}
		*p = append(*p, prompt{text: string(text), ids: ids})
	}
	return nil
}

// stops is a text or a list of texts.
type stops []string

// UnmarshalJSON reads either.
func (s *stops) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*s = make(stops, 1)
		return fast.Unmarshal(b, &(*s)[0])
	}
	return fast.Unmarshal(b, (*[]string)(s))
}

// mostSamples is how many samples one request may ask for.
const mostSamples = 4096

// completions answers /v1/completions.
func (x *exchange) completions() {
	var q completionRequest
	if err := fast.Unmarshal(x.body.Bytes(), &q); err != nil {
		x.refuse(http.StatusBadRequest, "the body is not as it must be: "+err.Error())
		return
	}
	if !x.knows(q.Model) {
		return
	}
	if q.N == 0 {
		q.N = 1
	}
	if len(q.Prompt) == 0 || q.N < 1 || q.N > mostSamples {
		x.refuse(http.StatusBadRequest, "want a prompt and n from 1")
		return
	}
	for i := range q.Prompt {
		if p := &q.Prompt[i]; len(p.text) > x.cfg.MaxModelLen && len(p.tokens()) >= x.cfg.MaxModelLen {
			x.refuse(http.StatusBadRequest, fmt.Sprintf("the maximum context length is %d tokens, and the prompt has %d", x.cfg.MaxModelLen, len(p.tokens())))
			return
		}
	}
	kind := eval.Completion
	if q.Echo || q.PromptLogprobs != nil {
		kind = eval.Loglikelihood
	}
	query := Query{Type: kind, Text: q.Prompt[0].text}
	k := keyOf(query)
	match, known := x.cfg.Lookup(query)
	done, ok := x.enter(k, match)
	if !ok {
		return
	}
	if kind == eval.Loglikelihood && !q.Stream {
		x.scored(&q)
	} else {
		x.completed(&q, match, known)
	}
	done(x.r.Context().Err() == nil)
}

// completed writes the generations for all prompts.
func (x *exchange) completed(q *completionRequest, match Match, known bool) {
	a := answer{exchange: x, object: "text_completion", model: q.Model, logprobs: q.Logprobs != nil, streaming: q.streaming}
	a.open()
	for i := range q.Prompt {
		if i > 0 {
			match, known = x.cfg.Lookup(Query{Type: eval.Completion, Text: q.Prompt[i].text})
		}
		a.prompt += size(q.Prompt[i].text)
		for k := range q.N {
			text, finish := x.generate(match, known, k, q.Stop, q.MaxTokens)
			a.choice(i*q.N+k, text, finish)
		}
	}
	a.close()
}

// generate is sample k with its finish reason. A right answer is never cut at
// max_tokens: the mock's tokens are smaller than a model's.
func (x *exchange) generate(m Match, known bool, k int, stop []string, maxTokens *int) (text, finish string) {
	text, finish = mock.FixedText, "stop"
	if known {
		text = x.cfg.Model.Text(m.Request, k)
	} else if maxTokens != nil {
		if ids := lex.Encode(nil, text); len(ids) > *maxTokens {
			n := 0
			for _, id := range ids[:max(0, *maxTokens)] {
				n += lex.Len(id)
			}
			text, finish = text[:n], "length"
		}
	}
	for _, s := range stop {
		if i := strings.Index(text, s); s != "" && i >= 0 {
			text, finish = text[:i], "stop"
		}
	}
	return text, finish
}

// size is about how many tokens a text is.
func size(text string) int { return (len(text) + 3) / 4 }

// answer puts a generation together, whole or as a stream.
type answer struct {
	*exchange
	object, model   string
	chat, logprobs  bool
	streaming       streaming
	isStream        bool
	flusher         http.Flusher // of a stream
	prompt, written int          // tokens
	choices         int          // written so far
}

func (a *answer) head(b []byte, object string) []byte {
	b = append(b, `{"id":"mock","object":"`...)
	b = append(b, object...)
	b = append(b, `","created":1700000000,"model":`...)
	b = wire.AppendString(b, a.model)
	return append(b, `,"choices":[`...)
}

func (a *answer) open() {
	if a.isStream = a.streaming.Stream; a.isStream {
		a.w.Header().Set("Content-Type", "text/event-stream")
		a.flusher, _ = a.w.(http.Flusher)
		return
	}
	a.out = a.head(a.out, a.object)
}

// choice writes one choice, or its chunks.
func (a *answer) choice(index int, text, finish string) {
	a.written += size(text)
	if a.isStream {
		a.chunks(index, text, finish)
		return
	}
	b := a.out
	if a.choices > 0 {
		b = append(b, ',')
	}
	a.choices++
	b = strconv.AppendInt(append(b, `{"index":`...), int64(index), 10)
	if a.chat {
		b = append(b, `,"message":{"role":"assistant","content":`...)
		b = append(wire.AppendString(b, text), `,"tool_calls":[]}`...)
	} else {
		b = wire.AppendString(append(b, `,"text":`...), text)
	}
	b = a.appendLogprobs(append(b, `,"logprobs":`...), text, 0)
	b = wire.AppendString(append(b, `,"finish_reason":`...), finish)
	a.out = append(b, `,"stop_reason":null}`...)
}

func (a *answer) usage(b []byte) []byte {
	b = strconv.AppendInt(append(b, `"usage":{"prompt_tokens":`...), int64(a.prompt), 10)
	b = strconv.AppendInt(append(b, `,"completion_tokens":`...), int64(a.written), 10)
	b = strconv.AppendInt(append(b, `,"total_tokens":`...), int64(a.prompt+a.written), 10)
	return append(b, '}')
}

func (a *answer) close() {
	a.prompted.Add(int64(a.prompt))
	a.generated.Add(int64(a.written))
	if a.isStream {
		if a.streaming.StreamOptions.IncludeUsage {
			b := append(a.head(a.out[:0], a.object), "],"...)
			a.event(append(a.usage(b), '}'))
		}
		a.event([]byte("[DONE]"))
		return
	}
	a.out = append(a.usage(append(a.out, "],"...)), '}')
	a.send("application/json", a.out)
}

// appendLogprobs writes the log-probabilities of a generated text.
func (a *answer) appendLogprobs(b []byte, text string, offset int) []byte {
	if !a.logprobs {
		return append(b, "null"...)
	}
	ids := lex.Encode(nil, text)
	if a.chat {
		b = append(b, `{"content":[`...)
		for i, id := range ids {
			if i > 0 {
				b = append(b, ',')
			}
			var room [3]byte
			token, _ := lex.AppendText(room[:0], id)
			b = wire.AppendString(append(b, `{"token":`...), string(token))
			b = append(b, `,"logprob":-0.125,"bytes":null,"top_logprobs":[]}`...)
		}
		return append(b, "]}"...)
	}
	values := make([]float64, len(ids))
	for i := range values {
		values[i] = -0.125
	}
	return appendSteps(b, ids, values, nil, offset, false)
}
