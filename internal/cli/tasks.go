package cli

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/table"
)

// taskRow is what tasks prints for each task. Lists are never null.
type taskRow struct {
	Name     string   `json:"name"`
	Variants []string `json:"variants"`
	Needs    needs    `json:"needs"`
}

// needs is eval.Needs with lists that are never null.
type needs struct {
	Sandbox []string `json:"sandbox"`
	Tools   []string `json:"tools"`
	Judge   *string  `json:"judge"`
	Secrets []string `json:"secrets"`
	Network bool     `json:"network"`
}

func needsOf(t *eval.Task) needs {
	n := needs{Sandbox: someTexts(t.Needs.Sandbox), Tools: someTexts(t.Needs.Tools), Secrets: someTexts(t.Needs.Secrets), Network: t.Needs.Network}
	if t.Needs.Judge != "" {
		n.Judge = &t.Needs.Judge
	}
	return n
}

// words lists what is needed for people, "" for nothing.
func (n needs) words() string {
	var out []string
	for _, s := range n.Sandbox {
		out = append(out, "sandbox "+s)
	}
	for _, s := range n.Tools {
		out = append(out, "tool "+s)
	}
	if n.Judge != nil {
		out = append(out, "judge "+*n.Judge)
	}
	out = append(out, n.Secrets...)
	if n.Network {
		out = append(out, "network")
	}
	return strings.Join(out, ", ")
}

// someTexts turns nil into an empty list.
func someTexts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func (a *app) tasksCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "tasks [FILTER]",
		Short:   "list benchmarks; FILTER is part of a name or a regular expression",
		Example: "  olmo-eval tasks arc",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.registry(cmd.Context())
			if err != nil {
				return err
			}
			t := &table.Table{Columns: table.Columns("task", "variants", "needs", "description")}
			names := a.filtered("task", r.TaskNames(), args)
			for _, name := range names {
				task, _ := r.Task(name)
				row := taskRow{Name: name, Variants: variantNames(r.Variants(name)), Needs: needsOf(task)}
				if a.global.json {
					if err := a.printJSON(row); err != nil {
						return err
					}
					continue
				}
				t.Add(name, strings.Join(row.Variants, " "), row.Needs.words(), task.Description)
			}
			if a.global.json || len(names) == 0 {
				return nil
			}
			return a.printTable(t, format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}

func (a *app) taskCommand() *cobra.Command {
	return group("task", "show, inspect, write and check one benchmark",
		a.taskShowCommand(), a.taskInspectCommand(), a.taskNewCommand(), a.taskCheckCommand())
}

// group is a command that only has subcommands; alone it prints its help.
func group(name, short string, subs ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(subs...)
	return cmd
}

func variantNames(vs []eval.Variant) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = v.Name
	}
	return out
}

// filtered keeps the names that contain the filter or match it as a regular
// expression, whatever their case. What matches nothing is said on stderr.
func (a *app) filtered(kind string, names, args []string) []string {
	if len(args) == 0 {
		return names
	}
	part := strings.ToLower(args[0])
	re, err := regexp.Compile("(?i)" + args[0])
	var out []string
	for _, n := range names {
		if strings.Contains(strings.ToLower(n), part) || err == nil && re.MatchString(n) {
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		a.note("no %s matches %q%s", kind, args[0], nearest.Hint(args[0], names))
	}
	return out
}
