package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestRetry(t *testing.T) {
	status := func(code int) error { return &StatusError{URL: "u", Code: code, Header: http.Header{}} }
	for _, c := range []struct {
		name  string
		errs  []error
		tries int
		err   bool
	}{
		{"at once", []error{nil}, 1, false},
		{"server fault", []error{status(503), status(429), nil}, 3, false},
		{"for good", []error{status(404)}, 1, true},
		{"marked", []error{Final(errors.New("disk full"))}, 1, true},
		{"too often", []error{status(500), status(500), status(500), nil}, 3, true},
	} {
		n := 0
		err := Retry{Tries: 3, Wait: time.Millisecond}.Do(context.Background(), func() error { n++; return c.errs[n-1] })
		if n != c.tries || (err != nil) != c.err {
			t.Errorf("%s: %d tries, %v", c.name, n, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := Retry{Tries: 9, Wait: time.Hour}.Do(ctx, func() error { return status(500) })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestErrors(t *testing.T) {
	var seen http.Header
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Clone() }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusTeapot)
			w.Write([]byte("<html>long page"))
		default:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"error":{"message":"wrong\n thing"}}`))
		}
	}))
	defer s.Close()
	c := New(nil, Retry{Tries: 1})
	get := func(path string) error {
		resp, err := c.Send(context.Background(), Request{Method: http.MethodGet, URL: s.URL + path, Token: "hunter2"})
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	for path, want := range map[string]string{
		"/json?sig=hunter2": s.URL + "/json: 400 Bad Request: wrong thing",
		"/html":             s.URL + "/html: 418 I'm a teapot",
	} {
		if err := get(path); err == nil || err.Error() != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := get("/away"); err != nil || seen == nil || seen.Get("Authorization") != "" {
		t.Errorf("%v, the other host saw %v", err, seen)
	}
	s.Close()
	if err := get("/x?sig=hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") || !Unreachable(err) {
		t.Errorf("server away: %v", err)
	}
	var into any
	if _, err := c.JSON(context.Background(), Request{Method: http.MethodGet, URL: other.URL}, &into); err == nil || !strings.Contains(err.Error(), "not the JSON") {
		t.Errorf("no JSON: %v", err)
	}
}
