package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"olmoeval/eval"
	"olmoeval/internal/fetch"
)

// errNoCache says that something must be kept and there is no place for it.
var errNoCache = errors.New("no cache directory: set HOME or XDG_CACHE_HOME")

// cacheDir is a directory below CacheDir.
func (s *Store) cacheDir(name string) (string, error) {
	if s.opt.CacheDir == "" {
		return "", errNoCache
	}
	return filepath.Join(s.opt.CacheDir, name), nil
}

// keptShots are the rows of a set built before, nil if there are none or they
// are not the set's.
func (s *Store) keptShots(ctx context.Context, def *shotSet) []eval.Doc {
	dir, err := s.cacheDir("fewshot")
	if err != nil {
		return nil
	}
	docs, err := readDocs(ctx, filepath.Join(dir, def.sha256+".jsonl"))
	if err != nil || RowsDigest(docs) != def.sha256 {
		return nil
	}
	return docs
}

// keepShots writes a built set for the next time. That it cannot is no reason
// to fail: the rows are there.
func (s *Store) keepShots(def *shotSet, docs []eval.Doc) {
	dir, err := s.cacheDir("fewshot")
	if err == nil {
		err = os.MkdirAll(dir, 0o777)
	}
	if err == nil {
		err = fetch.WriteFile(filepath.Join(dir, def.sha256+".jsonl"), encodeDocs(docs))
	}
	if err != nil {
		s.log.Debug("few-shot set not kept", "set", def.name, "error", err)
	}
}

// encodeDocs writes documents as JSON Lines, keys sorted, numbers as they are.
func encodeDocs(docs []eval.Doc) []byte {
	var out []byte
	for _, d := range docs {
		out = append(encodeDoc(out, d), '\n')
	}
	return out
}

func encodeDoc(b []byte, d eval.Doc) []byte {
	line, err := json.Marshal(map[string]any(d))
	if err != nil {
		panic("document with a value that is no JSON: " + err.Error())
	}
	return append(b, line...)
}
