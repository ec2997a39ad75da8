package proc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var ctx = context.Background()

// TestMain lets the test's binary be a watcher, and a parent that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case "serve-watch":
			os.Exit(Watch(os.Args[2:]))
		case "parent":
			parent(os.Args[2], os.Args[3])
		}
	}
	os.Exit(m.Run())
}

// stubborn ignores SIGTERM, starts one of its own session and one of its own
// group, and prints all three pids.
const stubborn = `trap '' TERM; setsid sh -c 'trap "" TERM; while :; do sleep 1; done' & a=$!
sh -c 'trap "" TERM; while :; do sleep 1; done' & echo $$ $a $!; while :; do sleep 1; done`

func command(t testing.TB, dir, script string, out *os.File) Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Command{Args: []string{"/bin/sh", "-c", script}, Env: append(os.Environ(), "GORACE=atexit_sleep_ms=0"), Output: out, Dir: dir,
		Watcher: []string{self, "serve-watch"}, Grace: 300 * time.Millisecond}
}

// parent starts a server and waits to be killed.
func parent(dir, script string) {
	self, _ := os.Executable()
	_, err := Start(ctx, Command{Args: []string{"/bin/sh", "-c", script}, Env: append(os.Environ(), "GORACE=atexit_sleep_ms=0"), Output: os.Stdout, Dir: dir,
		Watcher: []string{self, "serve-watch"}, Grace: 300 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	select {}
}

// output is a pipe for a child, and its lines.
func output(t *testing.T) (*os.File, *bufio.Reader) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return w, bufio.NewReader(r)
}

// started reads the three pids that stubborn prints.
func started(t *testing.T, out *bufio.Reader) []ident {
	t.Helper()
	line, err := out.ReadString('\n')
	var a, b, c int
	if _, serr := fmt.Sscan(line, &a, &b, &c); serr != nil {
		t.Fatalf("%q: %v, %v", line, serr, err)
	}
	ids := []ident{identify(a), identify(b), identify(c)}
	for _, i := range ids {
		if i.Start == "" {
			t.Fatalf("process %d does not run", i.PID)
		}
	}
	return ids
}

func running(ids []ident) []int {
	var out []int
	for _, i := range ids {
		if i.alive() {
			out = append(out, i.PID)
		}
	}
	return out
}

func waitGone(t *testing.T, ids []ident) {
	t.Helper()
	for end := time.Now().Add(time.Minute); len(running(ids)) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still running: %v", running(ids))
		}
	}
}

func records(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestExit(t *testing.T) {
	for script, want := range map[string]Exit{
		"exit 7":       {Code: 7},
		"kill -9 $$":   {Code: -1, Signal: syscall.SIGKILL},
		"sleep 0.01; ": {},
	} {
		dir := filepath.Join(t.TempDir(), "servers")
		w, _ := output(t)
		p, err := Start(ctx, command(t, dir, script, w))
		if err != nil {
			t.Fatal(err)
		}
		<-p.Exited()
		<-p.Gone()
		p.Stop()
		if p.Exit() != want {
			t.Errorf("%q: %s, want %s", script, p.Exit(), want)
		}
		if left := records(t, dir); len(left) > 0 {
			t.Errorf("%q leaves %v", script, left)
		}
	}
}

func TestStop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "servers")
	w, out := output(t)
	p, err := Start(ctx, command(t, dir, stubborn, w))
	if err != nil {
		t.Fatal(err)
	}
	ids := started(t, out)
	if ids[0].PID != p.PID() || len(records(t, dir)) != 1 {
		t.Errorf("pid %d, want %d; records %v", p.PID(), ids[0].PID, records(t, dir))
	}
	p.Stop()
	p.Stop()
	if left := running(ids); len(left) > 0 {
		t.Errorf("after Stop: %v run", left)
	}
	if p.Exit().Signal != syscall.SIGKILL {
		t.Errorf("it %s", p.Exit())
	}
}

// TestGentleStop holds that SIGTERM comes first.
func TestGentleStop(t *testing.T) {
	w, out := output(t)
	c := command(t, filepath.Join(t.TempDir(), "servers"), `trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done`, w)
	c.Grace = time.Minute
	p, err := Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	up, _ := out.ReadString('\n')
	p.Stop()
	bye, _ := io.ReadAll(out)
	if up != "up\n" || !strings.Contains(string(bye), "bye\n") || p.Exit().Code != 3 {
		t.Errorf("%q, %q, it %s", up, bye, p.Exit())
	}
}

func TestNotStarted(t *testing.T) {
	w, _ := output(t)
	c := command(t, filepath.Join(t.TempDir(), "servers"), "", w)
	c.Args = []string{filepath.Join(t.TempDir(), "absent")}
	if _, err := Start(ctx, c); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("absent program: %v", err)
	}
	c.Watcher = []string{"/bin/true", "serve-watch"}
	if _, err := Start(ctx, c); !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), "/bin/true serve-watch") {
		t.Errorf("a watcher that does not know the command: %v", err)
	}
}

// orphans starts a parent with a stubborn server and returns the parent and
// the server's processes.
func orphans(t *testing.T, dir string) (*exec.Cmd, []ident) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "parent", dir, stubborn)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return cmd, started(t, bufio.NewReader(r))
}

// TestParentKilled is the reason for the watcher: nothing outlives a parent
// that was killed with SIGKILL.
func TestParentKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "servers")
	cmd, ids := orphans(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	waitGone(t, ids)
	for end := time.Now().Add(time.Minute); len(records(t, dir)) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the watcher leaves %v", records(t, dir))
		}
	}
}

// TestWatcherKilled holds that we end a server whose watcher was killed.
func TestWatcherKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "servers")
	w, out := output(t)
	p, err := Start(ctx, command(t, dir, stubborn, w))
	if err != nil {
		t.Fatal(err)
	}
	ids := started(t, out)
	if err := p.watcher.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.Exited()
	p.Stop()
	if left := running(ids); len(left) > 0 || !p.Exit().Lost || len(records(t, dir)) > 0 {
		t.Errorf("%v run, it %s, records %v", left, p.Exit(), records(t, dir))
	}
}

// TestReap holds that what was left after both were killed is found, and
// nothing else is touched.
func TestReap(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "servers")
	cmd, ids := orphans(t, dir)
	if names, err := Reap(dir, time.Minute); err != nil || len(names) > 0 || len(running(ids)) != 3 {
		t.Fatalf("a living watcher: reaped %v, %v, %d run", names, err, len(running(ids)))
	}
	rec := readRecord(t, dir, ids[0].PID)
	// The parent is stopped first so that it cannot end the rest itself.
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(rec.Watcher.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	waitGone(t, []ident{rec.Watcher})
	names, err := Reap(dir, 100*time.Millisecond)
	if err != nil || len(names) != 1 || names[0] != "sh" {
		t.Errorf("reaped %v, %v", names, err)
	}
	if left := running(ids); len(left) > 0 {
		t.Errorf("after Reap: %v run", left)
	}
	if left := records(t, dir); len(left) > 0 {
		t.Errorf("after Reap: %v", left)
	}
}

// readRecord waits for the record that names the server: its first words may
// be read before the watcher has written that.
func readRecord(t *testing.T, dir string, server int) record {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no record of process %d: %v", server, records(t, dir))
		}
		files := records(t, dir)
		if len(files) != 1 {
			continue
		}
		b, err := os.ReadFile(files[0])
		var rec record
		if err == nil && json.Unmarshal(b, &rec) == nil && rec.Server.PID == server {
			return rec
		}
	}
}

// TestReapSparesOthers holds that a recycled number is not killed.
func TestReapSparesOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "servers")
	if err := privateDir(dir); err != nil {
		t.Fatal(err)
	}
	bystander := exec.Command("sleep", "1000")
	bystander.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bystander.Process.Kill(); _ = bystander.Wait() }()
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	rec := record{ID: "abc", Host: hostname(), Boot: bootID(), Name: "vllm",
		Watcher: ident{gone.Process.Pid, "1"}, Server: ident{bystander.Process.Pid, "1"}}
	if err := rec.write(dir); err != nil {
		t.Fatal(err)
	}
	names, err := Reap(dir, 0)
	if err != nil || len(names) > 0 || !identify(bystander.Process.Pid).alive() || len(records(t, dir)) > 0 {
		t.Errorf("reaped %v, %v", names, err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Reap(dir, 0); err == nil {
		t.Error("a folder that others may write gives no error")
	}
}
