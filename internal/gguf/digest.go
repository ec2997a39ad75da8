package gguf

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Files up to whole bytes are digested whole; of longer ones the header and
// two blocks of each tensor.
const (
	whole = 64 << 20
	block = 4 << 10
)

// Digest identifies a checkpoint by content, whatever its name: 32 hex digits
// of SHA-256. A file of up to 64 MiB is read whole. Of a larger one, its size,
// its metadata and two blocks of every tensor are read, so that a checkpoint of
// the same training, or one with a few layers changed, has another digest.
func Digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "gguf %d\n", info.Size())
	if info.Size() <= whole {
		_, err = io.Copy(h, file)
	} else {
		err = sample(h, file, info.Size())
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// sample writes the header and the first and a middle block of each tensor.
func sample(h io.Writer, file *os.File, size int64) error {
	f, err := Read(io.NewSectionReader(file, 0, size), size)
	if err != nil {
		return err
	}
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, f.Data)); err != nil {
		return err
	}
	// Tensors need not be listed in the order in which they lie.
	starts := []int64{f.Size}
	for i := range f.Tensors {
		starts = append(starts, f.Data+int64(f.Tensors[i].Offset))
	}
	slices.Sort(starts)
	buf := make([]byte, block)
	for i, start := range starts[:len(starts)-1] {
		end := starts[i+1]
		for _, at := range [...]int64{start, start + (end-start)/2} {
			n, err := file.ReadAt(buf[:min(block, end-at)], at)
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			if _, err := h.Write(buf[:n]); err != nil {
				return err
			}
		}
	}
	return nil
}
