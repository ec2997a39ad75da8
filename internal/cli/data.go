package cli

import (
	"errors"
	"io/fs"

	"olmoeval/dataset"
	"olmoeval/internal/engine"
)

// store is where data comes from.
func (a *app) store() *dataset.Store {
	o := dataset.OptionsFromEnv(a.Getenv)
	if a.global.mirror != "" {
		o.Mirror = a.global.mirror
	}
	if o.Mirror != "" {
		o.Mirror = a.abs(o.Mirror)
	}
	var files bundles
	for _, s := range a.Sets {
		if s.Data != nil {
			files = append(files, s.Data)
		}
	}
	o.Bundled = files
	o.Log = a.log
	return dataset.New(o)
}

// loader reads tasks' data.
func (a *app) loader(skipBadRows bool) *engine.Loader {
	return &engine.Loader{Data: a.store(), Decode: dataset.Decode, SkipBadRows: skipBadRows}
}

// bundles are the files of all sets as one file system; the first that has a
// name wins.
type bundles []fs.FS

func (b bundles) Open(name string) (fs.File, error) {
	for _, f := range b {
		file, err := f.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return file, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
