package gguf

import (
	"encoding/binary"
	"math"
)

// value reads a value of type t; depth counts the lists round it.
func (d *decoder) value(t Type, depth int) any {
	switch t {
	case Uint8:
		return d.u8()
	case Int8:
		return int8(d.u8())
	case Uint16:
		return d.u16()
	case Int16:
		return int16(d.u16())
	case Uint32:
		return d.u32()
	case Int32:
		return int32(d.u32())
	case Float32:
		return math.Float32frombits(d.u32())
	case Bool:
		return d.bool()
	case String:
		return d.text(d.left)
	case Uint64:
		return d.u64()
	case Int64:
		return int64(d.u64())
	case Float64:
		return math.Float64frombits(d.u64())
	case Array:
		return d.array(depth + 1)
	}
	d.fail("unknown type %d", t)
	return nil
}

func (d *decoder) u8() uint8 {
	d.buf[0] = 0
	d.bytes(d.buf[:1])
	return d.buf[0]
}

func (d *decoder) u16() uint16 {
	d.buf[0], d.buf[1] = 0, 0
	d.bytes(d.buf[:2])
	return d.order.Uint16(d.buf[:2])
}

func (d *decoder) bool() bool {
	switch d.u8() {
	case 0:
		return false
	case 1:
		return true
	}
	d.fail("a truth value that is neither 0 nor 1")
	return false
}

// array reads a list as a slice of its element's type.
func (d *decoder) array(depth int) any {
	if depth > maxDepth {
		d.fail("lists are nested too deep")
		return nil
	}
	t := Type(d.u32())
	switch t {
	case Uint8:
		return list(d, 1, d.u8)
	case Int8:
		return list(d, 1, func() int8 { return int8(d.u8()) })
	case Uint16:
		return list(d, 2, d.u16)
	case Int16:
		return list(d, 2, func() int16 { return int16(d.u16()) })
	case Uint32:
		return list(d, 4, d.u32)
	case Int32:
		return list(d, 4, func() int32 { return int32(d.u32()) })
	case Float32:
		return list(d, 4, func() float32 { return math.Float32frombits(d.u32()) })
	case Bool:
		return list(d, 1, d.bool)
	case String:
		return list(d, 8, func() string { return d.text(d.left) })
	case Uint64:
		return list(d, 8, d.u64)
	case Int64:
		return list(d, 8, func() int64 { return int64(d.u64()) })
	case Float64:
		return list(d, 8, func() float64 { return math.Float64frombits(d.u64()) })
	case Array:
		return list(d, 12, func() any { return d.array(depth + 1) })
	}
	d.fail("unknown type %d of a list", t)
	return nil
}

// list reads as many values as the file says, each of at least size bytes. Its
// memory grows with what was read, not with what was promised.
func list[T any](d *decoder, size int64, next func() T) []T {
	n := d.count(size, math.MaxInt32)
	out := make([]T, 0, min(n, 1<<12))
	for i := 0; i < n && d.err == nil; i++ {
		out = append(out, next())
	}
	return out
}

// appendValue appends a value with its type before it; ok is false for a Go
// type that files do not have.
func appendValue(b []byte, v any) (_ []byte, ok bool) {
	t, list := typeOf(v)
	if list {
		return appendList(binary.LittleEndian.AppendUint32(b, uint32(Array)), t, v)
	}
	if t == Array {
		return b, false
	}
	return appendBare(binary.LittleEndian.AppendUint32(b, uint32(t)), v), true
}

// typeOf is the type of a value, or of a list's elements; Array stands for a
// value that cannot be written.
func typeOf(v any) (t Type, list bool) {
	switch v.(type) {
	case uint8:
		return Uint8, false
	case uint32:
		return Uint32, false
	case int32:
		return Int32, false
	case float32:
		return Float32, false
	case bool:
		return Bool, false
	case string:
		return String, false
	case uint64:
		return Uint64, false
	case int64:
		return Int64, false
	case float64:
		return Float64, false
	case []string:
		return String, true
	case []int32:
		return Int32, true
	case []uint32:
		return Uint32, true
	case []float32:
		return Float32, true
	case []bool:
		return Bool, true
	}
	return Array, false
}

func appendList(b []byte, t Type, v any) ([]byte, bool) {
	b = binary.LittleEndian.AppendUint32(b, uint32(t))
	switch list := v.(type) {
	case []string:
		return appendAll(b, list), true
	case []int32:
		return appendAll(b, list), true
	case []uint32:
		return appendAll(b, list), true
	case []float32:
		return appendAll(b, list), true
	case []bool:
		return appendAll(b, list), true
	}
	return b, false
}

func appendAll[T any](b []byte, list []T) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(len(list)))
	for _, v := range list {
		b = appendBare(b, v)
	}
	return b
}

// appendBare appends a value without its type.
func appendBare(b []byte, v any) []byte {
	le := binary.LittleEndian
	switch v := v.(type) {
	case uint8:
		return append(b, v)
	case uint32:
		return le.AppendUint32(b, v)
	case int32:
		return le.AppendUint32(b, uint32(v))
	case float32:
		return le.AppendUint32(b, math.Float32bits(v))
	case bool:
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	case string:
		return append(le.AppendUint64(b, uint64(len(v))), v...)
	case uint64:
		return le.AppendUint64(b, v)
	case int64:
		return le.AppendUint64(b, uint64(v))
	case float64:
		return le.AppendUint64(b, math.Float64bits(v))
	}
	return b
}
