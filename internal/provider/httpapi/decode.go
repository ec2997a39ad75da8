package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-json"

	"olmoeval/eval"
	"olmoeval/internal/provider/wire"
)

// Raw is a part of an answer kept as it came.
type Raw []byte

// UnmarshalJSON copies it.
func (r *Raw) UnmarshalJSON(b []byte) error {
	*r = append((*r)[:0], b...)
	return nil
}

// MarshalJSON writes it as it came.
func (r Raw) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

// Null reports whether it was left out or null.
func (r Raw) Null() bool { return len(r) == 0 || string(r) == "null" }

// Arguments is what a model wrote as the arguments of a tool call: a string as
// it is, well formed or not, or the text of an object of servers that parse it.
func Arguments(r Raw) string {
	if r.Null() {
		return ""
	}
	var text string
	if json.Unmarshal(r, &text) == nil {
		return text
	}
	return string(r)
}

// Decode reads an answer strictly: what is not JSON, or holds NaN, is a fault.
// What it decodes does not point into body.
func Decode(body []byte, into any) error {
	if !wire.Valid(body) {
		return BadResponse("the answer is not JSON: %s", Shorten(string(body[:min(len(body), 200)])))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return BadResponse("the answer has an unexpected shape: %s", Shorten(err.Error()))
	}
	return nil
}

// BadResponse is the fault of an answer that cannot be believed.
func BadResponse(format string, args ...any) error {
	return &eval.Fault{Status: eval.InfraBadResponse, Err: fmt.Errorf(format, args...)}
}

// EarlyEnd is the fault of a stream that ends before its answer does.
func EarlyEnd() error {
	return &eval.Fault{Status: eval.InfraNetwork, Err: errors.New("the stream ended early")}
}

// Events calls each with the data of every server-sent event until it returns
// false, an error, or the stream ends. Data is valid during the call.
func Events(r io.Reader, each func(data []byte) (more bool, err error)) error {
	lines := bufio.NewReaderSize(r, 16<<10)
	for {
		line, err := readLine(lines)
		if data, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			if more, err := each(bytes.TrimSpace(data)); err != nil || !more {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readLine reads a line of any length.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	long := bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) && len(long) < maxBody {
		line, err = r.ReadSlice('\n')
		long = append(long, line...)
	}
	return long, err
}
