package eval

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// AppendKey appends s in a form that is equal for two samplings exactly when
// they ask for the same: with [Digester.Digest] it says when two requests must
// have the same answer. Every field is in it.
func (s *Sampling) AppendKey(b []byte) []byte {
	b = appendOptionalInt(b, s.MaxTokens)
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(s.Temperature))
	b = appendOptionalFloat(b, s.TopP)
	b = appendOptionalInt(b, s.TopK)
	b = binary.AppendUvarint(b, uint64(len(s.Stop)))
	for _, stop := range s.Stop {
		b = appendSized(b, stop)
	}
	b = binary.AppendUvarint(b, uint64(s.Samples()))
	b = appendOptionalInt(b, s.Seed)
	for _, p := range []*float64{s.MinP, s.FrequencyPenalty, s.PresencePenalty, s.RepetitionPenalty} {
		b = appendOptionalFloat(b, p)
	}
	b = appendMap(b, s.JSONSchema)
	b = appendSized(b, s.ReasoningEffort)
	return appendMap(b, s.ExtraBody)
}

func appendOptionalInt[T int | int64](b []byte, p *T) []byte {
	if p == nil {
		return append(b, 0)
	}
	return binary.BigEndian.AppendUint64(append(b, 1), uint64(*p))
}

func appendOptionalFloat(b []byte, p *float64) []byte {
	if p == nil {
		return append(b, 0)
	}
	return binary.BigEndian.AppendUint64(append(b, 1), math.Float64bits(*p))
}

func appendSized(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendMap(b []byte, m map[string]any) []byte {
	if m == nil {
		return append(b, 0)
	}
	text, err := json.Marshal(m) // sorted keys
	if err != nil {
		text = fmt.Appendf(nil, "%v", m) // sorted too
	}
	return appendSized(append(b, 1), string(text))
}
