package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test's binary be what a run needs around it: a watcher, a
// server like vllm, the children of one, and a run that is killed.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve-watch":
			os.Exit(Watch(os.Args[2:]))
		case "fake":
			fake(os.Args[2], os.Args[3:])
		case "child":
			signal.Ignore(syscall.SIGTERM)
			select {}
		case "victim":
			victim(os.Args[2])
		}
	}
	os.Exit(m.Run())
}

// launch is what a fake server says when it starts, and word what it is told.
type launchWord struct {
	Kind     string   `json:"kind"`
	PID      int      `json:"pid"`
	Port     string   `json:"port"`
	Args     []string `json:"args"`
	Env      []string `json:"env"`
	Children []int    `json:"children"`
	Config   string   `json:"config"`
}

// word is how a fake shall behave. The zero value is a good server.
type word struct {
	Print     string // at once
	Noise     int    // bytes to print, before it is ready and again with each answer
	Exit      int    // code to exit with at once
	Sick      bool   // /health is 503
	Stubborn  bool   // ignores SIGTERM
	Children  bool   // starts one of its own group and one of its own session
	DieAt     int    // SIGKILL itself when so many requests wait, after Answer answers
	Answer    int
	AnyKey    bool // takes any key
	ShowKey   bool // prints its key
	HangAfter int  // goes silent after so many answers
}

// control is where fakes ask what to do: every start of one is seen by the test,
// which answers when it wants.
type control struct {
	*httptest.Server
	mu     sync.Mutex
	starts []launchWord
	answer func(n int, l launchWord) word
}

func newControl(t *testing.T, answer func(n int, l launchWord) word) *control {
	t.Helper()
	c := &control{answer: answer}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var l launchWord
		if err := json.NewDecoder(r.Body).Decode(&l); err != nil {
			t.Error(err)
		}
		c.mu.Lock()
		n := len(c.starts)
		c.starts = append(c.starts, l)
		c.mu.Unlock()
		var say word
		if c.answer != nil {
			say = c.answer(n, l)
		}
		json.NewEncoder(w).Encode(say)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *control) seen() []launchWord {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.starts)
}

// install makes programs named like the servers on a PATH of their own.
func install(t testing.TB) (path string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, kind := range map[string]string{"vllm": VLLM, "llama-server": LlamaServer, "python3": "python"} {
		script := fmt.Sprintf("#!/bin/sh\nexec '%s' fake %s \"$@\"\n", self, kind)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fake is a server like vllm's, sglang's or llama.cpp's on the wire.
func fake(kind string, args []string) {
	f := &fakeServer{key: os.Getenv("VLLM_API_KEY"), health: http.StatusOK}
	if kind == "python" {
		kind = SGLang
		if !slices.Contains(args, "sglang.launch_server") {
			kind = VLLM
		}
	}
	if kind == LlamaServer {
		f.key = os.Getenv("LLAMA_API_KEY")
	}
	l := launchWord{Kind: kind, PID: os.Getpid(), Args: args, Env: os.Environ(), Port: value(args, "--port"), Config: value(args, "--config")}
	if kind == SGLang {
		b, err := os.ReadFile(l.Config)
		check(err)
		f.key = strings.TrimSpace(strings.TrimPrefix(string(b), "api-key:"))
	}
	f.model = value(args, "--served-model-name")
	if kind == LlamaServer {
		f.model = value(args, "--alias")
	}
	if os.Getenv("FAKE_CHILDREN") != "" {
		l.Children = f.children()
	}
	f.say = ask(l)
	if f.say.Stubborn {
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Print(f.say.Print)
	if f.say.ShowKey {
		fmt.Println("args: Namespace(api_key='" + f.key + "')")
	}
	if f.say.Sick {
		f.health = http.StatusServiceUnavailable
	}
	f.noise()
	if f.say.Exit != 0 {
		os.Exit(f.say.Exit)
	}
	ln, err := net.Listen("tcp", value(args, "--host")+":"+l.Port)
	if err != nil {
		fmt.Println("OSError: [Errno 98]", err)
		os.Exit(1)
	}
	check(http.Serve(ln, f))
}

func check(err error) {
	if err != nil {
		fmt.Println("fake:", err)
		os.Exit(3)
	}
}

func value(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

// ask tells the test of the start and gets its word; without a test it is a
// good server.
func ask(l launchWord) (say word) {
	url := os.Getenv("FAKE_CONTROL")
	if url == "" {
		return say
	}
	b, _ := json.Marshal(l)
	resp, err := http.Post(url, "application/json", strings.NewReader(string(b)))
	check(err)
	defer resp.Body.Close()
	check(json.NewDecoder(resp.Body).Decode(&say))
	return say
}

type fakeServer struct {
	model, key string
	health     int
	say        word
	mu         sync.Mutex
	came       int
	looks      int
	waiting    int
	silent     bool
}

// children are processes as a server starts them for its GPUs; they ignore
// SIGTERM.
func (f *fakeServer) children() []int {
	var out []int
	for _, session := range []bool{false, true} {
		self, err := os.Executable()
		check(err)
		cmd := exec.Command(self, "child")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
		check(cmd.Start())
		out = append(out, cmd.Process.Pid)
	}
	return out
}

func (f *fakeServer) noise() {
	block := strings.Repeat(strings.Repeat("INFO engine statistics ", 20)+"\n", 100)
	for n := 0; n < f.say.Noise; n += len(block) {
		fmt.Print(block)
	}
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	silent := f.silent
	f.mu.Unlock()
	if silent {
		if r.URL.Path == "/health" {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
		return
	}
	if strings.HasPrefix(r.URL.Path, "/v1/") && r.Header.Get("Authorization") != "Bearer "+f.key && !f.say.AnyKey {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"Unauthorized"}`)
		return
	}
	switch r.URL.Path {
	case "/health":
		if f.say.Sick {
			f.mu.Lock()
			f.looks++
			fmt.Printf("look %d\n", f.looks)
			f.mu.Unlock()
		}
		w.WriteHeader(f.health)
	case "/version":
		fmt.Fprint(w, `{"version":"0.11.0-fake"}`)
	case "/metrics":
		fmt.Fprintf(w, "vllm:num_requests_running{model_name=%q} 0\n", f.model)
	case "/v1/models":
		fmt.Fprintf(w, `{"object":"list","data":[{"id":%q,"max_model_len":4096}]}`, f.model)
	case "/v1/completions":
		f.complete(w, r)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// probePrompt is what a pool asks to see whether a server works.
const probePrompt = "One, two,"

func (f *fakeServer) complete(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Model  string `json:"model"`
		Prompt string `json:"prompt"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Model != f.model {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if body.Prompt != probePrompt && !f.admit() {
		<-r.Context().Done()
		return
	}
	f.noise()
	b, _ := json.Marshal("answer to " + body.Prompt)
	fmt.Fprintf(w, `{"choices":[{"index":0,"text":%s,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`, b)
}

// admit counts a request; false leaves it without an answer.
func (f *fakeServer) admit() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.came++
	if f.say.HangAfter > 0 && f.came > f.say.HangAfter {
		f.silent = true
		return false
	}
	if f.say.DieAt == 0 || f.came <= f.say.Answer {
		return true
	}
	if f.waiting++; f.waiting >= f.say.DieAt {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	return false
}

// run is a test's surroundings: a runtime folder, a PATH with fakes, fast waits.
type run struct {
	Options
	control *control
	dir     string
	mu      sync.Mutex
	events  []Event
}

func newRun(t *testing.T, answer func(n int, l launchWord) word) *run {
	t.Helper()
	r := &run{control: newControl(t, answer), dir: t.TempDir()}
	t.Cleanup(func() { noChildren(t) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.Options = Options{
		RuntimeDir: filepath.Join(r.dir, "runtime"), Watcher: []string{self, "serve-watch"}, NvidiaSMI: filepath.Join(r.dir, "absent"),
		Environ: []string{"PATH=" + install(t) + ":/usr/bin:/bin", "FAKE_CONTROL=" + r.control.URL, "HOME=" + r.dir,
			"GORACE=atexit_sleep_ms=0"}, // a second for each process otherwise
		Timing: Timing{Poll: 5 * time.Millisecond, Health: 10 * time.Millisecond, Answer: time.Minute, Progress: 20 * time.Millisecond,
			Grace: 200 * time.Millisecond, Backoff: time.Millisecond, Window: time.Hour},
		Events: func(e Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, e)
		},
	}
	return r
}

// noChildren holds that no process of ours is left, not even as a zombie.
func noChildren(t *testing.T) {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		s := string(b)
		if rest := strings.Fields(s[strings.LastIndexByte(s, ')')+1:]); len(rest) > 1 && rest[1] == fmt.Sprint(os.Getpid()) {
			t.Errorf("a child process is left: %s", s)
		}
	}
}

// told are the texts of the events of a kind.
func (r *run) told(kind EventKind) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, e := range r.events {
		if e.Kind == kind {
			out = append(out, e.Text)
		}
	}
	return out
}

func (r *run) spec() Spec {
	return Spec{Kind: VLLM, Model: "org/m", LogDir: filepath.Join(r.dir, "logs"), StartTimeout: 2 * time.Minute}
}

// start starts servers that the test's end stops.
func (r *run) start(t *testing.T, s Spec) *Pool {
	t.Helper()
	p, err := Start(context.Background(), s, r.Options)
	if err != nil {
		t.Fatalf("%v\n%s", err, r.output())
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// output is all that servers have printed.
func (r *run) output() string {
	var all []byte
	files, _ := filepath.Glob(filepath.Join(r.dir, "logs", "*"))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		all = append(all, b...)
	}
	return string(all)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// runs reports whether a process is there and not a zombie.
func runs(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	s := string(b)
	rest := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	return len(rest) > 0 && rest[0] != "Z" && rest[0] != "X"
}

// victim is a run that is killed: it starts a server and says which processes
// there are.
func victim(dir string) {
	self, err := os.Executable()
	check(err)
	p, err := Start(context.Background(), Spec{Kind: VLLM, Model: "org/m"}, Options{RuntimeDir: dir, Watcher: []string{self, "serve-watch"},
		NvidiaSMI: filepath.Join(dir, "absent"), Environ: os.Environ(), Timing: Timing{Grace: 200 * time.Millisecond, Poll: 5 * time.Millisecond}})
	check(err)
	fmt.Println("ready", p.Record().Servers[0].Process)
	_, _ = io.Copy(io.Discard, os.Stdin)
	select {}
}
