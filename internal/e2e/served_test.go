package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"olmoeval/internal/journal"
)

// checkpoint writes a directory that looks like a model's, and a program "vllm"
// that serves anything as the mock; each start of it adds its process id to the
// file pids.
func checkpoint(t *testing.T, dir, spec string) (pids string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("processes are looked up under /proc")
	}
	header := []byte(`{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`)
	weights := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	weights = append(append(weights, header...), make([]byte, 16)...)
	pids = filepath.Join(dir, "pids")
	script := fmt.Sprintf(`#!/bin/sh
port= name=
while [ $# -gt 0 ]; do
  case "$1" in
  --port) port=$2; shift ;;
  --served-model-name) name=$2; shift ;;
  esac
  shift
done
echo $$ >> %s
%s=1 exec %s mock-server --port "$port" --name "$name" --api-key-env VLLM_API_KEY --model %s
`, pids, asProgram, os.Args[0], spec)
	for name, content := range map[string][]byte{
		"ckpt/config.json":       []byte(`{"architectures":["LlamaForCausalLM"],"model_type":"llama","max_position_embeddings":4096}`),
		"ckpt/tokenizer.json":    []byte(`{}`),
		"ckpt/model.safetensors": weights,
		"bin/vllm":               []byte(script),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return pids
}

// serving is a run on the checkpoint of dir.
func serving(t *testing.T, dir string, n int) *exec.Cmd {
	cmd := program(dir, "run", "-m", "ckpt,kind=vllm", "-t", rows(t, dir, n), "--json", "--concurrency", "32")
	cmd.Env = append(cmd.Env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "OLMO_EVAL_RUNTIME_DIR="+filepath.Join(dir, "runtime"))
	return cmd
}

// until waits for something that must come to pass.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("still waiting for %s", what)
		}
	}
}

// started are the ids of the servers that were started.
func started(t *testing.T, pids string) (all []int) {
	b, err := os.ReadFile(pids)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, line := range strings.Fields(string(b)) {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

// alive reports whether a process runs: it exists and is no zombie.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z'
}

// recorded reports whether the run of dir has records.
func recorded(dir string) bool {
	files, err := filepath.Glob(filepath.Join(dir, "home", "runs", "*", "*.jsonl"))
	if err != nil {
		return false
	}
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && info.Size() > 0 && filepath.Base(f) != "events.jsonl" {
			return true
		}
	}
	return false
}

// A checkpoint is served for its run; a server that is killed in mid-run is
// started again, and no instance is lost.
func TestCheckpointIsServedThroughACrash(t *testing.T) {
	const n = 1500
	dir := t.TempDir()
	pids := checkpoint(t, dir, "mock:latency=30ms")
	cmd := serving(t, dir, n)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the first record", func() bool { return recorded(dir) })
	first := started(t, pids)
	if len(first) != 1 {
		t.Fatalf("servers %v, want one", first)
	}
	if err := syscall.Kill(first[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	r, err := journal.Load(onlyRun(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	res := r.Manifest.Results.Tasks[0]
	if res.NOK != n || res.NFailed != 0 || r.Manifest.Status != journal.Complete {
		t.Errorf("status %s, %d ok and %d failed of %d\n%s", r.Manifest.Status, res.NOK, res.NFailed, n, errs.String())
	}
	seen := map[string]bool{}
	for rec, err := range r.Records(context.Background(), res.Task) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[rec.ID] {
			t.Errorf("%s has two records", rec.ID)
		}
		seen[rec.ID] = true
	}
	said := r.Manifest.Serving.(map[string]any)
	restarts, ok := said["restarts"].([]any)
	if !ok || len(restarts) != 1 || said["kind"] != "vllm" {
		t.Errorf("the manifest says of servers: %v", said)
	}
	for _, pid := range started(t, pids) {
		if alive(pid) {
			t.Errorf("the server %d outlives its run", pid)
		}
	}
	if code, again, _ := finish(t, serving(t, dir, n)); code != 0 || !strings.Contains(again, "reused_from") || len(started(t, pids)) != 2 {
		t.Errorf("exit code %d, servers %v: a complete run needs no server\n%s", code, started(t, pids), again)
	}
}

// Nothing outlives a program that is killed.
func TestKilledRunLeavesNoServer(t *testing.T) {
	dir := t.TempDir()
	pids := checkpoint(t, dir, "mock:latency=30ms")
	cmd := serving(t, dir, 5000)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the first record", func() bool { return recorded(dir) })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	for _, pid := range started(t, pids) {
		until(t, fmt.Sprintf("the end of server %d", pid), func() bool { return !alive(pid) })
	}
}

// What a model cannot do is refused before anything is started or written.
func TestServingIsRefusedInThePlan(t *testing.T) {
	dir := t.TempDir()
	pids := checkpoint(t, dir, "mock")
	for want, model := range map[string]string{
		"gpu_memory_utilization": "ckpt,kind=vllm,gpu_memory_utilization=1.5",
		"nowhere":                "nowhere/ckpt/model,kind=vllm",
		"start_timeout":          "ckpt,kind=vllm,start_timeout=soon",
		"leave out base_url":     "ckpt,kind=vllm,base_url=http://127.0.0.1:1/v1",
	} {
		cmd := program(dir, "run", "-m", model, "-t", "demo", "--json")
		cmd.Env = append(cmd.Env, "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "HF_HUB_OFFLINE=1", "HF_HOME="+dir)
		code, out, errs := finish(t, cmd)
		if code == 0 || !strings.Contains(errs, want) || out != "" || len(started(t, pids)) != 0 {
			t.Errorf("%s: exit code %d, servers %v\n%s%s", model, code, started(t, pids), out, errs)
		}
	}
}
