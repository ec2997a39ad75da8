// Package web is what all downloads share: requests with a time limit on the
// answer, retries with backoff, and errors that name neither secrets nor
// signed addresses.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client sends requests. Call [New].
type Client struct {
	http  *http.Client
	Retry Retry
}

// New makes a client with a budget for each request; hc is nil for one of our
// own, which bounds every wait but that for the content.
func New(hc *http.Client, retry Retry) *Client {
	if hc == nil {
		hc = &http.Client{Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout:   15 * time.Second,
			ResponseHeaderTimeout: 60 * time.Second,
			ForceAttemptHTTP2:     true,
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       60 * time.Second,
		}}
	}
	return &Client{http: hc, Retry: retry}
}

// StatusError is an answer that is not a success.
type StatusError struct {
	URL    string // without query
	Code   int
	Reason string // of the server, one line, may be ""
	Header http.Header
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s: %d %s", e.URL, e.Code, http.StatusText(e.Code))
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// Code is the status of a *StatusError, 0 for other errors.
func Code(err error) int {
	var se *StatusError
	if errors.As(err, &se) {
		return se.Code
	}
	return 0
}

// NetworkError says that no server answered.
type NetworkError struct{ Err error }

func (e *NetworkError) Error() string { return e.Err.Error() }
func (e *NetworkError) Unwrap() error { return e.Err }

// Unreachable tells that no server answered, or one that has a fault of its
// own: what was kept from earlier may then stand in.
func Unreachable(err error) bool {
	var ne *NetworkError
	return errors.As(err, &ne) || Code(err) >= 500
}

// client follows redirects without carrying the authorization to another host.
func (c *Client) client(follow func(*http.Request) bool) *http.Client {
	own := *c.http
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("more than 10 redirects")
		}
		if follow != nil && !follow(req) {
			return http.ErrUseLastResponse
		}
		if req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
			req.Header.Del("Authorization")
		}
		return nil
	}
	return &own
}

// Request is one request.
type Request struct {
	Method, URL string
	// Token is sent as a bearer token unless "".
	Token string
	// Header may be nil.
	Header http.Header
	// Follow says which redirects are followed; nil means all.
	Follow func(*http.Request) bool
}

// Once sends a request without retrying. The caller closes the body. Answers
// of 400 and above are *StatusError.
func (c *Client) Once(ctx context.Context, r Request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, nil)
	if err != nil {
		return nil, Final(err)
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "olmo-eval")
	// Content must come as it is stored, else ranges and digests are off.
	req.Header.Set("Accept-Encoding", "identity")
	if r.Token != "" {
		req.Header.Set("Authorization", "Bearer "+r.Token)
	}
	resp, err := c.client(r.Follow).Do(req)
	if err != nil {
		return nil, plainError(err)
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	defer resp.Body.Close()
	e := &StatusError{URL: Bare(r.URL), Code: resp.StatusCode, Header: resp.Header, Reason: resp.Header.Get("X-Error-Message")}
	if e.Reason == "" {
		e.Reason = reason(resp)
	}
	return nil, e
}

// Send sends a request within the budget of retries.
func (c *Client) Send(ctx context.Context, r Request) (resp *http.Response, err error) {
	err = c.Retry.Do(ctx, func() (err error) {
		resp, err = c.Once(ctx, r) //nolint:bodyclose // the caller's
		return err
	})
	return resp, err
}

// maxJSON bounds an answer that is read whole.
const maxJSON = 256 << 20

// JSON gets and decodes an answer.
func (c *Client) JSON(ctx context.Context, r Request, into any) (http.Header, error) {
	var header http.Header
	err := c.Retry.Do(ctx, func() error {
		resp, err := c.Once(ctx, r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		header = resp.Header
		body, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON))
		if err != nil {
			return fmt.Errorf("%s: %w", Bare(r.URL), err)
		}
		if err := json.Unmarshal(body, into); err != nil {
			return Final(fmt.Errorf("%s: answer is not the JSON it should be: %w", Bare(r.URL), err))
		}
		return nil
	})
	return header, err
}

// Bare is an address without user and query, which may hold secrets.
func Bare(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(malformed address)"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// plainError drops the query from the address in the client's errors.
func plainError(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = fmt.Errorf("%s: %w", Bare(ue.URL), ue.Err)
	}
	return &NetworkError{err}
}

// reason is the server's own words, if they are short and plain.
func reason(resp *http.Response) string {
	kind := resp.Header.Get("Content-Type")
	if !strings.HasPrefix(kind, "text/plain") && !strings.HasPrefix(kind, "application/json") {
		return ""
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	var said struct {
		Error any `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil {
		switch e := said.Error.(type) {
		case string:
			body = []byte(e)
		case map[string]any:
			text, _ := e["message"].(string)
			body = []byte(text)
		}
	}
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return text
}
