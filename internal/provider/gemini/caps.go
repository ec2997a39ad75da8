package gemini

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// served is an entry of the API's list of models.
type served struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Input   int      `json:"inputTokenLimit"`
	Methods []string `json:"supportedGenerationMethods"`
}

// Caps asks the API for the model. What the API can do at all is known; what a
// model refuses of it, it says itself.
func (c *Client) Caps(ctx context.Context) (eval.Caps, error) {
	caps, _ := c.Declared()
	var m served
	err := httpapi.Patiently(ctx, c.cfg.Timeout, func(ctx context.Context) error {
		return c.http.Ask(ctx, c.base.JoinPath(c.cfg.path()), nil, &m)
	})
	if status := (*httpapi.StatusError)(nil); errors.As(err, &status) && status.Code == http.StatusNotFound {
		err = c.unlisted(ctx, err)
	}
	if err != nil {
		return caps, err
	}
	if len(m.Methods) > 0 && !slices.Contains(m.Methods, "generateContent") {
		return caps, &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "give a model that generates texts",
			Err: fmt.Errorf("model %q has no generateContent; it has %s", c.cfg.Model, strings.Join(m.Methods, ", "))}
	}
	for key, value := range map[string]string{"id": strings.TrimPrefix(m.Name, "models/"), "version": m.Version} {
		if value != "" {
			caps.Reported[key] = value
		}
	}
	if caps.MaxContext == 0 {
		caps.MaxContext = m.Input
	}
	return caps, nil
}

// unlisted completes the fault of an unknown model with the names of known ones.
func (c *Client) unlisted(ctx context.Context, missing error) error {
	var all struct {
		Models []served `json:"models"`
	}
	u := c.base.JoinPath("models")
	u.RawQuery = "pageSize=1000"
	if err := c.http.Ask(ctx, u, nil, &all); err != nil {
		return missing
	}
	ids := make([]string, len(all.Models))
	for i, m := range all.Models {
		ids[i] = strings.TrimPrefix(m.Name, "models/")
	}
	return &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: "served there: " + httpapi.Roll(ids),
		Err: fmt.Errorf("model %q is unknown%s: %w", c.cfg.Model, nearest.Hint(c.cfg.Model, ids), missing)}
}

var _ eval.Declarer = (*Client)(nil)

// Declared is what the API can do.
func (c *Client) Declared() (eval.Caps, bool) {
	return eval.Caps{Chat: true, Tools: true, N: !c.cfg.Stream, Seed: true, JSONSchema: true, Logprobs: c.cfg.Logprobs, MaxContext: c.cfg.MaxContext,
		Reported: map[string]string{}, Notes: []string{"the API has chats only"}}, true
}
