package textdiff

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"os"
)

func TestUnified(t *testing.T) {
	for _, c := range []struct{ name, a, b, want string }{
		{"equal", "x\ny\n", "x\ny\n", ""},
		{"one line", "a\nb\nc\n", "a\nX\nc\n", "--- A\n+++ B\n@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n"},
		{"from nothing", "", "a\n", "--- A\n+++ B\n@@ -0,0 +1 @@\n+a\n"},
		{"to nothing", "a\n", "", "--- A\n+++ B\n@@ -1 +0,0 @@\n-a\n"},
		{"newline at the end", "a\nb", "a\nb\n", "--- A\n+++ B\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
		{"two hunks", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "X\n2\n3\n4\n5\n6\n7\n8\nY\n",
			"--- A\n+++ B\n@@ -1,4 +1,4 @@\n-1\n+X\n 2\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+Y\n"},
		{"joined hunk", "1\n2\n3\n4\n5\n6\n7\n8\n", "X\n2\n3\n4\n5\n6\n7\nY\n",
			"--- A\n+++ B\n@@ -1,8 +1,8 @@\n-1\n+X\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+Y\n"},
	} {
		if got := Unified("A", "B", c.a, c.b); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// What the script says turns a into b, and is as short as it can be.
func TestScriptIsRight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := some(r), some(r)
		la, lb := lines(a), lines(b)
		var fromA, toB strings.Builder
		kept := 0
		for _, o := range script(la, lb) {
			if o.kind != '+' {
				fromA.WriteString(o.line)
			}
			if o.kind != '-' {
				toB.WriteString(o.line)
			}
			if o.kind == ' ' {
				kept++
			}
		}
		if fromA.String() != a || toB.String() != b {
			t.Fatalf("script of %q and %q gives %q and %q", a, b, fromA.String(), toB.String())
		}
		if want := int(subsequence(la, lb).at(0, 0)); kept != want {
			t.Fatalf("script of %q and %q keeps %d lines, want %d", a, b, kept, want)
		}
	}
}

func some(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(9) {
		b.WriteString(string(rune('a'+r.IntN(3))) + "\n")
	}
	if r.IntN(4) == 0 {
		b.WriteString("end")
	}
	return b.String()
}

// patch applies what we write.
func TestPatchTakesIt(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("no patch program here")
	}
	r := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	for range 30 {
		a, b := strings.Repeat("same\n", 8)+some(r)+strings.Repeat("more\n", 9), some(r)+strings.Repeat("same\n", 8)+some(r)
		d := Unified("f", "f", a, b)
		if err := os.WriteFile(file, []byte(a), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(patch, "-s", file)
		cmd.Stdin = strings.NewReader(d)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("patch: %v %s\n%s", err, out, d)
		}
		if got, _ := os.ReadFile(file); string(got) != b {
			t.Fatalf("patch gives %q, want %q\n%s", got, b, d)
		}
	}
}
