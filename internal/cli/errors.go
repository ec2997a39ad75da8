package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"olmoeval/internal/nearest"
)

// flagError says what is wrong with a flag, with the nearest known one.
func flagError(cmd *cobra.Command, err error) string {
	msg := err.Error()
	if name, ok := strings.CutPrefix(msg, "unknown flag: --"); ok {
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		cmd.InheritedFlags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		hint := ""
		if n, ok := nearest.Name(name, known); ok {
			hint = fmt.Sprintf("; did you mean --%s?", n)
		}
		return fmt.Sprintf("unknown flag --%s%s; see: %s --help", name, hint, cmd.CommandPath())
	}
	return fmt.Sprintf("%s; see: %s --help", msg, cmd.CommandPath())
}

// unknownCommand refuses arguments of a command that only has subcommands.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			known = append(known, c.Name())
		}
	}
	hint := ""
	if n, ok := nearest.Name(args[0], known); ok {
		hint = fmt.Sprintf("; did you mean %q?", n)
	}
	return usage("unknown command %q%s; see: %s --help", args[0], hint, cmd.CommandPath())
}

const exitTable = `code  meaning
0     done; failures within --max-failed are reported
1     internal error
2     usage or configuration error, found before any request was sent
3     finished, but instances or tasks failed beyond the allowed share (--max-failed);
      or a budget ended the run (--max-cost, --max-tokens, --max-time)
4     the provider, sandbox or judge needed was not usable: aborted early
5     results could not be stored or uploaded; they are safe locally
10    gate: regression shown
11    gate: not decided
130   interrupted (Ctrl-C, SIGTERM); the same command resumes
`

func helpExitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "what the program's exit codes mean",
		Long:  "Exit codes\n\n" + exitTable,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), exitTable)
			return err
		},
		Hidden: true,
	}
}
