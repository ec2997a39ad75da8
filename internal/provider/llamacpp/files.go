package llamacpp

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"olmoeval/internal/gguf"
)

// maxSplits bounds the files of one checkpoint.
const maxSplits = 1 << 12

// files lists the files of a checkpoint: the one at path, or all of a split
// one, whose names end in -00001-of-00003.gguf and so on.
func files(path string, f *gguf.File) ([]string, error) {
	n, ok := f.Int("split.count")
	if !ok || n <= 1 {
		return []string{path}, nil
	}
	if n > maxSplits {
		return nil, fmt.Errorf("%s: says that it is one of %d files", path, n)
	}
	stem, ok := strings.CutSuffix(path, fmt.Sprintf("-00001-of-%05d.gguf", n))
	if !ok {
		return nil, fmt.Errorf("%s: a checkpoint in %d files; give the first, ending in -00001-of-%05d.gguf", path, n, n)
	}
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%05d-of-%05d.gguf", stem, i+1, n)
	}
	return out, nil
}

// digest identifies the weights of all files together.
func digest(paths []string) (string, error) {
	if len(paths) == 1 {
		return gguf.Digest(paths[0])
	}
	h := sha256.New()
	for _, p := range paths {
		d, err := gguf.Digest(p)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, d)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}
