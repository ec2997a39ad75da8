package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/internal/compare"
	"olmoeval/internal/table"
)

// shownRows is how many rows of a long list a table shows unless -n says.
const shownRows = 20

// addRows adds -n to a command that lists questions.
func addRows(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVarP(n, "n", "n", 0, "rows to list (default 20 in a table, all with --json or another format)")
}

// checkFormat refuses an unknown --format before anything is done.
func checkFormat(format string) error {
	if !slices.Contains(table.Formats, format) {
		return usage("--format: unknown format %q; known: %s", format, strings.Join(table.Formats, ", "))
	}
	return nil
}

// rowsWanted is how many rows to list, 0 for all.
func (a *app) rowsWanted(cmd *cobra.Command, n int, format string) (int, error) {
	if err := checkFormat(format); err != nil {
		return 0, err
	}
	switch {
	case !cmd.Flags().Changed("n"):
		if a.global.json || format != "table" {
			return 0, nil
		}
		return shownRows, nil
	case n < 1:
		return 0, usage("-n is %d, want at least 1", n)
	}
	return n, nil
}

func (a *app) flipsCommand() *cobra.Command {
	var o compare.FlipOptions
	var lost, gained bool
	var n int
	var format string
	cmd := &cobra.Command{
		Use:   "flips A B",
		Short: "list the questions that changed between two runs",
		Long: "List the questions whose primary score changed from run A to run B: those that turned from right to wrong (lost)\n" +
			"or from wrong to right (gained); where scores are graded, the largest changes first.",
		Example:           "  olmo-eval flips last~1 last -t gsm8k --lost",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeRuns(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case lost && gained:
				return usage("--lost and --gained exclude each other; leave both out for all")
			case lost:
				o.Direction = compare.Lost
			case gained:
				o.Direction = compare.Gained
			}
			var err error
			if o.Max, err = a.rowsWanted(cmd, n, format); err != nil {
				return err
			}
			x, err := a.side(args[0])
			if err != nil {
				return err
			}
			y, err := a.side(args[1])
			if err != nil {
				return err
			}
			flips, total, err := compare.Flips(cmd.Context(), x, y, o)
			if err != nil {
				return compareError(err)
			}
			return a.printFlips(flips, total, format)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&o.Tasks, "task", "t", nil, "task or suite (repeatable; default all in common)")
	fs.BoolVar(&lost, "lost", false, "only questions on which B is worse")
	fs.BoolVar(&gained, "gained", false, "only questions on which B is better")
	addRows(cmd, &n)
	addFormat(cmd, &format)
	return cmd
}

func (a *app) printFlips(flips []compare.Flip, total int, format string) error {
	if a.global.json {
		for i := range flips {
			if err := a.printJSON(&flips[i]); err != nil {
				return err
			}
		}
		return nil
	}
	t := &table.Table{Columns: table.Columns("task", "item", "direction", ">A", ">B", "answer A", "answer B", "gold", "question")}
	for i := range flips {
		f := &flips[i]
		t.Add(f.Task, f.ItemID, f.Direction, spelled(f.A.Score), spelled(f.B.Score), brief(f.A.Answer, 24), brief(f.B.Answer, 24), brief(f.Gold, 24), brief(f.Question, 60))
	}
	if err := a.printTable(t, format); err != nil {
		return err
	}
	if total > len(flips) {
		a.note("%d of %d questions that changed; -n %d lists all", len(flips), total, total)
	} else {
		a.note("%d questions changed", total)
	}
	return nil
}

// brief is a value on one line, cut to so many characters.
func brief(v any, most int) string {
	var s string
	switch v := v.(type) {
	case nil:
		return "–"
	case string:
		s = v
	default:
		s = string(plainJSON(v))
	}
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
