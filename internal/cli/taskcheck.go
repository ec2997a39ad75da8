package cli

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"olmoeval/catalog"
	"olmoeval/eval"
)

// checked is one check of one spec: what task check prints.
type checked struct {
	Spec   string `json:"spec"`
	Check  string `json:"check"`
	Status string `json:"status"` // ok, failed, skipped
	Where  string `json:"where,omitempty"`
	Detail string `json:"detail"`
}

const (
	checkOK      = "ok"
	checkFailed  = "failed"
	checkSkipped = "skipped"
)

func (a *app) taskCheckCommand() *cobra.Command {
	var n int
	k := &asks{dir: a.Dir}
	cmd := &cobra.Command{
		Use:   "check FILE|SPEC [-n ROWS]",
		Short: "try a benchmark: load it, show a prompt, score a right answer and an empty one",
		Long: "Load a benchmark, read rows, show the first prompt, and score for each row a right answer, which must\n" +
			"get 1, and an empty or wrong one, which must get 0. Of a file all tasks with their variants are tried.",
		Example:           "  olmo-eval task check ./evals/my_task.star",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeOne(a.taskSpecs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if n < 0 {
				return usage("-n is %d, want 0 (all rows) or more", n)
			}
			return a.taskCheck(cmd.Context(), args[0], k, n)
		},
	}
	cmd.Flags().IntVarP(&n, "rows", "n", 20, "rows to try; 0 for all")
	k.registerOverrides(cmd)
	return cmd
}

func (a *app) taskCheck(ctx context.Context, spec string, k *asks, n int) error {
	list, foreign, err := a.checkAsks(ctx, spec, k)
	if err != nil {
		return err
	}
	_, sel, err := a.selection(ctx, list)
	if err != nil {
		return err
	}
	var bad []checked
	report := func(c checked) error {
		if c.Status == checkFailed {
			bad = append(bad, c)
		}
		return a.printChecked(c)
	}
	for i := range sel.Tasks {
		s := &sel.Tasks[i]
		if foreign[s.Spec] {
			if err := report(checked{Spec: s.Label, Check: "variant", Status: checkOK, Detail: "applies; its data is not read"}); err != nil {
				return err
			}
			continue
		}
		t := &trial{app: a, s: s, n: n, report: report, show: len(s.Variants) == 0 || len(sel.Tasks) == 1}
		if err := t.run(ctx); err != nil {
			return err
		}
	}
	if len(bad) == 0 {
		return nil
	}
	first := bad[0]
	more := ""
	if len(bad) > 1 {
		more = fmt.Sprintf(" (and %d more checks)", len(bad)-1)
	}
	where := ""
	if first.Where != "" {
		where = first.Where + ": "
	}
	return usage("%s%s: %s: %s%s", where, first.Spec, first.Check, first.Detail, more)
}

// checkAsks are the specs to try. Of a file these are all its tasks, each alone
// and with each of its variants, its suites, and the variants that it gives to
// tasks defined elsewhere: foreign ones, whose data is not read.
func (a *app) checkAsks(ctx context.Context, spec string, k *asks) (list []catalog.Ask, foreign map[string]bool, err error) {
	file, rest, isFile := pathSpec(spec)
	// One spec that names the file makes all its names known.
	add := func(s string) {
		if isFile && len(list) == 0 && s != spec {
			s = file + "#" + s
		}
		list = append(list, catalog.Ask{Spec: s, Overrides: k.all})
	}
	if !isFile || rest != "" || filepath.Ext(file) != ".star" {
		add(spec)
		return list, nil, nil
	}
	set, err := a.loadFile(ctx, file, merged(a.Sets))
	if err != nil {
		return nil, nil, err
	}
	own := map[string]bool{}
	for _, d := range set.Tasks {
		own[d.Task.Name] = true
		add(d.Task.Name)
		for _, v := range d.Variants {
			add(d.Task.Name + ":" + v.Name)
		}
	}
	foreign = map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(set.Variants)) {
		for _, v := range set.Variants[name] {
			s := name + ":" + v.Name
			foreign[s] = !own[name]
			add(s)
		}
	}
	for i := range set.Suites {
		if err := a.checkSuite(ctx, file, set.Suites[i].Name); err != nil {
			return nil, nil, err
		}
	}
	if len(list) == 0 {
		return nil, nil, usage("%s defines no task and no variant to check", file)
	}
	return list, foreign, nil
}

// checkSuite resolves a suite of a file.
func (a *app) checkSuite(ctx context.Context, file, name string) error {
	_, sel, err := a.selection(ctx, []catalog.Ask{{Spec: file + "#" + name}})
	if err != nil {
		return err
	}
	return a.printChecked(checked{Spec: name, Check: "suite", Status: checkOK, Detail: fmt.Sprintf("%d tasks, all known", len(sel.Tasks))})
}

func (a *app) printChecked(c checked) error {
	if a.global.json {
		return a.printJSON(c)
	}
	where := ""
	if c.Where != "" && c.Status == checkFailed {
		where = c.Where + ": "
	}
	_, err := fmt.Fprintf(a.Stdout, "%-7s  %s: %s: %s%s\n", c.Status, c.Spec, c.Check, where, c.Detail)
	return err
}

// rightOrWrong reports whether a metric's values go from 0, wrong, to 1, right.
func rightOrWrong(m eval.MetricInfo) bool { return m.Unit == eval.Proportion && m.HigherIsBetter }

func needsMore(t *eval.Task) string {
	n := needsOf(t)
	n.Secrets, n.Network = nil, false
	if w := n.words(); w != "" {
		return "scoring needs " + w
	}
	return ""
}
