package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/internal/journal"
)

// storedAsks are the specs and overrides of a stored run's tasks.
func storedAsks(m *journal.Manifest) ([]catalog.Ask, error) {
	out := make([]catalog.Ask, len(m.Tasks))
	for i := range m.Tasks {
		t := &m.Tasks[i]
		out[i].Spec = t.Spec
		if file := fileOf(t.Defined); file != "" {
			out[i].Spec = file + "#" + t.Spec
		}
		for _, text := range t.Overrides {
			key, raw, _ := strings.Cut(text, "=")
			out[i].Overrides = append(out[i].Overrides, dotted.Override{Path: strings.Split(key, "."), Value: dotted.Value(raw), Raw: raw})
		}
	}
	return out, nil
}

// fileOf is the user's file where a task is defined, "" for built-ins.
func fileOf(defined string) string {
	file := defined
	if i := strings.LastIndexByte(file, ':'); i > 0 {
		file = file[:i]
	}
	if _, _, ok := pathSpec(file); ok && filepath.IsAbs(file) {
		return file
	}
	return ""
}

// storedTasks resolves a stored run's tasks as they are defined now; only, if
// not empty, picks some by label or spec.
func (a *app) storedTasks(ctx context.Context, m *journal.Manifest, only []string) (*journal.Manifest, func(*journal.Task) (*eval.Task, error), error) {
	list, err := storedAsks(m)
	if err != nil {
		return nil, nil, err
	}
	part := *m
	part.Tasks = nil
	var asks []catalog.Ask
	for i, t := range m.Tasks {
		if len(only) == 0 || contains(only, t.Label) || contains(only, t.Spec) {
			part.Tasks = append(part.Tasks, t)
			asks = append(asks, list[i])
		}
	}
	if len(part.Tasks) == 0 {
		var have []string
		for _, t := range m.Tasks {
			have = append(have, t.Label)
		}
		return nil, nil, usage("run %s has no task %s; it has: %s", m.RunID, strings.Join(only, ", "), strings.Join(have, ", "))
	}
	specs := make([]string, len(asks))
	for i, k := range asks {
		specs[i] = k.Spec
	}
	reg, err := a.registry(ctx, specs...)
	if err != nil {
		return nil, nil, err
	}
	byLabel := map[string]catalog.Ask{}
	for i, t := range part.Tasks {
		byLabel[t.Label] = asks[i]
	}
	known := func(t *journal.Task) (*eval.Task, error) {
		k := byLabel[t.Label]
		spec := k.Spec
		if name, ok := reg.specs[spec]; ok {
			spec = name
		}
		r, err := reg.Resolve(spec, k.Overrides)
		if err != nil {
			return nil, asUsage(fmt.Errorf("run %s: %w", m.RunID, err))
		}
		return &r.Task, nil
	}
	return &part, known, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// likeRun reads the run of --like and takes its tasks for the command.
func (a *app) likeRun(f *runFlags) (*journal.Reader, error) {
	if f.like == "" {
		return nil, nil
	}
	if len(f.tasks) > 0 {
		return nil, usage("--like takes its tasks from the run: leave out -t")
	}
	r, err := a.oneRun(f.like)
	if err != nil {
		return nil, err
	}
	if f.tasks, err = storedAsks(r.Manifest); err != nil {
		return nil, err
	}
	for i, t := range r.Manifest.Tasks {
		for _, d := range t.Data {
			if d.Revision == "" {
				continue
			}
			o, err := dotted.Parse("data_source.revision=" + d.Revision)
			if err != nil {
				return nil, err
			}
			f.tasks[i].Overrides = append(f.tasks[i].Overrides, o)
			break
		}
	}
	return r, nil
}
