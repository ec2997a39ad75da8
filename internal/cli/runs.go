package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"olmoeval/internal/find"
	"olmoeval/internal/journal"
	"olmoeval/internal/table"
)

// listedRun is a row of runs.
type listedRun struct {
	RunID   string       `json:"run_id"`
	Created time.Time    `json:"created_at"`
	Model   string       `json:"model"`
	Step    *int64       `json:"step"`
	Name    string       `json:"name"`
	Group   string       `json:"group"`
	Family  string       `json:"family"`
	Tags    []string     `json:"tags"`
	Status  string       `json:"status"`
	Dir     string       `json:"dir"`
	Tasks   []listedTask `json:"tasks"`
}

// listedTask is a task with its primary value, nil where there is none.
type listedTask struct {
	Task   string   `json:"task"`
	Metric string   `json:"metric"`
	Value  *float64 `json:"value"`
	SE     *float64 `json:"se"`
	N      int      `json:"n"`
	Unit   string   `json:"unit"`
}

func (a *app) runsCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "runs [QUERY]",
		Short: "list stored runs, newest first",
		Long: "List stored runs, newest first. A query is KEY=VALUE and so on, separated by spaces; also != ~ (regular expression) < >.\n" +
			"Keys: " + strings.Join(find.Keys(), ", ") + ".",
		Example: `  olmo-eval runs
  olmo-eval runs 'model~ckpt step>=20000 task=gsm8k since=7d'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := checkFormat(format); err != nil {
				return err
			}
			f, err := a.finder()
			if err != nil {
				return err
			}
			query := ""
			if len(args) == 1 {
				query = args[0]
			}
			runs, broken, err := f.Query(query)
			if err != nil {
				return asUsage(err)
			}
			for _, err := range broken {
				a.note("warning: left out: %v", err)
			}
			if len(runs) == 0 {
				a.note("no runs in %s", a.defined(string(f.Home)))
			}
			return a.printRuns(runs, format)
		},
	}
	addFormat(cmd, &format)
	return cmd
}

func (a *app) printRuns(runs []find.Run, format string) error {
	if a.global.json {
		for _, r := range runs {
			if err := a.printJSON(newListedRun(r)); err != nil {
				return err
			}
		}
		return nil
	}
	short := shortIDs(runs)
	t := &table.Table{Columns: table.Columns("run", "created (UTC)", "model", "name", "status", "results")}
	for _, r := range runs {
		l := newListedRun(r)
		model := l.Model
		if l.Step != nil && !strings.Contains(model, fmt.Sprint(*l.Step)) {
			model += fmt.Sprintf(" step %d", *l.Step)
		}
		t.Add(short[l.RunID], l.Created.UTC().Format("2006-01-02 15:04:05"), model, l.Name, l.Status, resultsCell(l.Tasks))
	}
	return a.printTable(t, format)
}

func newListedRun(r find.Run) *listedRun {
	m := r.Manifest
	l := &listedRun{
		RunID: m.RunID, Created: m.Created, Model: m.Model.Name, Step: m.Model.Step, Name: m.Name, Group: m.Group,
		Family: m.Family, Tags: append([]string{}, m.Tags...), Status: m.Status, Dir: r.Dir, Tasks: []listedTask{},
	}
	for i := range m.Tasks {
		t := listedTask{Task: m.Tasks[i].Label, Metric: m.Tasks[i].Primary}
		if e := resultOf(m, t.Task); e != nil && e.Primary != nil {
			t.Value, t.SE, t.N, t.Unit = e.Primary.Value, e.Primary.SE, e.Primary.N, e.Primary.Unit
		}
		l.Tasks = append(l.Tasks, t)
	}
	return l
}

// resultOf is a task's result as it was stored, nil if there is none.
func resultOf(m *journal.Manifest, label string) *journal.TaskResult {
	if m.Results == nil {
		return nil
	}
	for i := range m.Results.Tasks {
		if m.Results.Tasks[i].Task == label {
			return &m.Results.Tasks[i]
		}
	}
	return nil
}

// resultsCell is the first few tasks with their values.
func resultsCell(tasks []listedTask) string {
	const most = 3
	var parts []string
	for i, t := range tasks {
		if i == most {
			parts = append(parts, fmt.Sprintf("… %d more", len(tasks)-most))
			break
		}
		parts = append(parts, t.Task+" "+number(t.Value, t.Unit))
	}
	return strings.Join(parts, ", ")
}

// shortIDs are prefixes of ids that tell them apart, long enough to last.
func shortIDs(runs []find.Run) map[string]string {
	out := map[string]string{}
	for n := 13; len(out) < len(runs); n++ {
		count := map[string]int{}
		for _, r := range runs {
			count[prefix(r.Manifest.RunID, n)]++
		}
		for _, r := range runs {
			id := r.Manifest.RunID
			if p := prefix(id, n); out[id] == "" && (count[p] == 1 || p == id) {
				out[id] = p
			}
		}
		if n > 64 {
			break
		}
	}
	return out
}

func prefix(s string, n int) string { return s[:min(n, len(s))] }
