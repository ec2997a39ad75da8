package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	gojson "github.com/goccy/go-json"

	"olmoeval/eval"
)

// useNumber is the option of the fast decoder that keeps numbers as written.
// The library has it for streams only; it is taken from one.
var useNumber = func() gojson.DecodeOptionFunc {
	var option gojson.DecodeOptionFunc
	dec := gojson.NewDecoder(strings.NewReader("0"))
	dec.UseNumber()
	var v any
	err := dec.DecodeWithOption(&v, func(o *gojson.DecodeOption) {
		flags := o.Flags
		option = func(o *gojson.DecodeOption) { o.Flags |= flags }
	})
	if err != nil {
		panic(err)
	}
	return option
}()

// Decode makes a document of a row. Numbers are json.Number, as written. An
// error is an *eval.RowError: the row is no JSON object, has something after
// it, or is not UTF-8.
func Decode(row eval.Row) (eval.Doc, error) {
	if row.Doc != nil {
		return row.Doc, nil
	}
	var doc eval.Doc
	if err := decodeObject(row.Raw, &doc); err != nil {
		return nil, &eval.RowError{Where: row.Where(), Err: err}
	}
	return doc, nil
}

func decodeObject(raw []byte, doc *eval.Doc) error {
	raw = bytes.TrimSpace(raw)
	if !utf8.Valid(raw) {
		return fmt.Errorf("byte %d is not UTF-8", badUTF8(raw)+1)
	}
	if len(raw) == 0 || raw[0] != '{' {
		return notObject(raw)
	}
	err := gojson.UnmarshalWithOption(raw, (*map[string]any)(doc), useNumber)
	if err == nil {
		return nil
	}
	// The standard decoder, asked again, knows where the fault is.
	var plain map[string]any
	again := json.Unmarshal(raw, &plain)
	if again == nil {
		return fmt.Errorf("malformed JSON: %w", err)
	}
	var syntax *json.SyntaxError
	if !errors.As(again, &syntax) {
		return again
	}
	if syntax.Offset >= int64(len(raw)) && strings.HasPrefix(syntax.Error(), "unexpected end") {
		return fmt.Errorf("malformed JSON: the line ends inside the object, after %q", tail(raw, 20))
	}
	return fmt.Errorf("malformed JSON at byte %d: %w, after %q", syntax.Offset, syntax, tail(raw[:max(0, syntax.Offset-1)], 20))
}

// notObject says what a row is that is no object.
func notObject(raw []byte) error {
	switch {
	case len(raw) == 0:
		return errors.New("an empty row, want a JSON object")
	case json.Valid(raw):
		return fmt.Errorf("want a JSON object, got %s", head(raw, 40))
	}
	return fmt.Errorf("malformed JSON: want {, got %q", head(raw, 20))
}

func badUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

func tail(b []byte, n int) string {
	if len(b) > n {
		b = b[len(b)-n:]
	}
	return string(bytes.ToValidUTF8(b, nil))
}

func head(b []byte, n int) string {
	if len(b) > n {
		return string(bytes.ToValidUTF8(b[:n], nil)) + "…"
	}
	return string(b)
}
