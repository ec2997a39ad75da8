package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"olmoeval/internal/perf"
	"olmoeval/internal/table"
)

func (a *app) perfCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "perf RUN [RUN2]",
		Short: "print what a run cost in time, tokens and money; two runs side by side",
		Long: `Print what a run cost: requests, attempts, tokens, money; how long requests waited, took to the first token and took
in all; throughput over the running time; what the servers and GPUs said of themselves. With two runs, the same
numbers side by side with the ratio of the second to the first.

Quantiles are within 1 %, the largest value is exact; – stands for what nobody measured. Tokens are those of requests
that were sent: copies of equal requests and answers from the cache cost nothing.`,
		Example: `  olmo-eval perf last
  olmo-eval perf last~1 last --format md`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeRuns(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			reports := make([]*perf.Report, len(args))
			for i, arg := range args {
				r, err := a.oneRun(arg)
				if err != nil {
					return err
				}
				if reports[i], err = perf.Read(cmd.Context(), r); err != nil {
					return err
				}
			}
			if len(reports) == 2 {
				return a.printPerfs(reports[0], reports[1], format)
			}
			return a.printPerf(reports[0], format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}

// printPerf prints one report.
func (a *app) printPerf(r *perf.Report, format string) error {
	if a.global.json {
		return a.printJSON(r)
	}
	if err := a.printTable(perfTasks(r), format); err != nil {
		return err
	}
	tables := []*table.Table{perfLatency(r), perfEngines(r), perfGPUs(r)}
	if format == "" || format == "table" {
		tables = append(tables, perfPlot(r))
	}
	for _, t := range tables {
		if len(t.Rows) == 0 {
			continue
		}
		fmt.Fprintln(a.Stdout)
		if err := a.printTable(t, format); err != nil {
			return err
		}
	}
	th := r.Throughput
	line := fmt.Sprintf("run %s, model %s: %s s of wall clock", r.RunID, r.Model, figure(r.WallS))
	if th.Requests != nil {
		line += fmt.Sprintf("; %s requests/s, %s prompt tokens/s, %s completion tokens/s", figure(th.Requests), figure(th.PromptTokens), figure(th.CompletionTokens))
	}
	if th.Reason != "" {
		line += "; " + th.Reason
	}
	a.note("%s", line)
	for _, n := range r.Notes {
		a.note("note: %s", n)
	}
	return nil
}

// printPerfs prints two reports side by side.
func (a *app) printPerfs(x, y *perf.Report, format string) error {
	rows := perf.Compare(x, y)
	if a.global.json {
		return a.printJSON(map[string]any{"a": x, "b": y, "rows": rows})
	}
	t := &table.Table{Columns: table.Columns("", ">a", ">b", ">b/a")}
	for _, r := range rows {
		if r.A != nil || r.B != nil {
			t.Add(r.What, figure(r.A), figure(r.B), figure(r.Ratio))
		}
	}
	if err := a.printTable(t, format); err != nil {
		return err
	}
	a.note("a: run %s, model %s", x.RunID, x.Model)
	a.note("b: run %s, model %s", y.RunID, y.Model)
	for i, r := range []*perf.Report{x, y} {
		for _, n := range r.Notes {
			a.note("note on %s: %s", []string{"a", "b"}[i], n)
		}
	}
	return nil
}
