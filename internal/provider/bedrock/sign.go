package bedrock

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"olmoeval/internal/provider/httpapi"
)

// signer signs requests by AWS's Signature Version 4.
type signer struct {
	id              string
	secret, token   httpapi.Secret
	region, service string
}

const (
	algorithm = "AWS4-HMAC-SHA256"
	longTime  = "20060102T150405Z"
	shortTime = "20060102"
)

// sign adds the headers that prove who sends r. path is the request's path as
// it is on the wire; of the query, keys and values stand sorted and escaped.
func (s *signer) sign(r *http.Request, path string, body []byte, now time.Time) {
	now = now.UTC()
	r.Header.Set("X-Amz-Date", now.Format(longTime))
	if s.token != "" {
		r.Header.Set("X-Amz-Security-Token", string(s.token))
	}
	names, headers := canonicalHeaders(r)
	request := strings.Join([]string{r.Method, escape(path, true), canonicalQuery(r.URL.RawQuery), headers, names, hash(body)}, "\n")
	scope := now.Format(shortTime) + "/" + s.region + "/" + s.service + "/aws4_request"
	text := strings.Join([]string{algorithm, now.Format(longTime), scope, hash([]byte(request))}, "\n")
	key := []byte("AWS4" + string(s.secret))
	for _, part := range []string{now.Format(shortTime), s.region, s.service, "aws4_request"} {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		algorithm, s.id, scope, names, hex.EncodeToString(mac(key, text))))
}

// unsigned are headers that something on the way may change.
var unsigned = []string{"accept", "accept-encoding", "authorization", "user-agent", "connection"}

// canonicalHeaders are the names and the lines of the headers that are signed.
func canonicalHeaders(r *http.Request) (names, lines string) {
	values := map[string]string{"host": r.Host}
	for name, list := range r.Header {
		name = strings.ToLower(name)
		if slices.Contains(unsigned, name) {
			continue
		}
		trimmed := make([]string, len(list))
		for i, v := range list {
			trimmed[i] = strings.Join(strings.Fields(v), " ")
		}
		values[name] = strings.Join(trimmed, ",")
	}
	sorted := slices.Sorted(maps.Keys(values))
	for _, name := range sorted {
		lines += name + ":" + values[name] + "\n"
	}
	return strings.Join(sorted, ";"), lines
}

// canonicalQuery sorts the parts of a query that is escaped already.
func canonicalQuery(raw string) string {
	if raw == "" {
		return ""
	}
	parts := strings.Split(raw, "&")
	for i, p := range parts {
		if !strings.Contains(p, "=") {
			parts[i] = p + "="
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

// escape spells all bytes but letters, digits and -._~ as %XX; a path keeps its
// slashes.
func escape(s string, path bool) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~', c == '/' && path:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
