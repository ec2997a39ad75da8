package e2e

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// leaky is a server that repeats the caller's key wherever it can.
type leaky struct {
	mu   sync.Mutex
	seen int
	code int // of refusals, 0 for none
	next http.Handler
}

func (l *leaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var said strings.Builder
	for name, values := range r.Header {
		fmt.Fprintf(&said, "%s: %s ", name, strings.Join(values, " "))
	}
	l.mu.Lock()
	l.seen++
	n, code := l.seen, l.code
	l.mu.Unlock()
	w.Header().Set("X-Echo", said.String())
	switch {
	case code != 0:
		w.WriteHeader(code)
	case n%5 == 0 && strings.HasSuffix(r.URL.Path, "completions"):
		w.WriteHeader(http.StatusInternalServerError)
	default:
		l.next.ServeHTTP(w, r)
		return
	}
	fmt.Fprintf(w, `{"error":{"message":%q,"param":%q}}`, "Incorrect API key provided: "+said.String(), said.String())
}

// arguments gathers the arguments of a process and of its children while it runs.
func arguments(into *bytes.Buffer) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			into.Write(b)
		}
	}
}

// A key is in no log, record, trace, message or process list, whatever a server
// does with it.
func TestKeysAreNowhere(t *testing.T) {
	const key = "sk-verysecret-0123456789abcdef"
	var told bytes.Buffer
	var mu sync.Mutex
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&told, r.Body)
	}))
	defer collector.Close()
	calm := serve(t, "mock:latency=2ms")
	for name, c := range map[string]struct {
		code  int
		model string
		exit  int
	}{
		"faults":      {0, "m,base_url=%s/v1,model=mock", 0},
		"refused":     {401, "m,base_url=%s/v1,model=mock", 4},
		"header":      {0, "m,base_url=%s/v1,model=mock,headers={X-Api-Key: '${MY_KEY}'}", 0},
		"anthropic":   {401, "m,kind=anthropic,base_url=%s,api_key_env=MY_KEY", 4},
		"gemini":      {403, "m,kind=gemini,base_url=%s,api_key_env=MY_KEY", 4},
		"azure":       {401, "m,kind=azure,base_url=%s,api_key_env=MY_KEY", 4},
		"bedrock":     {403, "m,kind=bedrock,base_url=%s,region=us-east-1", 4},
		"not by name": {0, "m,base_url=%s/v1,model=mock,headers={Authorization: token}", 2},
	} {
		t.Run(name, func(t *testing.T) {
			server := &leaky{code: c.code, next: calm.Config.Handler}
			s := httptest.NewServer(server)
			defer s.Close()
			dir := t.TempDir()
			task := rows(t, dir, 40)
			if strings.Contains(c.model, "kind=") {
				star := `
p = prompt.chat()
task("chatty", source = source("rows.jsonl"), split = "test", read = lambda d, i: instance(question = d["question"], gold = d["answer"]), prompt = p, metrics = [metric.accuracy(score.exact_match())])
`
				if err := os.WriteFile(filepath.Join(dir, "chatty.star"), []byte(star), 0o644); err != nil {
					t.Fatal(err)
				}
				task = filepath.Join(dir, "chatty.star")
			}
			cmd := program(dir, "run", "-m", fmt.Sprintf(c.model, s.URL), "-t", task, "--json", "--verbose", "--otlp", collector.URL, "--cache", "on")
			cmd.Env = append(cmd.Env, "OPENAI_API_KEY="+key, "MY_KEY="+key, "AWS_BEARER_TOKEN_BEDROCK="+key)
			var out, errs, args bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			for running := true; running; {
				select {
				case <-done:
					running = false
				default:
					arguments(&args)
					time.Sleep(2 * time.Millisecond) // the list, not a moment, is looked at
				}
			}
			if code := cmd.ProcessState.ExitCode(); code != c.exit {
				t.Errorf("exit code %d, want %d\n%s", code, c.exit, errs.String())
			}
			mu.Lock()
			defer mu.Unlock()
			for what, b := range map[string][]byte{"standard output": out.Bytes(), "standard error": errs.Bytes(), "process list": args.Bytes(), "telemetry": told.Bytes()} {
				if bytes.Contains(b, []byte(key)) {
					t.Errorf("the key is in the %s", what)
				}
			}
			files := 0
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				files++
				if bytes.Contains(b, []byte(key)) {
					t.Errorf("the key is in %s", path)
				}
				return nil
			})
			if err != nil || files == 0 {
				t.Errorf("%d files, %v", files, err)
			}
		})
	}
	if told.Len() == 0 {
		t.Error("the collector was told nothing")
	}
}
