package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"olmoeval/dataset/internal/pick"
	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
)

// openLocal reads a file, the files of a directory that are of the split, or
// those a glob names. A single file serves any split: the user named it.
func (s *Store) openLocal(src eval.Source, split string) (eval.Rows, error) {
	if src.Revision != "" {
		return nil, fmt.Errorf("local files have no revision")
	}
	root := src.Path
	if rest, ok := strings.CutPrefix(root, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		root = filepath.Join(home, rest)
	}
	files, err := localFiles(root, src.DataFiles, split)
	if err != nil {
		return nil, err
	}
	info := eval.SourceInfo{Path: src.Path, Subset: src.Subset, Split: split}
	var inputs []rowio.Input
	for _, f := range files {
		inputs = append(inputs, rowio.Input{Name: f, Path: f})
	}
	return newRows(info, inputs), nil
}

func localFiles(root, dataFiles, split string) ([]string, error) {
	pattern := root
	if dataFiles != "" {
		pattern = filepath.ToSlash(filepath.Join(root, dataFiles))
	}
	st, err := os.Stat(pattern)
	if err != nil && pick.IsGlob(pattern) {
		return localGlob(pattern, split)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no such file or directory%s", neighbour(pattern))
	}
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		if !rowio.Supported(pattern) {
			return nil, fmt.Errorf("not a file of rows; known: %s", rowio.Formats)
		}
		return []string{pattern}, nil
	}
	names, err := listFS(os.DirFS(pattern), anyDepth)
	if err != nil {
		return nil, err
	}
	names, err = pick.Split(names, split, pick.OneFormat)
	if err != nil {
		return nil, err
	}
	for i, n := range names {
		names[i] = filepath.Join(pattern, filepath.FromSlash(n))
	}
	return names, nil
}

func localGlob(pattern, split string) ([]string, error) {
	root := pick.Root(pattern)
	dir := root
	if dir == "" {
		dir = "."
	}
	depth := strings.Count(pattern[len(root):], "/")
	if strings.Contains(pattern, "**") {
		depth = anyDepth
	}
	all, err := listFS(os.DirFS(dir), depth)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no such directory: %s", dir)
	}
	if err != nil {
		return nil, err
	}
	for i, n := range all {
		all[i] = root + n
	}
	return pick.Matching(all, pattern, split)
}

const anyDepth = -1

// listFS lists the files below a directory, without hidden directories, and
// no deeper than depth directories.
func listFS(fsys fs.FS, depth int) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p != "." {
				return nil // unreadable corners are not ours to judge
			}
			return err
		}
		if d.IsDir() && p != "." {
			tooDeep := depth != anyDepth && strings.Count(p, "/") >= depth
			if tooDeep || strings.HasPrefix(d.Name(), ".") {
				return fs.SkipDir
			}
		}
		if !d.IsDir() {
			out = append(out, p)
		}
		return nil
	})
	sort.Strings(out)
	return out, err
}

// neighbour suggests a file of the same directory for one that is not there.
func neighbour(p string) string {
	entries, err := os.ReadDir(filepath.Dir(p))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || rowio.Supported(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return hint(filepath.Base(p), names)
}
