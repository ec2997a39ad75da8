package cli

import (
	"olmoeval/dataset"
	"olmoeval/internal/engine"
)

// store is where data comes from.
func (a *app) store() *dataset.Store {
	o := dataset.OptionsFromEnv(a.Getenv)
	if a.global.mirror != "" {
		o.Mirror = a.abs(a.global.mirror)
	}
	o.Bundled = a.Bundled
	o.Log = a.log
	return dataset.New(o)
}

// loader reads tasks' data.
func (a *app) loader(skipBadRows bool) *engine.Loader {
	return &engine.Loader{Data: a.store(), Decode: dataset.Decode, SkipBadRows: skipBadRows}
}
