package openai

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/provider/httpapi"
)

// note completes the fault of a call at e: a refused connection keeps others
// away for a while, a 404 is looked into.
func (c *Client) note(ctx context.Context, e *endpoint, u *url.URL, err error) error {
	var s *httpapi.StatusError
	switch {
	case err == nil:
	case errors.Is(err, syscall.ECONNREFUSED):
		e.downUntil.Store(c.now().Add(downFor).UnixNano())
	case asStatus(err, &s) && s.Code == 404:
		c.missing(ctx, e, u, eval.FaultOf(err), s)
	}
	return err
}

// missing completes the fault of a 404: is the model unknown, or the address?
func (c *Client) missing(ctx context.Context, e *endpoint, u *url.URL, f *eval.Fault, problem *httpapi.StatusError) {
	if c.cfg.Azure {
		f.Hint = "model is the name of the deployment; check it and base_url"
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if strings.HasSuffix(u.Path, "/models") {
		f.Hint = "check base_url; it usually ends in /v1"
		return
	}
	served, err := c.served(ctx, e)
	switch {
	case err != nil:
		f.Hint = "check base_url and the model's name"
	case find(served, c.cfg.Model) == nil:
		f.Err = fmt.Errorf("model %q is not served at %s%s: %w", c.cfg.Model, e.base, nearest.Hint(c.cfg.Model, modelIDs(served)), problem)
		f.Hint = "served there: " + httpapi.Roll(modelIDs(served))
	default:
		f.Hint = "the server has no such call; another kind of task or server is needed"
	}
}

func asStatus(err error, into **httpapi.StatusError) bool { return errors.As(err, into) }

func badResponse(format string, args ...any) error { return httpapi.BadResponse(format, args...) }
