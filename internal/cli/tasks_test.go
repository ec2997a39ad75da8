package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/eval"
)

// call is one invocation of the program in a directory of its own.
type call struct {
	dir   string
	env   map[string]string
	stdin string
}

func newCall(t *testing.T) *call {
	t.Helper()
	return &call{dir: t.TempDir(), env: map[string]string{"HF_HUB_OFFLINE": "1"}}
}

func (c *call) file(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// run gives exit code, stdout and stderr.
func (c *call) run(args ...string) (int, string, string) {
	var out, errs bytes.Buffer
	code := c.into(&out, &errs, args...)
	return code, out.String(), errs.String()
}

func (c *call) into(out, errs io.Writer, args ...string) int {
	return Main(context.Background(), Env{
		Args: args, Stdin: strings.NewReader(c.stdin), Stdout: out, Stderr: errs, Dir: c.dir,
		Getenv: func(k string) string { return c.env[k] }, Sets: []eval.Set{benchmarks.All()},
	})
}

// ok runs a command that must succeed and returns its stdout.
func (c *call) ok(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := c.run(args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, errs)
	}
	return out
}

// rows runs a command with --json and decodes its lines.
func rowsOfCall[T any](t *testing.T, c *call, args ...string) []T {
	t.Helper()
	var out []T
	dec := json.NewDecoder(strings.NewReader(c.ok(t, append(args, "--json")...)))
	for dec.More() {
		var v T
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		out = append(out, v)
	}
	return out
}

// refuses runs a command that must be refused with one line that has all the
// words, and leave nothing behind.
func (c *call) refuses(t *testing.T, args []string, words ...string) {
	t.Helper()
	before := c.files(t)
	code, out, errs := c.run(args...)
	if code != exitUsage || strings.Count(strings.TrimSpace(errs), "\n") != 0 || out != "" {
		t.Errorf("%v: exit code %d, stdout %q, stderr %q", args, code, out, errs)
	}
	for _, w := range words {
		if !strings.Contains(errs, w) {
			t.Errorf("%v: %q does not say %q", args, errs, w)
		}
	}
	if after := c.files(t); !reflect.DeepEqual(before, after) {
		t.Errorf("%v: files %v, before %v", args, after, before)
	}
}

func (c *call) files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(c.dir, func(p string, _ os.DirEntry, err error) error {
		out = append(out, p)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const twoTasks = `
def read(row, i):
    return instance(question = row["q"], gold = row["a"], id = "n%d" % i)

one = task(name = "one", version = "3", source = "./rows.jsonl", split = "test", read = read,
    prompt = prompt.completion(template = "Q {question} A"), metrics = [metric.accuracy(score.exact_match())])
one.variant("hot", sampling = sampling(temperature = 1))
one.variant("hard", limit = 2)
task(name = "two", source = "./rows.jsonl", split = "test", read = read,
    prompt = prompt.chat(), metrics = [metric.accuracy(score.exact_match())],
    needs = needs(secrets = ["MY_KEY"], judge = "gpt"))
suite(name = "both", aggregation = "average", tasks = ["two", "one:hot"])
`

func starCall(t *testing.T) *call {
	c := newCall(t)
	c.file(t, "evals/t.star", twoTasks)
	c.file(t, "evals/rows.jsonl", `{"q": "1", "a": "x"}`+"\n"+`{"q": "2", "a": "<y>"}`+"\n"+`{"q": "3", "a": "z"}`+"\n")
	return c
}

func TestTasks(t *testing.T) {
	c := starCall(t)
	out := c.ok(t, "tasks", "^(one|two)$", "--json")
	want := `{"name":"one","variants":["hot","hard"],"needs":{"sandbox":[],"tools":[],"judge":null,"secrets":[],"network":false}}
{"name":"two","variants":[],"needs":{"sandbox":[],"tools":[],"judge":"gpt","secrets":["MY_KEY"],"network":false}}
`
	if out != want {
		t.Errorf("tasks:\n%s want\n%s", out, want)
	}
	if out := c.ok(t, "tasks", "ARC_E"); !strings.Contains(out, "arc_easy ") || strings.Contains(out, "gsm8k") {
		t.Errorf("tasks ARC_E: %s", out)
	}
	if out := c.ok(t, "tasks", "--format", "csv"); !strings.HasPrefix(out, "task,variants,needs,description\n") {
		t.Errorf("csv: %.60s", out)
	}
	code, out, errs := c.run("tasks", "gsmk8")
	if code != 0 || out != "" || !strings.Contains(errs, `did you mean "gsm8k"?`) {
		t.Errorf("no match: %d %q %q", code, out, errs)
	}
}

func TestSuites(t *testing.T) {
	c := starCall(t)
	rows := rowsOfCall[suiteRow](t, c, "suites", "both")
	if want := []suiteRow{{"both", "average", []string{"two", "one:hot"}, []string{}}}; !reflect.DeepEqual(rows, want) {
		t.Errorf("suites: %+v", rows)
	}
	mmlu := rowsOfCall[suiteRow](t, c, "suites", "^mmlu$")
	if len(mmlu) != 1 || len(mmlu[0].Tasks) != 57 || mmlu[0].Aggregation != eval.AverageOfAverages {
		t.Errorf("mmlu: %+v", mmlu)
	}
	tree := rowsOfCall[suiteTree](t, c, "suite", "show", "mmlu")[0]
	if len(tree.Children) != 4 || tree.Children[0].Aggregation == "" || tree.leaves() != 57 {
		t.Errorf("suite show mmlu: %+v", tree)
	}
	if out := c.ok(t, "suite", "show", "both"); !strings.HasPrefix(out, "both (average, 2 tasks)\n") || !strings.HasSuffix(out, "\n  two\n  one:hot\n") {
		t.Errorf("suite show: %s", out)
	}
	c.refuses(t, []string{"suite", "show", "bohh"}, `"bohh"`, `did you mean "both"?`)
	c.refuses(t, []string{"suite", "show", "one"}, "is a task", "task show one")
	c.refuses(t, []string{"suite", "show", "both:hot"}, `variant "hot" is missing in 1 of 2 members`, "two")
}

func TestTaskShow(t *testing.T) {
	c := starCall(t)
	s := rowsOfCall[shownTask](t, c, "task", "show", "one:hot", "-o", "num_fewshot=1", "-o", "prompt.template=<{question}>")[0]
	sampling, _ := s.Config["sampling"].(map[string]any)
	if s.Spec != "one:hot" || s.Name != "one" || s.Version != "3" || s.TaskHash != nil || *s.Primary != "accuracy" ||
		sampling["temperature"] != 1.0 || s.Config["num_fewshot"] != 1.0 || !strings.HasPrefix(s.Defined, "evals/t.star:") {
		t.Errorf("task show: %+v", s)
	}
	for path, want := range map[string]string{
		"sampling.temperature": "variant hot", "num_fewshot": "-o num_fewshot", "prompt.template": "-o prompt.template", "split": "default",
	} {
		if s.Origins[path] != want {
			t.Errorf("origin of %s is %q, want %q", path, s.Origins[path], want)
		}
	}
	if m := s.Metrics; len(m) != 1 || m[0].ID != "accuracy" || m[0].Unit != eval.Proportion || !m[0].HigherIsBetter || *m[0].Scorer != "exact_match" {
		t.Errorf("metrics: %+v", m)
	}
	if s := rowsOfCall[shownTask](t, c, "task", "show", "gsm8k")[0]; s.TaskHash == nil || s.Metrics[0].ID != "accuracy" {
		t.Errorf("gsm8k: %+v", s)
	}
	out := c.ok(t, "task", "show", "one", "-o", "prompt.template=<{question}>")
	if !strings.Contains(out, `"<{question}>"`) || !strings.Contains(out, "-o prompt.template") {
		t.Errorf("text: %s", out)
	}
	c.refuses(t, []string{"task", "show", "onee"}, `did you mean "one"?`)
	c.refuses(t, []string{"task", "show", "one:hott"}, `no variant "hott"`, `did you mean "hot"?`)
	c.refuses(t, []string{"task", "show", "one", "-o", "promt.template=x"}, `did you mean "prompt"?`)
	c.refuses(t, []string{"task", "show", "one", "-o", "limit=0"}, "limit is 0")
	c.refuses(t, []string{"task", "show", "both"}, "is a suite")
	c.refuses(t, []string{"task", "show"}, "accepts 1 arg")
	c.refuses(t, []string{"task", "shwo", "one"}, `did you mean "show"?`)
}
