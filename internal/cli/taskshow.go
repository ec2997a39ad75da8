package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/internal/engine"
	"olmoeval/internal/table"
)

// shownTask is what task show prints: the whole resolved configuration with the
// origin of each value.
type shownTask struct {
	Spec        string            `json:"spec"`
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	Defined     string            `json:"defined"`
	RequestType eval.RequestType  `json:"request_type"`
	Config      map[string]any    `json:"config"`
	Origins     map[string]string `json:"origins"`
	Metrics     []shownMetric     `json:"metrics"`
	// Primary and TaskHash are null where there is none.
	Primary  *string  `json:"primary"`
	TaskHash *string  `json:"task_hash"`
	Needs    needs    `json:"needs"`
	Variants []string `json:"variants"`
	Warnings []string `json:"warnings"`
}

type shownMetric struct {
	ID             string  `json:"id"`
	Unit           string  `json:"unit"`
	HigherIsBetter bool    `json:"higher_is_better"`
	Scorer         *string `json:"scorer"`
}

func (a *app) taskShowCommand() *cobra.Command {
	k := &asks{dir: a.Dir}
	cmd := &cobra.Command{
		Use:               "show SPEC [-o KEY=VALUE…]",
		Short:             "print the whole configuration of a task and where each value comes from",
		Example:           "  olmo-eval task show arc_easy:mc -o num_fewshot=3",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeOne(a.taskSpecs),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, sel, err := a.selection(cmd.Context(), []catalog.Ask{{Spec: args[0], Overrides: k.all}})
			if err != nil {
				return err
			}
			if len(sel.Suites) > 0 {
				return usage("%q is a suite of %d tasks; see: olmo-eval suite show %s", args[0], len(sel.Tasks), args[0])
			}
			return a.showTask(r, sel.Tasks[0])
		},
	}
	k.registerOverrides(cmd)
	return cmd
}

// registerOverrides adds -o alone, for commands whose specs are arguments.
func (k *asks) registerOverrides(cmd *cobra.Command) {
	cmd.Flags().VarP(&askFlag{k, 'o'}, "override", "o", "key=value to change in the task (repeatable)")
}

func (a *app) showTask(r *registry, s catalog.Selected) error {
	t := &s.Task
	tree, err := catalog.View(t)
	if err != nil {
		return err
	}
	out := shownTask{
		Spec: s.Spec, Name: t.Name, Version: t.Version, Description: t.Description, Defined: a.defined(t.Defined),
		RequestType: t.Prompt.RequestType(), Config: tree, Origins: s.Origins, Metrics: []shownMetric{},
		Needs: needsOf(t), Variants: variantNames(r.Variants(t.Name)), Warnings: someTexts(t.Warnings),
	}
	for _, m := range engine.Metrics(t) {
		out.Metrics = append(out.Metrics, shownMetric{m.ID, m.Unit, m.HigherIsBetter, textOrNil(m.Scorer)})
	}
	out.Primary, out.TaskHash = textOrNil(engine.Primary(t)), textOrNil(t.TaskHash())
	if a.global.json {
		return a.printJSON(out)
	}
	return a.showTaskText(&out, r.Variants(t.Name))
}

func textOrNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (a *app) showTaskText(s *shownTask, variants []eval.Variant) error {
	head := &table.Table{Columns: table.Columns(s.Spec, "")}
	add := func(key, value string) {
		if value != "" {
			head.Add(key, value)
		}
	}
	add("description", s.Description)
	add("version", s.Version)
	add("defined in", s.Defined)
	add("request", string(s.RequestType))
	if s.TaskHash != nil {
		add("task_hash", *s.TaskHash)
	}
	add("needs", s.Needs.words())
	for _, w := range s.Warnings {
		add("warning", w)
	}
	if err := a.printTable(head, ""); err != nil {
		return err
	}
	metrics := &table.Table{Columns: table.Columns("metric", "unit", "better", "scorer", "")}
	for _, m := range s.Metrics {
		better, scorer, primary := "lower", "", ""
		if m.HigherIsBetter {
			better = "higher"
		}
		if m.Scorer != nil {
			scorer = *m.Scorer
		}
		if s.Primary != nil && m.ID == *s.Primary {
			primary = "primary"
		}
		metrics.Add(m.ID, m.Unit, better, scorer, primary)
	}
	values := &table.Table{Columns: table.Columns("setting", "value", "from")}
	for _, l := range dotted.Flatten(s.Config) {
		values.Add(l.Path, string(plainJSON(l.Value)), s.Origins[l.Path])
	}
	named := &table.Table{Columns: table.Columns("variant", "")}
	for _, v := range variants {
		named.Add(v.Name, v.Description)
	}
	for _, t := range []*table.Table{metrics, values, named} {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintln(a.Stdout)
		if err := a.printTable(t, ""); err != nil {
			return err
		}
	}
	if len(s.Metrics) == 0 {
		fmt.Fprintf(a.Stdout, "\nno metrics: this spec can be inspected, not run%s\n", withMetrics(variants))
	}
	return nil
}

// withMetrics points at the variants of a spec that has no metrics.
func withMetrics(variants []eval.Variant) string {
	if len(variants) == 0 {
		return ""
	}
	return "; try a variant: " + strings.Join(variantNames(variants), ", ")
}

// plainJSON is a value as JSON on one line, letters of all scripts as they are.
func plainJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return eval.AppendCanonical(nil, v)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
