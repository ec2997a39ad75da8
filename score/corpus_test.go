package score

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"testing"
)

// corpus calls visit with each row of a file of the recorded corpus, or skips.
func corpus[T any](t *testing.T, name string, visit func(T)) {
	t.Helper()
	dir := os.Getenv("OLMO_EVAL_CONFORMANCE")
	if dir == "" {
		wd, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for p := wd; ; p = filepath.Dir(p) {
			dir = filepath.Join(p, "shared", "conformance")
			if _, err := os.Stat(dir); err == nil {
				break
			}
			if p == filepath.Dir(p) {
				t.Skip("no recorded corpus: set OLMO_EVAL_CONFORMANCE")
			}
		}
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Skip("no recorded corpus: ", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var row T
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		visit(row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
