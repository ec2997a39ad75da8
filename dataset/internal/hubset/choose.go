// Package hubset says which files of a data set repository on the Hugging Face
// hub make up a split. Call [Select].
package hubset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"olmoeval/dataset/internal/pick"
	"olmoeval/dataset/internal/rowio"
	"olmoeval/internal/fetch/hub"
	"olmoeval/internal/fetch/web"
	"olmoeval/internal/nearest"
)

// convertBranch is where the hub keeps every data set as parquet.
const convertBranch = "refs/convert/parquet"

// Want is what is looked for in a repository.
type Want struct {
	ID, Revision, Subset, Split, DataFiles string
}

// Select resolves the revision and says which files make up the split: those
// that DataFiles names; else, without a pinned revision, those of the hub's
// parquet conversion; else those that the repository's card names; else those
// whose names tell the split. A doubt is an error that lists the candidates.
func Select(ctx context.Context, c *hub.Client, w Want) (*hub.Snapshot, []string, error) {
	if w.Revision == "" && w.DataFiles == "" {
		s, files, err := converted(ctx, c, w)
		if err != nil || s != nil {
			return s, files, err
		}
	}
	s, err := c.Snapshot(ctx, w.ID, w.Revision)
	if err != nil {
		return nil, nil, err
	}
	files, err := choose(ctx, c, s, w)
	if err != nil {
		return nil, nil, err
	}
	if s.Partial {
		c.Log.Warn("the list of files is not cached; using those that are", "data", s.ID, "commit", s.Commit, "files", len(files))
	}
	return s, files, nil
}

// converted looks into the conversion; s is nil if there is none of use.
func converted(ctx context.Context, c *hub.Client, w Want) (s *hub.Snapshot, files []string, err error) {
	s, err = c.Snapshot(ctx, w.ID, convertBranch)
	if errors.Is(err, hub.ErrNoRevision) || c.Offline && err != nil {
		return nil, nil, nil
	}
	if err != nil && web.Unreachable(err) && c.Cached(w.ID, "main") != nil {
		return nil, nil, nil // what the cache has of the repository may do
	}
	if err != nil {
		return nil, nil, err
	}
	files, err = fromConversion(s.Files, w)
	if errors.Is(err, errCut) {
		return nil, nil, nil
	}
	return s, files, err
}

var convertedFile = regexp.MustCompile(`^(.+)/([^/]+)/(\d+)\.parquet$`)

// errCut says that the conversion has only the beginning of a large data set.
var errCut = errors.New("the conversion is partial")

// fromConversion picks SUBSET/SPLIT/0000.parquet and what follows.
func fromConversion(files []string, w Want) ([]string, error) {
	shards := map[string]map[string][]string{}
	var subsets []string
	for _, f := range files {
		m := convertedFile.FindStringSubmatch(f)
		if m == nil {
			continue
		}
		if shards[m[1]] == nil {
			shards[m[1]] = map[string][]string{}
			subsets = append(subsets, m[1])
		}
		shards[m[1]][m[2]] = append(shards[m[1]][m[2]], f)
	}
	if len(subsets) == 0 {
		return nil, errCut
	}
	subset, err := oneSubset(subsets, w.Subset)
	if err != nil {
		return nil, err
	}
	var splits []string
	for split := range shards[subset] {
		if split == "partial-"+w.Split {
			return nil, errCut
		}
		splits = append(splits, split)
	}
	out := shards[subset][w.Split]
	if out == nil {
		sort.Strings(splits)
		return nil, fmt.Errorf("no split %q%s; there are %s", w.Split, didYouMean(w.Split, splits), pick.List(splits))
	}
	sort.Strings(out)
	for i, f := range out {
		stem := strings.TrimSuffix(path.Base(f), ".parquet")
		if n, err := strconv.Atoi(stem); err != nil || n != i {
			return nil, fmt.Errorf("the conversion lacks a file before %s", f)
		}
	}
	return out, nil
}

// oneSubset is the subset asked for; without one, the only one or the one
// called default.
func oneSubset(subsets []string, want string) (string, error) {
	sort.Strings(subsets)
	switch {
	case want != "" && slices.Contains(subsets, want):
		return want, nil
	case want != "":
		return "", fmt.Errorf("no subset %q%s; there are %s", want, didYouMean(want, subsets), pick.List(subsets))
	case len(subsets) == 1:
		return subsets[0], nil
	case slices.Contains(subsets, "default"):
		return "default", nil
	}
	return "", fmt.Errorf("several subsets, choose one: %s", pick.List(subsets))
}

func didYouMean(got string, known []string) string {
	if n, ok := nearest.Name(got, known); ok {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return ""
}

// choose picks from a repository's own files.
func choose(ctx context.Context, c *hub.Client, s *hub.Snapshot, w Want) ([]string, error) {
	if w.DataFiles != "" {
		return named(s.Files, w.DataFiles, w.Split)
	}
	readable := pick.Readable(s.Files)
	if len(readable) == 0 {
		return nil, fmt.Errorf("revision %s has no files of rows (known: %s)", s.Commit, rowio.Formats)
	}
	if isConversion(readable) {
		files, err := fromConversion(readable, w)
		if errors.Is(err, errCut) {
			return nil, fmt.Errorf("%w: the split is too large for it; leave the revision out", err)
		}
		return files, err
	}
	configs, err := card(ctx, c, s)
	if err != nil {
		return nil, err
	}
	if len(configs) > 0 {
		return fromCard(configs, readable, w)
	}
	return byName(readable, w)
}

func isConversion(files []string) bool {
	return !slices.ContainsFunc(files, func(f string) bool { return !convertedFile.MatchString(f) })
}

// named are the files that data_files names, a pattern or one file.
func named(files []string, dataFiles, split string) ([]string, error) {
	if pick.IsGlob(dataFiles) {
		return pick.Matching(files, dataFiles, split)
	}
	if !slices.Contains(files, dataFiles) {
		return nil, fmt.Errorf("no file %q%s", dataFiles, didYouMean(dataFiles, files))
	}
	if !rowio.Supported(dataFiles) {
		return nil, fmt.Errorf("%s is not a file of rows; known: %s", dataFiles, rowio.Formats)
	}
	return []string{dataFiles}, nil
}

// byName goes by the names of files and directories. Where none tells a split
// the rows are the train split, as for Hugging Face's own tools.
func byName(files []string, w Want) ([]string, error) {
	if w.Subset != "" && w.Subset != "default" {
		files = ofSubset(files, w.Subset)
		if len(files) == 0 {
			return nil, fmt.Errorf("no file is of subset %q", w.Subset)
		}
	}
	return pick.Split(files, w.Split, func(files []string) ([]string, error) {
		if w.Split != "train" {
			return nil, fmt.Errorf("no split %q: the files tell no splits, which makes them train: %s", w.Split, pick.List(files))
		}
		if len(files) > 1 {
			if same, err := pick.OneSeries(files); err != nil {
				return nil, err
			} else if !same {
				return nil, &pick.Ambiguous{Want: w.Split, Candidates: files}
			}
		}
		return files, nil
	})
}

// ofSubset are the files in a directory of that name, or else those whose own
// name has it.
func ofSubset(files []string, subset string) []string {
	var inDir, byBase []string
	for _, f := range files {
		dir, base := path.Split(f)
		if strings.Contains("/"+dir, "/"+subset+"/") {
			inDir = append(inDir, f)
		}
		if pick.HasName(rowio.Stem(base), subset) {
			byBase = append(byBase, f)
		}
	}
	if len(inDir) > 0 {
		return inDir
	}
	return byBase
}

// card reads what the repository's README says of its subsets; nil if nothing.
func card(ctx context.Context, c *hub.Client, s *hub.Snapshot) ([]config, error) {
	if !slices.Contains(s.Files, "README.md") {
		return nil, nil
	}
	file, err := c.File(ctx, s, "README.md")
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	configs, err := parseCard(raw)
	if err != nil {
		c.Log.Debug("the card's header is not read", "data", s.ID, "error", err)
		return nil, nil
	}
	return configs, nil
}
