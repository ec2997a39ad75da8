package cli

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDoctor(t *testing.T) {
	c := newCall(t)
	const secret = "sk-very-secret"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+secret && strings.HasPrefix(r.URL.Path, "/v1"):
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/v1/models":
			fmt.Fprint(w, `{"data": [{"id": "a"}, {"id": "b"}]}`)
		}
	}))
	defer server.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	exe := func(name, script string) {
		c.file(t, "bin/"+name, "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(filepath.Join(c.dir, "bin", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name, status string, words ...string) {
		t.Helper()
		code, out, errs := c.run("doctor", "--json")
		if code != 0 || errs != "" || strings.Contains(out, secret) {
			t.Fatalf("doctor: exit code %d: %s%s", code, out, errs)
		}
		for _, f := range rowsOfCall[finding](t, c, "doctor") {
			if f.Check != name {
				continue
			}
			if f.Status != status {
				t.Errorf("%s is %s (%s), want %s", name, f.Status, f.Detail, status)
			}
			for _, w := range words {
				if f.Fix != nil {
					f.Detail += "; " + *f.Fix
				}
				if !strings.Contains(f.Detail, w) {
					t.Errorf("%s: %q does not say %q", name, f.Detail, w)
				}
			}
			return
		}
		t.Errorf("no check %s in\n%s", name, out)
	}
	// A bare machine: nothing is wrong.
	check("tasks", findOK, "tasks")
	check("home", findOK, "olmo-eval-results will be made")
	check("store", findOff, "demo")
	check("mirror", findOff, "data fetch")
	check("hub", findOff, "HF_HUB_OFFLINE", "no token")
	check("endpoint", findOff, "OPENAI_BASE_URL")
	check("gpus", findOff)
	check("servers", findOff, "server=/venv/bin/vllm")
	check("sandbox namespace", findOff, "install bubblewrap")
	check("sandbox container docker", findOff)

	// One with everything.
	c.env["PATH"] = filepath.Join(c.dir, "bin")
	exe("nvidia-smi", `echo "Card 9000, 80 GiB, 1.2"; echo "Card 9000, 80 GiB, 1.2"`)
	exe("vllm", "exit 1") // it is not started
	exe("bwrap", "exit 0")
	exe("docker", "echo 99.1")
	exe("podman", "echo cannot >&2; exit 1")
	c.env["OPENAI_BASE_URL"], c.env["OPENAI_API_KEY"] = server.URL+"/v1/", secret
	c.env["HF_HUB_OFFLINE"], c.env["HF_ENDPOINT"], c.env["HF_TOKEN"] = "", server.URL, secret
	check("gpus", findOK, "2 GPUs: Card 9000")
	check("servers", findOK, "vllm at ")
	check("sandbox namespace", findOK)
	check("sandbox container docker", findOK, "99.1")
	check("sandbox container podman", findMissing, "cannot")
	check("endpoint", findOK, "serves a, b")
	check("hub", findOK, "token set")
	c.env["OPENAI_API_KEY"] = "wrong"
	check("endpoint", findMissing, "refuses the key (401)", "set OPENAI_API_KEY")
	c.env["OPENAI_BASE_URL"] = server.URL
	check("endpoint", findMissing, "/models")
	c.env["OPENAI_BASE_URL"] = strings.Replace(gone.URL, "http://", "http://me:"+secret+"@", 1)
	check("endpoint", findMissing, "refused", "me:xxxxx@")

	// What is set and does not work.
	c.env["OLMO_EVAL_MIRROR"] = "nowhere"
	check("mirror", findMissing, "no index.json")
	c.file(t, "file", "")
	c.env["OLMO_EVAL_HOME"] = filepath.Join(c.dir, "file", "home")
	check("home", findMissing, "OLMO_EVAL_HOME")
	c.file(t, "evals/bad.star", "tusk()")
	check("tasks", findMissing, "bad.star:1")
	if out := c.ok(t, "doctor"); !strings.Contains(out, "what to do") {
		t.Errorf("text: %s", out)
	}
}

func TestDoctorStoredRuns(t *testing.T) {
	c := newCall(t)
	c.file(t, "olmo-eval-results/runs/a/run.json", "{}")
	rows := map[string]finding{}
	for _, f := range rowsOfCall[finding](t, c, "doctor") {
		rows[f.Check] = f
	}
	if f := rows["store"]; f.Status != findOK || f.Detail != "1 run" {
		t.Errorf("store: %+v", f)
	}
	if f := rows["home"]; f.Status != findOK || !strings.Contains(f.Detail, "can be written to") {
		t.Errorf("home: %+v", f)
	}
}
