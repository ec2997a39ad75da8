package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"olmoeval/internal/engine"
	"olmoeval/internal/journal"
)

func (a *app) rescoreCommand() *cobra.Command {
	var tasks []string
	var format string
	cmd := &cobra.Command{
		Use:     "rescore RUN [-t SPEC]",
		Short:   "score a run's stored outputs anew; asks no model, overwrites nothing",
		Example: "  olmo-eval rescore last",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := a.oneRun(args[0])
			if err != nil {
				return err
			}
			part, known, err := a.storedTasks(cmd.Context(), src.Manifest, tasks)
			if err != nil {
				return err
			}
			prepared, err := engine.FromManifest(part, known)
			if err != nil {
				return err
			}
			res, err := engine.Rescore(cmd.Context(), src, prepared)
			if err != nil {
				return err
			}
			return a.printResult(res, format)
		},
	}
	cmd.Flags().StringArrayVarP(&tasks, "task", "t", nil, "task of the run to score (repeatable; default all)")
	addFormat(cmd, &format)
	return cmd
}

func (a *app) mergeCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "merge RUN",
		Short:   "join the shards of a run",
		Long:    "Join the shards of a run. The last shard to end does this by itself; merge does it by hand.",
		Example: "  olmo-eval merge last",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := a.oneRun(args[0])
			if err != nil {
				return err
			}
			home, err := a.home()
			if err != nil {
				return err
			}
			part, known, err := a.storedTasks(cmd.Context(), src.Manifest, nil)
			if err != nil {
				return err
			}
			prepared, err := engine.FromManifest(part, known)
			if err != nil {
				return err
			}
			res, err := engine.Merge(cmd.Context(), home, src.Manifest.RunID, prepared)
			var held *journal.HeldError
			if errors.As(err, &held) {
				return asUsage(err)
			}
			if err != nil {
				return err
			}
			return a.printResult(res, format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}
