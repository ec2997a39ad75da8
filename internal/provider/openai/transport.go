package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"olmoeval/eval"
)

// maxBody bounds what is read of an answer.
const maxBody = 1 << 30

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

func newEndpoint(text string) (*endpoint, error) {
	u, err := parseBase(text)
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

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps one huge answer from staying in memory.
const maxPooled = 4 << 20

func release(buf *bytes.Buffer) {
	if buf.Cap() <= maxPooled {
		buf.Reset()
		buffers.Put(buf)
	}
}

// send makes one HTTP call at e; the caller closes the answer's body and calls
// done when it has read it. A transport failure is a fault.
func (c *Client) send(ctx context.Context, e *endpoint, u *url.URL, body []byte) (resp *http.Response, done func(), err error) {
	cancel := context.CancelFunc(nil)
	outer := ctx
	if c.cfg.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.cfg.Timeout)
	}
	req := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: c.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if body != nil {
		req.Method = http.MethodPost
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	done = func() {
		if cancel != nil {
			cancel()
		}
	}
	resp, err = c.transport.RoundTrip(req)
	if err != nil {
		done()
		return nil, nil, c.broken(outer, e, err)
	}
	return resp, done, nil
}

// post sends a body and reads the whole answer into a pooled buffer, which the
// caller releases. Any status but 200 is a fault.
func (c *Client) post(ctx context.Context, e *endpoint, u *url.URL, body []byte) (*bytes.Buffer, error) {
	resp, done, err := c.send(ctx, e, u, body)
	if err != nil {
		return nil, err
	}
	defer done()
	defer resp.Body.Close()
	buf := buffers.Get().(*bytes.Buffer)
	if n := resp.ContentLength; n > 0 && n < maxPooled {
		buf.Grow(int(n) + bytes.MinRead)
	}
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, maxBody)); err != nil {
		release(buf)
		return nil, c.broken(ctx, e, err)
	}
	if resp.StatusCode != http.StatusOK {
		fault := c.refused(ctx, e, u, resp, buf.Bytes())
		release(buf)
		return nil, fault
	}
	return buf, nil
}

// get is post without a body.
func (c *Client) get(ctx context.Context, e *endpoint, u *url.URL) (*bytes.Buffer, error) {
	return c.post(ctx, e, u, nil)
}

// broken is the fault of a connection that failed.
func (c *Client) broken(ctx context.Context, e *endpoint, err error) error {
	status := eval.InfraNetwork
	hint := ""
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		status = eval.Cancelled
	case errors.Is(err, syscall.ECONNREFUSED):
		status = eval.InfraServerDown
		hint = "is the server running, and is base_url right? --wait 30m waits for it"
		e.downUntil.Store(c.now().Add(downFor).UnixNano())
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		err = fmt.Errorf("no answer within %s", c.cfg.Timeout)
	default:
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			hint = "check the host in base_url"
		}
	}
	return &eval.Fault{Status: status, Hint: hint, Err: fmt.Errorf("%s: %w", e.base, err)}
}

// newTransport is made for many requests to few hosts.
func newTransport(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Transport {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dial,
		MaxIdleConnsPerHost:   4096,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   30 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
		ForceAttemptHTTP2:     true,
		WriteBufferSize:       16 << 10,
		ReadBufferSize:        16 << 10,
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
