package olmoeval_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"olmoeval/benchmarks"
	"olmoeval/eval"
	"olmoeval/internal/cli"
)

// elsewhere are commands of the docs that this test does not run, with the
// reason.
var elsewhere = map[string]string{
	"make":                      "builds and tests: CI runs it",
	"vllm":                      "needs a GPU",
	"go run":                    "the same as the program itself: run as olmo-eval",
	"olmo-eval run -m allenai/": "needs a served model",
}

// TestDocs runs the commands shown in the docs, page by page, each page in an
// empty directory beside a copy of the examples.
func TestDocs(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "README.md", "examples/README.md") {
		t.Run(page, func(t *testing.T) { runPage(t, page) })
	}
}

// TestGoExample runs the worked example of docs/architecture.md, whose text is
// the example's.
func TestGoExample(t *testing.T) {
	file, err := os.ReadFile("examples/go/main.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(file, []byte("func capitals()"))
	if at < 0 || !bytes.Contains(page, bytes.TrimSpace(file[at:])) {
		t.Error("docs/architecture.md does not show capitals of examples/go/main.go")
	}
	if n := bytes.Count(file, []byte("\n")); n >= 40 {
		t.Errorf("the example has %d lines, want fewer than 40", n)
	}
	out, err := exec.Command("go", "run", "./examples/go", "task", "check", "capitals").CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("12 right answers score 1")) || !bytes.Contains(out, []byte("12 empty answers score 0")) {
		t.Errorf("%v\n%s", err, out)
	}
}

var fence = regexp.MustCompile("(?s)```sh\n(.*?)```")

func runPage(t *testing.T, page string) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("examples")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
			line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "./"))
			if line == "" || strings.HasPrefix(line, "#") || skipped(line) {
				continue
			}
			if rest, ok := strings.CutPrefix(line, "go run ./cmd/olmo-eval"); ok {
				line = "olmo-eval" + rest
			}
			runLine(t, dir, line)
			ran++
		}
	}
	t.Logf("ran %d commands", ran)
}

func skipped(line string) bool {
	for prefix := range elsewhere {
		if prefix != "go run" && strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

func runLine(t *testing.T, dir, line string) {
	t.Helper()
	env := map[string]string{}
	words := shellWords(t, line)
	for len(words) > 0 && strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-") {
		k, v, _ := strings.Cut(words[0], "=")
		env[k] = v
		words = words[1:]
	}
	if len(words) == 0 || words[0] != "olmo-eval" {
		t.Errorf("do not know how to run %q: list it in elsewhere, or show another command", line)
		return
	}
	var out, errs bytes.Buffer
	code := cli.Main(context.Background(), cli.Env{
		Args: words[1:], Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir,
		Getenv: func(k string) string { return env[k] }, Sets: []eval.Set{benchmarks.All()},
	})
	if code != 0 {
		t.Errorf("%s\nexit code %d\n%s%s", line, code, out.String(), errs.String())
	}
}

// shellWords splits a line at spaces outside quotes.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	quote, started := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case r == ' ':
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		case r == '#' && !started:
			return words
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quote != 0 {
		t.Errorf("unbalanced quotes: %s", line)
	}
	if started {
		words = append(words, word.String())
	}
	return words
}
