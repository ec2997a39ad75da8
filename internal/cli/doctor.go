package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"olmoeval/dataset"
	"olmoeval/internal/table"
)

// finding is one line of doctor: what works here, or what to do about it.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	// Fix is what to type or set, null where nothing is needed.
	Fix *string `json:"fix"`
}

// Statuses of findings: it works, it is wanted or asked for and does not, or it
// is not set up and need not be.
const (
	findOK      = "ok"
	findMissing = "missing"
	findOff     = "off"
)

func (a *app) doctorCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "say what works on this machine, and what to do about what does not",
		Example: "  olmo-eval doctor",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t := &table.Table{Columns: table.Columns("check", "status", "detail", "what to do")}
			for _, f := range a.examine(cmd.Context()) {
				if a.global.json {
					if err := a.printJSON(f); err != nil {
						return err
					}
					continue
				}
				fix := ""
				if f.Fix != nil {
					fix = *f.Fix
				}
				t.Add(f.Check, f.Status, f.Detail, fix)
			}
			if err := cmd.Context().Err(); err != nil || a.global.json {
				return err
			}
			return a.printTable(t, format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}

// examine makes all checks side by side; each is bounded in time. What is
// optional and absent is no error.
func (a *app) examine(ctx context.Context) []finding {
	// These are read once and kept, so they come before the checks that share them.
	_, _ = a.findProject()
	checks := []func(context.Context) finding{
		a.findTasks, a.findHome, a.findStored, a.findMirror, a.findHub, a.findEndpoint, a.findGPUs, a.findServers, a.findLlamaCPP,
		a.findBubblewrap,
		func(ctx context.Context) finding { return a.findContainers(ctx, "docker") },
		func(ctx context.Context) finding { return a.findContainers(ctx, "podman") },
	}
	out := make([]finding, len(checks))
	var wg sync.WaitGroup
	for i, check := range checks {
		wg.Go(func() { out[i] = check(ctx) })
	}
	wg.Wait()
	return out
}

func found(check, detail string) finding {
	return finding{Check: check, Status: findOK, Detail: detail}
}

func absent(check, status, detail, fix string) finding {
	return finding{Check: check, Status: status, Detail: detail, Fix: textOrNil(fix)}
}

// findTasks loads the catalogue with the user's files.
func (a *app) findTasks(ctx context.Context) finding {
	r, err := a.registry(ctx)
	if err != nil {
		return absent("tasks", findMissing, message(err), "mend the file; olmo-eval task check FILE says more")
	}
	detail := fmt.Sprintf("%d tasks, %d suites", len(r.TaskNames()), len(r.SuiteNames()))
	if files, err := a.userFiles(".star"); err == nil && len(files) > 0 {
		detail += fmt.Sprintf(", %d files of yours", len(files))
	}
	return found("tasks", detail)
}

// findHome tries to write where runs go, without making the folder.
func (a *app) findHome(context.Context) finding {
	home, err := a.home()
	if err != nil {
		return absent("home", findMissing, message(err), "mend olmo-eval.yaml")
	}
	dir := string(home)
	for {
		st, err := os.Stat(dir)
		if err == nil && !st.IsDir() {
			return absent("home", findMissing, dir+" is no folder", "set OLMO_EVAL_HOME or --home to a folder you can write to")
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.CreateTemp(dir, ".olmo-eval-doctor-*")
	if err != nil {
		return absent("home", findMissing, fmt.Sprintf("cannot write in %s: %v", dir, errors.Unwrap(err)), "set OLMO_EVAL_HOME or --home to a folder you can write to")
	}
	err = errors.Join(f.Close(), os.Remove(f.Name()))
	if err != nil {
		return absent("home", findMissing, err.Error(), "set OLMO_EVAL_HOME or --home to a folder you can write to")
	}
	if dir != string(home) {
		return found("home", a.defined(string(home))+" will be made by the first run")
	}
	return found("home", a.defined(string(home))+" can be written to")
}

// findStored counts the runs that are stored.
func (a *app) findStored(context.Context) finding {
	home, err := a.home()
	if err != nil {
		return absent("store", findMissing, message(err), "mend olmo-eval.yaml")
	}
	entries, err := os.ReadDir(filepath.Join(string(home), "runs"))
	if errors.Is(err, fs.ErrNotExist) {
		return absent("store", findOff, "no runs yet", "olmo-eval demo")
	}
	if err != nil {
		return absent("store", findMissing, err.Error(), "make the folder readable, or set OLMO_EVAL_HOME")
	}
	runs, broken := 0, 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		runs++
		if _, err := os.Stat(filepath.Join(home.Run(e.Name()), "run.json")); err != nil {
			broken++
		}
	}
	detail := plural(runs, "run")
	if broken > 0 {
		return absent("store", findMissing, fmt.Sprintf("%s, %d of them without run.json", detail, broken), "look into "+a.defined(filepath.Join(string(home), "runs")))
	}
	return found("store", detail)
}

// findMirror reads the mirror's index.
func (a *app) findMirror(context.Context) finding {
	dir := a.dataOptions().Mirror
	if dir == "" {
		return absent("mirror", findOff, "none is set", "to work without a network: olmo-eval data fetch SPEC… --to DIR, then OLMO_EVAL_MIRROR=DIR")
	}
	if st, err := os.Stat(filepath.Join(dir, "index.json")); err != nil || !st.Mode().IsRegular() {
		return absent("mirror", findMissing, dir+" has no index.json", "write one with olmo-eval data fetch SPEC… --to "+dir)
	}
	return found("mirror", dir)
}

// dataOptions say where data comes from.
func (a *app) dataOptions() dataset.Options {
	o := dataset.OptionsFromEnv(a.Getenv)
	if a.global.mirror != "" {
		o.Mirror = a.abs(a.global.mirror)
	} else if o.Mirror != "" {
		o.Mirror = a.abs(o.Mirror)
	}
	return o
}

// program finds an executable in the PATH that the program was given.
func (a *app) executable(name string) string {
	for _, dir := range filepath.SplitList(a.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// lastLine is the end of what a program said.
func lastLine(b []byte) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return cut(lines[len(lines)-1], 160)
}
