package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/fetch"
	"olmoeval/internal/fetch/blob"
	"olmoeval/internal/fetch/web"
	"olmoeval/internal/pyliteral"
)

// publishedAt is where few-shot sets and texts were published: Python files
// that hold them as literals, at one commit, which never changes.
const publishedAt = "https://raw.githubusercontent.com/allenai/olmo-eval/e8b88f196767630acaf8a383d12a33d314788d27"

const (
	publishedTasks     = "src/olmo_eval/evals/tasks/"
	publishedConstants = publishedTasks + "constants/"
)

// published is a top-level name of a published file.
type published struct {
	module string // the file's path
	symbol string
}

// publishedShots are the rows of a set, as they were published.
func (s *Store) publishedShots(ctx context.Context, def *shotSet) ([]eval.Doc, error) {
	v, file, err := s.literal(ctx, def.published)
	if err != nil {
		return nil, err
	}
	docs, err := docsOf(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", file.address, def.symbol, err)
	}
	if len(docs) != def.rows {
		return nil, file.differs("%s has %d rows, wanted %d", def.symbol, len(docs), def.rows)
	}
	if got := RowsDigest(docs); got != def.sha256 {
		return nil, file.differs("digest of the rows of %s: wanted %s, got %s", def.symbol, def.sha256, got)
	}
	return docs, nil
}

// docsOf is a list of dicts as documents.
func docsOf(v any) ([]eval.Doc, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("no list")
	}
	docs := make([]eval.Doc, len(list))
	for i, x := range list {
		row, ok := x.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("row %d is no dict", i)
		}
		docs[i] = row
	}
	return docs, nil
}

// publishedFile is a published file that was read.
type publishedFile struct {
	address string
	path    string // of the copy in the cache
	source  []byte
}

// differs is the error of a file that does not hold what it must.
func (f publishedFile) differs(format string, args ...any) error {
	return fmt.Errorf("%s: %s; delete the copy %s to download it again", f.address, fmt.Sprintf(format, args...), f.path)
}

// literal is the value of a published name.
func (s *Store) literal(ctx context.Context, at published) (any, publishedFile, error) {
	f, err := shared(ctx, s, "published "+at.module, func(ctx context.Context) (publishedFile, error) {
		return s.publishedFile(ctx, at.module)
	})
	if err != nil {
		return nil, f, err
	}
	v, err := pyliteral.Find(f.source, at.symbol)
	if err != nil {
		return nil, f, f.differs("%v", err)
	}
	return v, f, nil
}

// publishedFile reads a published file, from the cache if it is there: what
// was published at a commit is asked for once.
func (s *Store) publishedFile(ctx context.Context, module string) (publishedFile, error) {
	base := strings.TrimRight(s.opt.Published, "/")
	if base == "" {
		base = publishedAt
	}
	f := publishedFile{address: base + "/" + module}
	dir, err := s.cacheDir("published")
	if err != nil {
		return f, err
	}
	f.path = filepath.Join(dir, short(base), filepath.FromSlash(module))
	if f.source, err = os.ReadFile(f.path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if s.opt.Offline {
		return f, fmt.Errorf("%s: not in the cache, and HF_HUB_OFFLINE is set", web.Bare(f.address))
	}
	h := blob.HTTPS{Web: s.web()}
	o, err := h.Stat(ctx, f.address)
	if err != nil {
		return f, err
	}
	s.log.Info("downloading", "file", o.Name, "bytes", o.Size)
	get := fetch.File{
		Path: f.path, Lock: f.path + ".lock", Size: o.Size, Retry: s.retry,
		Get: func(ctx context.Context, offset int64) (io.ReadCloser, int64, error) { return h.Get(ctx, o, offset) },
	}
	if _, err := get.Do(ctx); err != nil {
		return f, fmt.Errorf("%s: %w", o.Name, err)
	}
	f.source, err = os.ReadFile(f.path)
	return f, err
}
