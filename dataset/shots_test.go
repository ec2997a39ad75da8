package dataset

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

// Every set with a recipe over a data set comes out with its digest when the
// data set has its rows, in another order and with more fields.
func TestShotsFromDataSets(t *testing.T) {
	ctx := context.Background()
	recorded := New(Options{Mirror: filepath.Join(corpus.Dir(t), "mirror")})
	tested := 0
	for _, def := range shotSets() {
		if len(def.pick) == 0 {
			continue
		}
		tested++
		want, err := recorded.Shots(ctx, def.name)
		if err != nil {
			t.Fatal(err)
		}
		var train []eval.Doc
		for i, d := range want {
			row := eval.Doc{}
			for k, v := range d {
				row[k] = v
			}
			for j, k := range def.key {
				if row[k] == nil {
					row[k] = def.pick[i][j]
				}
			}
			if def.fields != nil {
				row["more"] = "not kept"
			}
			train = append(train, row)
		}
		other := eval.Doc{}
		for _, k := range def.key {
			other[k] = "none of them"
		}
		train = append(train, other)
		slices.Reverse(train)
		dir := writeMirror(t, mirrorData{Path: def.source.Path, Subset: orNull(def.source.Subset), Split: orNull(def.split), File: "rows.jsonl", Rows: -1}, train)
		opt := Options{Mirror: dir, CacheDir: t.TempDir(), HFEndpoint: nowhere, Published: nowhere}
		got, err := quickStore(opt).Shots(ctx, def.name)
		if err != nil || RowsDigest(got) != def.sha256 {
			t.Errorf("%s: %v", def.name, err)
			continue
		}
		// They are kept, and the kept ones are checked.
		if err := os.Remove(filepath.Join(dir, "rows.jsonl")); err != nil {
			t.Fatal(err)
		}
		if _, err := quickStore(opt).Shots(ctx, def.name); err != nil {
			t.Errorf("%s, kept: %v", def.name, err)
		}
		keptFile := filepath.Join(opt.CacheDir, "fewshot", def.sha256+".jsonl")
		if err := os.WriteFile(keptFile, []byte("{}\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := quickStore(opt).Shots(ctx, def.name); err == nil {
			t.Errorf("%s: spoiled rows were taken", def.name)
		}
	}
	if tested < 5 {
		t.Errorf("only %d sets tested", tested)
	}
}

// nowhere is an address at which nothing answers.
const nowhere = "http://127.0.0.1:1"

// writeMirror makes a mirror of one data set.
func writeMirror(t *testing.T, d mirrorData, docs []eval.Doc) string {
	t.Helper()
	index, err := json.Marshal(mirrorIndex{Datasets: []mirrorData{d}})
	if err != nil {
		t.Fatal(err)
	}
	return writeFiles(t, map[string]string{d.File: string(encodeDocs(docs)), indexName: string(index)})
}

const cot = `fewshot_config:
  samples:
  - question: One and
      one?
    target: It is one. The answer is not clear at first.
      The answer is 2.
  - {question: Half a dozen?, target: 'The answer is 1,006.'}
task: other
`

func TestBuildShots(t *testing.T) {
	f := newFakeWeb(t)
	f.files["/cot.yaml"] = cot
	f.files["/bad.yaml"] = "fewshot_config: {samples: [{question: a, target: b}]}"
	s := quickStore(Options{CacheDir: t.TempDir()})
	want := []eval.Doc{
		{"question": "One and one?", "answer": "It is one. The answer is not clear at first. So the answer is 2.", "short_answer": "2"},
		{"question": "Half a dozen?", "answer": "So the answer is 1,006.", "short_answer": "1,006"},
	}
	rows := filepath.Join(writeFiles(t, map[string]string{"r.jsonl": `{"id":"a","n":1}` + "\n" + `{"id":"b","n":2}` + "\n" + `{"id":"d"}` + "\n" + `{"id":"d"}`}), "r.jsonl")
	local := eval.Source{Path: rows}
	ab := RowsDigest([]eval.Doc{{"n": json.Number("2")}, {"n": json.Number("1")}})
	for name, c := range map[string]struct {
		def shotSet
		err string
	}{
		"a file":         {shotSet{url: f.URL + "/cot.yaml", parse: parseChainOfThought, sha256: RowsDigest(want)}, ""},
		"another digest": {shotSet{url: f.URL + "/cot.yaml", parse: parseChainOfThought, sha256: "00"}, "the public rows are not those of the set: digest wanted 00, got " + RowsDigest(want)},
		"no answer":      {shotSet{url: f.URL + "/bad.yaml", parse: parseChainOfThought}, `fewshot_config.samples[0]: no "The answer is "`},
		"no file":        {shotSet{url: f.URL + "/none.yaml", parse: parseChainOfThought}, "no such object"},
		"rows":           {shotSet{source: local, key: []string{"id"}, pick: ids("b", "a"), fields: []string{"n"}, sha256: ab}, ""},
		"a missing row":  {shotSet{source: local, key: []string{"id"}, pick: ids("b", "c")}, "no row with id c: found 1 of 2"},
		"a row twice":    {shotSet{source: local, key: []string{"id"}, pick: ids("d")}, "two rows with id d"},
	} {
		_, err := s.buildShots(context.Background(), &c.def)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestShotsAndTextErrors(t *testing.T) {
	ctx := context.Background()
	dir := writeFiles(t, map[string]string{
		indexName: `{"fewshot":[{"name":"mine","file":"m.jsonl","rows":1,"sha256":"` + RowsDigest([]eval.Doc{{"a": "b"}}) + `"},
			{"name":"short","file":"m.jsonl","rows":2,"sha256":""},{"name":"spoiled","file":"m.jsonl","sha256":"00"},
			{"name":"gsm8k_fixed_fewshot","file":"m.jsonl","sha256":""},{"name":"bad","file":"bad.jsonl","sha256":""}],
			"texts":[{"name":"zebralogic.zebra_grid","file":"t.txt"},{"name":"rubric","file":"t.txt","sha256":"` + TextDigest("be fair\n") + `"},{"name":"spoiled","file":"t.txt","sha256":"00"}]}`,
		"m.jsonl": `{"a":"b"}`, "bad.jsonl": "{}\n{", "t.txt": "be fair\n",
	})
	s := quickStore(Options{Mirror: dir, CacheDir: t.TempDir(), Published: nowhere})
	if docs, err := s.Shots(ctx, "mine"); err != nil || len(docs) != 1 {
		t.Errorf("%v, %v", docs, err)
	}
	if text, err := s.Text(ctx, "rubric"); err != nil || text != "be fair\n" {
		t.Errorf("%q, %v", text, err)
	}
	for name, want := range map[string]string{
		"short":                "1 rows where the index says 2",
		"spoiled":              "digest of the rows is",
		"gsm8k_fixed_fewshot":  "give other rows another name",
		"bad":                  "bad.jsonl:2: malformed JSON",
		"mien":                 `few-shot set "mien": unknown; did you mean "mine"?; to supply your own, name a directory`,
		"drop_fixed_fewshot":   "connection refused; or name a directory that holds it with --mirror DIR or OLMO_EVAL_MIRROR",
		"gsm8k_fixd_fewshot":   `did you mean "gsm8k_fixed_fewshot"?`,
		"drop_mc_fixed_fewsht": `did you mean "drop_mc_fixed_fewshot"?`,
	} {
		if _, err := s.Shots(ctx, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"spoiled": "sha256 is", "rubrik": `text "rubrik": unknown; did you mean "rubric"?; to supply your own, name a directory`,
		"zebralogic.zebra_grid": "give another text another name", "zebralogic.zebra_gird": `did you mean "zebralogic.zebra_grid"?`,
		"drop._description": "connection refused; or name a directory that holds it",
	} {
		if _, err := s.Text(ctx, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
