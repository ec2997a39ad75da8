package hook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"olmoeval/eval"
)

// sh makes a command of a shell script.
func sh(t *testing.T, script string, timeout time.Duration) Command {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hook.sh"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	return Command{Args: []string{"sh", "hook.sh"}, Dir: dir, Timeout: timeout}
}

const echo = `while read -r line; do printf '%s\n' "$line"; done`

func pool(t *testing.T, c Command, n int) *Pool {
	t.Helper()
	p := NewPool(t.Context(), c, n)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func TestCallMatchesRequests(t *testing.T) {
	p := pool(t, sh(t, echo, 0), 3)
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for i := range 50 {
				want := fmt.Sprintf(`"%d-%d"`, w, i)
				got, err := p.Call(t.Context(), map[string]any{"x": strings.Trim(want, `"`)})
				if err != nil || string(got["x"]) != want {
					t.Errorf("Call = %s, %v, want x %s", got, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestCallFaults(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"crash", `read -r l; echo "boom: bad row" >&2; exit 3`, "died: exit status 3; stderr ends: boom: bad row"},
		{"ends", `read -r l`, "ended without an answer"},
		{"garbage", `read -r l; echo hello`, "no JSON object"},
		{"array", `read -r l; echo '[1]'`, "no JSON object"},
		{"null", `read -r l; echo null`, "no JSON object"},
		{"timeout", `read -r l; sleep 30`, "no answer within 300ms"},
		{"out of order", `read -r l; echo '{"index":7}'`, "answered request"},
		{"own error", `while read -r l; do echo '{"error":"no reference"}'; done`, "no reference"},
		{"closed stdout", `exec >&-; sleep 30`, "without an answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := pool(t, sh(t, tt.script, 300*time.Millisecond), 1)
			for range 2 { // the second call meets a fresh process and the same fault
				_, err := p.Call(t.Context(), map[string]any{})
				var f *eval.Fault
				if !errors.As(err, &f) || f.Status != eval.ScoringError || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("Call: %v, want a scoring error with %q", err, tt.want)
				}
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("message has several lines: %q", err)
				}
			}
		})
	}
}

func TestRestart(t *testing.T) {
	// Each process answers two requests and ends in peace.
	p := pool(t, sh(t, `for i in 0 1; do read -r l || exit 0; echo "$l"; done`, 0), 1)
	for i := range 7 {
		got, err := p.Call(t.Context(), map[string]any{"n": i})
		if err != nil || string(got["n"]) != fmt.Sprint(i) {
			t.Fatalf("Call %d = %s, %v", i, got, err)
		}
	}
	// A process that dies of one request does not take the next one with it.
	p = pool(t, sh(t, `while read -r l; do case $l in *bad*) exit 1;; esac; echo "$l"; done`, 0), 1)
	for i, q := range []string{"good", "bad", "good", "bad", "good"} {
		_, err := p.Call(t.Context(), map[string]any{"q": q})
		if (err != nil) != (q == "bad") {
			t.Errorf("Call %d (%s): %v", i, q, err)
		}
	}
}

func TestExtraLine(t *testing.T) {
	p := pool(t, sh(t, `while read -r l; do echo '{"v":1}'; echo '{"v":2}'; done`, 0), 1)
	if _, err := p.Call(t.Context(), map[string]any{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if got, err := p.Call(t.Context(), map[string]any{}); err == nil {
		t.Errorf("a stale line was taken for an answer: %s", got)
	}
}

func TestContextKillsGroup(t *testing.T) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "mark")
	script := fmt.Sprintf(`(sleep 1; touch %s) & read -r l; sleep 30`, mark)
	c := sh(t, script, 0)
	ctx, cancel := context.WithCancel(t.Context())
	p := NewPool(ctx, c, 1)
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	if _, err := p.Call(ctx, map[string]any{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Call = %v, want the context's error", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("Call returned after %v", d)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	time.Sleep(1300 * time.Millisecond)
	if _, err := os.Stat(mark); err == nil {
		t.Error("a child of the process outlived it")
	}
	if _, err := p.Call(t.Context(), map[string]any{}); err == nil {
		t.Error("a closed pool answered")
	}
}

func TestStartFault(t *testing.T) {
	for _, args := range [][]string{{"no-such-program-x"}, {"./missing.py"}, {}} {
		_, err := pool(t, Command{Args: args, Dir: t.TempDir()}, 1).Call(t.Context(), map[string]any{})
		if f := eval.FaultOf(err); err == nil || f.Status != eval.ScoringError {
			t.Errorf("%v: %v", args, err)
		}
	}
	_, err := pool(t, Command{Args: []string{"no-such-program-x"}}, 1).Call(t.Context(), map[string]any{})
	if f := eval.FaultOf(err); !f.Abort || f.Hint == "" {
		t.Errorf("a program that is not there: %+v, want Abort and a hint", f)
	}
}

func TestDigest(t *testing.T) {
	a, b := sh(t, "echo 1", 0), sh(t, "echo 1", 0)
	da, err := a.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if db, _ := b.Digest(); db != da {
		t.Error("the same command elsewhere has another digest")
	}
	if err := os.WriteFile(filepath.Join(b.Dir, "hook.sh"), []byte("echo 2"), 0o644); err != nil {
		t.Fatal(err)
	}
	if db, _ := b.Digest(); db == da {
		t.Error("a changed file has the same digest")
	}
	b.Args = append(b.Args, "--x")
	if got := b.Files(); len(got) != 1 {
		t.Errorf("Files = %v", got)
	}
}

func BenchmarkCall(b *testing.B) {
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cat.sh"), []byte("exec cat"), 0o644); err != nil {
		b.Fatal(err)
	}
	p := NewPool(b.Context(), Command{Args: []string{"sh", "cat.sh"}, Dir: dir}, 1)
	defer p.Close()
	for b.Loop() {
		if _, err := p.Call(b.Context(), map[string]any{"x": 1}); err != nil {
			b.Fatal(err)
		}
	}
}
