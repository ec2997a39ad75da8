package e2e

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/eval"
	"olmoeval/internal/cli"
	"olmoeval/internal/corpus"
)

// call runs the command line in this process.
func call(dir string, env map[string]string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Main(context.Background(), cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir,
		Getenv: func(k string) string { return env[k] }, Sets: []eval.Set{benchmarks.All()},
	})
	return code, out.String(), errs.String()
}

// TestBadInput: each mistake is one line that says what, where and what to do,
// exit code 2, and nothing is written.
func TestBadInput(t *testing.T) {
	mirror := filepath.Join(corpus.Dir(t), "mirror")
	files := map[string]string{
		"rows.jsonl":         `{"question":"1+1?","answer":"2"}` + "\n",
		"broken.jsonl":       `{"question":"1+1?","answer":"2"}` + "\n" + `{"question":` + "\n",
		"list.jsonl":         "[1,2]\n",
		"bad.parquet":        "PAR1 this is no parquet file PAR1",
		"bad.star":           "task(name=\"x\"\n",
		"unknown.star":       "task(nam=\"x\", source=\"rows.jsonl\")\n",
		"secret.star":        "task(name=\"sec\", source=\"rows.jsonl\", prompt=prompt.completion(), metrics=[metric.accuracy(score.exact_match())], needs=needs(secrets=[\"MY_SECRET_KEY\"]))\n",
		"nometric.star":      "task(name=\"bare\", source=\"rows.jsonl\", prompt=prompt.completion())\n",
		"h.yaml":             "sytem_prompt: hi\n",
		"sys.yaml":           "system_prompt: be brief\n",
		"sub/olmo-eval.yaml": "hoem: x\n",
		"empty.jsonl":        "",
		"models.txt":         "\n# none\n",
	}
	cases := []struct {
		name string
		args string
		want []string // parts of the message
	}{
		{"unknown task", "run -m mock -t gsm8kk", []string{`"gsm8kk"`, `"gsm8k"`}},
		{"unknown variant", "run -m mock -t arc_easy:mcc", []string{`"mcc"`, `"mc"`}},
		{"variant missing in suite", "run -m mock -t mmlu:stem:nosuch", []string{"18 of 18"}},
		{"unknown priority", "run -m mock -t gsm8k@hihg", []string{`"high"`}},
		{"unknown key", "run -m mock -t gsm8k -o limt=3", []string{`"limit"`}},
		{"unknown nested key", "run -m mock -t arc_easy:mc -o prompt.answer_sufix=x", []string{`"answer_suffix"`}},
		{"wrong type", "run -m mock -t gsm8k -o num_fewshot=many", []string{"whole number"}},
		{"no value", "run -m mock -t gsm8k -o limit", []string{"key=value"}},
		{"limit 0", "run -m mock -t gsm8k --limit 0", []string{"at least 1"}},
		{"unknown flag", "run -m mock -t gsm8k --limti 3", []string{"--limit"}},
		{"unknown command", "rnu", []string{`"run"`}},
		{"unknown subcommand", "task shwo gsm8k", []string{`"show"`}},
		{"no model", "run -t gsm8k", []string{"-m"}},
		{"no task", "run -m mock", []string{"-t"}},
		{"unserved model", "run -m my-ckpt -t gsm8k", []string{"base_url=", "my-ckpt"}},
		{"unknown model field", "run -m x,base_ulr=http://h -t gsm8k", []string{`"base_url"`}},
		{"bad base url", "run -m x,base_url=localhost:8000 -t gsm8k", []string{"http://"}},
		{"unknown mock setting", "run -m mock:ac=0.5 -t gsm8k", []string{`"acc"`}},
		{"share out of range", "run -m mock:acc=1.5 -t gsm8k", []string{"acc"}},
		{"empty model list", "run -m @models.txt -t gsm8k", []string{"models.txt"}},
		{"no checkpoint matches", "run -m ./ckpts/step* -t gsm8k", []string{"no checkpoint"}},
		{"missing file", "run -m mock -t ./nosuch.jsonl", []string{"nosuch.jsonl"}},
		{"malformed row", "run -m mock -t ./broken.jsonl", []string{"broken.jsonl:2"}},
		{"row is no object", "run -m mock -t ./list.jsonl", []string{"list.jsonl:1"}},
		{"no rows", "run -m mock -t ./empty.jsonl", []string{"empty.jsonl"}},
		{"malformed rows as data", "run -m mock -t gsm8k -o data_source=broken.jsonl -o num_fewshot=0", []string{"broken.jsonl:2"}},
		{"malformed parquet", "run -m mock -t gsm8k -o data_source=bad.parquet -o num_fewshot=0", []string{"bad.parquet"}},
		{"missing data", "run -m mock -t gsm8k -o data_source=nosuch.jsonl -o num_fewshot=0", []string{"nosuch.jsonl"}},
		{"unknown scheme", "run -m mock -t gsm8k -o data_source=ftp://x/y", []string{"ftp"}},
		{"unknown split", "run -m mock -t gsm8k -o split=nosuch", []string{"nosuch"}},
		{"missing few-shot set", "run -m mock -t gsm8k -o fewshot_set=gsm8k_fixed_fewsho", []string{"gsm8k_fixed_fewshot"}},
		{"too few shots", "run -m mock -t gsm8k -o num_fewshot=99", []string{"99", "8"}},
		{"malformed starlark", "run -m mock -t ./bad.star", []string{"bad.star:"}},
		{"unknown starlark key", "run -m mock -t ./unknown.star", []string{"unknown.star:1", "name"}},
		{"missing secret", "run -m mock -t ./secret.star", []string{"MY_SECRET_KEY"}},
		{"no metrics", "run -m mock -t ./nometric.star", []string{"no metrics"}},
		{"unknown harness", "run -m mock -t gsm8k -H defualt", []string{`"default"`}},
		{"unknown harness key", "run -m mock -t gsm8k -H h.yaml", []string{"h.yaml:1", `"system_prompt"`}},
		{"override for the other flag", "run -m mock -t gsm8k -H default -o limit=3", []string{"-t"}},
		{"system prompt on a completion", "run -m mock -t gsm8k -H sys.yaml", []string{"system prompt", "gsm8k"}},
		{"bad shard", "run -m mock -t gsm8k --shard 4/4", []string{"--shard"}},
		{"bad allowance", "run -m mock -t gsm8k --max-failed lots", []string{"--max-failed"}},
		{"unknown run", "compare nosuch1 nosuch2", []string{"nosuch1"}},
		{"unknown run to repeat", "run -m mock --like nosuch", []string{"nosuch"}},
		{"rescore of nothing", "rescore last", []string{"run"}},
		{"unknown suite", "suite show mmul", []string{`"mmlu"`}},
		{"unknown format", "models --format xml", []string{"table"}},
		{"oracle server without tasks", "mock-server --model mock:oracle", []string{"-t"}},
		{"later kinds of spec", "run -m mock -t external:tau2", []string{"external"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range files {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			code, out, errs := call(dir, map[string]string{"OLMO_EVAL_MIRROR": mirror}, strings.Fields(c.args)...)
			if code != 2 {
				t.Errorf("exit code %d, want 2\n%s%s", code, out, errs)
			}
			if strings.Count(errs, "\n") != 1 || len(errs) > 600 {
				t.Errorf("the message is not one line:\n%s", errs)
			}
			for _, w := range c.want {
				if !strings.Contains(errs, w) {
					t.Errorf("the message lacks %s:\n%s", w, errs)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "olmo-eval-results")); err == nil {
				t.Error("something was written")
			}
		})
	}
	t.Run("malformed project file", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "olmo-eval.yaml"), []byte("hoem: x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		code, _, errs := call(dir, nil, "run", "-m", "mock", "-t", "demo")
		if code != 2 || !strings.Contains(errs, "olmo-eval.yaml:1") || !strings.Contains(errs, `"home"`) {
			t.Errorf("exit code %d: %s", code, errs)
		}
	})
}
