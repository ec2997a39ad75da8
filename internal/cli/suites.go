package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/nearest"
	"olmoeval/internal/table"
)

// suiteRow is what suites prints for each suite.
type suiteRow struct {
	Name        string   `json:"name"`
	Aggregation string   `json:"aggregation"`
	Tasks       []string `json:"tasks"`
	// Missing are the tasks that are not in the catalogue.
	Missing []string `json:"missing"`
}

// suiteTree is what suite show prints: a suite with children, or a task.
type suiteTree struct {
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Defined     string       `json:"defined,omitempty"`
	Aggregation string       `json:"aggregation,omitempty"`
	Task        string       `json:"task,omitempty"`
	Children    []*suiteTree `json:"children,omitempty"`
	// Missing stands at the root: the tasks that are not in the catalogue.
	Missing *[]string `json:"missing,omitempty"`
}

func (a *app) suitesCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:     "suites [FILTER]",
		Short:   "list suites with all their tasks; FILTER is part of a name or a regular expression",
		Example: "  olmo-eval suites mmlu",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.registry(cmd.Context())
			if err != nil {
				return err
			}
			t := &table.Table{Columns: table.Columns("suite", "aggregation", ">tasks", ">missing", "description")}
			names := a.filtered("suite", r.SuiteNames(), args)
			for _, name := range names {
				s, _ := r.Suite(name)
				leaves, err := r.Leaves(s)
				if err != nil {
					return asUsage(err)
				}
				missing, err := r.Lacks(s)
				if err != nil {
					return asUsage(err)
				}
				if a.global.json {
					if err := a.printJSON(suiteRow{name, s.Aggregation, someTexts(leaves), someTexts(missing)}); err != nil {
						return err
					}
					continue
				}
				lacking := ""
				if len(missing) > 0 {
					lacking = strconv.Itoa(len(missing))
				}
				t.Add(name, s.Aggregation, strconv.Itoa(len(leaves)), lacking, s.Description)
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

func (a *app) suiteCommand() *cobra.Command {
	return group("suite", "show one suite", &cobra.Command{
		Use:               "show NAME",
		Short:             "print the tree of a suite (or of suite:variant)",
		Example:           "  olmo-eval suite show mmlu",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeOne(a.suiteNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.suiteShow(cmd, args[0])
		},
	})
}

func (a *app) suiteShow(cmd *cobra.Command, spec string) error {
	r, sel, err := a.partialSelection(cmd.Context(), []catalog.Ask{{Spec: spec}})
	if err != nil {
		return err
	}
	if len(sel.Suites) == 0 {
		return usage("%q is a task, no suite%s; see: olmo-eval task show %s", spec, nearest.Hint(spec, r.SuiteNames()), spec)
	}
	tree := treeOf(&sel.Suites[0])
	missing := []string{}
	for _, m := range sel.Missing {
		missing = append(missing, m.Specs()...)
	}
	tree.Missing = &missing
	if s, ok := r.Suite(r.named(spec)); ok {
		tree.Description, tree.Defined = s.Description, a.defined(s.Defined)
	}
	if a.global.json {
		return a.printJSON(tree)
	}
	tree.write(a.Stdout, 0, missing)
	return nil
}

// named is the registered name that a spec stands for, without priority.
func (r *registry) named(spec string) string {
	if n, ok := r.specs[spec]; ok {
		spec = n
	}
	if base, _, err := catalog.SplitPriority(spec); err == nil {
		return base
	}
	return spec
}

func treeOf(n *eval.SuiteNode) *suiteTree {
	if n.Task != "" {
		return &suiteTree{Name: n.Task, Task: n.Task}
	}
	t := &suiteTree{Name: n.Name, Aggregation: n.Aggregation}
	for i := range n.Children {
		t.Children = append(t.Children, treeOf(&n.Children[i]))
	}
	return t
}

func (t *suiteTree) write(w io.Writer, depth int, missing []string) {
	indent := strings.Repeat("  ", depth)
	if t.Task != "" {
		mark := ""
		if slices.Contains(missing, t.Task) {
			mark = " (missing: not in the catalogue)"
		}
		fmt.Fprintf(w, "%s%s%s\n", indent, t.Task, mark)
		return
	}
	lacking := ""
	if depth == 0 && len(missing) > 0 {
		lacking = fmt.Sprintf(", %d missing", len(missing))
	}
	fmt.Fprintf(w, "%s%s (%s, %d tasks%s)\n", indent, t.Name, t.Aggregation, t.leaves(), lacking)
	for _, line := range []string{t.Description, t.Defined} {
		if line != "" {
			fmt.Fprintf(w, "%s  — %s\n", indent, line)
		}
	}
	for _, c := range t.Children {
		c.write(w, depth+1, missing)
	}
}

func (t *suiteTree) leaves() int {
	if t.Task != "" {
		return 1
	}
	n := 0
	for _, c := range t.Children {
		n += c.leaves()
	}
	return n
}
