package eval_test

import (
	"encoding/json"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

// sourceDeviations are strings that mean something else here.
var sourceDeviations = map[string]string{
	"s3://b/k.jsonl?split=x": "the query is read, not part of the key",
	"a/b.jsonl":              "a path with a data file's ending is a file, not a repository",
	"org/repo/":              "",
	"":                       "an empty source is an error",
}

func TestParseSourceAgainstCorpus(t *testing.T) {
	type row struct {
		Fn    string            `json:"fn"`
		Args  []json.RawMessage `json:"args"`
		Out   any               `json:"out"`
		Error string            `json:"error"`
	}
	n := 0
	corpus.Exact(t, "cli", func(r row) {
		if r.Fn != "DataSource.from_uri" {
			return
		}
		var text string
		if err := json.Unmarshal(r.Args[0], &text); err != nil {
			t.Fatal(err)
		}
		n++
		if sourceDeviations[text] != "" {
			return
		}
		s, split, err := eval.ParseSource(text)
		if (err != nil) != (r.Error != "") {
			t.Errorf("ParseSource(%q): %v, the reference: %q", text, err, r.Error)
			return
		}
		if err != nil {
			return
		}
		if split == "" {
			split = "test"
		}
		out, _ := r.Out.(map[string]any)
		str := func(v any) string { s, _ := v.(string); return s }
		if s.Path != str(out["path"]) || s.Subset != str(out["subset"]) || split != out["split"] || s.Kind() != out["source_type"] {
			t.Errorf("ParseSource(%q) = %+v split %s kind %s, want %v", text, s, split, s.Kind(), r.Out)
		}
	})
	if n < 15 {
		t.Errorf("compared %d sources", n)
	}
}

func TestHubFile(t *testing.T) {
	s, _, err := eval.ParseSource("hf://datasets/allenai/basic-skills/a/b.json?revision=abc")
	if err != nil || s.Path != "allenai/basic-skills" || s.DataFiles != "a/b.json" || s.Revision != "abc" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func FuzzParseSource(f *testing.F) {
	for _, s := range []string{"cais/mmlu", "hf://a/b?subset=x&split=y", "s3://b/k", "./x*.jsonl", "file:///a?b=c", "https://h/x?y=z", "C:\\x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, _, err := eval.ParseSource(text)
		if err != nil {
			return
		}
		if s.Path == "" {
			t.Errorf("ParseSource(%q) gives an empty path", text)
		}
		s.Kind()
	})
}
