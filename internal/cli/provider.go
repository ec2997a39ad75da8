package cli

import (
	"context"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/modelspec"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/provider/mock"
)

// defaultTimeout is how long one attempt at a request may take.
const defaultTimeout = 30 * time.Minute

// tries is how often a request is sent before it has failed. With half of all
// attempts failing, one request in a thousand does.
const tries = 10

// checkMock refuses a mock SPEC that does not parse.
func checkMock(c *modelspec.Config) error {
	if c.Kind != "mock" {
		return nil
	}
	_, err := mock.Parse(c.Model)
	return err
}

// provider makes the model's provider and the layers round it.
func (a *app) provider(ctx context.Context, m *modelspec.Config, f *runFlags) (eval.Provider, eval.Responder, error) {
	if m.Kind == "mock" {
		p, err := mock.Parse(m.Model)
		if err != nil {
			return nil, nil, asUsage(err)
		}
		return p, mockLayers(p, m.Model, f), nil
	}
	return a.endpoint(ctx, m, f)
}

// mockLayers are retries, places, and a time limit where the mock may hang. A
// mock is not asked once for equal requests: it has no cost. The run decides how
// many places there are.
func mockLayers(p *mock.Model, spec string, f *runFlags) eval.Responder {
	var r eval.Responder = p
	if strings.Contains(spec, "hang") {
		r = &layer.Timeout{Next: r, Limit: f.attempt()}
	}
	r = &layer.Limit{Next: r, Group: &layer.Group{Start: 1 << 20, Max: 1 << 20, NoLatency: true}}
	// The waits between tries against a mock are short: it is no one's server.
	return &layer.Retry{Next: r, Tries: tries, Base: 5 * time.Millisecond, Cap: 200 * time.Millisecond}
}

// attempt is how long one try may take.
func (f *runFlags) attempt() time.Duration {
	if f.timeout > 0 {
		return f.timeout
	}
	return defaultTimeout
}
