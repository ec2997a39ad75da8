package mockserver

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"olmoeval/eval"
	"olmoeval/internal/provider/mock"
	"olmoeval/internal/provider/mock/lex"
	"olmoeval/internal/provider/wire"
)

// perByte is the log-probability of a byte that belongs to no known
// continuation: a longer text is less likely.
const perByte = -0.35

// token is what the mock thinks of one token of a prompt.
type token struct {
	logprob float64
	first   bool // the model's first choice
}

// scored writes the log-probabilities of all prompts.
func (x *exchange) scored(q *completionRequest) {
	b := (&answer{exchange: x, model: q.Model}).head(x.out, "text_completion")
	var tokens []token
	var last *eval.Request
	var losses []mock.Loss
	total := 0
	for i := range q.Prompt {
		p := &q.Prompt[i]
		ids := p.tokens()
		total += len(ids)
		match, known := x.cfg.Lookup(Query{Type: eval.Loglikelihood, Text: p.text})
		tokens = unknown(tokens[:0], ids)
		if known {
			if match.Request != last {
				losses, last = x.cfg.Model.Losses(losses[:0], match.Request), match.Request
			}
			spread(tokens, ids, match, losses[match.Continuation])
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(append(b, `{"index":`...), int64(i), 10)
		b = append(b, `,"text":`...)
		if q.Echo {
			b = wire.AppendString(b, p.text)
		} else {
			b = append(b, `"x"`...)
		}
		b = append(b, `,"logprobs":`...)
		if q.Echo && q.Logprobs != nil {
			b = appendEcho(b, ids, tokens)
		} else {
			b = append(b, "null"...)
		}
		b = append(b, `,"finish_reason":"length","stop_reason":null,"prompt_logprobs":`...)
		if q.PromptLogprobs != nil {
			b = appendPromptLogprobs(b, ids, tokens, *q.PromptLogprobs)
		} else {
			b = append(b, "null"...)
		}
		b = append(b, '}')
	}
	a := answer{exchange: x, prompt: total, written: len(q.Prompt)}
	x.prompted.Add(int64(total))
	b = a.usage(append(b, "],"...))
	x.out = append(b, '}')
	x.send("application/json", x.out)
}

// unknown scores tokens by their length.
func unknown(dst []token, ids []int) []token {
	for _, id := range ids {
		dst = append(dst, token{perByte * float64(max(1, lex.Len(id))), true})
	}
	return dst
}

// spread lays the loss of a continuation on its tokens, in equal shares.
func spread(tokens []token, ids []int, m Match, loss mock.Loss) {
	context := m.Request.Context(m.Continuation)
	if len(m.Request.Messages) > 0 {
		context = m.Request.Messages[0].Content
	}
	from := lex.Count(strings.TrimRightFunc(context, unicode.IsSpace))
	for i := 0; i < len(ids) && lex.Special(ids[i]); i++ {
		from++
	}
	if from >= len(tokens) {
		return
	}
	each := -loss.Nats / float64(len(tokens)-from)
	for i := from; i < len(tokens); i++ {
		tokens[i].logprob = each
	}
	tokens[from].first = loss.Greedy
}

// appendPromptLogprobs writes vLLM's form: null for the first token, then an
// object a token; where the token is not the first choice and alternatives are
// asked for, another comes before it.
func appendPromptLogprobs(b []byte, ids []int, tokens []token, top int) []byte {
	b = append(b, '[')
	for i, t := range tokens {
		if i == 0 {
			b = append(b, "null"...)
			continue
		}
		b = append(b, ',', '{')
		rank := 1
		if !t.first {
			rank = 2
			if top > 0 {
				b = appendEntry(b, other(ids[i]), t.logprob/2, 1)
				b = append(b, ',')
			}
		}
		b = append(appendEntry(b, ids[i], t.logprob, rank), '}')
	}
	return append(b, ']')
}

// other is a token that was not sent.
func other(id int) int {
	if id == lex.Size-1 {
		return id - 1
	}
	return id + 1
}

func appendEntry(b []byte, id int, logprob float64, rank int) []byte {
	b = strconv.AppendInt(append(b, '"'), int64(id), 10)
	b = wire.AppendFloat(append(b, `":{"logprob":`...), logprob)
	b = strconv.AppendInt(append(b, `,"rank":`...), int64(rank), 10)
	var room [3]byte
	text, _ := lex.AppendText(room[:0], id)
	b = wire.AppendString(append(b, `,"decoded_token":`...), string(text))
	return append(b, '}')
}

// appendEcho writes the prompt's tokens in the form of completions.
func appendEcho(b []byte, ids []int, tokens []token) []byte {
	values := make([]float64, len(tokens))
	firsts := make([]bool, len(tokens))
	for i, t := range tokens {
		values[i], firsts[i] = t.logprob, t.first
	}
	return appendSteps(b, ids, values, firsts, 0, true)
}

// appendSteps writes lists side by side. headless leaves out the first
// log-probability, which has no context; firsts says which tokens are the first
// choice, nil that all are. Offsets count characters.
func appendSteps(b []byte, ids []int, values []float64, firsts []bool, offset int, headless bool) []byte {
	list := func(name string, each func(i int)) {
		b = append(append(append(b, '"'), name...), `":[`...)
		for i := range ids {
			if i > 0 {
				b = append(b, ',')
			}
			each(i)
		}
		b = append(b, ']')
	}
	text := func(id int) string {
		var room [3]byte
		t, _ := lex.AppendText(room[:0], id)
		return string(t)
	}
	b = append(b, '{')
	list("tokens", func(i int) { b = wire.AppendString(b, text(ids[i])) })
	b = append(b, ',')
	list("token_logprobs", func(i int) {
		if i == 0 && headless {
			b = append(b, "null"...)
		} else {
			b = wire.AppendFloat(b, values[i])
		}
	})
	b = append(b, ',')
	list("top_logprobs", func(i int) {
		switch {
		case i == 0 && headless:
			b = append(b, "null"...)
		case firsts != nil && !firsts[i]:
			b = wire.AppendFloat(append(b, `{"other":`...), values[i]/2)
			b = append(b, '}')
		default:
			b = wire.AppendFloat(append(wire.AppendString(append(b, '{'), text(ids[i])), ':'), values[i])
			b = append(b, '}')
		}
	})
	b = append(b, ',')
	var part []byte
	list("text_offset", func(i int) {
		b = strconv.AppendInt(b, int64(offset), 10)
		part, _ = lex.AppendText(part, ids[i])
		// A character counts where its last byte stands.
		for len(part) > 0 && (utf8.FullRune(part)) {
			_, n := utf8.DecodeRune(part)
			part = part[n:]
			offset++
		}
	})
	return append(b, '}')
}
