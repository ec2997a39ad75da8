package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/internal/table"
)

// completionCommand writes scripts that complete commands, flags and names.
func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "print a script that completes commands and names in a shell",
		Example: `  source <(olmo-eval completion bash)
  olmo-eval completion zsh > "${fpath[1]}/_olmo-eval"
  olmo-eval completion fish > ~/.config/fish/completions/olmo-eval.fish`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.Stdout)
			case "fish":
				return root.GenFishCompletion(a.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Stdout)
			}
			return usage("unknown shell %q; known: %s", args[0], strings.Join(shells, ", "))
		},
	}
}

// completable gives every -t, -m and --format of the commands the completion of
// its values, and returns the commands.
func (a *app) completable(cmds []*cobra.Command) []*cobra.Command {
	byFlag := map[string]cobra.CompletionFunc{
		"task":   a.completeMany(a.taskSpecs),
		"model":  a.completeMany(a.modelNames),
		"format": a.completeMany(func(context.Context, string) []string { return table.Formats }),
	}
	var walk func([]*cobra.Command)
	walk = func(list []*cobra.Command) {
		for _, c := range list {
			for name, fn := range byFlag {
				if f := c.Flags().Lookup(name); f != nil {
					// The only error is that a command has its own completion already.
					_ = c.RegisterFlagCompletionFunc(name, fn)
				}
			}
			walk(c.Commands())
		}
	}
	walk(cmds)
	return cmds
}

// namer lists the names that may complete what was typed.
type namer func(ctx context.Context, typed string) []string

// completeOne completes the only argument of a command.
func (a *app) completeOne(names namer) cobra.CompletionFunc {
	many := a.completeMany(names)
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return many(cmd, args, typed)
	}
}

// completeMany completes an argument or the value of a flag. Paths are left to
// the shell.
func (a *app) completeMany(names namer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		if strings.HasPrefix(typed, ".") || strings.HasPrefix(typed, "/") || strings.HasPrefix(typed, "~") {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var out []string
		for _, n := range names(cmd.Context(), typed) {
			if strings.HasPrefix(n, typed) {
				out = append(out, n)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// taskSpecs are tasks and suites, and after "task:" the task's variants. What
// is wrong with the user's files is not said while a line is being typed.
func (a *app) taskSpecs(ctx context.Context, typed string) []string {
	r, err := a.registry(orBackground(ctx))
	if err != nil {
		return nil
	}
	out := append(r.TaskNames(), r.SuiteNames()...)
	if i := strings.LastIndexByte(typed, ':'); i >= 0 {
		base := typed[:i]
		for name := base; name != ""; {
			if vs := r.Variants(name); vs != nil {
				used := strings.Split(strings.TrimPrefix(base, name), ":")
				for _, v := range vs {
					if !slices.Contains(used, v.Name) {
						out = append(out, base+":"+v.Name)
					}
				}
				break
			}
			cut := strings.LastIndexByte(name, ':')
			name = name[:max(cut, 0)]
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (a *app) suiteNames(ctx context.Context, _ string) []string {
	r, err := a.registry(orBackground(ctx))
	if err != nil {
		return nil
	}
	return r.SuiteNames()
}

func (a *app) modelNames(context.Context, string) []string {
	presets, err := a.presets()
	if err != nil {
		return nil
	}
	out := append(presets.Names(), "mock", "mock:oracle", "mock:random", "mock:acc=")
	slices.Sort(out)
	return out
}

// orBackground stands in where completion has no context.
func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
