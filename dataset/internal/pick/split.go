// Package pick says which files of a repository or a directory make up one
// split, from their names. Call [Split]; it never mixes splits: where names
// leave a doubt it returns an [Ambiguous] error with the candidates. [Glob] is
// the pattern language for file names.
package pick

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"olmoeval/dataset/internal/rowio"
)

// Ambiguous says that several sets of files could be the split.
type Ambiguous struct {
	Want       string
	Candidates []string
}

func (e *Ambiguous) Error() string {
	return fmt.Sprintf("split %q could be any of %s; choose with data_files or a glob", e.Want, List(e.Candidates))
}

// Missing says that no file is of the split.
type Missing struct {
	Want  string
	Files []string
}

func (e *Missing) Error() string {
	if len(e.Files) == 0 {
		return fmt.Sprintf("no files of rows for split %q (known: %s)", e.Want, rowio.Formats)
	}
	return fmt.Sprintf("no file is of split %q; there are %s", e.Want, List(e.Files))
}

// List writes names for a message, the first ten of them.
func List(names []string) string {
	if len(names) > 10 {
		return strings.Join(names[:10], ", ") + fmt.Sprintf(" and %d more", len(names)-10)
	}
	return strings.Join(names, ", ")
}

// Unit is a set of files that belong together: the shards of one series, or
// the files of a directory named after a split.
type unit struct {
	key   string
	files []string
	doubt bool // the name tells more than one split
}

// Split returns the files, sorted, that make up the split. A name that is the
// split's counts before one that contains it, and that before one with another
// word for it (dev for validation). Files that cannot be read are left out.
// untold says what becomes of files none of whose names tells a split.
func Split(names []string, want string, untold func(files []string) ([]string, error)) ([]string, error) {
	files := Readable(names)
	best := 0
	var units []unit
	told := false
	for _, f := range files {
		if family(f) != "" {
			told = true
		}
		rank, key := match(f, want)
		if rank == 0 || rank < best {
			continue
		}
		told = true
		if rank > best {
			best, units = rank, nil
		}
		i := slices.IndexFunc(units, func(u unit) bool { return u.key == key })
		if i < 0 {
			i, units = len(units), append(units, unit{key: key})
		}
		units[i].files = append(units[i].files, f)
		if _, base := parts(f); rank < 3 && len(familiesOf(rowio.Stem(base))) > 1 {
			units[i].doubt = true
		}
	}
	switch {
	case len(units) == 1 && !units[0].doubt:
		return units[0].files, complete(units[0].files)
	case len(units) > 0:
		e := &Ambiguous{Want: want}
		for _, u := range units {
			e.Candidates = append(e.Candidates, u.files[0])
		}
		return nil, e
	case told || len(files) == 0:
		return nil, &Missing{Want: want, Files: files}
	}
	return untold(files)
}

// Readable are the names of files of rows, sorted, without hidden files and
// without the descriptions that tools leave beside the data.
func Readable(names []string) []string {
	var out []string
	for _, n := range names {
		dirs, base := parts(n)
		hidden := strings.HasPrefix(base, ".") || slices.ContainsFunc(dirs, func(d string) bool {
			return strings.HasPrefix(d, ".") && d != "." && d != ".."
		})
		switch base {
		case "dataset_infos.json", "dataset_info.json", "dataset_dict.json", "state.json":
			hidden = true
		}
		if !hidden && rowio.Supported(base) {
			out = append(out, n)
		}
	}
	sort.Strings(out)
	return out
}

// OneFormat returns the files when all are of one format, and an error that
// lists the formats otherwise: the same rows are often published in several.
func OneFormat(files []string) ([]string, error) {
	seen := map[string]bool{}
	var formats []string
	for _, f := range files {
		format, compression, _ := rowio.Format(f)
		if f := format + compression; !seen[f] {
			seen[f] = true
			formats = append(formats, f)
		}
	}
	if len(formats) > 1 {
		return nil, fmt.Errorf("files of several formats (%s): choose with a glob", strings.Join(formats, ", "))
	}
	return files, complete(files)
}

// OneSeries tells whether the files are the shards of one, by their names.
func OneSeries(files []string) (bool, error) {
	if _, err := OneFormat(files); err != nil {
		return false, err
	}
	seen := map[string]bool{}
	for _, f := range files {
		seen[number.ReplaceAllString(shard.ReplaceAllString(rowio.Stem(f), ""), "")] = true
	}
	return len(seen) == 1, nil
}

// HasName tells whether name stands in a file's name, set off from the rest.
func HasName(stem, name string) bool { return hasWord(stem, name) }

// Splits are the usual splits that the names tell, sorted.
func Splits(names []string) []string {
	var out []string
	for _, n := range names {
		if f := family(n); f != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	sort.Strings(out)
	return out
}
