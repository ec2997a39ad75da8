package modelspec

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// weightsDigest identifies a checkpoint directory by what can be read quickly:
// its configuration and weight index files by content, its weight files by name,
// size and samples of their content (checkpoints of one training differ in
// nothing else). It is "" where there are no weight files.
func weightsDigest(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	sort.Strings(names)
	h := sha256.New()
	weights := 0
	for _, n := range names {
		path := filepath.Join(dir, n)
		switch ext := filepath.Ext(n); {
		case strings.HasSuffix(n, ".index.json") || n == "config.json" || n == "generation_config.json" || n == "tokenizer_config.json":
			b, err := os.ReadFile(path)
			if err != nil {
				return ""
			}
			fmt.Fprintf(h, "%s %d\n", n, len(b))
			h.Write(b)
		case ext == ".safetensors" || ext == ".bin" || ext == ".gguf" || ext == ".pt" || ext == ".pth" || ext == ".distcp":
			weights++
			if err := sample(h, path); err != nil {
				return ""
			}
		}
	}
	if weights == 0 {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// sample writes a file's name, size and four blocks of its content.
func sample(h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%s %d\n", filepath.Base(path), info.Size())
	buf := make([]byte, 64<<10)
	for i := range int64(4) {
		n, err := f.ReadAt(buf, info.Size()*i/4)
		if err != nil && err != io.EOF {
			return err
		}
		if _, err := h.Write(buf[:n]); err != nil {
			return err
		}
	}
	return nil
}
