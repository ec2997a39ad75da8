package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"olmoeval/eval"
)

func TestColdStart(t *testing.T) {
	r := newRun(t, func(int, launchWord) word {
		return word{ShowKey: true, Print: "Loading safetensors checkpoint shards:  50% Completed | 1/2\nbearer hf_0123456789\n"}
	})
	r.Environ = append(r.Environ, "VLLM_PYTHON=", "OLMO_EVAL_JUDGE=x", "OPENAI_API_KEY=sk-openai-0123", "S2_API_KEY=sk-s2-0123",
		"HF_TOKEN=hf_0123456789", "VLLM_PORT=5", "VLLM_ATTENTION_BACKEND=FLASH", "MODAL_TOKEN_SECRET=ms-0123456")
	s := r.spec()
	s.MaxModelLen = 4096
	p := r.start(t, s)
	if got := p.BaseURLs(); len(got) != 1 || got[0] != "http://replica-0.olmo-eval.internal/v1" {
		t.Errorf("base urls %q", got)
	}
	l := r.control.seen()[0]
	env := strings.Join(l.Env, "\n")
	for _, leak := range []string{"VLLM_PYTHON", "OLMO_EVAL_", "sk-openai", "sk-s2", "ms-0123456", "VLLM_PORT=5\n"} {
		if strings.Contains(env, leak) {
			t.Errorf("the server sees %s", leak)
		}
	}
	for _, want := range []string{"VLLM_API_KEY=" + p.APIKey(), "HF_TOKEN=hf_0123456789", "VLLM_ATTENTION_BACKEND=FLASH", "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1"} {
		if !strings.Contains(env, want) {
			t.Errorf("the server's environment lacks %s", strings.Split(want, "=")[0])
		}
	}
	if n, err := strconv.Atoi(setting(l, "VLLM_PORT")); err != nil || n < firstInternal || n > lastInternal {
		t.Errorf("VLLM_PORT is %d", n)
	}
	if strings.Contains(env, "CUDA_VISIBLE_DEVICES") {
		t.Error("without gpus CUDA_VISIBLE_DEVICES is left alone")
	}
	if got := strings.Join(l.Args, " "); !strings.HasPrefix(got, "serve org/m --host 127.0.0.1 --port "+l.Port+" --served-model-name org/m --enable-prefix-caching") {
		t.Errorf("command: %s", got)
	}
	noSecretIn(t, p.APIKey())
	if out := r.output(); strings.Contains(out, p.APIKey()) || strings.Contains(out, "hf_0123456789") || !strings.Contains(out, "api_key='***'") {
		t.Errorf("the log shows a key: %s", out)
	}
	rec := p.Record()
	if rec.Version != "0.11.0-fake" || rec.Servers[0].State != "ready" || rec.Servers[0].Process != l.PID || rec.Servers[0].Start <= 0 {
		t.Errorf("record %+v", rec)
	}
	if strings.Contains(fmt.Sprintf("%+v", rec), p.APIKey()) {
		t.Error("the record shows the key")
	}
	if len(r.told(Ready)) != 1 || len(r.told(Progress)) == 0 {
		t.Errorf("events %v", r.events)
	}
	if err := p.Close(); err != nil || p.Close() != nil || runs(l.PID) {
		t.Errorf("after Close: %v, runs %v", err, runs(l.PID))
	}
	if _, err := p.Responder(nil).Respond(context.Background(), nil); !eval.FaultOf(err).Abort {
		t.Errorf("a closed pool: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(serversDir(r.Options), "*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// noSecretIn looks at the arguments of all processes.
func noSecretIn(t *testing.T, secret string) {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	if len(files) == 0 {
		t.Log("no /proc here: arguments are not looked at")
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && strings.Contains(string(b), secret) {
			t.Errorf("%s shows the key", f)
		}
	}
}

func TestOtherKinds(t *testing.T) {
	for _, kind := range []string{SGLang, LlamaServer} {
		r := newRun(t, func(_ int, l launchWord) word {
			if info, err := os.Stat(l.Config); kind == SGLang && (err != nil || info.Mode().Perm() != 0o600) {
				t.Errorf("the file with the key: %v, %v", info, err)
			}
			return word{}
		})
		s := r.spec()
		s.Kind = kind
		p := r.start(t, s)
		l := r.control.seen()[0]
		if l.Kind != kind {
			t.Errorf("%s was started as %s: %q", kind, l.Kind, l.Args)
		}
		noSecretIn(t, p.APIKey())
		p.Close()
		if left, _ := filepath.Glob(filepath.Join(serversDir(r.Options), "*")); len(left) > 0 {
			t.Errorf("%s leaves %v", kind, left)
		}
	}
}

func TestNeverHealthy(t *testing.T) {
	r := newRun(t, func(int, launchWord) word { return word{Sick: true, Print: "loading\nstill loading\n"} })
	late := make(chan struct{})
	r.Timing.late = late
	r.Events = func(e Event) {
		// The second look begins when the first one's outcome is known.
		if e.Kind == Waiting && strings.HasSuffix(e.Text, "look 2") && late != nil {
			close(late)
			late = nil
		}
	}
	r.Timing.Poll = 200 * time.Millisecond
	s := r.spec()
	s.StartTimeout = time.Hour
	_, err := Start(context.Background(), s, r.Options)
	var f *Failure
	if !errors.As(err, &f) || !eval.FaultOf(err).Abort || !strings.Contains(err.Error(), "was not ready after 1h0m0s (/health: 503 Service Unavailable)") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %v", err)
	}
	if runs(r.control.seen()[0].PID) {
		t.Error("it still runs")
	}
	if got := strings.Join(f.Tail, "|"); !strings.HasPrefix(got, "loading|still loading|look 1|look 2") || !strings.Contains(err.Error(), "look 2") {
		t.Errorf("tail %q, error %v", got, err)
	}
}

func TestTimeout(t *testing.T) {
	r := newRun(t, func(int, launchWord) word { return word{Sick: true} })
	s := r.spec()
	s.StartTimeout = time.Millisecond
	if _, err := Start(context.Background(), s, r.Options); err == nil || !strings.Contains(err.Error(), "was not ready after 1ms") {
		t.Errorf("got %v", err)
	}
	for bytes, want := range map[int64]time.Duration{0: 30 * time.Minute, 15 << 30: 15 * time.Minute, 140 << 30: 56*time.Minute + 40*time.Second, 800 << 30: time.Hour} {
		if got := DefaultStartTimeout(bytes); got != want {
			t.Errorf("%d GiB: %s, want %s", bytes>>30, got, want)
		}
	}
}

func TestFatalOutput(t *testing.T) {
	r := newRun(t, func(int, launchWord) word {
		return word{Exit: 1, Print: "Traceback\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB\nRuntimeError: Engine core initialization failed\n"}
	})
	_, err := Start(context.Background(), r.spec(), r.Options)
	f := eval.FaultOf(err)
	if !f.Abort || !strings.Contains(f.Hint, "gpu_memory_utilization") || !strings.Contains(err.Error(), "exited with code 1") || !strings.Contains(err.Error(), "org_m_0.log") {
		t.Errorf("%v; hint %q", err, f.Hint)
	}
	if starts := r.control.seen(); len(starts) != 1 || runs(starts[0].PID) {
		t.Errorf("%d starts", len(starts))
	}
}

func TestCancelledStart(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := newRun(t, func(int, launchWord) word { cancel(); return word{Sick: true, Stubborn: true} })
	s := r.spec()
	s.Replicas = 2
	_, err := Start(ctx, s, r.Options)
	if f := eval.FaultOf(err); f.Status != eval.Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, l := range r.control.seen() {
		if runs(l.PID) {
			t.Error("a server still runs")
		}
	}
}

func TestNoProgram(t *testing.T) {
	r := newRun(t, nil)
	s := r.spec()
	s.Executable = filepath.Join(r.dir, "venv")
	if _, err := Start(context.Background(), s, r.Options); err == nil || !strings.Contains(err.Error(), "server=/path/to/vllm") {
		t.Errorf("got %v", err)
	}
	s.Executable = filepath.Dir(func() string { p, _ := environ(r.Environ).look("vllm"); return p }())
	if err := os.Symlink(".", filepath.Join(s.Executable, "bin")); err != nil {
		t.Fatal(err)
	}
	p := r.start(t, s) // the folder of an environment
	p.Close()
	s.Executable = "python3"
	p = r.start(t, s)
	if l := r.control.seen()[1]; !slices.Equal(l.Args[:4], []string{"-m", "vllm.entrypoints.openai.api_server", "--model", "org/m"}) {
		t.Errorf("with an interpreter: %q", l.Args)
	}
	p.Close()
}

// TestNoise holds that a server that prints 10 MiB, and more with each answer,
// is never stopped by a full pipe, and that its log stays small.
func TestNoise(t *testing.T) {
	r := newRun(t, func(int, launchWord) word { return word{Noise: 10 << 20} })
	r.Timing.LogBytes = 1 << 20
	p := r.start(t, r.spec())
	storm(t, client(t, p), 1)
	p.Close()
	files, _ := filepath.Glob(filepath.Join(r.dir, "logs", "*"))
	if len(files) != 3 {
		t.Errorf("files %v", files)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > 1<<20 {
			t.Errorf("%s: %v, %v", f, info.Size(), err)
		}
	}
}

// stranger is a server that looks like ours, on our port, before us. It tells of
// each token it was asked for.
func stranger(t *testing.T, port string, asked chan<- struct{}) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Error(err)
		return
	}
	f := &fakeServer{model: "org/m", health: http.StatusOK, say: word{AnyKey: true}}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		f.ServeHTTP(w, q)
		if q.URL.Path == "/v1/completions" {
			asked <- struct{}{}
		}
	})}
	go s.Serve(ln)
	t.Cleanup(func() { s.Close() })
}

// TestPortTaken holds that another port is tried, and that a program that took
// the first and answers all that ours would is not mistaken for it.
func TestPortTaken(t *testing.T) {
	asked := make(chan struct{}, 1000)
	r := newRun(t, func(n int, l launchWord) word {
		if n == 0 {
			stranger(t, l.Port, asked)
			// Ours goes on only when the other was asked for a token with our key
			// and with a wrong one, twice.
			for range 4 {
				<-asked
			}
		}
		return word{}
	})
	p := r.start(t, r.spec())
	starts := r.control.seen()
	if len(starts) != 2 || starts[0].Port == starts[1].Port || p.Record().Servers[0].Process != starts[1].PID {
		t.Fatalf("%d starts, record %+v", len(starts), p.Record().Servers)
	}
	if notes := r.told(Note); len(notes) != 1 || !strings.Contains(notes[0], "port "+starts[0].Port+" was taken") {
		t.Errorf("notes %q", notes)
	}
	if n := len(p.Record().Restarts); n != 0 {
		t.Errorf("%d restarts", n)
	}
}

func TestPortsRunOut(t *testing.T) {
	r := newRun(t, func(int, launchWord) word {
		return word{Exit: 1, Print: "OSError: [Errno 98] Address already in use\n"}
	})
	r.Timing.Ports = 3
	if _, err := Start(context.Background(), r.spec(), r.Options); err == nil || len(r.control.seen()) != 3 {
		t.Errorf("%d starts, %v", len(r.control.seen()), err)
	}
}

const smi = `#!/bin/sh
cat <<X
0, GPU-a, NVIDIA H100, 81559, 0, 570.1
1, GPU-b, NVIDIA H100, 81559, 0, 570.1
2, GPU-c, NVIDIA H100, 81559, 80000, 570.1
3, GPU-d, NVIDIA H100, 81559, 0, 570.1
4, GPU-e, NVIDIA H100, 81559, 0, 570.1
X
`

func withGPUs(t *testing.T, r *run) {
	t.Helper()
	r.NvidiaSMI = filepath.Join(r.dir, "nvidia-smi")
	if err := os.WriteFile(r.NvidiaSMI, []byte(smi), 0o755); err != nil {
		t.Fatal(err)
	}
}

func setting(l launchWord, name string) string { return environ(l.Env).get(name) }

// TestTwoStarts holds that cold starts at the same moment share nothing: each
// server waits until all have come.
func TestTwoStarts(t *testing.T) {
	var all sync.WaitGroup
	all.Add(4)
	r := newRun(t, func(int, launchWord) word { all.Done(); all.Wait(); return word{} })
	withGPUs(t, r)
	s := r.spec()
	s.Replicas = 2
	s.WeightsBytes = 16 << 30
	pools := make([]*Pool, 2)
	var wg sync.WaitGroup
	for i := range pools {
		wg.Go(func() {
			var err error
			if pools[i], err = Start(context.Background(), s, r.Options); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	ports, internal, gpus := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, l := range r.control.seen() {
		ports[l.Port], internal[setting(l, "VLLM_PORT")], gpus[setting(l, "CUDA_VISIBLE_DEVICES")] = true, true, true
		if setting(l, "CUDA_DEVICE_ORDER") != "PCI_BUS_ID" {
			t.Error("the order of gpus is not fixed")
		}
	}
	if len(ports) != 4 || len(internal) != 4 || len(gpus) != 4 || gpus["2"] {
		t.Errorf("ports %v, VLLM_PORT %v, gpus %v", ports, internal, gpus)
	}
	if rec := pools[0].Record(); rec.Driver != "570.1" || rec.Servers[0].GPUs[0].Name != "NVIDIA H100" {
		t.Errorf("record %+v", rec)
	}
	_, err := Start(context.Background(), s, r.Options)
	if err == nil || !strings.Contains(err.Error(), "need 2") || !strings.Contains(err.Error(), "have 0") || !strings.Contains(err.Error(), fmt.Sprintf("is held by process %d (vllm org/m)", os.Getpid())) {
		t.Errorf("no gpu is left: %v", err)
	}
	pools[0].Close()
	r.control.answer = nil
	r.start(t, s).Close()
	pools[1].Close()
}

func TestGPUs(t *testing.T) {
	r := newRun(t, nil)
	withGPUs(t, r)
	main, judge := r.spec(), r.spec()
	main.WeightsBytes, main.GPUs = 120<<30, []string{"all"} // two H100
	judge.Model = "org/judge"
	pools, err := StartAll(context.Background(), []Spec{main, judge}, r.Options)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, l := range r.control.seen() {
		name := value(l.Args, "--served-model-name")
		got[name] = append(got[name], setting(l, "CUDA_VISIBLE_DEVICES")+" tp "+value(l.Args, "--tensor-parallel-size"))
	}
	if fmt.Sprint(got) != "map[org/judge:[3 tp ] org/m:[0,1 tp 2]]" {
		t.Errorf("got %v", got)
	}
	if notes := r.told(Note); len(notes) != 1 || !strings.Contains(notes[0], "gpu 2 is left out") {
		t.Errorf("notes %q", notes)
	}
	for _, p := range pools {
		p.Close()
	}
	main.WeightsBytes, main.GPUs = 600<<30, nil
	if _, err := Start(context.Background(), main, r.Options); err == nil || !strings.Contains(err.Error(), "need 16 gpus of 79.6 GiB, have 4") {
		t.Errorf("too large: %v", err)
	}
	none := newRun(t, nil)
	s := none.spec()
	s.TensorParallel = 2
	if _, err := Start(context.Background(), s, none.Options); err == nil || !strings.Contains(err.Error(), "need 2 (tensor_parallel_size=2), have 0") {
		t.Errorf("without gpus: %v", err)
	}
}

// TestRunKilled holds that nothing outlives a run that was killed with SIGKILL:
// the server, its child, and a grandchild with a session of its own.
func TestRunKilled(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	r := newRun(t, func(int, launchWord) word { return word{Stubborn: true} })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "victim", r.RuntimeDir)
	cmd.Env = append(r.Environ, "FAKE_CHILDREN=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready") {
		rest, _ := io.ReadAll(out)
		t.Fatalf("%q%s, %v", line, rest, err)
	}
	l := r.control.seen()[0]
	pids := append([]int{l.PID}, l.Children...)
	for _, pid := range pids {
		if !runs(pid) {
			t.Fatalf("process %d does not run", pid)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	until(t, "the server and its children are gone", func() bool { return !slices.ContainsFunc(pids, runs) })
}
