package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

// Stream sends a body and calls each with the data of every event of the
// answer, as [Events] does. The answer of a server that does not stream comes
// whole and is decoded into whole.
func (c *Caller) Stream(ctx context.Context, u *url.URL, body []byte, each func(data []byte) (more bool, err error), whole any) error {
	beat := attempt.Beat(ctx)
	beat()
	resp, done, err := c.Send(ctx, u, body)
	if err != nil {
		return err
	}
	beat()
	defer done()
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		if err != nil {
			return c.Broken(ctx, u, err)
		}
		if resp.StatusCode != http.StatusOK {
			return c.Refused(u, resp, text)
		}
		return Decode(text, whole)
	}
	if err := Events(alive{resp.Body, beat}, each); err != nil {
		if f := (*eval.Fault)(nil); errors.As(err, &f) {
			return err
		}
		return c.Broken(ctx, u, err)
	}
	return nil
}

// alive says with each piece of a stream that it came.
type alive struct {
	io.Reader
	beat func()
}

// Read reads on.
func (a alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.beat()
	}
	return n, err
}
