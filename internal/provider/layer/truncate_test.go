package layer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"olmoeval/eval"
)

// runes is a tokenizer with a token a rune, and a server with a window of 20.
type runes struct{ asked []string }

func (r *runes) Tokenize(_ context.Context, text string, _ bool) ([]int, error) {
	var ids []int
	for _, c := range text {
		ids = append(ids, int(c))
	}
	return ids, nil
}

func (r *runes) Respond(ctx context.Context, q *eval.Request) (*eval.Response, error) {
	r.asked = append(r.asked, q.Prompt)
	ids, err := r.Tokenize(ctx, q.Prompt, false)
	if err != nil {
		return nil, err
	}
	m := 0
	if q.Sampling.MaxTokens != nil {
		m = *q.Sampling.MaxTokens
	}
	if len(ids)+1+m > 20 {
		return nil, &eval.Fault{Status: eval.ContextOverflow, Err: errors.New("too long")}
	}
	return &eval.Response{Outputs: []eval.Output{{Text: "ok"}}}, nil
}

func TestTruncate(t *testing.T) {
	long := strings.Repeat("é", 30) + "abc"
	for name, c := range map[string]struct {
		r      eval.Request
		window int
		sent   string // the last prompt
		fails  bool
	}{
		"fits":           {eval.Request{Type: eval.Completion, Prompt: "abc"}, 20, "abc", false},
		"cut":            {eval.Request{Type: eval.Completion, Prompt: long, Sampling: eval.Sampling{MaxTokens: new(5)}}, 20, long[len(long)-25:], false},
		"no bound":       {eval.Request{Type: eval.Completion, Prompt: long}, 20, long[len(long)-15:], false},
		"no window":      {eval.Request{Type: eval.Completion, Prompt: long}, 0, long, true},
		"answer too big": {eval.Request{Type: eval.Completion, Prompt: long, Sampling: eval.Sampling{MaxTokens: new(20)}}, 20, long, true},
		"chat":           {eval.Request{Type: eval.Chat, Prompt: long}, 20, long, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := &runes{}
			l := &Truncate{Next: server, Tokens: server, Window: func() int { return c.window }}
			resp, err := l.Respond(context.Background(), &c.r)
			if (err != nil) != c.fails || server.asked[len(server.asked)-1] != c.sent {
				t.Fatalf("%v; sent %q, want %q", err, server.asked, c.sent)
			}
			if c.fails && eval.FaultOf(err).Status != eval.ContextOverflow {
				t.Errorf("%v", err)
			}
			if cut := err == nil && len(resp.Notes) > 0; cut != (c.sent != c.r.Prompt) {
				t.Errorf("notes %v", resp)
			}
		})
	}
}
