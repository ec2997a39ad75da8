package layer_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/openai"
)

const answer = `{"id":"x","object":"text_completion","choices":[{"index":0,"text":"four","finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`

// ask sends one request through all layers to a server.
func ask(t *testing.T, h http.HandlerFunc, stream bool, s layer.Stack) (*eval.Response, error) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	defer server.CloseClientConnections()
	c, err := openai.New(openai.Config{BaseURLs: []string{server.URL}, Model: "m", Stream: stream})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.Base, s.Cap = time.Nanosecond, time.Nanosecond
	return s.Round(c).Respond(context.Background(), &eval.Request{Type: eval.Completion, Prompt: "2+2="})
}

// What a server answers first, how often it is asked, and what comes of it.
func TestWhatIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		fail   func(http.ResponseWriter)
		again  bool
		status eval.Status
	}{
		{"408", code(408), true, ""}, {"409", code(409), true, ""}, {"425", code(425), true, ""}, {"429", code(429), true, ""},
		{"500", code(500), true, ""}, {"502", code(502), true, ""}, {"503", code(503), true, ""}, {"504", code(504), true, ""},
		{"a connection that breaks", breakOff, true, ""},
		{"no JSON", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") }, true, ""},
		{"400", code(400), false, eval.ConfigError}, {"401", code(401), false, eval.ConfigError}, {"403", code(403), false, eval.ConfigError},
		{"404", code(404), false, eval.ConfigError}, {"422", code(422), false, eval.ConfigError},
	} {
		var calls atomic.Int64
		resp, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/completions") {
				code(404)(w) // which models there are
				return
			}
			if calls.Add(1) == 1 {
				c.fail(w)
				return
			}
			_, _ = io.WriteString(w, answer)
		}, false, layer.Stack{Tries: 3})
		switch {
		case c.again && (err != nil || resp.Attempts != 2 || calls.Load() != 2 || resp.Outputs[0].Text != "four"):
			t.Errorf("%s: %+v %v after %d calls", c.name, resp, err, calls.Load())
		case !c.again && (err == nil || eval.FaultOf(err).Status != c.status || calls.Load() != 1 || resp.Attempts != 1):
			t.Errorf("%s: %+v %v after %d calls", c.name, resp, err, calls.Load())
		}
	}
}

func code(n int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { http.Error(w, fmt.Sprintf(`{"error":{"message":"no %d"}}`, n), n) }
}

func breakOff(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// A stream that begins and then falls silent is tried again.
func TestASilentStreamIsTriedAgain(t *testing.T) {
	var calls atomic.Int64
	resp, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"text":"fo","finish_reason":null}]}`+"\n\n")
		if calls.Add(1) == 1 {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"text":"ur","finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}, true, layer.Stack{Tries: 50, Silence: 300 * time.Millisecond})
	if err != nil || resp.Attempts < 2 || resp.Outputs[0].Text != "four" {
		t.Errorf("%+v %v after %d calls", resp, err, calls.Load())
	}
}
