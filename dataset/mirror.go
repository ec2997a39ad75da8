package dataset

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
)

// indexName is the table of contents of a mirror.
const indexName = "index.json"

// mirrorIndex is the file: rows of data sets, few-shot sets and texts, each a
// file of the directory. Fields that others add are left alone.
type mirrorIndex struct {
	Datasets []mirrorData `json:"datasets"`
	Fewshot  []mirrorFile `json:"fewshot"`
	Texts    []mirrorFile `json:"texts"`
}

// mirrorData is one split of one data set. A null split or revision stands for
// any.
type mirrorData struct {
	Path      string   `json:"path"`
	Aliases   []string `json:"aliases,omitempty"`
	Subset    *string  `json:"subset"`
	Split     *string  `json:"split"`
	DataFiles *string  `json:"data_files"`
	Revision  *string  `json:"revision"`
	// Resolved is the commit that the rows are of.
	Resolved string `json:"resolved,omitempty"`
	File     string `json:"file"`
	// Rows is -1 where the index does not say it.
	Rows int `json:"rows"`
	// SHA256 is over the file's bytes, "" where the index does not say it.
	SHA256 string `json:"sha256,omitempty"`
}

// UnmarshalJSON tells an absent row count from none.
func (d *mirrorData) UnmarshalJSON(b []byte) error {
	type plain mirrorData
	p := plain{Rows: -1}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*d = mirrorData(p)
	return nil
}

// mirrorFile is a few-shot set or a text.
type mirrorFile struct {
	Name   string `json:"name"`
	File   string `json:"file"`
	Rows   *int   `json:"rows,omitempty"`
	SHA256 string `json:"sha256"`
}

type mirror struct {
	dir string
	mirrorIndex
}

// readMirror reads and checks a mirror's index.
func readMirror(dir string) (*mirror, error) {
	file := filepath.Join(dir, indexName)
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	m := &mirror{dir: dir}
	if err := parseIndex(raw, &m.mirrorIndex); err != nil {
		return nil, fmt.Errorf("mirror: %s: %w", file, err)
	}
	return m, nil
}

func parseIndex(raw []byte, index *mirrorIndex) error {
	if err := json.Unmarshal(raw, index); err != nil {
		return fmt.Errorf("malformed index: %w", err)
	}
	for i, d := range index.Datasets {
		if d.Path == "" || !filepath.IsLocal(filepath.FromSlash(d.File)) {
			return fmt.Errorf("datasets[%d]: want a path, and a file inside the mirror, got %q and %q", i, d.Path, d.File)
		}
	}
	if err := checkFiles("fewshot", index.Fewshot); err != nil {
		return err
	}
	return checkFiles("texts", index.Texts)
}

func checkFiles(kind string, list []mirrorFile) error {
	for i, f := range list {
		if f.Name == "" || !filepath.IsLocal(filepath.FromSlash(f.File)) {
			return fmt.Errorf("%s[%d]: want a name, and a file inside the mirror, got %q and %q", kind, i, f.Name, f.File)
		}
	}
	return nil
}

// theMirror is the mirror of the options, nil if there is none.
func (s *Store) theMirror() (*mirror, error) {
	if s.opt.Mirror == "" {
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mirror == nil {
		m, err := readMirror(s.opt.Mirror)
		if err != nil {
			return nil, err
		}
		s.mirror = m
	}
	return s.mirror, nil
}

// fromMirror opens what the mirror holds; rows is nil if it does not. near
// then says what it holds of the same data set.
func (s *Store) fromMirror(src eval.Source, split string) (rows eval.Rows, near string, err error) {
	if len(src.Command) > 0 {
		return nil, "", nil
	}
	m, err := s.theMirror()
	if m == nil || err != nil {
		return nil, "", err
	}
	entry, near, err := m.find(src, split)
	if entry == nil || err != nil {
		return nil, near, err
	}
	file := filepath.Join(m.dir, filepath.FromSlash(entry.File))
	info := eval.SourceInfo{Path: src.Path, Subset: src.Subset, Split: split, Revision: entry.Resolved}
	if info.Revision == "" && entry.Revision != nil {
		info.Revision = *entry.Revision
	}
	r := newRows(info, []rowio.Input{{Name: file, Path: file}})
	r.check = func(got eval.SourceInfo) error {
		if entry.Rows >= 0 && got.Rows != entry.Rows {
			return fmt.Errorf("mirror: %s: %d rows where the index says %d", file, got.Rows, entry.Rows)
		}
		if entry.SHA256 != "" && got.Digest != entry.SHA256 {
			return fmt.Errorf("mirror: %s: sha256 %s where the index says %s", file, got.Digest, entry.SHA256)
		}
		return nil
	}
	if _, err := os.Stat(file); err != nil {
		return nil, "", fmt.Errorf("mirror: %w", err)
	}
	return r, "", nil
}

// find looks a split up. An entry that names the split and the revision goes
// before one that stands for any.
func (m *mirror) find(src eval.Source, split string) (entry *mirrorData, near string, err error) {
	best := -1
	var same []string
	for i := range m.Datasets {
		d := &m.Datasets[i]
		if !d.named(src.Path) {
			continue
		}
		same = append(same, d.describe())
		splitRank, ok1 := anyOr(d.Split, split)
		revRank, ok2 := anyOr(d.Revision, src.Revision)
		if !ok1 || !ok2 || text(d.Subset) != src.Subset || text(d.DataFiles) != src.DataFiles {
			continue
		}
		switch rank := 2*splitRank + revRank; {
		case rank == best:
			return nil, "", fmt.Errorf("mirror: %s: %s and %s are for the same rows", filepath.Join(m.dir, indexName), entry.File, d.File)
		case rank > best:
			best, entry = rank, d
		}
	}
	if entry == nil && len(same) > 0 {
		sort.Strings(same)
		if len(same) > 8 {
			same = append(same[:8], "…")
		}
		near = fmt.Sprintf("the mirror %s has of it only: %s", m.dir, strings.Join(same, "; "))
	}
	return entry, near, nil
}

// named tells whether the entry is for a path, under any of its names.
func (d *mirrorData) named(path string) bool {
	if canonicalID(d.Path) == canonicalID(path) {
		return true
	}
	for _, a := range d.Aliases {
		if a == path {
			return true
		}
	}
	return false
}

func (d *mirrorData) describe() string {
	var parts []string
	for _, p := range []struct {
		key   string
		value *string
	}{{"subset", d.Subset}, {"split", d.Split}, {"data_files", d.DataFiles}, {"revision", d.Revision}} {
		if text(p.value) != "" {
			parts = append(parts, p.key+" "+*p.value)
		}
	}
	if len(parts) == 0 {
		return "any split"
	}
	return strings.Join(parts, ", ")
}

// anyOr compares with a field whose null stands for any.
func anyOr(field *string, want string) (rank int, ok bool) {
	if field == nil {
		return 0, true
	}
	return 1, *field == want
}

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
