package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"olmoeval/internal/compare"
	"olmoeval/internal/find"
	"olmoeval/internal/journal"
)

// finder looks for runs in the home.
func (a *app) finder() (find.Finder, error) {
	home, err := a.home()
	return find.Finder{Home: home, Dir: a.Dir, Now: time.Now()}, err
}

// findRun is the run that a text means.
func (a *app) findRun(text string) (find.Run, error) {
	f, err := a.finder()
	if err != nil {
		return find.Run{}, err
	}
	r, err := f.One(text)
	return r, asUsage(err)
}

// oneRun is the stored run that a text means.
func (a *app) oneRun(text string) (*journal.Reader, error) {
	r, err := a.findRun(text)
	if err != nil {
		return nil, err
	}
	if r.Foreign {
		return nil, usage("%s holds scores, not a run of this program: it can only be compared", text)
	}
	return &journal.Reader{Dir: r.Dir, Manifest: r.Manifest}, nil
}

// side is the checkpoint that a text means.
func (a *app) side(text string) (compare.Side, error) {
	f, err := a.finder()
	if err != nil {
		return compare.Side{}, err
	}
	return sideIn(f, text)
}

func sideIn(f find.Finder, text string) (compare.Side, error) {
	var s compare.Side
	runs, err := f.Checkpoint(text)
	for _, r := range runs {
		s.Runs = append(s.Runs, compare.Run{Manifest: r.Manifest, Foreign: r.Foreign, Records: r.Records})
	}
	return s, asUsage(err)
}

// findBase resolves --vs before anything is asked; "last" then means what it
// meant when it was typed.
func (a *app) findBase(f *runFlags) error {
	if f.vs == "" {
		return nil
	}
	finder, err := a.finder()
	if err != nil {
		return err
	}
	f.base, err = sideIn(finder, f.vs)
	if err != nil && f.out != "" {
		finder.Home = journal.Home(a.abs(f.out))
		if s, ferr := sideIn(finder, f.vs); ferr == nil {
			f.base, err = s, nil
		}
	}
	return err
}

// compareWith prints the comparison that run --vs asks for: the finished run
// against an earlier one.
func (a *app) compareWith(ctx context.Context, f *runFlags, res *journal.Result) error {
	if f.vs == "" {
		return nil
	}
	now, err := journal.Load(res.Dir)
	if err != nil {
		return err
	}
	return a.compareSides(ctx, f.base, compare.Of(now), compare.Options{}, f.format)
}

// compareDirs prints the comparison of two run directories.
func (a *app) compareDirs(ctx context.Context, x, y, format string) error {
	before, err := journal.Load(x)
	if err != nil {
		return err
	}
	now, err := journal.Load(y)
	if err != nil {
		return err
	}
	return a.compareSides(ctx, compare.Of(before), compare.Of(now), compare.Options{}, format)
}

// completeRuns completes arguments that are runs.
func (a *app) completeRuns(most int) cobra.CompletionFunc {
	many := a.completeMany(func(context.Context, string) []string {
		f, err := a.finder()
		if err != nil {
			return nil
		}
		runs, _, err := f.Query("")
		if err != nil {
			return nil
		}
		out := []string{"last"}
		for _, r := range runs {
			out = append(out, r.Manifest.RunID)
			if n := r.Manifest.Name; n != "" && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
		return out
	})
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most || strings.ContainsAny(typed, "=<>") {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return many(cmd, args, typed)
	}
}
