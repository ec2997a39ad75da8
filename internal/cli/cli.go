// Package cli is the command line: one file a command, and the only place that
// prints, reads the environment, and decides exit codes. Commands are thin:
// parse, check, one call, print. Call [Main].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/internal/journal"
	"olmoeval/internal/provider/layer"
	"olmoeval/internal/serve"
)

// serveWatch is the command of the process that ends servers with this one.
const serveWatch = "serve-watch"

// Env is what the program sees of the world.
type Env struct {
	Args   []string // without the program's name
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Getenv func(string) string
	// Environ is the whole environment, for processes that are started.
	Environ []string
	Dir     string // working directory
	// TTY says that Stderr is a terminal: progress may redraw itself.
	TTY bool
	// Sets are the benchmarks built into the binary.
	Sets []eval.Set
}

// Exit codes: see the table of `help exit-codes`.
const (
	exitOK          = 0
	exitInternal    = 1
	exitUsage       = 2
	exitFailed      = 3
	exitUnusable    = 4
	exitStorage     = 5
	exitInterrupted = 130
)

// app is one invocation.
type app struct {
	Env
	log     *slog.Logger
	global  globalFlags
	project *projectState
	// groups shares limits between models of one account.
	groups *layer.Groups
}

// globalFlags work before and after every command.
type globalFlags struct {
	json    bool
	quiet   bool
	verbose bool
	home    string
	mirror  string
}

// exitError carries an exit code of its own, with or without a message.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

// usage marks an error as the user's to mend: exit code 2.
func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// asUsage marks an existing error, nil stays nil.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}

// Main runs the program and returns its exit code.
func Main(ctx context.Context, env Env) int {
	if len(env.Args) > 0 && env.Args[0] == serveWatch {
		return serve.Watch(env.Args[1:]) // it outlives a run to end the run's servers
	}
	a := &app{Env: env, groups: &layer.Groups{}}
	root := a.root()
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil {
		if msg := message(err); msg != "" {
			for line := range strings.SplitSeq(msg, "\n") {
				fmt.Fprintf(env.Stderr, "olmo-eval: %s\n", line)
			}
		}
	}
	return code
}

// message is what is said of an error, with its hint.
func message(err error) string {
	msg := err.Error()
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	var f *eval.Fault
	if errors.As(err, &f) && f.Hint != "" && !strings.Contains(msg, f.Hint) {
		msg += "; " + f.Hint
	}
	return msg
}

// exitCode is the one table from errors to codes.
func exitCode(ctx context.Context, err error) int {
	var own *exitError
	var fault *eval.Fault
	var storage *engine.StorageError
	var spent *engine.BudgetError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &own):
		return own.code
	case errors.As(err, &spent):
		return exitFailed
	case errors.Is(err, engine.ErrRefused):
		return exitUsage
	case errors.As(err, &storage):
		return exitStorage
	case errors.As(err, &fault) && fault.Abort:
		return exitUnusable
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		return exitInterrupted
	}
	return exitInternal
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "olmo-eval",
		Short:         "run benchmarks on language models, checkpoint after checkpoint, and say whether a change is real",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			level := slog.LevelWarn
			if a.global.verbose {
				level = slog.LevelDebug
			}
			a.log = slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: level}))
			return nil
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	f := root.PersistentFlags()
	f.BoolVar(&a.global.json, "json", false, "print JSON Lines")
	f.BoolVarP(&a.global.quiet, "quiet", "q", false, "no progress, no notes")
	f.BoolVar(&a.global.verbose, "verbose", false, "log what the program does")
	f.StringVar(&a.global.home, "home", "", "directory that holds runs (default $OLMO_EVAL_HOME, else home: of olmo-eval.yaml, else ./olmo-eval-results)")
	f.StringVar(&a.global.mirror, "mirror", "", "directory to read data from in place of the network (default $OLMO_EVAL_MIRROR)")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%s", flagError(cmd, err))
	})
	root.AddCommand(a.commands()...)
	root.AddCommand(helpExitCodes())
	wrapArgs(root)
	return root
}

// wrapArgs makes wrong arguments usage errors.
func wrapArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.ArbitraryArgs
		if cmd.HasSubCommands() {
			check = unknownCommand
		}
	}
	if cmd.HasSubCommands() && !cmd.HasParent() {
		check = unknownCommand
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			var own *exitError
			if errors.As(err, &own) {
				return err
			}
			return usage("%s: %s; see: %s --help", c.CommandPath(), err, c.CommandPath())
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		wrapArgs(sub)
	}
}

// home is the directory that holds runs.
func (a *app) home() (journal.Home, error) {
	p, err := a.findProject()
	if err != nil {
		return "", err
	}
	switch {
	case a.global.home != "":
		return journal.Home(a.abs(a.global.home)), nil
	case a.Getenv("OLMO_EVAL_HOME") != "":
		return journal.Home(a.abs(a.Getenv("OLMO_EVAL_HOME"))), nil
	case p.Home != "":
		return journal.Home(p.Home), nil
	}
	return journal.Home(a.abs("olmo-eval-results")), nil
}

// note prints a line for people, not for programs.
func (a *app) note(format string, args ...any) {
	if !a.global.quiet {
		fmt.Fprintf(a.Stderr, format+"\n", args...)
	}
}
