package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Weights is a tensor of 32-bit numbers to be written.
type Weights struct {
	Name string
	// Dims are the lengths, the fastest-varying first.
	Dims   []uint64
	Values []float32
}

// Write writes a file of version 3 with the metadata and tensors in the order
// given. Metadata may hold uint8, uint32, int32, float32, bool, string, uint64,
// int64, float64, and slices of strings, int32, uint32, float32 and bool.
func Write(w io.Writer, meta []KV, tensors []Weights) error {
	const alignment = 32
	le := binary.LittleEndian
	b := le.AppendUint32(append([]byte(nil), magic[:]...), 3)
	b = le.AppendUint64(b, uint64(len(tensors)))
	b = le.AppendUint64(b, uint64(len(meta)))
	for _, kv := range meta {
		b = append(le.AppendUint64(b, uint64(len(kv.Key))), kv.Key...)
		var ok bool
		if b, ok = appendValue(b, kv.Value); !ok {
			return fmt.Errorf("gguf: metadata %q: a %T cannot be written", kv.Key, kv.Value)
		}
	}
	offset := uint64(0)
	for i := range tensors {
		t := &tensors[i]
		info := Tensor{Name: t.Name, Dims: t.Dims, Type: F32}
		if info.Elements() != uint64(len(t.Values)) {
			return fmt.Errorf("gguf: tensor %q: %d values for dimensions %v", t.Name, len(t.Values), t.Dims)
		}
		b = append(le.AppendUint64(b, uint64(len(t.Name))), t.Name...)
		b = le.AppendUint32(b, uint32(len(t.Dims)))
		for _, d := range t.Dims {
			b = le.AppendUint64(b, d)
		}
		b = le.AppendUint32(b, uint32(F32))
		b = le.AppendUint64(b, offset)
		offset = align(offset+4*uint64(len(t.Values)), alignment)
	}
	b = append(b, make([]byte, align(uint64(len(b)), alignment)-uint64(len(b)))...)
	if _, err := w.Write(b); err != nil {
		return err
	}
	for i := range tensors {
		data := make([]byte, 0, align(4*uint64(len(tensors[i].Values)), alignment))
		for _, v := range tensors[i].Values {
			data = le.AppendUint32(data, math.Float32bits(v))
		}
		if _, err := w.Write(data[:cap(data)]); err != nil {
			return err
		}
	}
	return nil
}
