package openai

import (
	"bytes"
	"context"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// endpoint is one replica with its addresses made ready.
type endpoint struct {
	base                             string
	completions, chat, models        *url.URL
	tokenize, tokenizerInfo, version *url.URL
	// inFlight counts the calls that picked it, where there are several.
	inFlight atomic.Int64
	// downUntil is when it may be tried again after it refused a connection,
	// in nanoseconds since 1970.
	downUntil atomic.Int64
}

func newEndpoint(cfg *Config, text string) (*endpoint, error) {
	u, err := cfg.base(text)
	if err != nil {
		return nil, err
	}
	root := *u
	root.Path = strings.TrimSuffix(u.Path, "/v1") + "/"
	return &endpoint{
		base:        u.Redacted(),
		completions: u.JoinPath("completions"), chat: u.JoinPath("chat/completions"), models: u.JoinPath("models"),
		tokenize: root.JoinPath("tokenize"), tokenizerInfo: root.JoinPath("tokenizer_info"), version: root.JoinPath("version"),
	}, nil
}

// pick chooses the replica with the fewest calls, leaving out those that were
// just down while another is up, and counts one more there until leave. The
// choice and the count are one step, so calls made at once spread too.
func (c *Client) pick() *endpoint {
	if len(c.endpoints) == 1 {
		return c.endpoints[0]
	}
	c.picking.Lock()
	defer c.picking.Unlock()
	now := c.now().UnixNano()
	first := int(c.turn.Add(1))
	var best *endpoint
	var bestKey int64
	for i := range c.endpoints {
		e := c.endpoints[(first+i)%len(c.endpoints)]
		key := e.inFlight.Load()
		if e.downUntil.Load() > now {
			key += 1 << 40
		}
		if best == nil || key < bestKey {
			best, bestKey = e, key
		}
	}
	best.inFlight.Add(1)
	return best
}

// leave ends what pick counted.
func (c *Client) leave(e *endpoint) {
	if len(c.endpoints) > 1 {
		e.inFlight.Add(-1)
	}
}

// downFor is how long a replica that refused a connection is left alone.
const downFor = 2 * time.Second

// post sends a body and reads the whole answer into a buffer, which the caller
// releases. Any status but 200 is a fault.
func (c *Client) post(ctx context.Context, e *endpoint, u *url.URL, body []byte) (*bytes.Buffer, error) {
	buf, err := c.http.Post(ctx, u, body)
	return buf, c.note(ctx, e, u, err)
}

// get is post without a body.
func (c *Client) get(ctx context.Context, e *endpoint, u *url.URL) (*bytes.Buffer, error) {
	return c.post(ctx, e, u, nil)
}
