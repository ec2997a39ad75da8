package cli

import (
	"fmt"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/journal"
	"olmoeval/internal/table"
)

// printResult prints a run's final object: JSON, or a table with what should be
// said about it.
func (a *app) printResult(res *journal.Result, format string) error {
	if a.global.json {
		return a.printJSON(res)
	}
	t := &table.Table{Columns: table.Columns("task", "metric", ">value", ">± SE", ">95 % CI", ">n", ">failed", ">MDE80")}
	for _, tr := range res.Tasks {
		primary := ""
		if tr.Primary != nil {
			primary = tr.Primary.Metric
		}
		for i := range tr.Metrics {
			e := &tr.Metrics[i]
			name, failed := "", ""
			if e.Metric == primary {
				name, failed = tr.Task, strconv.Itoa(tr.NFailed)
			} else if len(tr.Metrics) > 6 {
				continue
			}
			t.Add(append([]string{name, e.Metric}, estimateCells(e, failed)...)...)
		}
	}
	for _, s := range res.Suites {
		e := &eval.Estimate{Value: s.Value, SE: s.SE, CI95: s.CI95, MDE80: s.MDE80, N: s.NTasks, Unit: s.Unit}
		metric := suiteMetric(&s)
		t.Add(append([]string{"suite " + s.Suite, metric}, estimateCells(e, "")...)...)
	}
	if err := a.printTable(t, format); err != nil {
		return err
	}
	a.printWarnings(res)
	from := ""
	if res.ReusedFrom != "" {
		from = " (nothing was asked: the run was complete)"
	}
	a.note("run %s %s, %.1f s, in %s%s", res.RunID, res.Status, res.WallS, a.defined(res.Dir), from)
	return nil
}

// suiteMetric names a suite's number: its metric, with a mark if members are
// missing in it, or why there is none.
func suiteMetric(s *journal.SuiteResult) string {
	switch {
	case s.Value == nil:
		return s.Reason
	case !s.Complete:
		return fmt.Sprintf("%s, incomplete: %d of %d tasks", s.Metric, s.NTasks-len(s.Missing), s.NTasks)
	}
	return s.Metric
}

func estimateCells(e *eval.Estimate, failed string) []string {
	return []string{number(e.Value, e.Unit), margin(e.SE, e.Unit), interval(e.CI95, e.Unit), strconv.Itoa(e.N), failed, margin(e.MDE80, e.Unit)}
}

// margin spells a difference: percentage points for proportions.
func margin(v *float64, unit string) string {
	if v == nil {
		return "–"
	}
	if unit == eval.Proportion {
		return fmt.Sprintf("%.2f", *v*100)
	}
	return fmt.Sprintf("%.4f", *v)
}

// printWarnings says each warning once, with the tasks it is about.
func (a *app) printWarnings(res *journal.Result) {
	var order []string
	about := map[string][]string{}
	add := func(who, w string) {
		if _, ok := about[w]; !ok {
			order = append(order, w)
		}
		about[w] = append(about[w], who)
	}
	for _, tr := range res.Tasks {
		for _, w := range tr.Notes {
			add(tr.Task, w)
		}
	}
	for _, s := range res.Suites {
		for _, w := range s.Notes {
			add("suite "+s.Suite, w)
		}
	}
	for _, w := range order {
		who := about[w]
		if len(who) > 3 {
			who = append(who[:2:2], fmt.Sprintf("%d more", len(about[w])-2))
		}
		a.note("warning: %s (%s)", w, strings.Join(who, ", "))
	}
}
