package mockserver

import (
	"encoding/json"
	"net/http"
	"strconv"

	fast "github.com/goccy/go-json"

	"olmoeval/eval"
	"olmoeval/internal/provider/mock/lex"
	"olmoeval/internal/provider/wire"
)

// json answers with a small value.
func (x *exchange) json(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		x.refuse(http.StatusInternalServerError, err.Error())
		return
	}
	x.send("application/json", b)
}

func (x *exchange) models() {
	type entry struct {
		ID          string `json:"id"`
		Object      string `json:"object"`
		Created     int    `json:"created"`
		OwnedBy     string `json:"owned_by"`
		Root        string `json:"root"`
		MaxModelLen int    `json:"max_model_len"`
	}
	out := struct {
		Object string  `json:"object"`
		Data   []entry `json:"data"`
	}{Object: "list"}
	for _, n := range x.cfg.Names {
		out.Data = append(out.Data, entry{n, "model", created, "mock", x.cfg.Model.Spec(), x.cfg.MaxModelLen})
	}
	x.json(out)
}

// created stands for the time in answers: the same request has the same
// answer, byte for byte.
const created = 1700000000

func (x *exchange) metrics() {
	b := x.out
	metric := func(name, kind string, v int64) {
		b = append(b, "# TYPE vllm:"...)
		b = append(append(append(b, name...), ' '), kind...)
		b = append(append(b, "\nvllm:"...), name...)
		b = wire.AppendString(append(b, "{model_name="...), x.cfg.Names[0])
		b = strconv.AppendInt(append(b, "} "...), v, 10)
		b = append(b, '\n')
	}
	metric("num_requests_running", "gauge", x.running.Load())
	metric("num_requests_waiting", "gauge", 0)
	metric("request_success_total", "counter", x.requests.Load())
	metric("prompt_tokens_total", "counter", x.prompted.Load())
	metric("generation_tokens_total", "counter", x.generated.Load())
	x.out = b
	x.send("text/plain; version=0.0.4", b)
}

func (x *exchange) tokenize() {
	var q struct {
		Model            string         `json:"model"`
		Prompt           string         `json:"prompt"`
		Messages         []eval.Message `json:"messages"`
		AddSpecialTokens *bool          `json:"add_special_tokens"`
	}
	if err := fast.Unmarshal(x.body.Bytes(), &q); err != nil {
		x.refuse(http.StatusBadRequest, "the body is not as it must be: "+err.Error())
		return
	}
	if !x.knows(q.Model) {
		return
	}
	for _, m := range q.Messages {
		q.Prompt += m.Role + ": " + m.Content + "\n"
	}
	var ids []int
	if q.AddSpecialTokens == nil || *q.AddSpecialTokens {
		ids = append(ids, lex.BOS)
	}
	ids = lex.Encode(ids, q.Prompt)
	b := append(x.out, `{"count":`...)
	b = strconv.AppendInt(b, int64(len(ids)), 10)
	b = strconv.AppendInt(append(b, `,"max_model_len":`...), int64(x.cfg.MaxModelLen), 10)
	b = append(wire.AppendInts(append(b, `,"tokens":`...), ids), '}')
	x.out = b
	x.send("application/json", b)
}

func (x *exchange) detokenize() {
	var q struct {
		Model  string `json:"model"`
		Tokens []int  `json:"tokens"`
	}
	if err := fast.Unmarshal(x.body.Bytes(), &q); err != nil {
		x.refuse(http.StatusBadRequest, "the body is not as it must be: "+err.Error())
		return
	}
	if !x.knows(q.Model) {
		return
	}
	var text []byte
	for _, id := range q.Tokens {
		var err error
		if text, err = lex.AppendText(text, id); err != nil {
			x.refuse(http.StatusBadRequest, err.Error())
			return
		}
	}
	x.json(map[string]string{"prompt": string(text)})
}
