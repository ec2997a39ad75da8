package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"olmoeval/eval"
)

// maxBody bounds what is read of an answer.
const maxBody = 1 << 30

// Caller makes calls to one API. Its fields must not change once it is in use;
// it may be used by many goroutines.
type Caller struct {
	// Header is sent with every request and never edited.
	Header    http.Header
	Transport http.RoundTripper
	// Timeout bounds each call; 0 leaves it to the context.
	Timeout time.Duration
	Now     func() time.Time // nil: time.Now
	// Sign completes a request that depends on its own bytes; nil does nothing.
	Sign func(r *http.Request, body []byte)

	// Key says whether a key is sent, KeyEnv names the variable it comes from;
	// both are for hints.
	Key    Secret
	KeyEnv string
	// Secrets are further texts, besides Key, that must not show in errors.
	Secrets []Secret
	// Refine completes the fault of a refusal with what this API means by it;
	// nil does nothing. The body is the server's.
	Refine func(f *eval.Fault, e *StatusError, h http.Header, body []byte)
}

// Dial reaches an address; see net.Dialer.DialContext.
type Dial func(ctx context.Context, network, addr string) (net.Conn, error)

// NewTransport is made for many requests to few hosts; a nil dial is the
// network's, with the environment's proxy. A dial of the caller's own goes to
// hosts that no proxy can reach.
func NewTransport(dial Dial) *http.Transport {
	proxy := http.ProxyFromEnvironment
	if dial != nil {
		proxy = nil
	} else {
		dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return &http.Transport{
		Proxy:                 proxy,
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

// JSONHeader is the header of a client that sends and takes JSON.
func JSONHeader() http.Header {
	return http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {"olmo-eval"}}
}

// Close ends idle connections.
func (c *Caller) Close() error {
	if t, ok := c.Transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	return nil
}

func (c *Caller) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps one huge answer from staying in memory.
const maxPooled = 4 << 20

// Release gives back a buffer of Post; nothing may point into it any more.
func Release(buf *bytes.Buffer) {
	if buf.Cap() <= maxPooled {
		buf.Reset()
		buffers.Put(buf)
	}
}

// Send makes one call: a POST of body, or a GET where it is nil. The caller
// closes the answer's body, then calls done. A transport failure is a fault; a
// status is not looked at.
func (c *Caller) Send(ctx context.Context, u *url.URL, body []byte) (resp *http.Response, done func(), err error) {
	cancel := context.CancelFunc(nil)
	outer := ctx
	if c.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
	}
	req := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: c.Header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if body != nil {
		req.Method = http.MethodPost
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	if c.Sign != nil {
		req.Header = c.Header.Clone()
		c.Sign(req, body)
	}
	done = func() {
		if cancel != nil {
			cancel()
		}
	}
	resp, err = c.Transport.RoundTrip(req)
	if err != nil {
		done()
		return nil, nil, c.Broken(outer, u, err)
	}
	return resp, done, nil
}

// Post sends a body and reads the whole answer into a pooled buffer, which the
// caller gives to [Release]. Any status but 200 is a fault.
func (c *Caller) Post(ctx context.Context, u *url.URL, body []byte) (*bytes.Buffer, error) {
	resp, done, err := c.Send(ctx, u, body)
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
		Release(buf)
		return nil, c.Broken(ctx, u, err)
	}
	if resp.StatusCode != http.StatusOK {
		fault := c.Refused(u, resp, buf.Bytes())
		Release(buf)
		return nil, fault
	}
	return buf, nil
}

// Get is Post without a body.
func (c *Caller) Get(ctx context.Context, u *url.URL) (*bytes.Buffer, error) {
	return c.Post(ctx, u, nil)
}

// Ask is Post with the answer decoded strictly; body nil is a GET.
func (c *Caller) Ask(ctx context.Context, u *url.URL, body []byte, into any) error {
	buf, err := c.Post(ctx, u, body)
	if err != nil {
		return err
	}
	defer Release(buf)
	return Decode(buf.Bytes(), into)
}

// Broken is the fault of a connection that failed. ctx is the caller's own,
// without the call's time limit.
func (c *Caller) Broken(ctx context.Context, u *url.URL, err error) error {
	status := eval.InfraNetwork
	hint := ""
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		status = eval.Cancelled // whatever broke at the same time
	case errors.Is(err, syscall.ECONNREFUSED):
		status = eval.InfraServerDown
		hint = "is the server running, and is base_url right? --wait 30m waits for it"
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		err = fmt.Errorf("no answer within %s", c.Timeout)
	default:
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			hint = "check the host in base_url"
		}
	}
	return &eval.Fault{Status: status, Hint: hint, Err: fmt.Errorf("%s://%s: %w", u.Scheme, u.Host, err)}
}

// Milliseconds is a duration as records have it.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Add sets the user's own headers, whose values are kept out of errors. It is
// called before the first call.
func (c *Caller) Add(headers Headers) {
	for k, v := range headers {
		c.Header.Set(k, v)
		c.Secrets = append(c.Secrets, Secret(v))
	}
}

// Roll is the names of at most 20 models.
func Roll(names []string) string {
	if len(names) == 0 {
		return "no model"
	}
	names = slices.Sorted(slices.Values(names))
	more := ""
	if len(names) > 20 {
		names, more = names[:20], fmt.Sprintf(" and %d more", len(names)-20)
	}
	return strings.Join(names, ", ") + more
}
