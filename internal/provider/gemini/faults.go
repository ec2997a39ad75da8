package gemini

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/provider/httpapi"
)

// details are what Google's errors carry besides a message.
type details struct {
	Error struct {
		Details []struct {
			Reason     string `json:"reason"`
			RetryDelay string `json:"retryDelay"`
			Violations []struct {
				QuotaID string `json:"quotaId"`
			} `json:"violations"`
		} `json:"details"`
	} `json:"error"`
}

// refine knows the refusals of this API: a wrong key is a 400, every 429 speaks
// of a quota, and the wait is in the body.
func (c *Client) refine(f *eval.Fault, e *httpapi.StatusError, h http.Header, body []byte) {
	var d details
	if json.Unmarshal(body, &d) != nil {
		d = details{}
	}
	daily := false
	for _, x := range d.Error.Details {
		if x.Reason == "API_KEY_INVALID" {
			c.http.WrongKey(f)
		}
		if wait, err := time.ParseDuration(x.RetryDelay); err == nil && f.After == 0 {
			f.After = min(max(0, wait), 24*time.Hour)
		}
		for _, v := range x.Violations {
			daily = daily || strings.Contains(v.QuotaID, "PerDay")
		}
	}
	switch {
	case e.Code == http.StatusTooManyRequests:
		f.Status, f.Abort, f.Hint = eval.InfraRateLimited, daily, ""
		if daily {
			f.Hint = "the quota of the day is used up; give " + c.cfg.keyEnv() + " of another project, or go on tomorrow with the same command"
		} else if f.After == 0 {
			f.After = httpapi.RetryAfter(h, time.Now())
		}
	case e.Kind == "FAILED_PRECONDITION" && e.Code == http.StatusBadRequest:
		f.Abort = true // the account or the place it is called from
	}
}
