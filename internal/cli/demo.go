package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/internal/journal"
	"olmoeval/internal/modelspec"
)

// demoModels are two stand-ins of which the second is a little better: with
// equal seeds it is right wherever the first one is, and on some more.
var demoModels = []string{"mock:acc=0.62,seed=7", "mock:acc=0.71,seed=7"}

func (a *app) demoCommand() *cobra.Command {
	var keep bool
	var format string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "a first look: two stand-in models, three small benchmarks, a comparison; needs no network",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), keep, format)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the two runs in the home")
	addFormat(cmd, &format)
	return cmd
}

func (a *app) demo(ctx context.Context, keep bool, format string) error {
	home, err := a.home()
	if err != nil {
		return err
	}
	if !keep {
		tmp, err := os.MkdirTemp("", "olmo-eval-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		home = journal.Home(tmp)
		a.global.quiet = true // where the runs were is of no use
	}
	_, sel, err := a.selection(ctx, []catalog.Ask{{Spec: "demo"}})
	if err != nil {
		return err
	}
	var results []*journal.Result
	for _, spec := range demoModels {
		f := &runFlags{out: string(home), fresh: true}
		m, err := modelspec.Builtin().Resolve(modelspec.Spec{Name: spec}, a.Getenv)
		if err != nil {
			return err
		}
		res, err := a.demoRun(ctx, f, sel, m)
		if err != nil {
			return err
		}
		if !a.global.json {
			fmt.Fprintf(a.Stdout, "%s\n", spec)
		}
		if err := a.printResult(res, format); err != nil {
			return err
		}
		if !a.global.json {
			fmt.Fprintln(a.Stdout)
		}
		results = append(results, res)
	}
	return a.compareDirs(ctx, results[0].Dir, results[1].Dir, format)
}

func (a *app) demoRun(ctx context.Context, f *runFlags, sel *catalog.Selection, m *modelspec.Config) (*journal.Result, error) {
	hs, err := a.harnesses([]harnessAsk{{Name: "default"}})
	if err != nil {
		return nil, err
	}
	e, done, err := a.engine(ctx, f, m, hs[0], nil)
	if err != nil {
		return nil, err
	}
	defer done()
	plan, err := e.Plan(ctx, sel)
	if err != nil {
		return nil, err
	}
	return e.Execute(ctx, plan)
}
