package mock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Model is one mock. It may be used by many goroutines.
type Model struct {
	mode    mode
	acc     float64
	seed    int64
	latency time.Duration
	// Shares of attempts, and of items for sticky.
	fail, http429, hang, garbage, nan, reset, sticky float64

	spec string
	root uint64
}

var _ eval.Provider = (*Model)(nil)

// Spec is the SPEC in canonical form.
func (m *Model) Spec() string { return m.spec }

// Latency is how long an answer takes.
func (m *Model) Latency() time.Duration { return m.latency }

// NeedsAnswers reports whether the mock must know right answers.
func (m *Model) NeedsAnswers() bool { return m.mode == oracle || m.mode == share }

// Model says which model it is: the SPEC is its identity.
func (m *Model) Model() eval.Model {
	return eval.Model{Name: m.spec, Kind: "mock", ID: m.spec, Pinned: true}
}

// Caps says that a mock does everything; it calls no tool of its own accord.
func (m *Model) Caps(context.Context) (eval.Caps, error) {
	return eval.Caps{Completion: true, Chat: true, Loglikelihood: true, Tools: true}, nil
}

// Close does nothing.
func (m *Model) Close() error { return nil }

// Respond answers in process. The attempt number comes from the context: see
// package attempt.
func (m *Model) Respond(ctx context.Context, r *eval.Request) (*eval.Response, error) {
	if m.latency > 0 {
		if err := m.wait(ctx); err != nil {
			return nil, err
		}
	} else if err := ctx.Err(); err != nil {
		return nil, stopped(err)
	}
	if m.faulty() {
		digest := ""
		if r.Origin != nil {
			digest = r.Origin.Digest
		}
		if err := m.strike(ctx, m.Fate(digest, attempt.Of(ctx))); err != nil {
			return nil, err
		}
	}
	if r.Type == eval.Loglikelihood {
		return m.score(r), nil
	}
	n := r.Sampling.Samples()
	resp := &eval.Response{Outputs: make([]eval.Output, n), Attempts: 1}
	written := 0
	for i := range resp.Outputs {
		text := m.Text(r, i)
		resp.Outputs[i].Text = text
		resp.Outputs[i].FinishReason = "stop"
		written += size(text)
	}
	resp.Usage = eval.Usage{PromptTokens: promptSize(r), CompletionTokens: written}
	return resp, nil
}

func (m *Model) wait(ctx context.Context) error {
	t := time.NewTimer(m.latency)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return stopped(ctx.Err())
	}
}

// stopped is the fault of a request whose context ended.
func stopped(err error) error {
	if errors.Is(err, context.Canceled) {
		return &eval.Fault{Status: eval.Cancelled, Err: fmt.Errorf("mock: %w", err)}
	}
	return &eval.Fault{Status: eval.InfraNetwork, Err: fmt.Errorf("mock: no answer: %w", err)}
}

// size is about how many tokens a text is; 4 bytes are one.
func size(text string) int { return (len(text) + 3) / 4 }

func promptSize(r *eval.Request) int {
	n := len(r.Prompt)
	for i := range r.Messages {
		n += len(r.Messages[i].Content)
	}
	return (n + 3) / 4
}
