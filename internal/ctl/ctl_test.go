package ctl

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fake is a run that remembers what was asked of it.
type fake struct {
	mu  sync.Mutex
	did []string
	s   Status
}

func (f *fake) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did = append(f.did, fmt.Sprintf(format, args...))
}
func (f *fake) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.s
}
func (f *fake) Pause()               { f.note("pause"); f.set(func() { f.s.Paused = true }) }
func (f *fake) Resume()              { f.note("resume"); f.set(func() { f.s.Paused = false }) }
func (f *fake) SetConcurrency(n int) { f.note("concurrency %d", n) }
func (f *fake) Cancel(reason string) { f.note("cancel %s", reason) }
func (f *fake) set(edit func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit()
}

// folder is a short directory for sockets.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	got, err := Dir(func(k string) string { return map[string]string{"XDG_RUNTIME_DIR": dir}[k] })
	if err != nil {
		t.Fatal(err)
	}
	if got != filepath.Join(dir, "olmo-eval") {
		t.Fatalf("sockets in %s", got)
	}
	if info, err := os.Stat(got); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v %v", info.Mode(), err)
	}
	return got
}

const run1, run2 = "01995d6e-0000-7000-8000-000000000001", "01995d6e-0000-7000-8000-000000000002"

func TestARunIsSteered(t *testing.T) {
	ctx, dir := context.Background(), folder(t)
	f := &fake{s: Status{RunID: run1, Total: 10, Done: 3, Failures: map[string]int64{"infra_network": 1}}}
	closing, err := Serve(ctx, dir, run1, f)
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	other, err := Serve(ctx, dir, run2, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := Live(ctx, dir); err != nil || !slices.Equal(ids, []string{run1, run2}) {
		t.Fatalf("live: %v %v", ids, err)
	}
	other()
	if ids, err := Live(ctx, dir); err != nil || !slices.Equal(ids, []string{run1}) {
		t.Fatalf("live: %v %v", ids, err)
	}
	if _, err := Serve(ctx, dir, run1, f); err == nil || !strings.Contains(err.Error(), "already answers") {
		t.Errorf("a second server: %v", err)
	}
	c, err := Dial(ctx, dir, run1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, r := range []Request{{Verb: VerbPause}, {Verb: VerbConcurrency, N: 7}, {Verb: VerbResume}, {Verb: VerbCancel, Reason: "enough"}, {Verb: VerbStatus}} {
		s, err := c.Do(ctx, r)
		if err != nil || s.RunID != run1 || s.Total != 10 || s.Failures["infra_network"] != 1 || s.Paused != (r.Verb == VerbPause || r.Verb == VerbConcurrency) {
			t.Errorf("%s: %+v %v", r.Verb, s, err)
		}
	}
	if got := strings.Join(f.did, ", "); got != "pause, concurrency 7, resume, cancel enough" {
		t.Error(got)
	}
	for _, bad := range []Request{{Verb: "explode"}, {Verb: VerbConcurrency, N: -1}} {
		if _, err := c.Do(ctx, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	closing()
	if _, err := c.Do(ctx, Request{Verb: VerbStatus}); err == nil {
		t.Error("a run that ended replied")
	}
	if _, err := Dial(ctx, dir, run1); err == nil || !strings.Contains(err.Error(), "not live") {
		t.Errorf("%v", err)
	}
}

// A process that was killed leaves its socket; the next takes its place, and
// nobody is shown it as live.
func TestSocketsOfTheDead(t *testing.T) {
	ctx, dir := context.Background(), folder(t)
	for _, id := range []string{run1, run2} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "unix", filepath.Join(dir, id+".sock"))
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		l.Close()
	}
	closing, err := Serve(ctx, dir, run1, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	if ids, err := Live(ctx, dir); err != nil || !slices.Equal(ids, []string{run1}) {
		t.Errorf("live: %v %v", ids, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, run2+".sock")); !os.IsNotExist(err) {
		t.Error("the dead socket is still there")
	}
}

func TestOtherVersionsAreTold(t *testing.T) {
	ctx, dir := context.Background(), folder(t)
	closing, err := Serve(ctx, dir, run1, &fake{})
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	conn, err := net.Dial("unix", filepath.Join(dir, run1+".sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	for _, c := range []struct{ send, want string }{
		{`{"v":2,"do":"status"}`, `this run speaks 1`},
		{`nonsense`, `no JSON object`},
		{`{"v":1,"do":"status"}`, `"status":{`},
	} {
		fmt.Fprintln(conn, c.send)
		if !lines.Scan() || !strings.Contains(lines.Text(), c.want) {
			t.Errorf("%s: %s", c.send, lines.Text())
		}
	}
}

func TestDirs(t *testing.T) {
	long := filepath.Join("/tmp", strings.Repeat("x", 90))
	dir, err := Dir(func(string) string { return long })
	if err != nil || len(dir)+idRoom > longest {
		t.Errorf("%s %v", dir, err)
	}
	if _, err := socket(dir, "../evil"); err == nil {
		t.Error("a path as run id")
	}
	if _, err := socket("/tmp/"+strings.Repeat("y", 80), run1); err == nil || !strings.Contains(err.Error(), "XDG_RUNTIME_DIR") {
		t.Errorf("%v", err)
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := own(file); err == nil {
		t.Error("a file is taken for a folder")
	}
	link := filepath.Join(t.TempDir(), "l")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if err := own(link); err == nil {
		t.Error("a link to a folder is taken for one")
	}
	wide := filepath.Join(t.TempDir(), "wide")
	if err := os.Mkdir(wide, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := own(wide); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(wide); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"v":1,"do":"concurrency","n":3}`))
	f.Add([]byte(`{"v":1,"do":"cancel","reason":"x"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		r, err := parse(line)
		if err == nil && (r.Version != Version || r.Verb == VerbConcurrency && r.N < 0) {
			t.Errorf("%q was read as %+v", line, r)
		}
		if err == nil {
			_ = act(context.Background(), &fake{}, r)
		}
	})
}
