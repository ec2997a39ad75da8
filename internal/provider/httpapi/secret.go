package httpapi

import (
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
)

// Secret is a text that does not print.
type Secret string

// String is "***", or "" for no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString keeps %#v from printing it.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText keeps encoders from writing it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps it out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Headers are sent with every request. Their values may be secrets, so only the
// names print.
type Headers map[string]string

// String is the names.
func (h Headers) String() string { return strings.Join(slices.Sorted(maps.Keys(h)), " ") }

// GoString keeps %#v from printing the values.
func (h Headers) GoString() string { return "{" + h.String() + "}" }

// MarshalJSON keeps encoders from writing the values.
func (h Headers) MarshalJSON() ([]byte, error) {
	hidden := make(map[string]Secret, len(h))
	for k, v := range h {
		hidden[k] = Secret(v)
	}
	return json.Marshal(hidden)
}

// LogValue keeps the values out of logs.
func (h Headers) LogValue() slog.Value { return slog.StringValue(h.String()) }

// shortest is the length from which a text is taken for a secret in messages;
// shorter ones occur by chance.
const shortest = 6

// redact replaces known secrets in a message in which a server repeats them.
func redact(s string, secrets []Secret) string {
	for _, secret := range secrets {
		if len(secret) >= shortest {
			s = strings.ReplaceAll(s, string(secret), secret.String())
		}
	}
	return s
}

// Shorten makes one line of at most 500 bytes.
func Shorten(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	return s
}
