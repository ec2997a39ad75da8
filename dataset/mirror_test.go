package dataset

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestConformanceMirror(t *testing.T) {
	dir := filepath.Join(corpus.Dir(t), "mirror")
	raw, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Datasets []struct {
			Path                                string
			Aliases                             []string
			Subset, Split, Data_Files, Revision *string
			Rows                                int
		}
		Fewshot []struct {
			Name, SHA256 string
			Rows         int
		}
		Texts []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	s := New(Options{Mirror: dir, Offline: true})
	for _, d := range index.Datasets {
		split := "whatever"
		if d.Split != nil {
			split = *d.Split
		}
		for _, path := range append([]string{d.Path}, d.Aliases...) {
			src := eval.Source{Path: path, Subset: text(d.Subset), DataFiles: text(d.Data_Files), Revision: text(d.Revision)}
			rows, err := s.Open(ctx, src, split)
			if err != nil {
				t.Fatal(err)
			}
			docs, err := collect(ctx, rows)
			if err != nil {
				t.Fatal(err)
			}
			if info := rows.Info(); len(docs) != d.Rows || info.Rows != d.Rows || len(info.Digest) != 64 {
				t.Errorf("%s: %d rows, info %+v, want %d", describe(src, split), len(docs), info, d.Rows)
			}
		}
	}
	for _, f := range index.Fewshot {
		docs, err := s.Shots(ctx, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if len(docs) != f.Rows || RowsDigest(docs) != f.SHA256 {
			t.Errorf("%s: %d rows, digest %s", f.Name, len(docs), RowsDigest(docs))
		}
		if def := knownSet(f.Name); def == nil || def.sha256 != f.SHA256 || def.rows != f.Rows {
			t.Errorf("%s: the table has %+v", f.Name, def)
		}
	}
	for _, f := range index.Texts {
		text, err := s.Text(ctx, f.Name)
		if err != nil || TextDigest(text) != f.SHA256 {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	if len(index.Datasets) < 300 || len(index.Fewshot) < 18 || len(index.Texts) < 4 {
		t.Errorf("index has %d, %d, %d entries", len(index.Datasets), len(index.Fewshot), len(index.Texts))
	}
}
