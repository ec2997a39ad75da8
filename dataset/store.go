package dataset

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"sync"

	"olmoeval/dataset/internal/pick"
	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
	"olmoeval/internal/fetch/web"
)

// Store opens data sources. It may be used by many goroutines, and several
// processes may share its caches.
type Store struct {
	opt Options
	log *slog.Logger

	mu     sync.Mutex
	mirror *mirror            // loaded at first use
	once   map[string]*flight // work that all callers share
	client *web.Client        // made at first use
	retry  web.Retry
}

var _ eval.Data = (*Store)(nil)

// New makes a store. It touches nothing: what is wrong with the options shows
// when a source needs them.
func New(opt Options) *Store {
	s := &Store{opt: opt, log: opt.Log, once: map[string]*flight{}}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// Open finds one split of a source and makes it ready to read, downloading
// what is far away. "a+b" are the rows of split a, then those of b.
func (s *Store) Open(ctx context.Context, src eval.Source, split string) (eval.Rows, error) {
	src, err := normal(src)
	if err != nil {
		return nil, err
	}
	rows, err := s.open(ctx, src, split)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", describe(src, split), err)
	}
	return rows, nil
}

func (s *Store) open(ctx context.Context, src eval.Source, split string) (eval.Rows, error) {
	rows, near, err := s.fromMirror(src, split)
	if rows != nil || err != nil {
		return rows, err
	}
	if strings.ContainsAny(split, "[]") {
		return nil, fmt.Errorf("split %q: slices are not read; use the whole split and a limit", split)
	}
	if a, b, ok := strings.Cut(split, "+"); ok {
		j := &joined{split: split}
		for _, part := range append([]string{a}, strings.Split(b, "+")...) {
			rows, err := s.open(ctx, src, strings.TrimSpace(part))
			if err != nil {
				return nil, err
			}
			j.parts = append(j.parts, rows)
		}
		return j, nil
	}
	rows, err = s.elsewhere(ctx, src, split)
	if err != nil && near != "" {
		err = fmt.Errorf("%w (%s)", err, near)
	}
	return rows, err
}

// elsewhere opens a source that the mirror does not hold.
func (s *Store) elsewhere(ctx context.Context, src eval.Source, split string) (eval.Rows, error) {
	switch src.Kind() {
	case eval.SourceHF:
		return s.openHub(ctx, src, split)
	case eval.SourceExec:
		return s.openCommand(ctx, src, split)
	case eval.SourceLocal:
		return s.openLocal(src, split)
	case eval.SourceBundled:
		return s.openBundled(src, split)
	case eval.SourceS3, eval.SourceGCS, eval.SourceHTTP:
		return s.openRemote(ctx, src, split)
	}
	return nil, fmt.Errorf("source kind %s is unknown", src.Kind())
}

// openBundled reads a file of Options.Bundled: NAME with its suffix, or the
// only file whose name without suffix is NAME.
func (s *Store) openBundled(src eval.Source, split string) (eval.Rows, error) {
	name := strings.TrimPrefix(src.Path, "bundled:")
	if s.opt.Bundled == nil {
		return nil, fmt.Errorf("this program bundles no data")
	}
	files, err := listFS(s.opt.Bundled, anyDepth)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range pick.Readable(files) {
		if f == name || rowio.Stem(f) == name || path.Dir(f) == name && rowio.Stem(path.Base(f)) == split {
			info := eval.SourceInfo{Path: src.Path, Subset: src.Subset, Split: split}
			return newRows(info, []rowio.Input{{Name: "bundled:" + f, Path: f, FS: s.opt.Bundled}}), nil
		}
		names = append(names, rowio.Stem(f))
	}
	return nil, fmt.Errorf("no bundled data of that name%s", hint(name, names))
}

// normal gives a source its one spelling: hf:// and its file form are taken
// apart as [eval.ParseSource] does.
func normal(src eval.Source) (eval.Source, error) {
	if len(src.Command) > 0 {
		return src, nil
	}
	if src.Path == "" {
		return src, fmt.Errorf("data source without a path")
	}
	if !strings.HasPrefix(src.Path, "hf://") && !strings.HasPrefix(src.Path, "file:") {
		return src, nil
	}
	parsed, split, err := eval.ParseSource(src.Path)
	if err != nil {
		return src, err
	}
	if split != "" {
		return src, fmt.Errorf("data source %q: give the split as split=%s", src.Path, split)
	}
	for _, f := range []struct {
		name    string
		to, was *string
	}{
		{"subset", &parsed.Subset, &src.Subset},
		{"data_files", &parsed.DataFiles, &src.DataFiles},
		{"revision", &parsed.Revision, &src.Revision},
	} {
		if *f.was != "" && *f.to != "" && *f.was != *f.to {
			return src, fmt.Errorf("data source %q: %s is given twice, %q and %q", src.Path, f.name, *f.to, *f.was)
		}
		if *f.to == "" {
			*f.to = *f.was
		}
	}
	if parsed.Kind() == eval.SourceLocal && strings.HasPrefix(src.Path, "hf://") {
		return src, fmt.Errorf("data source %q: no Hugging Face data set; want hf://ORG/NAME or hf://datasets/ORG/NAME/FILE", src.Path)
	}
	return parsed, nil
}

// describe names a source and split in messages.
func describe(src eval.Source, split string) string {
	name := src.Path
	if len(src.Command) > 0 {
		name = strings.Join(src.Command, " ")
	}
	var more []string
	for _, m := range []struct{ key, value string }{
		{"subset", src.Subset}, {"split", split}, {"data_files", src.DataFiles}, {"revision", src.Revision},
	} {
		if m.value != "" {
			more = append(more, m.key+" "+m.value)
		}
	}
	if len(more) == 0 {
		return name
	}
	return name + " (" + strings.Join(more, ", ") + ")"
}
