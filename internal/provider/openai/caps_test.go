package openai

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"olmoeval/eval"
)

func TestCaps(t *testing.T) {
	calls := 0
	for name, c := range map[string]struct {
		chat      string // what chats are answered, "" for a refusal
		text      func() string
		flat      bool
		chats     bool
		scores    bool
		signed    bool
		mentioned string
	}{
		"base model":   {text: func() string { return "x" }, scores: true, signed: true, mentioned: "boundary=lm_eval"},
		"no scores":    {text: func() string { return "x" }, flat: true, signed: true, mentioned: "both score"},
		"unrepeatable": {text: func() string { calls++; return fmt.Sprint(calls) }, scores: true, mentioned: "not repeatable"},
		"chat":         {chat: `{"choices":[{"index":0,"message":{"content":"yes"}}]}`, text: func() string { return "x" }, chats: true, scores: true, signed: true},
	} {
		tiny := &charServer{bos: true, maxLen: 100, flat: c.flat, echo: c.flat}
		cl := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/chat/completions" {
				if c.chat == "" {
					w.WriteHeader(400)
				}
				fmt.Fprint(w, c.chat)
				return
			}
			if r.URL.Path == "/v1/completions" {
				b, _ := io.ReadAll(r.Body)
				if !strings.Contains(string(b), "prompt_logprobs") && !strings.Contains(string(b), "echo") {
					fmt.Fprintf(w, `{"choices":[{"index":0,"text":%q}]}`, c.text())
					return
				}
				r.Body = io.NopCloser(strings.NewReader(string(b)))
			}
			tiny.ServeHTTP(w, r)
		}, nil)
		caps, err := cl.Caps(ctx)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !caps.Completion || caps.Chat != c.chats || caps.Tools != c.chats || caps.Loglikelihood != c.scores || (caps.Fingerprint != "") != c.signed ||
			caps.MaxContext != 100 || !strings.Contains(strings.Join(caps.Notes, "\n"), c.mentioned) {
			t.Errorf("%s: %+v", name, caps)
		}
	}
}

// A server that puts the prompts of completions into a chat template, as Ollama
// does, has no bare completions; its count of a one-byte prompt tells.
func TestCompletionsInATemplateAreNone(t *testing.T) {
	for tokens, bare := range map[int]bool{0: true, 1: true, 3: true, 11: false} {
		cl := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1/models":
				fmt.Fprint(w, `{"data":[{"id":"m"}]}`)
			case "/v1/completions":
				fmt.Fprintf(w, `{"choices":[{"index":0,"text":"x","finish_reason":"length"}],"usage":{"prompt_tokens":%d,"completion_tokens":1}}`, tokens)
			case "/v1/chat/completions":
				fmt.Fprint(w, `{"choices":[{"index":0,"message":{"content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":1}}`)
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}, nil)
		caps, err := cl.Caps(ctx)
		if err != nil || caps.Completion != bare || !caps.Chat || caps.Loglikelihood {
			t.Errorf("%d tokens for one byte: %+v, %v", tokens, caps, err)
		}
		if said := strings.Contains(strings.Join(caps.Notes, " "), "chat template"); said == bare {
			t.Errorf("%d tokens for one byte: notes %q", tokens, caps.Notes)
		}
	}
}

func TestWaitReady(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	c, _ := New(Config{BaseURLs: []string{gone.URL}, Model: "m"})
	if err := c.WaitReady(ctx, 50*time.Millisecond); !eval.FaultOf(err).Abort {
		t.Errorf("%v", err)
	}
	up := scorer(t, &charServer{}, nil)
	if err := up.WaitReady(ctx, time.Minute); err != nil {
		t.Error(err)
	}
	locked := serve(t, always(401, ""), nil)
	start := time.Now()
	if err := locked.WaitReady(ctx, time.Minute); err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("%v", err)
	}
}
