package chattemplate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// rendering is a template with its variables, as JSON text.
type rendering struct {
	Template string `json:"template"`
	Vars     string `json:"vars"`
}

// answer is what became of it.
type answer struct {
	Text  string `json:"text"`
	Error string `json:"error"`
}

// oracle is a program that renders.
type oracle func(t testing.TB, all []rendering) []answer

// jinja2 asks the library that transformers uses. It skips where Python or the
// library is missing.
func jinja2(t testing.TB) oracle {
	t.Helper()
	if err := exec.Command("python3", "-c", "import jinja2").Run(); err != nil {
		t.Skip("python3 with jinja2 is not installed: ", err)
	}
	return program("python3", "render.py")
}

// hfJinja asks the package of Hugging Face for JavaScript.
func hfJinja(t testing.TB) oracle {
	t.Helper()
	dir := os.Getenv("OLMO_EVAL_NPM")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("no cache folder: ", err)
		}
		dir = filepath.Join(cache, "olmo-eval-ci", "npm")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("node is not installed")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@huggingface", "jinja")); err != nil {
		t.Skipf("npm package @huggingface/jinja is not installed in %s ($OLMO_EVAL_NPM); .ci/run does it", dir)
	}
	return program("node", "render.mjs", "OLMO_EVAL_NPM="+dir)
}

func program(name, script string, env ...string) oracle {
	return func(t testing.TB, all []rendering) []answer {
		t.Helper()
		in, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(name, filepath.Join("testdata", script))
		cmd.Env = append(append(os.Environ(), "PYTHONUTF8=1"), env...)
		cmd.Stdin = bytes.NewReader(in)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		b, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", script, err, errs.String())
		}
		var out []answer
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatal(err)
		}
		if len(out) != len(all) {
			t.Fatalf("%s: %d answers to %d templates", script, len(out), len(all))
		}
		return out
	}
}

// fixed is the clock of the oracles.
func fixed() time.Time { return time.Date(2024, 7, 5, 9, 3, 1, 0, time.UTC) }

// render is our answer.
func render(r *rendering) (a answer) {
	t, err := Parse(r.Template)
	if err != nil {
		return answer{Error: err.Error()}
	}
	var vars map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.Vars), &vars); err != nil {
		return answer{Error: err.Error()}
	}
	in := Input{Extra: vars, Messages: vars["messages"], Now: fixed}
	if a.Text, err = t.Render(in); err != nil {
		a.Error = err.Error()
	}
	return a
}

// compareAll renders all and says where the oracle has another answer. Texts of
// errors may differ.
func compareAll(t *testing.T, ask oracle, all []rendering) {
	t.Helper()
	bad := 0
	for i, want := range ask(t, all) {
		got := render(&all[i])
		if got.Text == want.Text && (got.Error == "") == (want.Error == "") {
			continue
		}
		t.Errorf("%.200s\nwith %.300s\ngot  %s\nwant %s", all[i].Template, all[i].Vars, show(got), show(want))
		if bad++; bad > 10 {
			t.Fatal("…")
		}
	}
}

func show(a answer) string {
	if a.Error != "" {
		return "error " + a.Error
	}
	return fmt.Sprintf("%q", a.Text)
}
