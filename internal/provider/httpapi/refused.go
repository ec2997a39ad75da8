package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"olmoeval/eval"
)

// StatusError is in the chain of the fault of an answer other than 200.
type StatusError struct {
	Code    int
	Message string // the server's, shortened, without secrets
	// Kind is the server's word for the error, such as insufficient_quota, ""
	// if it has none.
	Kind  string
	where string
}

func (e *StatusError) Error() string {
	text := http.StatusText(e.Code)
	if e.Message != "" {
		text = e.Message
	}
	return fmt.Sprintf("%s: %d %s", e.where, e.Code, text)
}

// overloadedCode is what some APIs answer when all of their machines are busy.
const overloadedCode = 529

// Overloaded reports whether fewer requests at a time would help.
func (e *StatusError) Overloaded() bool {
	return e.Code == http.StatusTooManyRequests || e.Code == http.StatusServiceUnavailable || e.Code == overloadedCode
}

// Refused is the fault of an answer other than 200.
func (c *Caller) Refused(u *url.URL, resp *http.Response, body []byte) *eval.Fault {
	return c.Fault(u, resp.StatusCode, resp.Header, body)
}

// Fault is what a status and what came with it mean. A 404 aborts; whether the
// model or the address is unknown, the API's client may find out.
func (c *Caller) Fault(u *url.URL, status int, header http.Header, body []byte) *eval.Fault {
	message, kind := ErrorText(body)
	message = redact(message, append([]Secret{c.Key}, c.Secrets...))
	problem := &StatusError{Code: status, Message: message, Kind: kind, where: u.Redacted()}
	f := &eval.Fault{Status: eval.ConfigError, Err: problem}
	lower := strings.ToLower(message)
	switch {
	case status == 401 || status == 403:
		c.denied(f, u)
	case status == 404:
		f.Abort = true
		f.Hint = "check base_url and the model's name"
	case status == 429 && (kind == "insufficient_quota" || strings.Contains(lower, "exceeded your current quota")):
		f.Status, f.Abort = eval.InfraRateLimited, true
		f.Hint = "the account has no quota left; give " + c.KeyEnv + " of another or add to it"
	case status == 429:
		f.Status, f.After = eval.InfraRateLimited, RetryAfter(header, c.now())
	case status == 408:
		f.Status = eval.InfraNetwork
	case status == 409 || status == 425 || status >= 500:
		f.Status, f.After = eval.InfraServerDown, RetryAfter(header, c.now())
	case status >= 300 && status < 400:
		f.Abort = true
		f.Hint = "the server sends elsewhere; give base_url=" + header.Get("Location")
	case ContextTooLong(lower, kind):
		f.Status = eval.ContextOverflow
	case kind == "content_filter" || kind == "content_policy_violation" || strings.Contains(lower, "content management policy") ||
		strings.Contains(lower, "content filtering policy"):
		f.Status = eval.ContentFiltered
	case status == 413:
		f.Status = eval.ContextOverflow
	}
	if c.Refine != nil {
		c.Refine(f, problem, header, body)
	}
	return f
}

// denied makes a fault that of a missing or wrong key.
func (c *Caller) denied(f *eval.Fault, u *url.URL) {
	f.Status, f.Abort = eval.ConfigError, true
	f.Hint = "the server wants a key: set " + c.KeyEnv
	if c.Key != "" {
		f.Hint = "the server does not take this key: set " + c.KeyEnv + " to one for " + u.Host
	}
}

// WrongKey makes a fault that of a wrong key, for APIs that say so with another
// status than 401.
func (c *Caller) WrongKey(f *eval.Fault) {
	f.Status, f.Abort = eval.ConfigError, true
	f.Hint = "the server does not take this key: set " + c.KeyEnv + " to another"
}

// ErrorText finds the message and the server's word for the error in the forms
// that servers use.
func ErrorText(body []byte) (message, kind string) {
	var e struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
		Detail  json.RawMessage `json:"detail"`
		Code    any             `json:"code"`
		Type    string          `json:"type"`
	}
	if json.Unmarshal(body, &e) != nil {
		return Shorten(string(body)), ""
	}
	var inner struct {
		Message string `json:"message"`
		Code    any    `json:"code"`
		Type    string `json:"type"`
		Status  string `json:"status"`
	}
	message, kind = e.Message, codeText(e.Code, e.Type)
	if len(e.Error) > 0 && json.Unmarshal(e.Error, &inner) == nil {
		message, kind = inner.Message, codeText(inner.Code, inner.Type)
		if kind == "" {
			kind = inner.Status
		}
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
	return Shorten(message), kind
}

func codeText(code any, kind string) string {
	if s, ok := code.(string); ok && s != "" {
		return s
	}
	return kind
}

// ContextTooLong reports whether a message, in lower case, or an error's kind
// says that a prompt does not fit.
func ContextTooLong(lower, kind string) bool {
	if kind == "context_length_exceeded" {
		return true
	}
	for _, words := range []string{"context length", "context_length", "max_model_len", "maximum model length", "context size",
		"context window", "context limit", "prompt is too long", "input is too long", "longer than the maximum",
		"input token count", "too many input tokens", "input tokens exceed"} {
		if strings.Contains(lower, words) {
			return true
		}
	}
	return false
}
