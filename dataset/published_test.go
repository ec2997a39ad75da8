package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

// python writes a JSON value as a Python literal.
func python(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		b.WriteString(map[bool]string{true: "True", false: "False"}[v])
	case []any:
		b.WriteString("[")
		for _, x := range v {
			b.WriteString("\n  " + python(t, x) + ",")
		}
		b.WriteString("]")
	case map[string]any:
		b.WriteString("{")
		for k, x := range v {
			b.WriteString(python(t, k) + ": " + python(t, x) + ",")
		}
		b.WriteString("}")
	default:
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(b.String())
	}
	return b.String()
}

// All sets and texts come out with their digests from the files that the
// recorded index names, when neither mirror nor hub has them; each file is
// asked for once, and not at all offline.
func TestPublishedAll(t *testing.T) {
	ctx := context.Background()
	mirror := filepath.Join(corpus.Dir(t), "mirror")
	recorded := New(Options{Mirror: mirror})
	raw, err := os.ReadFile(filepath.Join(mirror, indexName))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Fewshot, Texts []struct{ Name, Module, Symbol, SHA256 string }
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Fewshot) != len(shotSets()) || len(index.Texts) != len(promptTexts()) {
		t.Errorf("%d sets and %d texts are recorded, %d and %d known", len(index.Fewshot), len(index.Texts), len(shotSets()), len(promptTexts()))
	}
	f := newFakeWeb(t)
	for _, x := range index.Fewshot {
		def := knownSet(x.Name)
		if def == nil || def.module != x.Module || def.symbol != x.Symbol || def.sha256 != x.SHA256 {
			t.Fatalf("%s is not as recorded: %+v", x.Name, def)
		}
		docs, err := recorded.Shots(ctx, x.Name)
		if err != nil {
			t.Fatal(err)
		}
		list := make([]any, len(docs))
		for i, d := range docs {
			list[i] = map[string]any(d)
		}
		f.files["/"+x.Module] += x.Symbol + " = " + python(t, list) + "\n"
	}
	for _, x := range index.Texts {
		def := knownText(x.Name)
		if def == nil || def.module != x.Module || def.symbol != x.Symbol || def.sha256 != x.SHA256 {
			t.Fatalf("%s is not as recorded: %+v", x.Name, def)
		}
		text, err := recorded.Text(ctx, x.Name)
		if err != nil {
			t.Fatal(err)
		}
		f.files["/"+x.Module] += "def f(x):\n  return f'{x}'\n" + x.Symbol + " = (" + python(t, text) + ")\n"
	}
	opt := Options{CacheDir: t.TempDir(), HFHome: t.TempDir(), HFEndpoint: nowhere, Published: f.URL + "/"}
	read := func(s *Store) {
		t.Helper()
		for _, d := range shotSets() {
			d.url = "" // the only recipe that asks elsewhere than the hub
			docs, err := s.publicShots(ctx, &d)
			if err != nil || RowsDigest(docs) != d.sha256 {
				t.Errorf("%s: %v", d.name, err)
			}
		}
		for _, d := range promptTexts() {
			if text, err := s.Text(ctx, d.name); err != nil || TextDigest(text) != d.sha256 {
				t.Errorf("%s: %v", d.name, err)
			}
		}
	}
	read(quickStore(opt))
	if asked := f.requests(); len(asked) != 2*len(f.files) {
		t.Errorf("%d files, asked %s", len(f.files), asked)
	}
	opt.Offline = true
	read(quickStore(opt))
	if asked := f.requests(); len(asked) != 0 {
		t.Errorf("offline, asked %s", asked)
	}
}

func TestPublished(t *testing.T) {
	ctx := context.Background()
	f := newFakeWeb(t)
	f.files["/a.py"] = "ROWS = [{'q': 'one', 'n': (1, 2.50)}]\nTEXT = ('be '\n 'fair')\nCALL = f()\nMIXED = [{}, 1]\n"
	docs := []eval.Doc{{"q": "one", "n": []any{json.Number("1"), json.Number("2.5")}}}
	opt := Options{CacheDir: t.TempDir(), Published: f.URL}
	s := quickStore(opt)
	rows := func(symbol, digest string, n int) shotSet {
		return shotSet{name: symbol, sha256: digest, rows: n, published: published{"a.py", symbol}}
	}
	copied := filepath.Join(opt.CacheDir, "published", short(f.URL), "a.py")
	again := "; delete the copy " + copied + " to download it again"
	gone := rows("ROWS", "", 1)
	gone.module = "b.py"
	for name, c := range map[string]struct {
		def shotSet
		err string
	}{
		"rows":           {rows("ROWS", RowsDigest(docs), 1), ""},
		"other rows":     {rows("ROWS", "00", 1), f.URL + "/a.py: digest of the rows of ROWS: wanted 00, got " + RowsDigest(docs) + again},
		"another number": {rows("ROWS", RowsDigest(docs), 2), "ROWS has 1 rows, wanted 2" + again},
		"no literal":     {rows("CALL", "", 1), "/a.py: line 4: name f: only literals are read" + again},
		"no name":        {rows("NONE", "", 1), "nothing was assigned to NONE"},
		"a text":         {rows("TEXT", "", 1), "/a.py: TEXT: no list"},
		"no document":    {rows("MIXED", "", 2), "/a.py: MIXED: row 1 is no dict"},
		"no file":        {gone, "no such object: " + f.URL + "/b.py"},
	} {
		got, err := s.publishedShots(ctx, &c.def)
		if c.err == "" && (err != nil || RowsDigest(got) != c.def.sha256) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for symbol, want := range map[string]string{
		"TEXT": "/a.py: sha256 of TEXT: wanted 00, got " + TextDigest("be fair") + again, "ROWS": "/a.py: ROWS is no string" + again,
	} {
		if _, err := s.publishedText(ctx, &promptText{sha256: "00", published: published{"a.py", symbol}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", symbol, err)
		}
	}
	text := promptText{sha256: TextDigest("be fair"), published: published{"a.py", "TEXT"}}
	if got, err := s.publishedText(ctx, &text); err != nil || got != "be fair" {
		t.Errorf("%q, %v", got, err)
	}
	// Another address is another file; offline there is only what was read.
	for _, o := range []Options{{CacheDir: opt.CacheDir, Published: f.URL + "/other", Offline: true}, {CacheDir: t.TempDir(), Published: f.URL, Offline: true}} {
		if _, err := New(o).publishedText(ctx, &text); err == nil || !strings.Contains(err.Error(), "/a.py: not in the cache, and HF_HUB_OFFLINE is set") {
			t.Error(err)
		}
	}
	if _, err := New(Options{Published: f.URL}).publishedText(ctx, &text); err == nil || !strings.Contains(err.Error(), "no cache directory") {
		t.Error(err)
	}
}

// Rows that a data set no longer has are read where they were published; where
// both fail, both reasons are given.
func TestPublishedFallback(t *testing.T) {
	ctx := context.Background()
	f := newFakeWeb(t)
	f.files["/a.py"] = "ROWS = [{'id': 'a'}]\n"
	s := quickStore(Options{CacheDir: t.TempDir(), Published: f.URL})
	file := filepath.Join(writeFiles(t, map[string]string{"r.jsonl": `{"id":"a","n":1}`}), "r.jsonl")
	def := shotSet{
		sha256: RowsDigest([]eval.Doc{{"id": "a"}}), rows: 1, published: published{"a.py", "ROWS"},
		source: eval.Source{Path: file}, key: []string{"id"}, pick: ids("a"),
	}
	for name, change := range map[string]func(*shotSet){
		"other rows":    func(d *shotSet) {},
		"a missing row": func(d *shotSet) { d.pick = ids("b") },
		"no data set":   func(d *shotSet) { d.source.Path += ".gone" },
		"no recipe":     func(d *shotSet) { d.pick = nil },
	} {
		d := def
		change(&d)
		if docs, err := s.publicShots(ctx, &d); err != nil || fmt.Sprint(docs) != "[map[id:a]]" {
			t.Errorf("%s: %v, %v", name, docs, err)
		}
	}
	f.requests()
	fits := def
	fits.fields = []string{"id"}
	fits.module = "none.py"
	if _, err := s.publicShots(ctx, &fits); err != nil || len(f.requests()) > 0 {
		t.Errorf("the data set was passed over: %v", err)
	}
	def.module = "none.py"
	if _, err := s.publicShots(ctx, &def); err == nil || !strings.Contains(err.Error(), "the public rows are not those of the set") ||
		!strings.Contains(err.Error(), "; nor from where it was published: no such object") {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.publicShots(ended, &def); err == nil || strings.Contains(err.Error(), "published") {
		t.Errorf("went on when told to stop: %v", err)
	}
}
