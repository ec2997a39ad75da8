// Package gguf reads and writes the header of GGUF files, the format of
// llama.cpp's checkpoints: metadata and where each tensor lies. Call [Open];
// tests and tools that make a file call [Write].
//
// Files come from anywhere: every count and length is checked against what is
// left of the file before memory is taken, and a file that is not well formed
// is an error that names the place.
package gguf

// Type is the kind of a metadata value.
type Type uint32

// The kinds of metadata values, as numbered in files.
const (
	Uint8 Type = iota
	Int8
	Uint16
	Int16
	Uint32
	Int32
	Float32
	Bool
	String
	Array
	Uint64
	Int64
	Float64
)

// TensorType is how a tensor's numbers are stored.
type TensorType uint32

// The tensor types that this package can size; files may have others.
const (
	F32  TensorType = 0
	F16  TensorType = 1
	BF16 TensorType = 30
)

// KV is one entry of the metadata. Value is a uint8, int8, uint16, int16,
// uint32, int32, float32, bool, string, uint64, int64 or float64, or a slice of
// one of them; lists of lists are read as []any.
type KV struct {
	Key   string
	Value any
}

// Tensor says what a tensor is and where it lies.
type Tensor struct {
	Name string
	// Dims are the lengths, the fastest-varying first.
	Dims []uint64
	Type TensorType
	// Offset is in bytes from [File.Data].
	Offset uint64
}

// Elements is the product of the lengths.
func (t *Tensor) Elements() uint64 {
	n := uint64(1)
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// File is the header of a GGUF file.
type File struct {
	Version uint32
	Meta    []KV // in the file's order
	Tensors []Tensor
	// Alignment of tensors, in bytes.
	Alignment uint64
	// Data is where the tensors begin, and Size the whole file's, in bytes.
	Data, Size int64
	index      map[string]int
}

// Get is the value of a key, nil if there is none.
func (f *File) Get(key string) any {
	if i, ok := f.index[key]; ok {
		return f.Meta[i].Value
	}
	return nil
}

// Text is a string value, "" if it is absent or something else.
func (f *File) Text(key string) string {
	s, _ := f.Get(key).(string)
	return s
}

// Int is a whole number of any width; ok is false if the value is absent,
// something else, or beyond int64.
func (f *File) Int(key string) (n int64, ok bool) {
	switch v := f.Get(key).(type) {
	case uint8:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= 1<<63-1
	}
	return 0, false
}

// Bool is a truth value, nil if it is absent or something else.
func (f *File) Bool(key string) *bool {
	if v, ok := f.Get(key).(bool); ok {
		return &v
	}
	return nil
}

// Architecture is the family of the network, such as "llama" or "olmo2".
func (f *File) Architecture() string { return f.Text("general.architecture") }

// ContextLength is the window in tokens that the model was trained for, 0 if
// the file does not say.
func (f *File) ContextLength() int {
	n, ok := f.Int(f.Architecture() + ".context_length")
	if !ok || n < 0 || n > 1<<31-1 {
		return 0
	}
	return int(n)
}

// ChatTemplate is the Jinja text that renders chats, "" if there is none.
func (f *File) ChatTemplate() string { return f.Text("tokenizer.chat_template") }

// Token is the text of a special token, named as in the metadata: "bos", "eos";
// "" if the file does not say.
func (f *File) Token(name string) string {
	id, ok := f.Int("tokenizer.ggml." + name + "_token_id")
	tokens, _ := f.Get("tokenizer.ggml.tokens").([]string)
	if !ok || id < 0 || id >= int64(len(tokens)) {
		return ""
	}
	return tokens[id]
}
