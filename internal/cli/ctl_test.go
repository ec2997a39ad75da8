package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"olmoeval/internal/ctl"
	"olmoeval/internal/mockserver"
	"olmoeval/internal/provider/mock"
)

// held is a server that keeps the questions of a task until they are let go.
type held struct {
	mock    http.Handler
	asked   atomic.Int64
	entered chan struct{}
	gate    chan struct{} // closed, or one value for each request let go
}

const questions = 40

func (h *held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if bytes.Contains(body, []byte("riddle")) && strings.HasSuffix(r.URL.Path, "completions") {
		h.asked.Add(1)
		h.entered <- struct{}{}
		select {
		case <-h.gate:
		case <-r.Context().Done():
			return
		}
	}
	h.mock.ServeHTTP(w, r)
}

// liveCall is a call with a run under way at a held server.
type liveCall struct {
	*call
	server *held
	url    string
}

func newLiveCall(t *testing.T) *liveCall {
	t.Helper()
	m, err := mock.Parse("mock")
	if err != nil {
		t.Fatal(err)
	}
	c := &liveCall{call: newCall(t), server: &held{mock: mockserver.New(mockserver.Config{Model: m}),
		entered: make(chan struct{}, 10*questions), gate: make(chan struct{})}}
	s := httptest.NewServer(c.server)
	t.Cleanup(s.Close)
	c.url = s.URL
	dir, err := os.MkdirTemp("/tmp", "live")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	c.env["XDG_RUNTIME_DIR"] = dir
	var rows strings.Builder
	for i := range questions {
		fmt.Fprintf(&rows, `{"question":"riddle %d","answer":"%d"}`+"\n", i, i)
	}
	c.file(t, "riddles.jsonl", rows.String())
	return c
}

// start runs the task and returns where its exit code and messages come.
func (c *liveCall) start() <-chan string {
	ended := make(chan string, 1)
	go func() {
		code, _, errs := c.run("run", "-m", "held,base_url="+c.url+"/v1", "-t", "riddles.jsonl", "--concurrency", "4", "--max-failed", "0")
		ended <- fmt.Sprintf("%d %s", code, errs)
	}()
	return ended
}

func (c *liveCall) await(t *testing.T, n int, ended <-chan string) {
	t.Helper()
	for range n {
		select {
		case <-c.server.entered:
		case end := <-ended:
			t.Fatalf("the run ended: %s", end)
		case <-time.After(2 * time.Minute):
			t.Fatal("no request came")
		}
	}
}

func (c *liveCall) status(t *testing.T, args ...string) ctl.Status {
	t.Helper()
	all := rowsOfCall[ctl.Status](t, c.call, append([]string{"ctl"}, args...)...)
	if len(all) != 1 {
		t.Fatalf("%d live runs", len(all))
	}
	return all[0]
}

func exitOf(t *testing.T, ended <-chan string) string {
	t.Helper()
	select {
	case end := <-ended:
		return end
	case <-time.After(2 * time.Minute):
		t.Fatal("the run does not end")
		return ""
	}
}

func TestALiveRunIsPausedAndResumed(t *testing.T) {
	c := newLiveCall(t)
	c.refuses(t, []string{"ctl"}, "no run of this user is live")
	c.refuses(t, []string{"ctl", "puase"}, `"puase"`, "pause")
	c.refuses(t, []string{"ctl", "concurrency", "many"}, "want a number")
	c.refuses(t, []string{"ctl", "pause", "now"}, "takes no")
	ended := c.start()
	c.await(t, 4, ended)
	s := c.status(t, "pause")
	if !s.Paused || s.Total != questions || s.Done != 0 || s.InFlight != 4 || s.Places != 4 || s.ETAS != nil || s.PID != os.Getpid() {
		t.Errorf("%+v", s)
	}
	for range 4 {
		c.server.gate <- struct{}{}
	}
	// The four are answered; the workers go on to the next questions, and wait.
	for end := time.Now().Add(2 * time.Minute); s.InFlight > 0 || s.Waiting < 4; time.Sleep(5 * time.Millisecond) {
		if s = c.status(t, s.RunID[:8], "status"); time.Now().After(end) {
			t.Fatalf("%+v", s)
		}
	}
	if n := c.server.asked.Load(); n != 4 || s.Done != 4 || s.PerS == nil || s.ETAS == nil {
		t.Errorf("%d requests while paused, %+v", n, s)
	}
	if text := c.ok(t, "ctl"); !strings.Contains(text, "paused") || !strings.Contains(text, fmt.Sprintf("4/%d (10 %%)", questions)) {
		t.Error(text)
	}
	if s = c.status(t, "concurrency", "2"); s.Places != 2 || s.Top != 2 {
		t.Errorf("%+v", s)
	}
	if s = c.status(t, "resume"); s.Paused || s.InFlight != 2 {
		t.Errorf("%+v", s)
	}
	c.await(t, 2, ended)
	if n := c.server.asked.Load(); n != 6 {
		t.Errorf("%d requests in all with two at a time", n)
	}
	if s = c.status(t, "concurrency", "0"); s.Top < 4 {
		t.Errorf("%+v", s)
	}
	close(c.server.gate)
	if end := exitOf(t, ended); !strings.HasPrefix(end, "0 ") {
		t.Error(end)
	}
	if n := c.server.asked.Load(); n != questions {
		t.Errorf("%d requests for %d questions", n, questions)
	}
	c.refuses(t, []string{"ctl", s.RunID, "pause"}, "no run of this user is live")
	if got := strings.Join(controls(t, c), " "); got != "pause concurrency resume concurrency" {
		t.Errorf("events: %s", got)
	}
}

func TestALiveRunIsCancelledAndResumes(t *testing.T) {
	c := newLiveCall(t)
	ended := c.start()
	c.await(t, 4, ended)
	if s := c.status(t, "cancel", "--reason", "enough"); !s.Cancelled {
		t.Errorf("%+v", s)
	}
	close(c.server.gate)
	if end := exitOf(t, ended); !strings.HasPrefix(end, "130 ") || !strings.Contains(end, "the same command resumes") {
		t.Error(end)
	}
	first := c.server.asked.Load()
	if first >= questions {
		t.Errorf("%d requests: nothing was cancelled", first)
	}
	if end := exitOf(t, c.start()); !strings.HasPrefix(end, "0 ") || !strings.Contains(end, "resuming run") {
		t.Error(end)
	}
	if n := c.server.asked.Load(); n != questions {
		t.Errorf("%d requests for %d questions", n, questions)
	}
	if got := strings.Join(controls(t, c), " "); got != "cancel" {
		t.Errorf("events: %s", got)
	}
}

// A mock in process has no endpoint, but is paused and hurried alike: one at a
// time it would take minutes.
func TestALiveMockIsHurried(t *testing.T) {
	c := newLiveCall(t)
	var rows strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&rows, `{"question":"%d","answer":"%d"}`+"\n", i, i)
	}
	c.file(t, "many.jsonl", rows.String())
	ended := make(chan int, 1)
	go func() {
		code, _, _ := c.run("run", "-m", "mock:latency=100ms", "-t", "many.jsonl", "--concurrency", "1")
		ended <- code
	}()
	code := exitUsage
	for end := time.Now().Add(2 * time.Minute); code != 0; time.Sleep(5 * time.Millisecond) {
		if code, _, _ = c.run("ctl", "pause"); code != 0 && time.Now().After(end) {
			t.Fatal("the run is never live")
		}
	}
	s := c.status(t)
	for end := time.Now().Add(2 * time.Minute); s.InFlight > 0 || s.Waiting < 1; time.Sleep(5 * time.Millisecond) {
		if s = c.status(t); time.Now().After(end) {
			t.Fatalf("%+v", s)
		}
	}
	if s.Top != 1 || s.Total != 3000 || s.Done == 3000 {
		t.Errorf("%+v", s)
	}
	if s = c.status(t, "concurrency", "3000"); s.Top != 3000 || !s.Paused {
		t.Errorf("%+v", s)
	}
	c.status(t, "resume")
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// controls are what was asked of the one run, from its events.
func controls(t *testing.T, c *liveCall) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, "olmo-eval-results", "runs", "*", "events.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	dec := json.NewDecoder(bytes.NewReader(b))
	for dec.More() {
		var e struct{ Event, Do string }
		if err := dec.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if e.Event == "control" {
			out = append(out, e.Do)
		}
	}
	return out
}
