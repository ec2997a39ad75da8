package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"olmoeval/eval"
)

const secret = "sk-0123456789abcdef"

func TestSecretsDoNotPrint(t *testing.T) {
	v := struct {
		Key     Secret
		Headers Headers
		None    Secret
	}{secret, Headers{"X-Key": secret, "A": "b"}, ""}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", v.Key, "headers", v.Headers)
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != `{"Key":"***","Headers":{"A":"***","X-Key":"***"},"None":""}` {
		t.Errorf("as JSON %s", b)
	}
	for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%q %s", v.Key, v.Key), log.String(), string(b)} {
		if strings.Contains(text, secret) {
			t.Errorf("printed %s", text)
		}
	}
}

func caller(t *testing.T, h http.HandlerFunc) (*Caller, *url.URL) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL + "/v1/x")
	if err != nil {
		t.Fatal(err)
	}
	c := &Caller{Header: JSONHeader(), Transport: NewTransport(nil), Key: secret, KeyEnv: "THE_KEY"}
	t.Cleanup(func() { c.Close() })
	return c, u
}

func TestRefused(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		code   int
		header string // name: value
		body   string
		status eval.Status
		abort  bool
		after  time.Duration
		busy   bool
	}{
		{401, "", `{}`, eval.ConfigError, true, 0, false},
		{403, "", `{"message":"no"}`, eval.ConfigError, true, 0, false},
		{404, "", ``, eval.ConfigError, true, 0, false},
		{408, "", ``, eval.InfraNetwork, false, 0, false},
		{409, "", ``, eval.InfraServerDown, false, 0, false},
		{413, "", ``, eval.ContextOverflow, false, 0, false},
		{429, "Retry-After: 3", ``, eval.InfraRateLimited, false, 3 * time.Second, true},
		{429, "Retry-After: Fri, 02 Jan 2026 03:04:35 GMT", ``, eval.InfraRateLimited, false, 30 * time.Second, true},
		{429, "Retry-After: 1e9", ``, eval.InfraRateLimited, false, 24 * time.Hour, true},
		{429, "Retry-After: soon", ``, eval.InfraRateLimited, false, 0, true},
		{429, "Retry-After: -5", ``, eval.InfraRateLimited, false, 0, true},
		{429, "Retry-After: NaN", ``, eval.InfraRateLimited, false, 0, true},
		{429, "X-Ratelimit-Reset-Tokens: 1m30s", ``, eval.InfraRateLimited, false, 90 * time.Second, true},
		{429, "Anthropic-Ratelimit-Output-Tokens-Reset: 2026-01-02T03:04:15Z", ``, eval.InfraRateLimited, false, 10 * time.Second, true},
		{429, "", `{"error":{"code":"insufficient_quota"}}`, eval.InfraRateLimited, true, 0, true},
		{500, "", `oops`, eval.InfraServerDown, false, 0, false},
		{503, "Retry-After: 2", ``, eval.InfraServerDown, false, 2 * time.Second, true},
		{529, "", ``, eval.InfraServerDown, false, 0, true},
		{302, "Location: https://elsewhere", ``, eval.ConfigError, true, 0, false},
		{400, "", `{"detail":"bad"}`, eval.ConfigError, false, 0, false},
		{400, "", `{"error":"the prompt is too long"}`, eval.ContextOverflow, false, 0, false},
		{400, "", `{"error":{"type":"content_filter","message":"x"}}`, eval.ContentFiltered, false, 0, false},
		{422, "", `{"error":{"message":"exceeds the context window"}}`, eval.ContextOverflow, false, 0, false},
	} {
		cl, u := caller(t, func(w http.ResponseWriter, r *http.Request) {
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(c.code)
			io.WriteString(w, c.body)
		})
		cl.Now = func() time.Time { return now }
		_, err := cl.Get(t.Context(), u)
		var s *StatusError
		f := eval.FaultOf(err)
		if !errors.As(err, &s) || f.Status != c.status || f.Abort != c.abort || f.After != c.after || s.Overloaded() != c.busy || s.Code != c.code {
			t.Errorf("%d %s %s: %+v", c.code, c.header, c.body, f)
		}
	}
}

func TestErrorsAreShortAndWithoutSecrets(t *testing.T) {
	c, u := caller(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		fmt.Fprintf(w, "your key %s\n and %s \xff", r.Header.Get("X-Key"), strings.Repeat("long ", 1000))
	})
	c.Add(Headers{"X-Key": "other-secret-value"})
	_, err := c.Post(t.Context(), u, []byte(`{}`))
	if err == nil || strings.Contains(err.Error(), "other-secret-value") || !strings.Contains(err.Error(), "your key ***") ||
		strings.ContainsRune(err.Error(), '\n') || !utf8.ValidString(err.Error()) || len(err.Error()) > 600 {
		t.Errorf("%v", err)
	}
}

func TestTimeLimitAndCancellation(t *testing.T) {
	hang := func(arrived chan<- struct{}) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			arrived <- struct{}{}
			<-r.Context().Done()
		}
	}
	c, u := caller(t, hang(make(chan struct{}, 1)))
	c.Timeout = 20 * time.Millisecond
	if _, err := c.Post(t.Context(), u, []byte("x")); err == nil || eval.FaultOf(err).Status != eval.InfraNetwork || !strings.Contains(err.Error(), "no answer within 20ms") {
		t.Errorf("%v", err)
	}
	arrived := make(chan struct{}, 1)
	c, u = caller(t, hang(arrived))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := c.Post(ctx, u, []byte("x")); err == nil || eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("%v", err)
	}
}

func TestDecodeIsStrict(t *testing.T) {
	var v struct{ A float64 }
	for _, text := range []string{`{"A":NaN}`, `{"A":1`, ``, `{"A":1}{}`, `{"A":"x"}`, `<html>`, `{"A":Infinity}`} {
		if err := Decode([]byte(text), &v); err == nil || eval.FaultOf(err).Status != eval.InfraBadResponse {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := Decode([]byte(` {"A":-1.5e0} `), &v); err != nil || v.A != -1.5 {
		t.Errorf("%+v %v", v, err)
	}
	for raw, want := range map[string]string{`"{\"a\": tr"`: `{"a": tr`, `{"a":1}`: `{"a":1}`, `null`: "", ``: "", `""`: ""} {
		if got := Arguments(Raw(raw)); got != want {
			t.Errorf("arguments %s are %q, want %q", raw, got, want)
		}
	}
}

func TestEvents(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	text := ": comment\r\nevent: a\r\ndata: 1\r\n\r\ndata:2\n\nid: 7\ndata: " + long + "\n\ndata: stop\ndata: never\n"
	var got []string
	err := Events(strings.NewReader(text), func(data []byte) (bool, error) {
		got = append(got, string(data))
		return string(data) != "stop", nil
	})
	if err != nil || !slices.Equal(got, []string{"1", "2", long, "stop"}) {
		t.Errorf("%d events, %v", len(got), err)
	}
	// The last line may lack its end.
	got = nil
	err = Events(strings.NewReader("data: a"), func(data []byte) (bool, error) { got = append(got, string(data)); return true, nil })
	if err != nil || !slices.Equal(got, []string{"a"}) {
		t.Errorf("%q %v", got, err)
	}
	wrong := errors.New("wrong")
	if err := Events(strings.NewReader("data: a\n"), func([]byte) (bool, error) { return true, wrong }); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
}

func TestTurns(t *testing.T) {
	say := func(role, text string) eval.Message { return eval.Message{Role: role, Content: text} }
	system, turns := Turns(&eval.Request{Messages: []eval.Message{say("system", "A"), say("user", "1"), say("user", "2"), say("developer", "B"),
		say("assistant", "3"), say("tool", "4"), say("user", "5")}})
	want := []Turn{{false, []eval.Message{say("user", "1"), say("user", "2")}}, {true, []eval.Message{say("assistant", "3")}}, {false, []eval.Message{say("tool", "4"), say("user", "5")}}}
	if system != "A\n\nB" || !reflect.DeepEqual(turns, want) {
		t.Errorf("%q %+v", system, turns)
	}
	if system, turns := Turns(&eval.Request{Prompt: "p"}); system != "" || !reflect.DeepEqual(turns, []Turn{{false, []eval.Message{say("user", "p")}}}) {
		t.Errorf("%q %+v", system, turns)
	}
}

func TestBody(t *testing.T) {
	added := map[string]any{"a": map[string]any{"b": 2.0, "c": map[string]any{"d": 3.0}}, "e": "<&>"}
	b, err := Body(map[string]any{"a": map[string]any{"b": 1.0, "x": 0.0}, "z": nil}, added, nil, map[string]any{"a": map[string]any{"c": map[string]any{"y": 4.0}}})
	if err != nil || string(b) != `{"a":{"b":2,"c":{"d":3,"y":4},"x":0},"e":"<&>","z":null}` {
		t.Errorf("%s %v", b, err)
	}
	if want := map[string]any{"a": map[string]any{"b": 2.0, "c": map[string]any{"d": 3.0}}, "e": "<&>"}; !reflect.DeepEqual(added, want) {
		t.Errorf("what was added became %v", added)
	}
	if _, err := Body(map[string]any{"f": func() {}}); err == nil || eval.FaultOf(err).Status != eval.ConfigError {
		t.Errorf("%v", err)
	}
	for text, want := range map[string]string{`{"a":1}`: `{"a":1}`, "": "{}", "[1]": `{"arguments":"[1]"}`, "null": `{"arguments":"null"}`, `{"a`: `{"arguments":"{\"a"}`} {
		if got := string(Object(text)); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
	if got := Options("a", "", "b", 0, "c", map[string]any{}, "d", nil); got != nil {
		t.Errorf("%v", got)
	}
	if got := Options("a", "x", "b", 2); !reflect.DeepEqual(got, map[string]any{"a": "x", "b": 2}) {
		t.Errorf("%v", got)
	}
}

func TestCutStop(t *testing.T) {
	for _, c := range []struct {
		text, want string
		stops      []string
		found      bool
	}{{"abc", "abc", nil, false}, {"abc", "abc", []string{"x", ""}, false}, {"abcabc", "ab", []string{"ca", "c"}, true}, {"abc", "", []string{"a"}, true}} {
		if got, found := CutStop(c.text, c.stops); got != c.want || found != c.found {
			t.Errorf("%q by %q: %q %t", c.text, c.stops, got, found)
		}
	}
}

func TestSamples(t *testing.T) {
	var running, most atomic.Int32
	resp, err := Samples(t.Context(), 30, func(_ context.Context, k int) (*eval.Response, error) {
		now := running.Add(1)
		defer running.Add(-1)
		for {
			old := most.Load()
			if now <= old || most.CompareAndSwap(old, now) {
				break
			}
		}
		return &eval.Response{Outputs: []eval.Output{{Text: fmt.Sprint(k)}}, Usage: eval.Usage{PromptTokens: 1, Cost: 0.5}, Notes: []string{"n"}}, nil
	})
	if err != nil || len(resp.Outputs) != 30 || resp.Usage != (eval.Usage{PromptTokens: 30, Cost: 15}) || !slices.Equal(resp.Notes, []string{"n"}) || resp.Attempts != 1 {
		t.Fatalf("%+v %v", resp, err)
	}
	for k, out := range resp.Outputs {
		if out.Text != fmt.Sprint(k) {
			t.Errorf("sample %d is %s", k, out.Text)
		}
	}
	if most.Load() > atOnce {
		t.Errorf("%d calls at a time", most.Load())
	}
	// The first failure ends the others, and is the one that is told.
	bad := &eval.Fault{Status: eval.InfraServerDown, Err: errors.New("bad")}
	_, err = Samples(t.Context(), 20, func(ctx context.Context, k int) (*eval.Response, error) {
		if k == 3 {
			return nil, bad
		}
		<-ctx.Done()
		return nil, &eval.Fault{Status: eval.Cancelled, Err: ctx.Err()}
	})
	if !errors.Is(err, bad) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Samples(ctx, 2, func(ctx context.Context, k int) (*eval.Response, error) {
		return nil, &eval.Fault{Status: eval.Cancelled, Err: ctx.Err()}
	})
	if err == nil || eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("%v", err)
	}
}

func TestPatiently(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		calls int
	}{
		"for good":  {&eval.Fault{Status: eval.ConfigError, Err: io.EOF}, 1},
		"abort":     {&eval.Fault{Status: eval.InfraRateLimited, Abort: true, Err: io.EOF}, 1},
		"may pass":  {&eval.Fault{Status: eval.InfraServerDown, Err: io.EOF}, 3},
		"no answer": {nil, 1},
	} {
		calls := 0
		err := Patiently(t.Context(), 0, func(context.Context) error {
			if calls++; calls == 3 {
				return nil
			}
			return c.err
		})
		if calls != c.calls || (err == nil) != (calls == 3 || c.err == nil) {
			t.Errorf("%s: %v after %d calls, want %d", name, err, calls, c.calls)
		}
	}
}

func FuzzErrorText(f *testing.F) {
	for _, s := range []string{`{"error":{"message":"a","code":7,"status":"S"}}`, `{"error":"x"}`, `{"detail":[{"msg":"x"}]}`, `{"message":"m","type":"t"}`, "<html>", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		message, _ := ErrorText(b)
		if len(message) > 510 || strings.ContainsAny(message, "\n\r") {
			t.Errorf("%q: %q", b, message)
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add("data: a\n\nevent: b\ndata:c")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		if err := Events(strings.NewReader(text), func([]byte) (bool, error) { n++; return true, nil }); err != nil || n > strings.Count(text, "data:") {
			t.Errorf("%q: %d events, %v", text, n, err)
		}
	})
}
