// Package e2e holds tests of the whole program as processes: kills at any
// moment, faults, shards. The test binary is the program when it is told so.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"olmoeval"
	"olmoeval/benchmarks"
	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/mockserver"
	"olmoeval/internal/provider/mock"
)

const asProgram = "OLMO_EVAL_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	// What ends servers with the program is started without our variables.
	watcher := len(os.Args) > 1 && os.Args[1] == "serve-watch"
	if os.Getenv(asProgram) != "" || watcher {
		olmoeval.Main(benchmarks.All())
	}
	os.Exit(m.Run())
}

// program is the command line as a process of its own.
func program(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "OLMO_EVAL_HOME="+filepath.Join(dir, "home"), "OLMO_EVAL_MIRROR=", "OPENAI_API_KEY=")
	return cmd
}

// finish runs a command to its end and returns its exit code and output.
func finish(t *testing.T, cmd *exec.Cmd) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), out.String(), errs.String()
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, out.String(), errs.String()
}

// counting is a mock server that counts requests by what they ask.
type counting struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]int
}

func serve(t *testing.T, spec string, names ...string) *counting {
	t.Helper()
	model, err := mock.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{asked: map[string]int{}}
	next := mockserver.New(mockserver.Config{Model: model, Names: names})
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		// The probes before each start are asked again by design.
		if strings.HasSuffix(r.URL.Path, "completions") && bytes.Contains(body, []byte("What is ")) {
			c.mu.Lock()
			c.asked[string(body)]++
			c.mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// again counts sends of requests that had been sent before.
func (c *counting) again() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.asked {
		n += k - 1
	}
	return n
}

// rows writes a data file of n questions.
func rows(t *testing.T, dir string, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"question":"What is %d plus %d?","answer":"%d","id":"q%d"}`+"\n", i, i%7, i+i%7, i)
	}
	path := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// content is a run without what may differ between equal runs: timings, ids,
// attempts. Records are sorted by index.
func content(t *testing.T, dir string) (records []string, results string) {
	t.Helper()
	r, err := journal.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range r.Manifest.Tasks {
		for rec, err := range r.Records(context.Background(), task.Label) {
			if err != nil {
				t.Fatal(err)
			}
			rec.WallMS, rec.Attempts, rec.Timing = 0, 0, eval.Timing{}
			b, err := json.Marshal(rec)
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, string(b))
		}
	}
	sort.Strings(records)
	res := *r.Manifest.Results
	res.RunID, res.Dir, res.WallS, res.Usage = "", "", 0, eval.Usage{}
	b, err := json.Marshal(res)
	if err != nil {
		t.Fatal(err)
	}
	return records, string(b)
}

// onlyRun is the directory of the one run under a home.
func onlyRun(t *testing.T, dir string) string {
	t.Helper()
	ids, err := journal.Home(filepath.Join(dir, "home")).Runs()
	if err != nil || len(ids) != 1 {
		t.Fatalf("runs %v, %v; want one", ids, err)
	}
	return journal.Home(filepath.Join(dir, "home")).Run(ids[0])
}
