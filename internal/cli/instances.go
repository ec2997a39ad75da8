package cli

import (
	"bufio"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"olmoeval/eval"
	"olmoeval/internal/find"
	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
	"olmoeval/internal/table"
)

// listedInstance is a row of instances.
type listedInstance struct {
	Index    int                 `json:"index"`
	ItemID   string              `json:"item_id"`
	Digest   string              `json:"item_digest"`
	Status   eval.Status         `json:"status"`
	Primary  *float64            `json:"primary"`
	Scores   map[string]*float64 `json:"scores"`
	Answers  []any               `json:"answers"`
	Metadata map[string]any      `json:"metadata"`
	Error    string              `json:"error,omitempty"`
	// With --full only; null where there are none.
	Request **eval.Request `json:"request,omitempty"`
	Outputs *[]eval.Output `json:"outputs,omitempty"`
}

func (a *app) instancesCommand() *cobra.Command {
	var where, format string
	var full bool
	var n int
	cmd := &cobra.Command{
		Use:   "instances RUN TASK",
		Short: "list the questions of a run's task with answers and scores",
		Long: "List the questions of a run's task with answers and scores. --where takes conditions separated by spaces, all of which\n" +
			"must hold: = != < <= > >= and ~ !~ (regular expressions) on index, item_id, item_digest, status, primary, answer, output,\n" +
			"question, gold, cluster, error, attempts, finish_reason, scores.NAME, values.METRIC and metadata.KEY; null is what is missing.",
		Example: `  olmo-eval instances last gsm8k --where 'status=ok primary<1 output~"the answer"' -n 5
  olmo-eval instances last mmlu_anatomy --json --full`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.findRun(args[0])
			if err != nil {
				return err
			}
			t, err := taskIn(r.Manifest, args[1])
			if err != nil {
				return err
			}
			keep, err := parseWhere(where, t)
			if err != nil {
				return err
			}
			most, err := a.rowsWanted(cmd, n, format)
			if err != nil {
				return err
			}
			a.unfinishedNote(r)
			return a.instances(cmd.Context(), r, t, keep, most, full, format)
		},
	}
	cmd.Flags().StringVar(&where, "where", "", "conditions, such as 'status=ok primary<1 output~REGEX metadata.k=v'")
	cmd.Flags().BoolVar(&full, "full", false, "requests and outputs too")
	addRows(cmd, &n)
	addFormat(cmd, &format)
	return cmd
}

// taskIn finds a task of a run by label or spec.
func taskIn(m *journal.Manifest, name string) (*journal.Task, error) {
	if t, ok := m.Task(name); ok {
		return t, nil
	}
	var known []string
	for i := range m.Tasks {
		known = append(known, m.Tasks[i].Label)
	}
	hint := nearest.Hint(name, known)
	if hint == "" {
		hint = "; it has: " + strings.Join(known, ", ")
	}
	return nil, usage("run %s has no task %q%s", m.RunID, name, hint)
}

func (a *app) instances(ctx context.Context, r find.Run, t *journal.Task, keep func(*eval.Record) bool, most int, full bool, format string) error {
	w := bufio.NewWriterSize(a.Stdout, 64<<10)
	out := *a
	out.Stdout = w
	tab := &table.Table{Columns: table.Columns(">index", "item", "status", ">"+t.Primary, "answers", "gold", "question")}
	if full {
		tab.Columns = append(tab.Columns, table.Columns("prompt", "outputs")...)
	}
	listed, more := 0, false
	for rec, err := range r.Records(ctx, t.Label) {
		var damage *journal.DamageError
		if errors.As(err, &damage) {
			a.note("warning: %v", err)
			continue
		}
		if err != nil {
			return errors.Join(w.Flush(), err)
		}
		if !keep(rec) {
			continue
		}
		if most > 0 && listed == most {
			more = true
			break
		}
		listed++
		row := newListedInstance(rec, t, full)
		if !a.global.json {
			tab.Add(instanceCells(row, rec, full)...)
			continue
		}
		if err := out.printJSON(row); err != nil {
			return err
		}
	}
	if !a.global.json {
		if err := out.printTable(tab, format); err != nil {
			return err
		}
	}
	if more && !a.global.json {
		a.note("the first %d; -n N lists more, --json all", listed)
	}
	return w.Flush()
}

func newListedInstance(rec *eval.Record, t *journal.Task, full bool) *listedInstance {
	row := &listedInstance{
		Index: rec.Index, ItemID: rec.ID, Digest: rec.Digest, Status: rec.Status, Error: rec.Error, Primary: valueOf(rec, t.Primary),
		Scores: map[string]*float64{}, Answers: make([]any, len(rec.Outputs)), Metadata: map[string]any{},
	}
	if rec.Instance != nil && rec.Instance.Metadata != nil {
		row.Metadata = rec.Instance.Metadata
	}
	for i := range rec.Outputs {
		row.Answers[i] = rec.Outputs[i].Answer
		for name := range rec.Outputs[i].Scores {
			row.Scores[name] = nil
			if v, ok := rec.ScoreOf(name); ok {
				row.Scores[name] = finiteOrNil(v)
			}
		}
	}
	if full {
		row.Request, row.Outputs = &rec.Request, &rec.Outputs
	}
	return row
}

func instanceCells(row *listedInstance, rec *eval.Record, full bool) []string {
	question, gold := "", any(nil)
	if rec.Instance != nil {
		question, gold = rec.Instance.Question, rec.Instance.Gold
	}
	var answers []string
	for _, x := range row.Answers {
		answers = append(answers, brief(x, 24))
	}
	cells := []string{strconv.Itoa(row.Index), row.ItemID, string(row.Status), spelled(row.Primary), brief(strings.Join(answers, ", "), 40), brief(gold, 24), brief(question, 60)}
	if !full {
		return cells
	}
	prompt := ""
	if rec.Request != nil {
		prompt = promptText(rec.Request)
	}
	var texts []string
	for i := range rec.Outputs {
		texts = append(texts, rec.Outputs[i].Text)
	}
	return append(cells, brief(prompt, 200), brief(strings.Join(texts, " ⏎ "), 200))
}

// spelled spells one question's value.
func spelled(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.FormatFloat(*v, 'g', 4, 64)
}
