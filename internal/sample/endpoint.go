package sample

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// endpoint is a server with /metrics.
type endpoint struct {
	url    string // asked
	source string // without credentials and query

	mu      sync.Mutex
	waiting int
	known   bool
	at      time.Time

	// The rest belongs to the sampling goroutine.
	answered bool // at least once
	off      bool // asked once in vain
	failed   bool // the last time
	last     map[string]float64
	types    map[string]string
}

// newEndpoint makes the /metrics URL of a base URL, which may end in /v1.
func newEndpoint(base string) (*endpoint, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("endpoint %q is no URL", base)
	}
	u.RawQuery, u.Fragment = "", ""
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/v1") + "/metrics"
	u.RawPath = ""
	e := &endpoint{url: u.String(), types: map[string]string{}}
	u.User = nil
	e.source = u.String()
	return e, nil
}

// maxBody bounds an answer of /metrics.
const maxBody = 16 << 20

var errNone = errors.New("the server has no /metrics")

func (e *endpoint) get(ctx context.Context, client *http.Client) (metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, nil)
	if err != nil {
		return metrics{}, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text holds the URL with what stands in it
		}
		return metrics{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return metrics{}, fmt.Errorf("%w: status %d", errNone, resp.StatusCode)
	}
	return parse(io.LimitReader(resp.Body, maxBody))
}

// look asks once and gives the line to write, if any.
func (e *endpoint) look(ctx context.Context, client *http.Client, now time.Time) (Line, bool) {
	if e.off {
		return Line{}, false
	}
	m, err := e.get(ctx, client)
	if err != nil {
		e.set(0, false, now)
		if ctx.Err() != nil && errors.Is(context.Cause(ctx), context.Canceled) {
			return Line{}, false // the run ends
		}
		e.off = !e.answered
		again := e.failed
		e.last, e.failed = nil, true // what comes next is written in full
		return Line{Time: now, Source: e.source, Error: err.Error()}, !again
	}
	n, ok := m.waiting()
	e.set(n, ok, now)
	l := Line{Time: now, Source: e.source, Full: e.last == nil, Values: map[string]*float64{}}
	e.answered, e.failed = true, false
	for k, v := range m.values {
		if old, ok := e.last[k]; !ok || old != v && !(math.IsNaN(old) && math.IsNaN(v)) {
			l.Values[k] = finite(v)
		}
	}
	if e.last == nil {
		e.last, e.types = map[string]float64{}, map[string]string{}
	}
	maps.Copy(e.last, m.values)
	for k, v := range m.types {
		if e.types[k] != v {
			if l.Types == nil {
				l.Types = map[string]string{}
			}
			l.Types[k], e.types[k] = v, v
		}
	}
	return l, true
}

func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

func (e *endpoint) set(n int, ok bool, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting, e.known, e.at = n, ok, at
}
