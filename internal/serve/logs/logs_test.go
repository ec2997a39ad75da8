package logs

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDrain(t *testing.T) {
	const text = "one\r\ntwo\n\n\x1b[31mred\x1b[0m key sk-secret!\nLoading shards:   0% Completed | 0/4\rLoading shards:  50% Completed | 2/4\rLoading shards: 100% Completed | 4/4\nlast"
	want := []string{"one", "two", "red key ***!", "Loading shards: 100% Completed | 4/4", "last"}
	for name, wrap := range map[string]func(s string) *Log{
		"whole": func(s string) *Log { return drain(t, s, false) },
		"bytes": func(s string) *Log { return drain(t, s, true) },
	} {
		if got := wrap(text).Tail(10); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	long := drain(t, strings.Repeat("x", 3*maxLine+5)+"\nend\n", false).Tail(10)
	if len(long) != 5 || len(long[0]) != maxLine || long[3] != "xxxxx" || long[4] != "end" {
		t.Errorf("a long line: %d parts", len(long))
	}
}

func drain(t *testing.T, text string, single bool) *Log {
	t.Helper()
	l, err := Open(Config{Secrets: []string{"sk-secret", "x"}})
	if err != nil {
		t.Fatal(err)
	}
	var r = iotest.DataErrReader(strings.NewReader(text))
	if single {
		r = iotest.OneByteReader(strings.NewReader(text))
	}
	if err := l.Drain(r); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "vllm.log")
	seen := 0
	l, err := Open(Config{Path: path, Bytes: 1000, Files: 3, Lines: 5, Line: func(string, bool) { seen++ }})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&all, "line %04d\n", i)
	}
	if err := l.Drain(strings.NewReader(all.String())); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var kept string
	files, _ := filepath.Glob(path + "*")
	for _, name := range []string{path + ".2", path + ".1", path} {
		b, err := os.ReadFile(name)
		if err != nil || len(b) > 1000 {
			t.Fatalf("%s: %d bytes, %v", name, len(b), err)
		}
		kept += string(b)
	}
	if len(files) != 3 || !strings.HasSuffix(all.String(), kept) || len(kept) < 2000 || seen != 1000 {
		t.Errorf("files %v keep %d bytes, %d lines seen", files, len(kept), seen)
	}
	if got := l.Tail(2); !reflect.DeepEqual(got, []string{"line 0998", "line 0999"}) {
		t.Errorf("tail %q", got)
	}
}

// TestFullDisk holds that output is read on when it cannot be kept.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	l, err := Open(Config{Path: "/dev/full"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Drain(strings.NewReader("a\nb\n")); err != nil || len(l.Tail(9)) != 2 {
		t.Errorf("%v, %q", err, l.Tail(9))
	}
	if l.Close() == nil {
		t.Error("the failure is not told")
	}
}

func FuzzDrain(f *testing.F) {
	f.Add("a\r\nb\rc", 3)
	f.Fuzz(func(t *testing.T, s string, n int) {
		l, _ := Open(Config{Lines: 1 + n&7})
		if err := l.Drain(strings.NewReader(s)); err != nil || len(l.Tail(100)) > 8 {
			t.Error(err)
		}
	})
}
