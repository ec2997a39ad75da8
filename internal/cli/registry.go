package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/starfile"
)

// folders are where the user's own files are found by name.
func (a *app) folders() ([]string, error) {
	if env := a.Getenv("OLMO_EVAL_PATH"); env != "" {
		var out []string
		for _, d := range filepath.SplitList(env) {
			if d != "" {
				out = append(out, a.abs(d))
			}
		}
		return out, nil
	}
	p, err := a.findProject()
	if err != nil {
		return nil, err
	}
	if len(p.Path) > 0 {
		return p.Path, nil
	}
	return []string{a.abs("evals")}, nil
}

// userFiles lists the files with an extension in the user's folders, sorted.
func (a *app) userFiles(ext string) ([]string, error) {
	dirs, err := a.folders()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range dirs {
		entries, err := os.ReadDir(d)
		if errors.Is(err, os.ErrNotExist) {
			if a.Getenv("OLMO_EVAL_PATH") != "" {
				return nil, usage("OLMO_EVAL_PATH: folder %s does not exist", d)
			}
			continue
		}
		if err != nil {
			return nil, asUsage(err)
		}
		for _, e := range entries {
			if !e.IsDir() && filepath.Ext(e.Name()) == ext {
				out = append(out, filepath.Join(d, e.Name()))
			}
		}
	}
	sort.Strings(out)
	return out, nil
}

// registry is the catalogue of an invocation: the built-in sets, the user's
// files, and the files that specs name.
type registry struct {
	*catalog.Catalog
	// specs maps a path spec to the spec it stands for.
	specs map[string]string
}

// registry loads the catalogue; specs may name files.
func (a *app) registry(ctx context.Context, specs ...string) (*registry, error) {
	sets := append([]eval.Set(nil), a.Sets...)
	files, err := a.userFiles(".star")
	if err != nil {
		return nil, err
	}
	loaded := map[string]bool{}
	for _, f := range files {
		set, err := starfile.Load(ctx, f, nil, starfile.Env{Base: merged(sets), Print: a.starPrint})
		if err != nil {
			return nil, asUsage(err)
		}
		loaded[realPath(f)] = true
		sets = append(sets, set)
	}
	r := &registry{specs: map[string]string{}}
	for _, s := range specs {
		file, rest, ok := pathSpec(s)
		if !ok {
			continue
		}
		set, err := a.loadFile(ctx, file, merged(sets))
		if err != nil {
			return nil, err
		}
		name, err := nameIn(set, file, rest)
		if err != nil {
			return nil, err
		}
		r.specs[s] = name
		if abs := realPath(a.abs(file)); !loaded[abs] {
			loaded[abs] = true
			sets = append(sets, set)
		}
	}
	r.Catalog, err = catalog.New(metric.ByID, sets...)
	return r, asUsage(err)
}

func (a *app) starPrint(msg string) { a.note("%s", msg) }

func realPath(p string) string {
	if r, err := filepath.EvalSymlinks(p); err == nil {
		return r
	}
	return p
}

// pathSpec splits a spec that names a file: ./f.star#name:variant@priority.
func pathSpec(spec string) (file, rest string, ok bool) {
	base, _, err := catalog.SplitPriority(spec)
	if err != nil {
		base = spec
	}
	file, rest, _ = strings.Cut(base, "#")
	for _, ext := range []string{".star", ".jsonl", ".jsonl.gz", ".jsonl.zst"} {
		if strings.HasSuffix(file, ext) {
			return file, rest, true
		}
		// A variant may follow the file directly: ./rows.jsonl:3shot.
		if i := strings.Index(base, ext+":"); i >= 0 && rest == "" {
			return base[:i+len(ext)], base[i+len(ext):], true
		}
	}
	return "", "", false
}

func (a *app) loadFile(ctx context.Context, file string, base eval.Set) (eval.Set, error) {
	path := a.abs(file)
	if _, err := os.Stat(path); err != nil {
		return eval.Set{}, usage("task file %s does not exist", file)
	}
	if filepath.Ext(path) == ".star" {
		set, err := starfile.Load(ctx, path, nil, starfile.Env{Base: base, Print: a.starPrint})
		return set, asUsage(err)
	}
	def, err := starfile.FromRows(ctx, path, a.store())
	return eval.Set{Tasks: []eval.Def{def}}, asUsage(err)
}

// nameIn is the spec that a file's spec stands for: the name after "#", else
// the file's only task, else its only suite.
func nameIn(set eval.Set, file, rest string) (string, error) {
	if rest != "" && !strings.HasPrefix(rest, ":") {
		return rest, nil
	}
	var tasks, suites []string
	for _, d := range set.Tasks {
		tasks = append(tasks, d.Task.Name)
	}
	for _, s := range set.Suites {
		suites = append(suites, s.Name)
	}
	switch {
	case len(tasks) == 1:
		return tasks[0] + rest, nil
	case len(tasks) == 0 && len(suites) == 1:
		return suites[0] + rest, nil
	case len(tasks)+len(suites) == 0:
		return "", usage("%s defines no task and no suite", file)
	}
	return "", usage("%s defines several: name one as %s#NAME: %s", file, file, strings.Join(append(tasks, suites...), ", "))
}

// selection resolves asks against the registry. A suite that lacks members is an
// error.
func (a *app) selection(ctx context.Context, list []catalog.Ask) (*registry, *catalog.Selection, error) {
	r, sel, err := a.partialSelection(ctx, list)
	if err != nil {
		return nil, nil, err
	}
	if len(sel.Missing) > 0 {
		return nil, nil, usage("%s", strings.Join(missingLines(sel), "\n"))
	}
	return r, sel, nil
}

// missingLines say what suites lack, a line each.
func missingLines(sel *catalog.Selection) []string {
	var out []string
	for _, m := range sel.Missing {
		out = append(out, m.Error())
	}
	return out
}

// partialSelection is selection for those who can do with what is there of a
// suite: see [catalog.Selection].
func (a *app) partialSelection(ctx context.Context, list []catalog.Ask) (*registry, *catalog.Selection, error) {
	specs := make([]string, len(list))
	for i, k := range list {
		specs[i] = k.Spec
		for _, p := range []string{"external:", "harbor:"} {
			if strings.HasPrefix(k.Spec, p) {
				return nil, nil, usage("%q: %s specs are not supported by this version", k.Spec, strings.TrimSuffix(p, ":"))
			}
		}
	}
	r, err := a.registry(ctx, specs...)
	if err != nil {
		return nil, nil, err
	}
	asks := make([]catalog.Ask, len(list))
	for i, k := range list {
		if name, ok := r.specs[k.Spec]; ok {
			k.Spec = name
		}
		asks[i] = k
	}
	sel, err := r.Select(asks)
	if err != nil {
		return nil, nil, asUsage(err)
	}
	for i := range sel.Tasks {
		// Files named on the command line are relative to where it was typed.
		if src := &sel.Tasks[i].Task.Source; src.Kind() == eval.SourceLocal && src.Path != "" && src.Path[0] != '~' {
			src.Path = a.abs(src.Path)
		}
	}
	if len(sel.Tasks) == 0 && len(sel.Missing) == 0 {
		return nil, nil, usage("no tasks: give at least one -t; see: olmo-eval tasks")
	}
	return r, sel, nil
}

// defined shortens where a task is defined to the working directory.
func (a *app) defined(where string) string {
	if rel, err := filepath.Rel(a.Dir, where); err == nil && !strings.HasPrefix(rel, "..") && filepath.IsAbs(where) {
		return rel
	}
	return where
}

// merged is several sets as one.
func merged(sets []eval.Set) eval.Set {
	var out eval.Set
	for _, s := range sets {
		out.Tasks = append(out.Tasks, s.Tasks...)
		out.Suites = append(out.Suites, s.Suites...)
	}
	return out
}

// works names the variants of a task for which ok holds and which have metrics.
func (r *registry) works(t *eval.Task, ok func(*eval.Task) bool) []string {
	var out []string
	for _, v := range r.Variants(t.Name) {
		spec := t.Name + ":" + v.Name
		if got, err := r.Resolve(spec, nil); err == nil && len(got.Task.Metrics) > 0 && ok(&got.Task) {
			out = append(out, spec)
		}
	}
	return out
}
