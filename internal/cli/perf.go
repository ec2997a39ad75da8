package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

// perfTasks is a line a task, and the run's sum where there are several.
func perfTasks(r *perf.Report) *table.Table {
	t := &table.Table{Columns: table.Columns("task", ">requests", ">failed", ">reused", ">attempts", ">retries", ">prompt tokens", ">cached", ">completion tokens", ">reasoning", ">cost (USD)")}
	add := func(name string, s *perf.Summary) {
		n := func(v int64) string { return strconv.FormatInt(v, 10) }
		t.Add(name, n(int64(s.Requests)), n(int64(s.Failed)), n(int64(s.Reused)), n(int64(s.Attempts)), n(int64(s.Retries)),
			n(s.PromptTokens), n(s.CachedTokens), n(s.CompletionTokens), n(s.ReasoningTokens), figure(s.Cost.Subject))
	}
	for i := range r.Tasks {
		x := &r.Tasks[i]
		name := x.Task
		if x.ReusedFrom != "" {
			name += " (from " + x.ReusedFrom + ")"
		}
		add(name, &x.Summary)
	}
	if len(r.Tasks) != 1 {
		add("all", &r.Summary)
	}
	return t
}

func perfLatency(r *perf.Report) *table.Table {
	t := &table.Table{Columns: table.Columns("time", ">n", ">p50", ">p90", ">p99", ">max")}
	for _, row := range r.Latency.Rows() {
		if q := row.Q; q != nil {
			t.Add(row.What, strconv.Itoa(q.N), figure(&q.P50), figure(&q.P90), figure(&q.P99), figure(&q.Max))
		} else {
			t.Add(row.What, "0", "–", "–", "–", "–")
		}
	}
	return t
}

func perfEngines(r *perf.Report) *table.Table {
	t := &table.Table{Columns: table.Columns("server", "metric", ">mean", ">max", ">growth")}
	for _, e := range r.Engine {
		for _, name := range slices.Sorted(maps.Keys(e.Gauges)) {
			g := e.Gauges[name]
			t.Add(e.Source, name, figure(&g.Mean), figure(&g.Max), "")
		}
		for _, name := range slices.Sorted(maps.Keys(e.Counters)) {
			v := e.Counters[name]
			t.Add(e.Source, name, "", "", figure(&v))
		}
		for _, err := range e.Errors {
			t.Add(e.Source, err, "", "", "")
		}
	}
	return t
}

func perfGPUs(r *perf.Report) *table.Table {
	t := &table.Table{Columns: table.Columns("GPU", "name", ">looks", ">use %", ">max %", ">MiB used", ">max MiB", ">MiB", ">power W", ">max W")}
	for _, g := range r.GPUs {
		cells := []string{strconv.Itoa(g.Index), g.Name, strconv.Itoa(g.Looks)}
		for _, x := range []*perf.Gauge{g.Utilization, g.MemoryUsed} {
			cells = append(cells, gaugeCells(x)...)
		}
		cells = append(cells, figure(g.MemoryTotal))
		t.Add(append(cells, gaugeCells(g.Power)...)...)
	}
	return t
}

func gaugeCells(g *perf.Gauge) []string {
	if g == nil {
		return []string{"–", "–"}
	}
	return []string{figure(&g.Mean), figure(&g.Max)}
}

// plotRows and plotWidth are the size of the plot, the same everywhere.
const (
	plotRows  = 20
	plotWidth = 40
)

// perfPlot draws the throughput over the running time: tokens of completions a
// second, or requests where there are no tokens.
func perfPlot(r *perf.Report) *table.Table {
	what, of := "completion tokens/s", func(p *perf.Point) float64 { return p.CompletionTokens }
	if r.CompletionTokens == 0 {
		what, of = "requests/s", func(p *perf.Point) float64 { return p.Requests }
	}
	t := &table.Table{Columns: table.Columns(">from", ">"+what, "", ">in flight", ">places")}
	if len(r.Series) < 2 {
		return t
	}
	points := fold(r.Series, plotRows)
	top := 0.0
	for i := range points {
		top = max(top, of(&points[i]))
	}
	for i := range points {
		p := &points[i]
		v, n := of(p), 0
		if top > 0 {
			n = int(v/top*plotWidth + 0.5)
		}
		t.Add(time.Duration(p.FromS*float64(time.Second)).Round(100*time.Millisecond).String(), figure(&v), strings.Repeat("#", n), figure(p.InFlight), figure(p.Places))
	}
	return t
}

// fold makes at most n points of a series by joining neighbours.
func fold(series []perf.Point, n int) []perf.Point {
	k := (len(series) + n - 1) / n
	var out []perf.Point
	for part := range slices.Chunk(series, k) {
		p := perf.Point{FromS: part[0].FromS, ToS: part[len(part)-1].ToS, InFlight: mean(part, func(p *perf.Point) *float64 { return p.InFlight }),
			Places: mean(part, func(p *perf.Point) *float64 { return p.Places })}
		for i := range part {
			share := (part[i].ToS - part[i].FromS) / (p.ToS - p.FromS)
			p.Requests += part[i].Requests * share
			p.CompletionTokens += part[i].CompletionTokens * share
		}
		out = append(out, p)
	}
	return out
}

func mean(part []perf.Point, of func(*perf.Point) *float64) *float64 {
	sum, n := 0.0, 0
	for i := range part {
		if v := of(&part[i]); v != nil {
			sum += *v
			n++
		}
	}
	if n == 0 {
		return nil
	}
	sum /= float64(n)
	return &sum
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

// figure spells a number with four digits that count; – is none.
func figure(v *float64) string {
	switch {
	case v == nil:
		return "–"
	case *v == float64(int64(*v)) && *v < 1e15:
		return strconv.FormatInt(int64(*v), 10)
	case *v >= 1000:
		return strconv.FormatFloat(*v, 'f', 0, 64)
	}
	return strconv.FormatFloat(*v, 'g', 4, 64)
}
