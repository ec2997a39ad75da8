// Package corpus finds the recorded behaviour of the reference system for
// tests: gzip JSON Lines in $OLMO_EVAL_CONFORMANCE, or in shared/conformance
// beside the checkout. Without it tests skip and say so.
package corpus

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Dir is the corpus directory; the test is skipped without one.
func Dir(tb testing.TB) string {
	tb.Helper()
	d, err := Find()
	if err != nil {
		tb.Skip(err)
	}
	return d
}

// Find is the corpus directory for a program: $OLMO_EVAL_CONFORMANCE, else
// shared/conformance beside this directory or one above it.
func Find() (string, error) {
	if d := os.Getenv("OLMO_EVAL_CONFORMANCE"); d != "" {
		return d, nil
	}
	d, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		c := filepath.Join(d, "..", "shared", "conformance")
		if _, err := os.Stat(filepath.Join(c, "mirror", "index.json")); err == nil {
			return c, nil
		}
		up := filepath.Dir(d)
		if up == d {
			return "", errors.New("no conformance corpus: set OLMO_EVAL_CONFORMANCE")
		}
		d = up
	}
}

// Rows reads NAME.jsonl.gz, calling see for each row.
func Rows[T any](tb testing.TB, name string, see func(T)) {
	tb.Helper()
	rows(tb, name, false, see)
}

// Exact is Rows with numbers as json.Number where T leaves them open, so that 1
// and 1.0 can be told apart.
func Exact[T any](tb testing.TB, name string, see func(T)) {
	tb.Helper()
	rows(tb, name, true, see)
}

func rows[T any](tb testing.TB, name string, exact bool, see func(T)) {
	tb.Helper()
	f, err := os.Open(filepath.Join(Dir(tb), name+".jsonl.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(z, 1<<20))
	if exact {
		dec.UseNumber()
	}
	n := 0
	for dec.More() {
		var row T
		if err := dec.Decode(&row); err != nil {
			tb.Fatalf("%s, row %d: %v", name, n, err)
		}
		n++
		see(row)
	}
	if n == 0 {
		tb.Fatalf("%s holds no rows", name)
	}
}
