package anthropic

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"olmoeval/internal/provider/httpapi"
	"olmoeval/internal/provider/wire"
)

// event is one of a stream.
type event struct {
	Type    string `json:"type"`
	Message reply  `json:"message"`
	Index   int    `json:"index"`
	Block   block  `json:"content_block"`
	Delta   struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		Thinking   string `json:"thinking"`
		Partial    string `json:"partial_json"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage *usage      `json:"usage"`
	Error httpapi.Raw `json:"error"`
}

// maxBlocks bounds the index a stream may name.
const maxBlocks = 4096

// stream sends a body and gathers the events of the answer into a reply. A
// stream that ends before its message does is a fault.
func (c *Client) stream(ctx context.Context, body []byte, into *reply) error {
	g := gatherer{client: c, reply: into}
	if err := c.http.Stream(ctx, c.messages, body, g.event, into); err != nil {
		return err
	}
	return g.finish()
}

// gatherer puts the events of a stream together.
type gatherer struct {
	client *Client
	reply  *reply
	parts  []*part
	ended  bool
}

// part is a block that grows.
type part struct {
	block
	text, thinking, input strings.Builder
}

func (g *gatherer) event(data []byte) (more bool, err error) {
	var e event
	if err := httpapi.Decode(data, &e); err != nil {
		return false, err
	}
	switch e.Type {
	case "error":
		return false, g.client.failed(e.Error)
	case "message_start":
		g.reply.Usage = e.Message.Usage
	case "content_block_start":
		if e.Index != len(g.parts) || e.Index >= maxBlocks {
			return false, httpapi.BadResponse("the stream begins block %d after %d", e.Index, len(g.parts))
		}
		p := &part{block: e.Block}
		p.text.WriteString(e.Block.Text)
		p.thinking.WriteString(e.Block.Thinking)
		g.parts = append(g.parts, p)
	case "content_block_delta":
		if e.Index < 0 || e.Index >= len(g.parts) {
			return false, httpapi.BadResponse("the stream goes on with block %d of %d", e.Index, len(g.parts))
		}
		if g.reply.first.IsZero() {
			g.reply.first = time.Now()
		}
		p := g.parts[e.Index]
		p.text.WriteString(e.Delta.Text)
		p.thinking.WriteString(e.Delta.Thinking)
		p.input.WriteString(e.Delta.Partial)
	case "message_delta":
		if e.Delta.StopReason != "" {
			g.reply.StopReason = e.Delta.StopReason
		}
		if e.Usage != nil {
			g.reply.Usage.Output = e.Usage.Output // the counts grow; the last is the sum
		}
	case "message_stop":
		g.ended = true
		return false, nil
	}
	return true, nil
}

// finish makes whole blocks of the parts.
func (g *gatherer) finish() error {
	if g.reply.Type != "" {
		return nil // it came whole
	}
	if !g.ended {
		return httpapi.EarlyEnd()
	}
	for _, p := range g.parts {
		b := p.block
		b.Text, b.Thinking = p.text.String(), p.thinking.String()
		if p.input.Len() > 0 {
			b.Input = wire.AppendString(nil, p.input.String()) // as it was written, whole or not
		}
		g.reply.Content = append(g.reply.Content, b)
	}
	return nil
}

// codes are the statuses of errors that come within a stream.
var codes = map[string]int{"invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
	"not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504, "overloaded_error": 529}

// failed is the fault of an error that came with status 200.
func (c *Client) failed(problem httpapi.Raw) error {
	var e struct {
		Type string `json:"type"`
	}
	code := 0
	if json.Unmarshal(problem, &e) == nil {
		code = codes[e.Type]
	}
	if code == 0 {
		code = http.StatusInternalServerError
	}
	return c.http.Fault(c.messages, code, http.Header{}, []byte(`{"error":`+string(problem)+`}`))
}
