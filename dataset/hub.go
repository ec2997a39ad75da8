package dataset

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"olmoeval/dataset/internal/hubset"
	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
	"olmoeval/internal/fetch/hub"
)

// hubName is ORG/NAME, or a name of the time before organisations.
var hubName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$`)

// openHub reads a data set of the Hugging Face hub.
func (s *Store) openHub(ctx context.Context, src eval.Source, split string) (eval.Rows, error) {
	if !hubName.MatchString(src.Path) {
		return nil, errors.New("neither a Hugging Face data set (ORG/NAME) nor a file: local paths begin with / or ./")
	}
	if split == "" {
		return nil, errors.New("a Hugging Face data set needs a split")
	}
	c, err := s.hub()
	if err != nil {
		return nil, err
	}
	want := hubset.Want{ID: src.Path, Revision: src.Revision, Subset: src.Subset, Split: split, DataFiles: src.DataFiles}
	snap, files, err := hubset.Select(ctx, c, want)
	if err != nil {
		return nil, err
	}
	var inputs []rowio.Input
	for _, name := range files {
		path, err := c.File(ctx, snap, name)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, rowio.Input{Name: fmt.Sprintf("hf://datasets/%s/%s", snap.ID, name), Path: path})
	}
	info := eval.SourceInfo{Path: src.Path, Subset: src.Subset, Split: split, Revision: snap.Commit}
	return newRows(info, inputs), nil
}

func (s *Store) hub() (*hub.Client, error) {
	c, err := s.opt.access().Hub(s.web(), hub.Datasets, s.log)
	if err == nil {
		c.Moved = legacy
	}
	return c, err
}
