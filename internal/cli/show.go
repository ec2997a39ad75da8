package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/internal/find"
	"olmoeval/internal/journal"
)

func (a *app) showCommand() *cobra.Command {
	var command, card bool
	var format string
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "print a stored run's results, the command that repeats it, or its card",
		Example: `  olmo-eval show last
  olmo-eval show last --card > card.md
  eval "$(olmo-eval show last --command)"`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			if command && card {
				return usage("--command and --card exclude each other")
			}
			r, err := a.findRun(args[0])
			if err != nil {
				return err
			}
			if r.Foreign {
				return usage("%s holds scores, not a run of this program; it can be compared: olmo-eval compare %s RUN", args[0], quote(args[0]))
			}
			if command {
				return a.showCommandLine(r.Manifest)
			}
			res, err := a.storedResult(cmd.Context(), r)
			if err != nil {
				return err
			}
			if card {
				return a.printCard(cmd.Context(), r, res)
			}
			return a.printResult(res, format)
		},
	}
	cmd.Flags().BoolVar(&command, "command", false, "print the command line that repeats the run")
	cmd.Flags().BoolVar(&card, "card", false, "print a page in Markdown: prompts, data, metrics, warnings, the command line")
	addFormat(cmd, &format)
	return cmd
}

func (a *app) showCommandLine(m *journal.Manifest) error {
	if a.global.json {
		return a.printJSON(map[string]any{"run_id": m.RunID, "command": commandLine(m.Command), "args": m.Command})
	}
	_, err := fmt.Fprintln(a.Stdout, commandLine(m.Command))
	return err
}

// commandLine is what to type in a shell.
func commandLine(args []string) string {
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = quote(arg)
	}
	return strings.Join(out, " ")
}

// quote makes one word for a POSIX shell.
func quote(arg string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:,@%+=", r)
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !plain(r) }) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// unfinishedNote says that a run was not finished.
func (a *app) unfinishedNote(r find.Run) {
	m := r.Manifest
	if m.Status == journal.Complete {
		return
	}
	why := ""
	if m.Reason != "" {
		why = ": " + m.Reason
	}
	a.note("run %s is %s%s; the same command resumes it: %s", m.RunID, m.Status, why, commandLine(m.Command))
}
