package child

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func sh(script string) Spec { return Spec{Args: []string{"sh", "-c", script}} }

func start(t *testing.T, s Spec) *Process {
	t.Helper()
	p, err := Start(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestConversation(t *testing.T) {
	p := start(t, sh(`while read -r l; do echo "got $l"; done; echo bye >&2; exit 3`))
	lines := bufio.NewReader(p.Out)
	for _, word := range []string{"one", "two"} {
		if _, err := io.WriteString(p.In, word+"\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadLine(lines, 100, false); err != nil || string(got) != "got "+word {
			t.Fatalf("ReadLine = %q, %v", got, err)
		}
	}
	p.Stop(30 * time.Second)
	var exit *exec.ExitError
	if !errors.As(p.Err(), &exit) || exit.ExitCode() != 3 {
		t.Errorf("Err = %v, want exit code 3", p.Err())
	}
	if got := p.Tail().String(); got != "bye" {
		t.Errorf("Tail = %q", got)
	}
	if p.Alive() {
		t.Error("alive after Stop")
	}
}

// hold makes a named pipe; dead returns when no process holds it open any more.
func hold(t *testing.T) (path string, dead func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "held")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	return path, func() {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_ = f.SetReadDeadline(time.Now().Add(time.Minute))
		if b, err := io.ReadAll(f); err != nil || len(b) > 0 {
			t.Fatalf("a process outlived its leader: %q, %v", b, err)
		}
	}
}

// ready waits for the line that says that the process holds the pipe.
func ready(t *testing.T, r io.Reader) {
	t.Helper()
	if line, err := ReadLine(bufio.NewReader(r), 100, false); err != nil || string(line) != "ready" {
		t.Fatalf("ReadLine = %q, %v, want ready", line, err)
	}
}

func TestGroupDiesWithLeader(t *testing.T) {
	for name, end := range map[string]func(*Process){
		"killed": (*Process).Kill,
		"ended":  func(p *Process) { p.In.Close(); <-p.Exited() },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "ended" && runtime.GOOS != "linux" {
				t.Skip("only Linux kills what a leader leaves behind")
			}
			path, dead := hold(t)
			// The reader's end stays open here, so that opening does not block.
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			p := start(t, sh(`exec 3>"`+path+`"; sleep 1000 >&- & echo ready; read -r l; exit 0`))
			ready(t, p.Out)
			f.Close()
			end(p)
			dead()
		})
	}
}

// parentOf is set for a copy of this test that starts a process and waits.
const parentOf = "OLMO_EVAL_TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if script := os.Getenv(parentOf); script != "" {
		p, err := Start(sh(script))
		if err == nil {
			_, err = io.Copy(os.Stdout, p.Out)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestDiesWithProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the parent-death signal is Linux's")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, dead := hold(t)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	// The child does not look at its stdin and would sleep on.
	script := `exec 3>"` + path + `"; echo ready; exec sleep 1000`
	parent := exec.Command(exe)
	parent.Env = append(os.Environ(), parentOf+"="+script)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	ready(t, out)
	f.Close()
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	dead()
}

func TestStopTerminates(t *testing.T) {
	// It ignores the end of its stdin, but not SIGTERM.
	p := start(t, sh(`trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done`))
	if _, err := ReadLine(bufio.NewReader(p.Out), 100, false); err != nil {
		t.Fatal(err)
	}
	p.In.Close()
	p.Signal(syscall.SIGTERM)
	<-p.Exited()
	var exit *exec.ExitError
	if !errors.As(p.Err(), &exit) || exit.ExitCode() != 7 {
		t.Errorf("Err = %v, want exit code 7", p.Err())
	}
	// One that ignores both is killed.
	p = start(t, sh(`trap '' TERM; echo ready; while :; do sleep 0.01; done`))
	if _, err := ReadLine(bufio.NewReader(p.Out), 100, false); err != nil {
		t.Fatal(err)
	}
	p.Stop(time.Millisecond)
	if p.Alive() {
		t.Error("alive after Stop")
	}
}

func TestStartErrors(t *testing.T) {
	if _, err := Start(Spec{}); err == nil {
		t.Error("an empty command started")
	}
	if _, err := Start(Spec{Args: []string{"no-such-program-x"}}); !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("no-such-program-x: %v", err)
	}
	if _, err := Start(Spec{Args: []string{"./x"}, Dir: t.TempDir()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("./x: %v", err)
	}
}

func TestEnvAndStderr(t *testing.T) {
	var stderr strings.Builder
	p := start(t, Spec{Args: []string{"/bin/sh", "-c", `echo "[$A][$HOME]" >&2`}, Env: []string{"A=1"}, Stderr: &stderr})
	<-p.Exited()
	if got := stderr.String(); got != "[1][]\n" {
		t.Errorf("stderr = %q", got)
	}
}

func TestReadLine(t *testing.T) {
	tests := []struct {
		in      string
		limit   int
		partial bool
		want    []string
		err     error
	}{
		{"a\n\nbb\r\nc", 10, true, []string{"a", "bb", "c"}, io.EOF},
		{"a\nc", 10, false, []string{"a"}, io.EOF},
		{"a\n" + strings.Repeat("x", 100) + "\n", 50, true, []string{"a"}, ErrLong},
		{strings.Repeat("x", 100) + "\n", 200, false, []string{strings.Repeat("x", 100)}, io.EOF},
		{"\n\n", 10, true, nil, io.EOF},
	}
	for _, tt := range tests {
		r := bufio.NewReaderSize(strings.NewReader(tt.in), 16)
		var got []string
		for {
			line, err := ReadLine(r, tt.limit, tt.partial)
			if err != nil {
				if !errors.Is(err, tt.err) {
					t.Errorf("%q: %v, want %v", tt.in, err, tt.err)
				}
				break
			}
			got = append(got, string(line))
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}
