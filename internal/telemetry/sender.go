package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// sends is how often a message is tried; what a collector does not want for
// other reasons than load is not tried again.
const sends = 4

var busy = []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

// post sends one message.
func (c *Config) post(ctx context.Context, to string, headers map[string]string, body []byte) error {
	wait := time.Second
	for try := 1; ; try++ {
		after, again, err := c.once(ctx, to, headers, body)
		if err == nil || !again || try == sends || ctx.Err() != nil {
			return err
		}
		if after > 0 && after <= 30*time.Second {
			wait = after
		}
		if err := c.pause(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

func (c *Config) pause(ctx context.Context, d time.Duration) error {
	if c.Sleep != nil {
		c.Sleep(d)
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Config) once(ctx context.Context, to string, headers map[string]string, body []byte) (after time.Duration, again bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.Client.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text holds the URL with what stands in it
		}
		return 0, true, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection is used again
	if resp.StatusCode/100 == 2 {
		return 0, false, nil
	}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		after = time.Duration(s) * time.Second
	}
	return after, slices.Contains(busy, resp.StatusCode), fmt.Errorf("the collector answered %d", resp.StatusCode)
}
