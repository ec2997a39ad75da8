package find

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
)

// Run is a stored run, or foreign results read in place.
type Run struct {
	// Dir is the run's directory; of foreign results it is the file.
	Dir      string
	Manifest *journal.Manifest
	// Foreign says that the manifest knows nothing of prompts, data and scoring.
	Foreign bool
	// Records yields a task's records in instance order.
	Records func(ctx context.Context, label string) iter.Seq2[*eval.Record, error]
}

// Finder looks for runs. All its errors are the user's to mend.
type Finder struct {
	Home journal.Home
	Dir  string // working directory, for paths
	Now  time.Time
}

const seeRuns = "see: olmo-eval runs"

// One is the run that a text means; several are an error that lists them.
func (f Finder) One(text string) (Run, error) {
	runs, err := f.resolve(text)
	if err != nil {
		return Run{}, err
	}
	if len(runs) > 1 {
		return Run{}, fmt.Errorf("%q means %d runs, one is wanted:\n%s", text, len(runs), Listing(runs))
	}
	return runs[0], nil
}

// Checkpoint is the run that a text means, or all runs of the one model under
// one harness that a query or a name means, newest first. Runs of several
// systems are an error that lists them.
func (f Finder) Checkpoint(text string) ([]Run, error) {
	runs, err := f.resolve(text)
	if err != nil {
		return nil, err
	}
	for _, r := range runs[1:] {
		if r.Manifest.SystemHash != runs[0].Manifest.SystemHash {
			return nil, fmt.Errorf("%q means runs of several systems, one is wanted:\n%s", text, Listing(runs))
		}
	}
	return runs, nil
}

// Query is all runs that a query means, newest first, or any other text as
// [Finder.Checkpoint] reads it; "" means all. Runs that cannot be read are left
// out and reported apart.
func (f Finder) Query(text string) (runs []Run, broken []error, err error) {
	if text != "" && !isQuery(text) {
		runs, err = f.resolve(text)
		return runs, nil, err
	}
	match, err := compileQuery(text, f.Now)
	if err != nil {
		return nil, nil, err
	}
	return f.all(match)
}

// all reads every run of the home that passes the test, newest first.
func (f Finder) all(match func(*journal.Manifest) bool) (runs []Run, broken []error, err error) {
	ids, err := f.Home.Runs()
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		r, err := loadRun(f.Home.Run(id))
		if err != nil {
			broken = append(broken, err)
			continue
		}
		if match(r.Manifest) {
			runs = append(runs, r)
		}
	}
	return runs, broken, nil
}

// resolve finds at least one run, or says why not.
func (f Finder) resolve(text string) ([]Run, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("an empty text names no run; %s", seeRuns)
	}
	if text == "last" || strings.HasPrefix(text, "last~") {
		return f.last(text)
	}
	if runs, ok, err := f.path(text); ok || err != nil {
		return runs, err
	}
	if isQuery(text) {
		runs, broken, err := f.Query(text)
		if err == nil && len(runs) == 0 {
			err = fmt.Errorf("no run matches %q; %s%s", text, seeRuns, unreadable(broken))
		}
		return runs, err
	}
	return f.named(text)
}

// last is the newest run, or with ~N the one N before it.
func (f Finder) last(text string) ([]Run, error) {
	back := 0
	if n, ok := strings.CutPrefix(text, "last~"); ok {
		var err error
		if back, err = strconv.Atoi(n); err != nil || back < 0 {
			return nil, fmt.Errorf("%q: want last, or last~N with a whole N from 0", text)
		}
	}
	ids, err := f.Home.Runs()
	if err != nil {
		return nil, err
	}
	if back >= len(ids) {
		return nil, fmt.Errorf("%q: there are %d runs in %s", text, len(ids), f.Home)
	}
	return alone(loadRun(f.Home.Run(ids[back])))
}

// alone is a list of one run.
func alone(r Run, err error) ([]Run, error) {
	if err != nil {
		return nil, err
	}
	return []Run{r}, nil
}

// named finds an id, an id's prefix, or a name.
func (f Finder) named(text string) ([]Run, error) {
	ids, err := f.Home.Runs()
	if err != nil {
		return nil, err
	}
	if slices.Contains(ids, text) {
		return alone(loadRun(f.Home.Run(text)))
	}
	names := map[string]bool{}
	runs, broken, err := f.all(func(m *journal.Manifest) bool {
		names[m.Name] = true
		return m.Name == text
	})
	if err != nil || len(runs) > 0 {
		return runs, err
	}
	var starts []Run
	for _, id := range ids {
		if strings.HasPrefix(id, text) {
			r, err := loadRun(f.Home.Run(id))
			if err != nil {
				return nil, err
			}
			starts = append(starts, r)
		}
	}
	switch {
	case len(starts) == 1:
		return starts, nil
	case len(starts) > 1:
		return nil, fmt.Errorf("%q begins the ids of %d runs:\n%s", text, len(starts), Listing(starts))
	}
	delete(names, "")
	known := slices.Concat(slices.Collect(maps.Keys(names)), ids)
	hint := ""
	if n, ok := nearest.Name(text, known); ok {
		hint = fmt.Sprintf("; did you mean %q?", n)
	}
	return nil, fmt.Errorf("no run has the id, name or path %q in %s%s; %s%s", text, f.Home, hint, seeRuns, unreadable(broken))
}

func unreadable(broken []error) string {
	if len(broken) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d runs cannot be read, first: %v)", len(broken), broken[0])
}

// path finds a run by where it is; ok is false if nothing is there and the text
// need not be a path.
func (f Finder) path(text string) (runs []Run, ok bool, err error) {
	p := strings.TrimPrefix(text, "file://")
	if scheme, _, isURI := strings.Cut(p, "://"); isURI {
		return nil, false, fmt.Errorf("%s: runs at %s:// cannot be read in place yet; copy the directory here and name it", text, scheme)
	}
	pathLike := strings.ContainsAny(p, `/\`)
	if !filepath.IsAbs(p) {
		p = filepath.Join(f.Dir, p)
	}
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, os.ErrNotExist) && (!pathLike || isQuery(text)):
		return nil, false, nil
	case err != nil && pathLike:
		return nil, false, fmt.Errorf("run %s: nothing is there; %s", text, seeRuns)
	case err != nil:
		return nil, false, nil
	case !info.IsDir() && filepath.Base(p) == journal.ManifestName:
		runs, err = alone(loadRun(filepath.Dir(p)))
	case !info.IsDir():
		runs, err = alone(foreignFile(p))
	default:
		runs, err = f.directory(p)
		if err != nil && !pathLike && errors.Is(err, errNoRun) {
			return nil, false, nil // a folder that happens to bear a run's name
		}
	}
	return runs, err == nil, err
}

var errNoRun = errors.New("no run")

// directory reads a run directory, or a home (what --out names) that holds runs.
func (f Finder) directory(dir string) ([]Run, error) {
	if _, err := os.Stat(filepath.Join(dir, journal.ManifestName)); err == nil {
		return alone(loadRun(dir))
	}
	inner := Finder{Home: journal.Home(dir), Dir: f.Dir, Now: f.Now}
	runs, broken, err := inner.all(func(*journal.Manifest) bool { return true })
	if err != nil || len(runs) > 0 {
		return runs, err
	}
	if len(broken) > 0 {
		return nil, broken[0]
	}
	return nil, foreignDir(dir)
}

// loadRun reads a run directory. A run of several shards that is not merged yet
// has the records of those that are there.
func loadRun(dir string) (Run, error) {
	r, err := journal.Load(dir)
	if err != nil {
		return Run{}, err
	}
	out := Run{Dir: dir, Manifest: r.Manifest, Records: r.Records}
	if r.Manifest.Shards == 0 || r.Manifest.Sealed {
		return out, nil
	}
	paths, err := filepath.Glob(filepath.Join(escapeGlob(dir), "shards", "*", journal.ManifestName))
	if err != nil {
		return out, err
	}
	slices.Sort(paths)
	var parts []*journal.Reader
	for _, p := range paths {
		part, err := journal.Load(filepath.Dir(p))
		if err != nil {
			return out, err
		}
		parts = append(parts, part)
	}
	out.Records = func(ctx context.Context, label string) iter.Seq2[*eval.Record, error] {
		return func(yield func(*eval.Record, error) bool) {
			for _, part := range parts {
				for rec, err := range part.Records(ctx, label) {
					if !yield(rec, err) {
						return
					}
				}
			}
		}
	}
	return out, nil
}

func escapeGlob(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}
