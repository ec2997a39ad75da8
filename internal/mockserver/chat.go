package mockserver

import (
	"net/http"
	"strings"

	fast "github.com/goccy/go-json"

	"olmoeval/eval"
)

type chatRequest struct {
	Model     string        `json:"model"`
	Messages  []chatMessage `json:"messages"`
	N         int           `json:"n"`
	MaxTokens *int          `json:"max_tokens"`
	Longest   *int          `json:"max_completion_tokens"`
	Stop      stops         `json:"stop"`
	Logprobs  bool          `json:"logprobs"`
	streaming
}

type chatMessage struct {
	Role    string `json:"role"`
	Content words  `json:"content"`
}

// words is a message's text: a string, null, or parts.
type words string

// UnmarshalJSON reads any of the forms.
func (w *words) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		var parts []struct {
			Text string `json:"text"`
		}
		if err := fast.Unmarshal(b, &parts); err != nil {
			return err
		}
		var all strings.Builder
		for _, p := range parts {
			all.WriteString(p.Text)
		}
		*w = words(all.String())
		return nil
	}
	return fast.Unmarshal(b, (*string)(w))
}

// chat answers /v1/chat/completions.
func (x *exchange) chat() {
	var q chatRequest
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
	if len(q.Messages) == 0 || q.N < 1 || q.N > mostSamples {
		x.refuse(http.StatusBadRequest, "want messages and n from 1")
		return
	}
	if q.MaxTokens == nil {
		q.MaxTokens = q.Longest
	}
	query := Query{Type: eval.Chat, Messages: make([]eval.Message, len(q.Messages))}
	a := answer{exchange: x, object: "chat.completion", model: q.Model, chat: true, logprobs: q.Logprobs, streaming: q.streaming}
	for i, m := range q.Messages {
		query.Messages[i] = eval.Message{Role: m.Role, Content: string(m.Content)}
		a.prompt += size(string(m.Content))
	}
	match, known := x.cfg.Lookup(query)
	done, ok := x.enter(keyOf(query), match)
	if !ok {
		return
	}
	a.open()
	for k := range q.N {
		text, finish := x.generate(match, known, k, q.Stop, q.MaxTokens)
		a.choice(k, text, finish)
	}
	a.close()
	done(x.r.Context().Err() == nil)
}
