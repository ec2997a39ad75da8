package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"unicode/utf8"
)

// Bounds of what a header may hold.
const (
	maxEntries = 1 << 16 // of metadata, and of tensors
	maxKey     = 1 << 16 // bytes
	maxDims    = 8
	maxDepth   = 4 // of lists in lists
)

var magic = [4]byte{'G', 'G', 'U', 'F'}

// Open reads the header of the file at path.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	f, err := Read(file, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Read reads a header from the start of r; size is the length of the whole
// file, against which all lengths are checked.
func Read(r io.Reader, size int64) (*File, error) {
	d := &decoder{r: bufio.NewReaderSize(r, 1<<16), left: size, order: binary.LittleEndian}
	f := &File{Size: size, index: map[string]int{}}
	d.file(f)
	if d.err != nil {
		return nil, fmt.Errorf("not a readable GGUF file: %s: %w", d.where, d.err)
	}
	return f, nil
}

// decoder remembers the first error; what is read after it is zero.
type decoder struct {
	r     *bufio.Reader
	left  int64 // bytes of the file not yet read
	read  int64
	order binary.ByteOrder
	where string
	err   error
	buf   [8]byte
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
}

func (d *decoder) bytes(b []byte) {
	if d.err != nil {
		return
	}
	if int64(len(b)) > d.left {
		d.fail("the file ends too early")
		return
	}
	if _, err := io.ReadFull(d.r, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends too early")
		}
		d.err = err
		return
	}
	d.left -= int64(len(b))
	d.read += int64(len(b))
}

func (d *decoder) u32() uint32 {
	d.buf = [8]byte{}
	d.bytes(d.buf[:4])
	return d.order.Uint32(d.buf[:4])
}

func (d *decoder) u64() uint64 {
	d.buf = [8]byte{}
	d.bytes(d.buf[:8])
	return d.order.Uint64(d.buf[:8])
}

// count reads how many things of at least least bytes follow.
func (d *decoder) count(least, most int64) int {
	n := d.u64()
	if d.err == nil && (n > uint64(most) || n > uint64(d.left/least)) {
		d.fail("%d entries cannot be in the %d bytes that are left", n, d.left)
		return 0
	}
	return int(n)
}

func (d *decoder) text(most int64) string {
	n := d.count(1, most)
	if d.err != nil {
		return ""
	}
	b := make([]byte, n)
	d.bytes(b)
	return string(b)
}

func (d *decoder) file(f *File) {
	d.where = "magic"
	var m [4]byte
	d.bytes(m[:])
	if m != magic {
		d.fail("it begins with %q, want %q", m[:], magic[:])
	}
	d.where = "version"
	f.Version = d.u32()
	if d.err == nil && f.Version>>16 != 0 && f.Version&0xffff == 0 {
		d.fail("its byte order is not this machine's")
	}
	if d.err == nil && f.Version != 2 && f.Version != 3 {
		d.fail("version %d, want 2 or 3", f.Version)
	}
	d.where = "counts"
	tensors := d.count(24, maxEntries)
	entries := d.count(13, maxEntries)
	for i := 0; i < entries && d.err == nil; i++ {
		d.where = fmt.Sprintf("metadata %d", i)
		key := d.text(maxKey)
		if d.err == nil && (key == "" || !utf8.ValidString(key)) {
			d.fail("a key that is empty or not UTF-8")
		}
		d.where = fmt.Sprintf("metadata %q", key)
		kv := KV{Key: key, Value: d.value(Type(d.u32()), 0)}
		if _, twice := f.index[key]; twice && d.err == nil {
			d.fail("given twice")
		}
		f.index[key] = len(f.Meta)
		f.Meta = append(f.Meta, kv)
	}
	seen := map[string]bool{}
	for i := 0; i < tensors && d.err == nil; i++ {
		d.where = fmt.Sprintf("tensor %d", i)
		t := d.tensor()
		if d.err == nil && seen[t.Name] {
			d.fail("%q is given twice", t.Name)
		}
		seen[t.Name] = true
		f.Tensors = append(f.Tensors, t)
	}
	d.layout(f)
}

func (d *decoder) tensor() Tensor {
	t := Tensor{Name: d.text(maxKey)}
	n := d.u32()
	if d.err == nil && n > maxDims {
		d.fail("%q has %d dimensions", t.Name, n)
	}
	elements := uint64(1)
	for range n {
		if d.err != nil {
			break
		}
		v := d.u64()
		if v != 0 && elements > math.MaxInt64/v {
			d.fail("%q is larger than any file", t.Name)
		}
		elements *= v
		t.Dims = append(t.Dims, v)
	}
	t.Type, t.Offset = TensorType(d.u32()), d.u64()
	return t
}

// layout finds where the tensors begin and checks that each begins in the file.
func (d *decoder) layout(f *File) {
	if d.err != nil {
		return
	}
	d.where = "layout"
	f.Alignment = 32
	if a, ok := f.Int("general.alignment"); ok {
		if a <= 0 || a > 1<<20 || a&(a-1) != 0 {
			d.fail("alignment %d is no power of two", a)
			return
		}
		f.Alignment = uint64(a)
	}
	f.Data = int64(align(uint64(d.read), f.Alignment))
	for i := range f.Tensors {
		t := &f.Tensors[i]
		size, known := t.bytes()
		room := f.Size - f.Data
		switch {
		case room < 0 || t.Offset > uint64(room):
			d.fail("tensor %q begins behind the file's end: was it cut short?", t.Name)
		case known && size > uint64(room)-t.Offset:
			d.fail("tensor %q ends behind the file's end: was it cut short?", t.Name)
		case t.Offset%f.Alignment != 0:
			d.fail("tensor %q is not aligned", t.Name)
		}
	}
}

// bytes is the size of a tensor's data; known is false for quantised types.
func (t *Tensor) bytes() (n uint64, known bool) {
	switch t.Type {
	case F32:
		return 4 * min(t.Elements(), math.MaxUint64/4), true
	case F16, BF16:
		return 2 * min(t.Elements(), math.MaxUint64/2), true
	}
	return 0, false
}

func align(n, to uint64) uint64 { return (n + to - 1) / to * to }
