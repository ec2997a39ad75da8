package gguf_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmoeval/internal/gguf"
	"olmoeval/internal/gguf/tiny"
)

func tinyBytes(t testing.TB, c tiny.Config) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiny.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	meta := []gguf.KV{
		{Key: "general.architecture", Value: "x"}, {Key: "a", Value: uint8(7)}, {Key: "b", Value: int32(-7)},
		{Key: "c", Value: float32(0.5)}, {Key: "d", Value: true}, {Key: "e", Value: uint64(1) << 40},
		{Key: "f", Value: int64(-1)}, {Key: "g", Value: 2.5}, {Key: "h", Value: []string{"", "ä", "\x00"}},
		{Key: "i", Value: []int32{1, -2}}, {Key: "j", Value: []float32{}}, {Key: "k", Value: []bool{true, false}},
		{Key: "l", Value: []uint32{9}}, {Key: "x.context_length", Value: uint32(99)}, {Key: "m", Value: "\xff"},
	}
	tensors := []gguf.Weights{{Name: "t", Dims: []uint64{3, 2}, Values: make([]float32, 6)}, {Name: "u", Dims: []uint64{1}, Values: []float32{1}}}
	var b bytes.Buffer
	if err := gguf.Write(&b, meta, tensors); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.Meta, meta) {
		t.Errorf("got %v, want %v", f.Meta, meta)
	}
	if f.ContextLength() != 99 || f.Architecture() != "x" || f.Bool("d") == nil || !*f.Bool("d") || f.Bool("a") != nil {
		t.Errorf("%+v", f)
	}
	if len(f.Tensors) != 2 || f.Tensors[1].Offset != 32 || f.Data%32 != 0 || int64(b.Len()) != f.Data+64 {
		t.Errorf("%+v, data at %d of %d", f.Tensors, f.Data, b.Len())
	}
	if err := gguf.Write(io.Discard, []gguf.KV{{Key: "x", Value: struct{}{}}}, nil); err == nil {
		t.Error("a struct was written")
	}
	if err := gguf.Write(io.Discard, nil, []gguf.Weights{{Name: "t", Dims: []uint64{2}}}); err == nil {
		t.Error("a tensor without its values was written")
	}
}

func TestTiny(t *testing.T) {
	b := tinyBytes(t, tiny.Config{Seed: 1})
	f, err := gguf.Read(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Architecture() != "llama" || f.ContextLength() != tiny.Context || f.ChatTemplate() != tiny.Template || f.Token("bos") != "<s>" || f.Token("eos") != "</s>" || f.Token("sep") != "" {
		t.Errorf("%q %d %q %q", f.Architecture(), f.ContextLength(), f.Token("bos"), f.Token("eos"))
	}
	if len(f.Tensors) != 3+9*tiny.Layers || len(f.Get("tokenizer.ggml.tokens").([]string)) != tiny.Vocab {
		t.Errorf("%d tensors", len(f.Tensors))
	}
	if !bytes.Equal(b, tinyBytes(t, tiny.Config{Seed: 1})) || bytes.Equal(b, tinyBytes(t, tiny.Config{Seed: 2})) {
		t.Error("the seed does not decide the bytes")
	}
}

func TestHostile(t *testing.T) {
	good := tinyBytes(t, tiny.Config{})
	le := binary.LittleEndian
	edit := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(good)) }
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty":            {nil, "ends too early"},
		"other magic":      {edit(func(b []byte) []byte { b[0] = 'X'; return b }), "XGUF"},
		"old version":      {edit(func(b []byte) []byte { b[4] = 1; return b }), "version 1"},
		"other byte order": {edit(func(b []byte) []byte { b[4], b[7] = 0, 3; return b }), "byte order"},
		"many tensors":     {edit(func(b []byte) []byte { le.PutUint64(b[8:], 1<<60); return b }), "cannot be in"},
		"many entries":     {edit(func(b []byte) []byte { le.PutUint64(b[16:], 1<<15); return b }), "tokenizer"},
		"long key":         {edit(func(b []byte) []byte { le.PutUint64(b[24:], 1<<62); return b }), "cannot be in"},
		"no key":           {edit(func(b []byte) []byte { le.PutUint64(b[24:], 0); return b }), "empty"},
		"unknown type":     {edit(func(b []byte) []byte { le.PutUint32(b[52:], 99); return b }), "unknown type 99"},
		"cut in the head":  {good[:1000], "left"},
		"cut in the data":  {good[:len(good)-64], "cut short"},
	} {
		f, err := gguf.Read(bytes.NewReader(c.b), int64(len(c.b)))
		if err == nil {
			t.Errorf("%s: read %d entries", name, len(f.Meta))
		} else if name != "many entries" && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	// A file that says it is longer than it is, as a stream that breaks off.
	if _, err := gguf.Read(bytes.NewReader(good[:500]), 1<<40); err == nil {
		t.Error("a stream that broke off was read")
	}
	nested := func(levels int) []byte {
		b := le.AppendUint64(le.AppendUint64(le.AppendUint32([]byte("GGUF"), 3), 0), 1)
		b = append(le.AppendUint64(b, 1), 'k')
		for i := range levels {
			b = le.AppendUint32(b, uint32(gguf.Array))
			if i > 0 {
				b = le.AppendUint64(b, 1) // in a list of one
			}
		}
		return append(le.AppendUint64(le.AppendUint32(b, uint32(gguf.Uint8)), 1), 7)
	}
	for levels, ok := range map[int]bool{1: true, 3: true, 6: false} {
		b := nested(levels)
		if _, err := gguf.Read(bytes.NewReader(b), int64(len(b))); (err == nil) != ok {
			t.Errorf("%d levels of lists: %v", levels, err)
		}
	}
}

func TestDigest(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	digest := func(p string) string {
		d, err := gguf.Digest(p)
		if err != nil || len(d) != 32 {
			t.Fatalf("%q %v", d, err)
		}
		return d
	}
	b := tinyBytes(t, tiny.Config{})
	one, two := digest(write("a.gguf", b)), digest(write("b.gguf", b))
	b[len(b)-5] ^= 1
	if one != two || one == digest(write("c.gguf", b)) {
		t.Error("the content does not decide the digest")
	}
	if _, err := gguf.Digest(filepath.Join(dir, "none")); err == nil {
		t.Error("a file that is not there has a digest")
	}
	// Of a large file, one changed number at the beginning of a tensor is seen.
	big := filepath.Join(dir, "big.gguf")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	values := make([]float32, 9<<20)
	dims := []uint64{uint64(len(values))}
	if err := gguf.Write(f, nil, []gguf.Weights{{Name: "a", Dims: dims, Values: values}, {Name: "b", Dims: dims, Values: values}}); err != nil {
		t.Fatal(err)
	}
	header, err := gguf.Open(big)
	if err != nil || header.Size < 65<<20 {
		t.Fatalf("%+v %v", header, err)
	}
	before := digest(big)
	if _, err := f.WriteAt([]byte{1}, header.Data+int64(header.Tensors[1].Offset)); err != nil {
		t.Fatal(err)
	}
	if digest(big) == before {
		t.Error("a large file's digest does not see a changed tensor")
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := tiny.Write(&b, tiny.Config{}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes()[:2048])
	var small bytes.Buffer
	if err := gguf.Write(&small, []gguf.KV{{Key: "k", Value: []string{"a"}}}, []gguf.Weights{{Name: "t", Dims: []uint64{1}, Values: []float32{1}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := gguf.Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if file.Data < 0 || len(file.Tensors) > 0 && file.Data > int64(len(b)) {
			t.Errorf("tensors begin at %d of %d", file.Data, len(b))
		}
		_ = file.Token("bos") + file.ChatTemplate()
		_ = file.ContextLength()
	})
}
