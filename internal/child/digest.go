package child

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// Files are the arguments that name existing regular files, as paths that work
// from this program's directory, in order.
func (s Spec) Files() []string {
	var out []string
	for i, a := range s.Args {
		if i == 0 && !strings.Contains(a, "/") {
			continue // searched in PATH
		}
		p := s.Path(a)
		if st, err := os.Stat(p); err == nil && st.Mode().IsRegular() {
			out = append(out, p)
		}
	}
	return out
}

// Digest identifies the command by its arguments and the bytes of its files:
// SHA-256 in hex. Where the files lie does not matter as long as the arguments
// are relative.
func (s Spec) Digest() (string, error) {
	h := sha256.New()
	args, err := json.Marshal(s.Args)
	if err != nil {
		return "", err
	}
	h.Write(args)
	for _, f := range s.Files() {
		sum, err := fileSum(f)
		if err != nil {
			return "", fmt.Errorf("digest of %s: %w", strings.Join(s.Args, " "), err)
		}
		h.Write(sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func fileSum(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
