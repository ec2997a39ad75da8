package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// StatusError is in the chain of the fault of an answer other than 200.
type StatusError struct {
	Code    int
	Message string // the server's, shortened
	where   string
}

func (e *StatusError) Error() string {
	text := http.StatusText(e.Code)
	if e.Message != "" {
		text = e.Message
	}
	return fmt.Sprintf("%s: %d %s", e.where, e.Code, text)
}

// Overloaded reports whether fewer requests at a time would help.
func (e *StatusError) Overloaded() bool {
	return e.Code == http.StatusTooManyRequests || e.Code == http.StatusServiceUnavailable
}

// refused is the fault of an answer other than 200.
func (c *Client) refused(ctx context.Context, e *endpoint, u *url.URL, resp *http.Response, body []byte) error {
	message, code := errorText(body)
	message = c.redact(message)
	problem := &StatusError{Code: resp.StatusCode, Message: message, where: u.Redacted()}
	f := &eval.Fault{Status: eval.ConfigError, Err: problem}
	lower := strings.ToLower(message)
	switch status := resp.StatusCode; {
	case status == 401 || status == 403:
		f.Abort = true
		f.Hint = "the server wants a key: set OPENAI_API_KEY"
		if c.cfg.APIKey != "" {
			f.Hint = "the server does not take this key: set OPENAI_API_KEY to one for " + u.Host
		}
	case status == 404:
		c.missing(ctx, e, f, problem)
	case status == 429 && (code == "insufficient_quota" || strings.Contains(lower, "exceeded your current quota")):
		f.Status, f.Abort = eval.InfraRateLimited, true
		f.Hint = "the account has no quota left; give OPENAI_API_KEY of another or add to it"
	case status == 429:
		f.Status, f.After = eval.InfraRateLimited, retryAfter(resp.Header, c.now())
	case status == 408:
		f.Status = eval.InfraNetwork
	case status == 409 || status == 425 || status >= 500:
		f.Status, f.After = eval.InfraServerDown, retryAfter(resp.Header, c.now())
	case status >= 300 && status < 400:
		f.Abort = true
		f.Hint = "the server sends elsewhere; give base_url=" + resp.Header.Get("Location")
	case contextTooLong(lower, code):
		f.Status = eval.ContextOverflow
	case code == "content_filter" || code == "content_policy_violation" || strings.Contains(lower, "content management policy"):
		f.Status = eval.ContentFiltered
	case status == 413:
		f.Status = eval.ContextOverflow
	}
	return f
}

// missing completes the fault of a 404: is the model unknown, or the address?
func (c *Client) missing(ctx context.Context, e *endpoint, f *eval.Fault, problem *StatusError) {
	f.Abort = true
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if strings.HasSuffix(problem.where, "/models") {
		f.Hint = "check base_url; it usually ends in /v1"
		return
	}
	served, err := c.served(ctx, e)
	switch {
	case err != nil:
		f.Hint = "check base_url and the model's name"
	case find(served, c.cfg.Model) == nil:
		f.Err = fmt.Errorf("model %q is not served at %s%s: %w", c.cfg.Model, e.base, nearest.Hint(c.cfg.Model, modelIDs(served)), problem)
		f.Hint = "served there: " + roll(served)
	default:
		f.Hint = "the server has no such call; another kind of task or server is needed"
	}
}

// errorText finds the message and code in the forms that servers use.
func errorText(body []byte) (message, code string) {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Code    any             `json:"code"`
		Type    string          `json:"type"`
	}
	if json.Unmarshal(body, &e) != nil {
		return shorten(string(body)), ""
	}
	var inner struct {
		Message string `json:"message"`
		Code    any    `json:"code"`
		Type    string `json:"type"`
	}
	message, code = e.Message, codeText(e.Code, e.Type)
	if len(e.Error) > 0 && json.Unmarshal(e.Error, &inner) == nil {
		message, code = inner.Message, codeText(inner.Code, inner.Type)
	} else if len(e.Error) > 0 {
		var text string
		if json.Unmarshal(e.Error, &text) == nil {
			message = text
		}
	}
	if message == "" && len(e.Detail) > 0 {
		message = strings.Trim(string(e.Detail), `"`)
	}
	if message == "" {
		message = string(body)
	}
	return shorten(message), code
}

func codeText(code any, kind string) string {
	if s, ok := code.(string); ok && s != "" {
		return s
	}
	return kind
}

// shorten makes one line of at most 500 bytes.
func shorten(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}

// redact keeps the key out of messages in which a server repeats it.
func (c *Client) redact(s string) string {
	if len(c.cfg.APIKey) < 4 {
		return s
	}
	return strings.ReplaceAll(s, string(c.cfg.APIKey), c.cfg.APIKey.String())
}

func contextTooLong(lower, code string) bool {
	if code == "context_length_exceeded" {
		return true
	}
	for _, words := range []string{"context length", "context_length", "max_model_len", "maximum model length", "context size",
		"context window", "prompt is too long", "input is too long", "longer than the maximum"} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}

// retryAfter is how long the server asks to wait, 0 if it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return seconds(ms / 1000)
	}
	if text := h.Get("Retry-After"); text != "" {
		if s, err := strconv.ParseFloat(text, 64); err == nil {
			return seconds(s)
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(0, at.Sub(now))
		}
	}
	// Of the two budgets, the one that is used up last decides.
	var wait time.Duration
	for _, kind := range []string{"Requests", "Tokens"} {
		if left := h.Get("X-Ratelimit-Remaining-" + kind); left != "" && left != "0" {
			continue
		}
		text := h.Get("X-Ratelimit-Reset-" + kind)
		if d, err := time.ParseDuration(text); err == nil {
			wait = max(wait, d)
		} else if s, err := strconv.ParseFloat(text, 64); err == nil {
			wait = max(wait, seconds(s))
		}
	}
	return wait
}

// seconds bounds what a header may ask for to a day.
func seconds(s float64) time.Duration {
	if !(s > 0) {
		return 0
	}
	return time.Duration(math.Min(s, 86400) * float64(time.Second))
}

func asStatus(err error, into **StatusError) bool { return errors.As(err, into) }

// badResponse is the fault of an answer that cannot be believed.
func badResponse(format string, args ...any) error {
	return &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf(format, args...)}
}
