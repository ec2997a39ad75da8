package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"olmoeval/eval"
	"olmoeval/internal/fetch"
)

// MirrorEntry is one split that a mirror shall hold.
type MirrorEntry struct {
	Source eval.Source
	// Split "" stands for any: that of a source with one file.
	Split string
	// Aliases are other paths of the same data set.
	Aliases []string
}

// WriteMirror copies rows, few-shot sets and texts into a directory that
// Options.Mirror can name. An index that is there already is kept: entries for
// the same rows are replaced, others left as they are. A malformed row is an
// error. The index is renamed into place at the end, so a mirror in use is
// whole at all times.
func WriteMirror(ctx context.Context, s *Store, entries []MirrorEntry, fewshot, texts []string, dir string) error {
	var add mirrorIndex
	for _, e := range entries {
		d, err := writeRows(ctx, s, e, dir)
		if err != nil {
			return err
		}
		add.Datasets = append(add.Datasets, d)
	}
	for _, name := range fewshot {
		docs, err := s.Shots(ctx, name)
		if err != nil {
			return err
		}
		n := len(docs)
		f := mirrorFile{Name: name, File: "fewshot/" + fileName(name) + ".jsonl", Rows: &n, SHA256: RowsDigest(docs)}
		if err := writeInto(dir, f.File, encodeDocs(docs)); err != nil {
			return err
		}
		add.Fewshot = append(add.Fewshot, f)
	}
	for _, name := range texts {
		text, err := s.Text(ctx, name)
		if err != nil {
			return err
		}
		f := mirrorFile{Name: name, File: "texts/" + fileName(name) + ".txt", SHA256: TextDigest(text)}
		if err := writeInto(dir, f.File, []byte(text)); err != nil {
			return err
		}
		add.Texts = append(add.Texts, f)
	}
	return mergeIndex(ctx, dir, add)
}

// writeRows copies one split as JSON Lines.
func writeRows(ctx context.Context, s *Store, e MirrorEntry, dir string) (mirrorData, error) {
	src, err := normal(e.Source)
	if err == nil && len(src.Command) > 0 {
		err = errors.New("a mirror does not hold what commands write")
	}
	if err != nil {
		return mirrorData{}, fmt.Errorf("data %s: %w", describe(e.Source, e.Split), err)
	}
	rows, err := s.Open(ctx, src, e.Split)
	if err != nil {
		return mirrorData{}, err
	}
	where := filepath.Join(dir, "data")
	if err := os.MkdirAll(where, 0o777); err != nil {
		return mirrorData{}, err
	}
	tmp, err := os.CreateTemp(where, ".rows.*")
	if err != nil {
		return mirrorData{}, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	sum := sha256.New()
	n, err := copyRows(ctx, rows, io.MultiWriter(tmp, sum))
	if err == nil {
		err = errors.Join(tmp.Chmod(0o644), tmp.Sync())
	}
	if err != nil {
		return mirrorData{}, fmt.Errorf("data %s: %w", describe(src, e.Split), err)
	}
	d := mirrorData{
		Path: src.Path, Aliases: e.Aliases, Subset: orNull(src.Subset), Split: orNull(e.Split),
		DataFiles: orNull(src.DataFiles), Revision: orNull(src.Revision), Resolved: rows.Info().Revision,
		Rows: n, SHA256: hex.EncodeToString(sum.Sum(nil)),
	}
	name := src.Path
	for _, part := range []string{src.Subset, e.Split, src.DataFiles, src.Revision} {
		if part != "" {
			name += "__" + part
		}
	}
	d.File = "data/" + fileName(name) + "." + d.SHA256[:8] + ".jsonl"
	return d, os.Rename(tmp.Name(), filepath.Join(dir, filepath.FromSlash(d.File)))
}

// copyRows writes rows as they are where they are JSON, else as JSON.
func copyRows(ctx context.Context, rows eval.Rows, w io.Writer) (n int, err error) {
	var line []byte
	for row, err := range rows.All(ctx) {
		if err != nil {
			return n, err
		}
		doc, err := Decode(row)
		if err != nil {
			return n, err
		}
		line = append(line[:0], row.Raw...)
		if row.Raw == nil || bytes.ContainsAny(row.Raw, "\r\n") {
			line = encodeDoc(line[:0], doc)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// fileName makes a file name of any text, short enough for all file systems.
func fileName(name string) string {
	clean := unsafeInName.ReplaceAllString(name, "_")
	if clean == name && len(clean) <= 150 {
		return clean
	}
	if len(clean) > 120 {
		clean = clean[:120]
	}
	return clean + "." + short(name)[:8]
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func writeInto(dir, name string, data []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return fetch.WriteFile(path, data)
}

// mergeIndex puts entries into a mirror's index, in place of those with the
// same key. What it does not know in the index it leaves there.
func mergeIndex(ctx context.Context, dir string, add mirrorIndex) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	unlock, err := fetch.Lock(ctx, filepath.Join(dir, ".index.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	file := filepath.Join(dir, indexName)
	index := map[string]json.RawMessage{}
	raw, err := os.ReadFile(file)
	switch {
	case err == nil:
		var old mirrorIndex
		if err := errors.Join(json.Unmarshal(raw, &index), parseIndex(raw, &old)); err != nil {
			return fmt.Errorf("mirror: %s: %w", file, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	err = errors.Join(
		mergeList(index, "datasets", add.Datasets, mirrorData.key),
		mergeList(index, "fewshot", add.Fewshot, mirrorFile.key),
		mergeList(index, "texts", add.Texts, mirrorFile.key),
	)
	if err != nil {
		return fmt.Errorf("mirror: %s: %w", file, err)
	}
	out, err := json.MarshalIndent(index, "", " ")
	if err != nil {
		return err
	}
	return fetch.WriteFile(file, append(out, '\n'))
}

func (d mirrorData) key() string {
	raw, _ := json.Marshal([]any{canonicalID(d.Path), text(d.Subset), d.Split, text(d.DataFiles), d.Revision})
	return string(raw)
}

func (f mirrorFile) key() string { return f.Name }

func mergeList[T any](index map[string]json.RawMessage, field string, add []T, key func(T) string) error {
	var list []json.RawMessage
	if raw, ok := index[field]; ok {
		if err := json.Unmarshal(raw, &list); err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	at := map[string]int{}
	for i, raw := range list {
		var old T
		if err := json.Unmarshal(raw, &old); err != nil {
			return fmt.Errorf("%s[%d]: %w", field, i, err)
		}
		at[key(old)] = i
	}
	for _, item := range add {
		raw, err := json.Marshal(item)
		if err != nil {
			return err
		}
		if i, ok := at[key(item)]; ok {
			list[i] = raw
			continue
		}
		at[key(item)] = len(list)
		list = append(list, raw)
	}
	if list == nil {
		list = []json.RawMessage{}
	}
	raw, err := json.Marshal(list)
	index[field] = raw
	return err
}
