package dataset

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/eval"
)

// A mirror serves what it was written from, after the originals are gone; a
// second writing replaces and adds, and leaves the rest alone.
func TestWriteMirror(t *testing.T) {
	ctx := context.Background()
	from := writeFiles(t, map[string]string{
		"a.jsonl": `{"id": 1.50, "t": "é"}` + "\n" + `{"id":2}`, "b.csv": "id\n7\n", "c.json": "[\n{\n\"id\":\n3}]",
		"m/" + indexName: `{"fewshot":[{"name":"mine","file":"f.jsonl","sha256":""}],"texts":[{"name":"rubric","file":"t.txt","sha256":""}]}`,
		"m/f.jsonl":      `{"q":"w"}`, "m/t.txt": "text",
	})
	to := writeFiles(t, map[string]string{
		indexName: `{"version":7,"datasets":[{"path":"kept","subset":null,"split":null,"data_files":null,"revision":null,"file":"k.jsonl","rows":1,"note":"x"}]}`,
		"k.jsonl": `{"id":"k"}`,
	})
	s := New(Options{Mirror: filepath.Join(from, "m")})
	entries := []MirrorEntry{
		{Source: eval.Source{Path: filepath.Join(from, "a.jsonl")}, Split: "test", Aliases: []string{"org/a"}},
		{Source: eval.Source{Path: filepath.Join(from, "b.csv")}},
		{Source: eval.Source{Path: filepath.Join(from, "c.json")}, Split: "train"},
	}
	for range 2 {
		if err := WriteMirror(ctx, s, entries, []string{"mine"}, []string{"rubric"}, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(from); err != nil {
		t.Fatal(err)
	}
	m := New(Options{Mirror: to})
	for _, c := range []struct{ path, split, want string }{
		{filepath.Join(from, "a.jsonl"), "test", "1.50 2"}, {"org/a", "test", "1.50 2"},
		{filepath.Join(from, "b.csv"), "any", "7"}, {filepath.Join(from, "c.json"), "train", "3"}, {"kept", "x", "k"},
	} {
		if got, _, err := readIDs(m, eval.Source{Path: c.path}, c.split); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
	}
	if docs, err := m.Shots(ctx, "mine"); err != nil || len(docs) != 1 {
		t.Errorf("%v, %v", docs, err)
	}
	if text, err := m.Text(ctx, "rubric"); err != nil || text != "text" {
		t.Errorf("%q, %v", text, err)
	}
	raw, err := os.ReadFile(filepath.Join(to, indexName))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Version  int
		Datasets []map[string]any
		Fewshot  []any
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	if index.Version != 7 || len(index.Datasets) != 4 || len(index.Fewshot) != 1 || index.Datasets[0]["note"] != "x" {
		t.Errorf("index %s", raw)
	}
	// What was written is checked when it is read.
	file := filepath.Join(to, index.Datasets[2]["file"].(string))
	if err := os.WriteFile(file, []byte(`{"id":"8"}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := readIDs(New(Options{Mirror: to}), eval.Source{Path: filepath.Join(from, "b.csv")}, "any"); err == nil || !strings.Contains(err.Error(), "where the index says") {
		t.Errorf("spoiled: %v", err)
	}
}

func TestWriteMirrorErrors(t *testing.T) {
	dir := writeFiles(t, map[string]string{"bad.jsonl": "{}\n{\n"})
	for want, e := range map[string]MirrorEntry{
		"bad.jsonl:2: malformed JSON":                {Source: eval.Source{Path: filepath.Join(dir, "bad.jsonl")}},
		"no such file":                               {Source: eval.Source{Path: filepath.Join(dir, "none.jsonl")}},
		"a mirror does not hold what commands write": {Source: eval.Source{Command: []string{"true"}}},
	} {
		to := t.TempDir()
		err := WriteMirror(context.Background(), New(Options{}), []MirrorEntry{e}, nil, nil, to)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
		if left, _ := filepath.Glob(filepath.Join(to, "*", ".rows*")); len(left) > 0 {
			t.Errorf("left %v", left)
		}
	}
}

func TestMirrorRules(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		indexName: `{"datasets":[
			{"path":"org/a","subset":null,"split":null,"data_files":null,"revision":null,"file":"any.jsonl","rows":1},
			{"path":"org/a","subset":null,"split":"test","data_files":null,"revision":null,"file":"test.jsonl","rows":1},
			{"path":"org/a","subset":null,"split":"test","data_files":null,"revision":"v1","file":"v1.jsonl","rows":1},
			{"path":"org/a","subset":"s","split":"test","data_files":null,"revision":null,"file":"s.jsonl","rows":2},
			{"path":"org/b","subset":null,"split":null,"data_files":"x/y.json","revision":null,"file":"file.jsonl","rows":1},
			{"path":"gsm8k","subset":"main","split":"test","data_files":null,"revision":null,"file":"g.jsonl","rows":1},
			{"path":"org/c","subset":null,"split":"test","data_files":null,"revision":null,"file":"gone.jsonl","rows":1},
			{"path":"org/d","subset":null,"split":"test","data_files":null,"revision":null,"file":"any.jsonl","rows":1},
			{"path":"org/d","subset":null,"split":"test","data_files":null,"revision":null,"file":"s.jsonl","rows":1}]}`,
		"any.jsonl": `{"id":"any"}`, "test.jsonl": `{"id":"test"}`, "v1.jsonl": `{"id":"v1"}`, "s.jsonl": `{"id":"s"}`,
		"file.jsonl": `{"id":"file"}`, "g.jsonl": `{"id":"g"}`,
	})
	for _, c := range []struct {
		src   eval.Source
		split string
		want  string
		err   string
	}{
		{eval.Source{Path: "org/a"}, "test", "test", ""},
		{eval.Source{Path: "hf://org/a"}, "train", "any", ""},
		{eval.Source{Path: "org/a", Revision: "v1"}, "test", "v1", ""},
		{eval.Source{Path: "org/a", Revision: "v2"}, "test", "test", ""},
		{eval.Source{Path: "org/a", Subset: "s"}, "test", "", "1 rows where the index says 2"},
		{eval.Source{Path: "org/a", Subset: "s"}, "train", "", "the mirror " + dir + " has of it only: any split; split test; split test, revision v1; subset s, split test"},
		{eval.Source{Path: "hf://datasets/org/b/x/y.json"}, "train", "file", ""},
		{eval.Source{Path: "openai/gsm8k", Subset: "main"}, "test", "g", ""},
		{eval.Source{Path: "gsm8k", Subset: "main"}, "test", "g", ""},
		{eval.Source{Path: "org/c"}, "test", "", "gone.jsonl: no such file"},
		{eval.Source{Path: "org/d"}, "test", "", "any.jsonl and s.jsonl are for the same rows"},
		{eval.Source{Path: "org/e"}, "test", "", "not in the Hugging Face cache"},
	} {
		got, _, err := readIDs(New(Options{Mirror: dir, HFHome: t.TempDir(), Offline: true}), c.src, c.split)
		if c.err == "" && (err != nil || got != c.want) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%+v %s: %q, %v", c.src, c.split, got, err)
		}
	}
	for content, want := range map[string]string{
		`{`: "malformed index", `{"datasets":[{"path":"a","file":"../x"}]}`: "datasets[0]: want a path, and a file inside the mirror",
		`{"texts":[{"name":"a","file":"/etc/x"}]}`: "texts[0]: want a name",
	} {
		_, err := New(Options{Mirror: writeFiles(t, map[string]string{indexName: content})}).Open(context.Background(), eval.Source{Path: "a"}, "test")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", content, err)
		}
	}
	if _, err := New(Options{Mirror: "/no/such/dir"}).Open(context.Background(), eval.Source{Path: "a"}, "test"); err == nil || !strings.Contains(err.Error(), "mirror: open /no/such/dir/index.json: no such file") {
		t.Errorf("no mirror: %v", err)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"datasets":[{"path":"a","file":"b","split":null,"rows":1}],"fewshot":[],"texts":[{"name":"a","file":"b"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := &mirror{dir: "m"}
		if parseIndex(raw, &m.mirrorIndex) != nil {
			return
		}
		for _, d := range m.Datasets {
			if !filepath.IsLocal(filepath.FromSlash(d.File)) {
				t.Fatalf("file %q", d.File)
			}
			entry, _, err := m.find(eval.Source{Path: d.Path, Subset: text(d.Subset), DataFiles: text(d.DataFiles), Revision: text(d.Revision)}, text(d.Split))
			if entry == nil && err == nil && d.Split != nil {
				t.Fatalf("%+v is not found", d)
			}
		}
	})
}
