package cli

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"olmoeval/internal/perf"
	"olmoeval/internal/table"
)

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
