package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"olmoeval/eval"
)

// writeFiles makes files below a new directory.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := writeInto(dir, name, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLocal(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"one.jsonl": `{"id":1}`, "table.csv": "id\n7\n",
		"d/train.jsonl": `{"id":"tr"}`, "d/test.jsonl": `{"id":"te"}`,
		"plain/b.jsonl": `{"id":"b"}`, "plain/a.jsonl": `{"id":"a"}`, "plain/notes.txt": "",
		"mixed/a.csv": "id\n1\n", "mixed/a.jsonl": `{"id":1}`,
		"empty/x.txt": "", "none.jsonl": "\n", "deep/x/y/rows.jsonl": `{"id":"deep"}`,
	})
	for _, c := range []struct {
		path, files, split, want, err string
	}{
		{path: "one.jsonl", split: "test", want: "1"},
		{path: "one.jsonl", split: "", want: "1"},
		{path: "table.csv", split: "train", want: "7"},
		{path: "d", split: "test", want: "te"},
		{path: "d/", split: "train+test", want: "tr te"},
		{path: "d", split: "validation", err: `no file is of split "validation"; there are test.jsonl, train.jsonl`},
		{path: "d", split: "train[:10]", err: "slices are not read"},
		{path: "d/*.jsonl", split: "train", want: "tr"},
		{path: "**/rows.jsonl", split: "train", want: "deep"},
		{path: "d", files: "t*n.jsonl", split: "test", want: "tr"},
		{path: "plain", split: "test", want: "a b"},
		{path: "mixed", split: "test", err: "files of several formats (.csv, .jsonl): choose with a glob"},
		{path: "empty", split: "test", err: "no files of rows"},
		{path: "on.jsonl", split: "test", err: `no such file or directory; did you mean "one.jsonl"?`},
		{path: "plain/notes.txt", split: "test", err: "not a file of rows; known: .jsonl"},
		{path: "x/*.jsonl", split: "test", err: "no such directory"},
		{path: "none.jsonl", split: "test", err: "none.jsonl: no rows"},
	} {
		src := eval.Source{Path: filepath.Join(dir, c.path), DataFiles: c.files}
		got, info, err := readIDs(New(Options{}), src, c.split)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s %s: %q, %v", c.path, c.split, got, err)
		}
		if err == nil && (info.Rows != len(strings.Fields(c.want)) || len(info.Digest) != 64 || info.Split != c.split) {
			t.Errorf("%s: info %+v", c.path, info)
		}
	}
}

// The rows come again, malformed ones at their place, and a file that changed
// in between is noticed.
func TestPasses(t *testing.T) {
	dir := writeFiles(t, map[string]string{"rows.csv": "id,x\n1,a\n2\n3,c\n"})
	file := filepath.Join(dir, "rows.csv")
	rows, err := New(Options{}).Open(context.Background(), eval.Source{Path: file}, "test")
	if err != nil {
		t.Fatal(err)
	}
	var passes []string
	for range 2 {
		var seen []string
		for row, err := range rows.All(context.Background()) {
			var bad *eval.RowError
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			seen = append(seen, row.Doc.Text("id")+fmt.Sprint(err))
		}
		passes = append(passes, strings.Join(seen, ";"))
	}
	if want := "1<nil>;" + file + ":3: 1 fields where the header has 2;3<nil>"; passes[0] != want || passes[1] != want {
		t.Errorf("passes %q, want %q", passes, want)
	}
	if info := rows.Info(); info.Rows != 3 || info.Digest != TextDigest("id,x\n1,a\n2\n3,c\n") {
		t.Errorf("info %+v", info)
	}
	if err := os.WriteFile(file, []byte("id,x\n1,a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	var last error
	for _, err := range rows.All(context.Background()) {
		last = err
	}
	if last == nil || !strings.Contains(last.Error(), "1 rows where an earlier reading found 3") {
		t.Errorf("changed file: %v", last)
	}
}

func TestBundled(t *testing.T) {
	fsys := fstest.MapFS{"quiz.jsonl": {Data: []byte(`{"id":"q"}`)}, "sets/train.jsonl": {Data: []byte(`{"id":"s"}`)}}
	for path, want := range map[string]string{"bundled:quiz": "q", "bundled:quiz.jsonl": "q", "bundled:sets": "s"} {
		if got, _, err := readIDs(New(Options{Bundled: fsys}), eval.Source{Path: path}, "train"); err != nil || got != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	_, _, err := readIDs(New(Options{Bundled: fsys}), eval.Source{Path: "bundled:quizz"}, "train")
	if err == nil || !strings.Contains(err.Error(), `did you mean "quiz"?`) {
		t.Errorf("got %v", err)
	}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	opt := Options{CacheDir: dir}
	script := func(s string) eval.Source { return eval.Source{Command: []string{"sh", "-c", s, "x"}, Subset: "sub"} }
	src := script(`echo '{"id":"'$OLMO_EVAL_SPLIT'"}'; echo '{"id":"{subset}"}'; echo run >> ` + dir + `/runs`)
	s := New(opt)
	for range 2 {
		if got, info, err := readIDs(s, src, "test"); err != nil || got != "test sub" || info.Rows != 2 {
			t.Errorf("%q, %+v, %v", got, info, err)
		}
	}
	if runs, _ := os.ReadFile(filepath.Join(dir, "runs")); string(runs) != "run\n" {
		t.Errorf("ran %q", runs)
	}
	for name, c := range map[string]struct {
		src eval.Source
		err string
	}{
		"fails":     {script(`echo '{}'; echo one >&2; echo "two three" >&2; exit 3`), "the command ended with exit status 3: one | two three"},
		"not there": {eval.Source{Command: []string{"no-such-command-here"}}, "executable file not found"},
		"not JSON":  {script(`echo hello`), `sh:1: malformed JSON: want {, got "hello"`},
		"nothing":   {script(`true`), "sh: no rows"},
	} {
		if _, _, err := readIDs(New(opt), c.src, "test"); err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := New(opt).Open(ctx, script(`sleep 30 & sleep 30`), "test")
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("cancelled after %v: %v", time.Since(start), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "exec", ".rows.*")); len(left) > 0 {
		t.Errorf("left behind %v", left)
	}
}

func TestSourceErrors(t *testing.T) {
	opt := Options{CacheDir: t.TempDir(), HFHome: t.TempDir(), Offline: true}
	for _, c := range []struct {
		src   eval.Source
		split string
		err   string
	}{
		{eval.Source{}, "test", "data source without a path"},
		{eval.Source{Path: "a/b/c"}, "test", "neither a Hugging Face data set (ORG/NAME) nor a file"},
		{eval.Source{Path: "org/name"}, "", "needs a split"},
		{eval.Source{Path: "org/name"}, "test", "org/name (split test): not in the Hugging Face cache"},
		{eval.Source{Path: "hf://org/name?revision=a", Revision: "b"}, "test", "revision is given twice"},
		{eval.Source{Path: "/x.jsonl", Revision: "b"}, "test", "local files have no revision"},
		{eval.Source{Path: "https://h/x.jsonl", Revision: "b"}, "test", "this kind of address has no revision"},
		{eval.Source{Path: "s3:///x.jsonl"}, "test", "want s3://BUCKET/KEY"},
	} {
		_, err := New(opt).Open(context.Background(), c.src, c.split)
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: %v", c.src, err)
		}
	}
	if _, err := New(Options{}).Open(context.Background(), eval.Source{Path: "s3://b/x.jsonl"}, "test"); !errors.Is(err, errNoCache) {
		t.Errorf("no cache: %v", err)
	}
}

func TestOptionsFromEnv(t *testing.T) {
	home := writeFiles(t, map[string]string{".cache/huggingface/token": "filetoken\n", "hf/token": "other"})
	env := func(kv ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(kv); i += 2 {
				if kv[i] == name {
					return kv[i+1]
				}
			}
			return ""
		}
	}
	o := OptionsFromEnv(env("HOME", home, "HF_HUB_OFFLINE", "1", "AWS_REGION", "eu-west-1", "S3_ENDPOINT_URL", "http://s3"))
	if o.HFToken.Reveal() != "filetoken" || !o.Offline || o.S3.Region != "eu-west-1" || o.S3.Endpoint != "http://s3" ||
		o.CacheDir != filepath.Join(home, ".cache", "olmo-eval") || o.HFHome != filepath.Join(home, ".cache", "huggingface") {
		t.Errorf("%+v", o)
	}
	o = OptionsFromEnv(env("HF_HOME", filepath.Join(home, "hf"), "HF_HUB_OFFLINE", "0"))
	if o.HFToken.Reveal() != "other" || o.Offline || o.CacheDir != "" {
		t.Errorf("%+v", o)
	}
	o = OptionsFromEnv(env("HOME", home, "HF_TOKEN", "given", "OLMO_EVAL_MIRROR", "m"))
	if o.HFToken.Reveal() != "given" || o.Mirror != "m" {
		t.Errorf("%+v", o)
	}
}
