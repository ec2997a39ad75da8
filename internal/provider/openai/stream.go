package openai

import (
	"context"
	"net/url"
	"strings"
	"time"

	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/wire"
)

// stream sends a body and gathers the chunks of a server-sent event stream
// into a reply. A stream that ends before its choices have is a fault.
func (c *Client) stream(ctx context.Context, e *endpoint, u *url.URL, body []byte, into *reply) error {
	g := gatherer{reply: into}
	if err := c.http.Stream(ctx, u, body, g.event, into); err != nil {
		return c.note(ctx, e, u, err)
	}
	if len(into.Choices) > 0 {
		return nil // it came whole
	}
	return g.finish()
}

// gatherer puts the chunks of a stream together.
type gatherer struct {
	reply *reply
	parts []*part // by index
	ended bool
}

type part struct {
	seen                     bool
	completion               bool
	text, reasoning, refusal strings.Builder
	finish                   string
	calls                    []toolCall
	steps                    steps
}

// maxParts bounds the index a stream may name.
const maxParts = 4096

// event takes the data of one event.
func (g *gatherer) event(data []byte) (more bool, err error) {
	if string(data) == "[DONE]" {
		g.ended = true
		return false, nil
	}
	return true, g.chunk(data)
}

func (g *gatherer) chunk(data []byte) error {
	var ch reply
	if err := httpapi.Decode(data, &ch); err != nil {
		return err
	}
	if !ch.Error.Null() {
		return ch.check(0)
	}
	if ch.Usage != nil {
		g.reply.Usage = ch.Usage
	}
	if g.reply.first.IsZero() && len(ch.Choices) > 0 {
		g.reply.first = time.Now()
	}
	for i := range ch.Choices {
		c := &ch.Choices[i]
		if c.Index < 0 || c.Index >= maxParts {
			return badResponse("a chunk has the index %d", c.Index)
		}
		for len(g.parts) <= c.Index {
			g.parts = append(g.parts, &part{})
		}
		if err := g.parts[c.Index].add(c); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) add(c *choice) error {
	p.seen = true
	if c.FinishReason != "" {
		p.finish = strings.Clone(c.FinishReason)
	}
	if c.Text != nil {
		p.completion = true
		p.text.WriteString(*c.Text)
	}
	if d := c.Delta; d != nil {
		p.text.WriteString(string(d.Content))
		p.reasoning.WriteString(d.Reasoning)
		if d.Reasoning == "" {
			p.reasoning.WriteString(d.ReasoningContent)
		}
		p.refusal.WriteString(d.Refusal)
		for _, t := range d.ToolCalls {
			if t.Index < 0 || t.Index >= maxParts {
				return badResponse("a chunk has a tool call with the index %d", t.Index)
			}
			for len(p.calls) <= t.Index {
				p.calls = append(p.calls, toolCall{})
			}
			have := &p.calls[t.Index]
			have.ID += t.ID
			have.Function.Name += t.Function.Name
			// Pieces are gathered decoded; finish encodes the whole.
			have.Function.Arguments = append(have.Function.Arguments, httpapi.Arguments(t.Function.Arguments)...)
		}
	}
	if !c.Logprobs.Null() {
		more, err := readSteps(c.Logprobs)
		if err != nil {
			return badResponse("logprobs: %w", err)
		}
		if len(p.steps.best) == len(p.steps.tokens) {
			p.steps.best = append(p.steps.best, more.best...)
		}
		p.steps.tokens = append(p.steps.tokens, more.tokens...)
		p.steps.logprobs = append(p.steps.logprobs, more.logprobs...)
	}
	return nil
}

// finish makes whole choices of the parts.
func (g *gatherer) finish() error {
	for i, p := range g.parts {
		if !p.seen || p.finish == "" && !g.ended {
			return httpapi.EarlyEnd()
		}
		c := choice{Index: i, FinishReason: p.finish, steps: &p.steps}
		text := p.text.String()
		if p.completion {
			c.Text = &text
		} else {
			for k := range p.calls {
				args := &p.calls[k].Function.Arguments
				*args = wire.AppendString(nil, string(*args))
			}
			c.Message = &message{Content: content(text), Reasoning: p.reasoning.String(), Refusal: p.refusal.String(), ToolCalls: p.calls}
		}
		g.reply.Choices = append(g.reply.Choices, c)
	}
	return nil
}
