package journal

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"hash/crc32"

	json "github.com/goccy/go-json"

	"olmoeval/eval"
)

// stored is a record as it stands in a line: the request's shared part is
// replaced by a reference.
type stored struct {
	*eval.Record
	Request *storedRequest `json:"request"`
}

type storedRequest struct {
	Shared string `json:"shared,omitempty"`
	*eval.Request
}

// sharedLine holds text that requests refer to.
type sharedLine struct {
	SharedID string         `json:"shared_id"`
	Prompt   string         `json:"prompt,omitempty"`
	Messages []eval.Message `json:"messages,omitempty"`
}

// headLine is the first line of a record file.
type headLine struct {
	Journal int    `json:"olmo_eval_records"`
	RunID   string `json:"run_id"`
	Task    string `json:"task"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const crcLen = len(`,"crc":"00000000"}`)

// seal turns a JSON object into a line: the closing brace gives way to the
// checksum.
func seal(obj []byte) []byte {
	body := obj[:len(obj)-1]
	sum := crc32.Checksum(body, castagnoli)
	var c [4]byte
	c[0], c[1], c[2], c[3] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	body = append(body, `,"crc":"`...)
	body = hex.AppendEncode(body, c[:])
	return append(body, '"', '}', '\n')
}

// whole reports whether a line, without its newline, carries the right checksum.
func whole(line []byte) bool {
	n := len(line) - crcLen
	if n <= 0 || !bytes.HasPrefix(line[n:], []byte(`,"crc":"`)) || !bytes.HasSuffix(line, []byte(`"}`)) {
		return false
	}
	var c [4]byte
	if _, err := hex.Decode(c[:], line[n+8:n+16]); err != nil {
		return false
	}
	sum := uint32(c[0])<<24 | uint32(c[1])<<16 | uint32(c[2])<<8 | uint32(c[3])
	return sum == crc32.Checksum(line[:n], castagnoli)
}

// encode writes a record as a line; sharedID is the reference its request uses,
// "" for none.
func encode(rec *eval.Record, sharedID string) ([]byte, error) {
	line := stored{Record: rec}
	if rec.Request != nil {
		req := *rec.Request
		if sharedID != "" {
			if req.Type == eval.Chat {
				req.Messages = req.Messages[req.Shared:]
			} else {
				req.Prompt = req.Prompt[req.Shared:]
			}
		}
		line.Request = &storedRequest{Shared: sharedID, Request: &req}
	}
	b, err := json.MarshalWithOption(line, json.DisableHTMLEscape())
	if err != nil {
		return nil, fmt.Errorf("record %d: %w", rec.Index, err)
	}
	return seal(b), nil
}

// sharedPart is what of the request all requests of its task have in common.
func sharedPart(r *eval.Request) (sharedLine, bool) {
	switch {
	case r == nil || r.Shared == 0:
		return sharedLine{}, false
	case r.Type == eval.Chat && r.Shared <= len(r.Messages):
		return sharedLine{Messages: r.Messages[:r.Shared]}, true
	case r.Type != eval.Chat && r.Shared <= len(r.Prompt):
		return sharedLine{Prompt: r.Prompt[:r.Shared]}, true
	}
	return sharedLine{}, false
}

func (l sharedLine) id() string {
	return eval.HashJSON([]any{l.Prompt, l.Messages})
}

// decode reads a record line; shared holds the texts read so far.
func decode(line []byte, shared map[string]sharedLine) (*eval.Record, error) {
	rec := &eval.Record{}
	var s struct {
		*eval.Record
		Request *struct {
			Shared string `json:"shared"`
			eval.Request
		} `json:"request"`
	}
	s.Record = rec
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&s); err != nil {
		return nil, err
	}
	if s.Request != nil {
		req := s.Request.Request
		if id := s.Request.Shared; id != "" {
			part, ok := shared[id]
			if !ok {
				return nil, fmt.Errorf("shared text %s is missing", id)
			}
			if req.Type == eval.Chat {
				req.Shared = len(part.Messages)
				req.Messages = append(append([]eval.Message(nil), part.Messages...), req.Messages...)
			} else {
				req.Shared = len(part.Prompt)
				req.Prompt = part.Prompt + req.Prompt
			}
		}
		rec.Request = &req
	}
	return rec, nil
}
