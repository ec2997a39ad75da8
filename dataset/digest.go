package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"

	"olmoeval/eval"
)

// RowsDigest identifies documents by their content: SHA-256 in hex over each
// as compact ASCII JSON with sorted keys, joined by newlines. Few-shot sets
// are pinned by it.
func RowsDigest(docs []eval.Doc) string {
	h := sha256.New()
	var b []byte
	for i, d := range docs {
		b = b[:0]
		if i > 0 {
			b = append(b, '\n')
		}
		b = appendCompact(b, map[string]any(d))
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TextDigest is SHA-256 in hex over a text's UTF-8 bytes.
func TextDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// appendCompact is canonical JSON without spaces.
func appendCompact(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = eval.AppendCanonical(b, k)
			b = append(b, ':')
			b = appendCompact(b, v[k])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCompact(b, x)
		}
		return append(b, ']')
	}
	return eval.AppendCanonical(b, v)
}
