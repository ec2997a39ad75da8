package weights

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// maxHeader is what the format allows.
const maxHeader = 100 << 20

// header is the beginning of a safetensors file.
type header struct {
	raw []byte
	// data is where the tensors begin; size is what the file should have.
	data, size int64
	tensors    []tensor
}

type tensor struct {
	name       string
	dtype      string
	elements   int64
	begin, end int64 // from data on
}

// readHeader reads the header of a safetensors file of a length. A file that
// is too short for its header is an error.
func readHeader(r io.Reader, size int64) (*header, error) {
	var n uint64
	if err := binary.Read(r, binary.LittleEndian, &n); err != nil {
		return nil, fmt.Errorf("no safetensors header: %w", err)
	}
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("safetensors header of %d bytes in a file of %d", n, size)
	}
	h := &header{raw: make([]byte, n), data: 8 + int64(n)}
	if _, err := io.ReadFull(r, h.raw); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(h.raw, &entries); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	for name, raw := range entries {
		if name == "__metadata__" {
			continue
		}
		var e struct {
			DType   string  `json:"dtype"`
			Shape   []int64 `json:"shape"`
			Offsets []int64 `json:"data_offsets"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, fmt.Errorf("safetensors header: %s: %w", name, err)
		}
		if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > 1<<50 {
			return nil, fmt.Errorf("safetensors header: %s: data_offsets %v", name, e.Offsets)
		}
		t := tensor{name: name, dtype: e.DType, begin: e.Offsets[0], end: e.Offsets[1], elements: 1}
		for _, d := range e.Shape {
			if d < 0 || d > 0 && t.elements > 1<<50/d {
				return nil, fmt.Errorf("safetensors header: %s: shape %v", name, e.Shape)
			}
			t.elements *= d
		}
		h.tensors = append(h.tensors, t)
		h.size = max(h.size, t.end)
	}
	h.size += h.data
	sort.Slice(h.tensors, func(i, j int) bool {
		a, b := h.tensors[i], h.tensors[j]
		return a.begin < b.begin || a.begin == b.begin && a.name < b.name
	})
	return h, nil
}

// readSafetensors takes what the headers of the weights say, and finds files
// that are cut short or absent.
func (i *Info) readSafetensors(dir string, sizes map[string]int64) error {
	bytes := map[string]int64{}
	if err := i.checkIndex(dir); err != nil {
		return err
	}
	for _, name := range i.Weights {
		if path.Ext(name) != ".safetensors" {
			if sizes[name] == 0 {
				i.Missing = append(i.Missing, "the content of "+name)
			}
			continue
		}
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		h, err := readHeader(f, sizes[name])
		f.Close()
		switch {
		case err != nil:
			i.Missing = append(i.Missing, fmt.Sprintf("a readable %s (%v)", name, err))
			continue
		case h.size > sizes[name]:
			i.Missing = append(i.Missing, fmt.Sprintf("the end of %s (it has %d of %d bytes)", name, sizes[name], h.size))
		}
		for _, t := range h.tensors {
			bytes[t.dtype] += t.end - t.begin
			i.Parameters += t.elements
		}
	}
	if i.DType == "" {
		i.DType = dtypeName(commonest(bytes))
	}
	return nil
}

// commonest is the key of the largest value, "" if there are none.
func commonest(bytes map[string]int64) string {
	best := ""
	for k, n := range bytes {
		if best == "" || n > bytes[best] || n == bytes[best] && k < best {
			best = k
		}
	}
	return best
}

// checkIndex compares the index of the weights with the files.
func (i *Info) checkIndex(dir string) error {
	if len(i.Weights) < 1 {
		return nil
	}
	stem := "model.safetensors"
	if path.Ext(i.Weights[0]) == ".bin" {
		stem = "pytorch_model.bin"
	}
	want, err := readIndex(filepath.Join(dir, stem+".index.json"))
	for _, f := range want {
		if !slices.Contains(i.Weights, f) && !slices.Contains(i.Missing, f) {
			i.Missing = append(i.Missing, f)
		}
	}
	return err
}

// dtypeName is config.json's word for the header's.
func dtypeName(d string) string {
	names := map[string]string{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I8": "int8", "U8": "uint8", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}
	if n := names[d]; n != "" {
		return n
	}
	return strings.ToLower(d)
}
