package find

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// ForeignMetric is the metric id of the scores of foreign results.
const ForeignMetric = "score"

const notYet = "; what can be read in place: a run directory, or a .jsonl or .csv with id,score[,task,cluster,output]"

// foreignFile reads results in a .jsonl or .csv with one row a question.
func foreignFile(path string) (Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Run{}, err
	}
	var rows iter.Seq2[map[string]any, error]
	switch base := filepath.Base(path); {
	case strings.HasPrefix(base, "results_") && strings.HasSuffix(base, ".json"), strings.HasPrefix(base, "samples_") && strings.HasSuffix(base, ".jsonl"):
		return Run{}, fmt.Errorf("%s: results of lm-eval cannot be read in place yet%s", path, notYet)
	case strings.HasSuffix(base, ".eval"):
		return Run{}, fmt.Errorf("%s: logs of Inspect cannot be read in place yet%s", path, notYet)
	case strings.HasSuffix(base, ".jsonl"):
		rows = jsonRows(path)
	case strings.HasSuffix(base, ".csv"):
		rows = csvRows(path)
	default:
		return Run{}, fmt.Errorf("%s is no run%s", path, notYet)
	}
	t, err := readForeign(path, rows)
	if err != nil {
		return Run{}, err
	}
	m := &journal.Manifest{
		Schema: journal.SchemaVersion, RunID: path, Status: journal.Complete, Sealed: true, Created: info.ModTime(),
		Model: eval.Model{Name: filepath.Base(path), Kind: "foreign", ID: path}, SystemHash: "foreign " + path,
	}
	metric := journal.Metric{ID: ForeignMetric, HigherIsBetter: true}
	if t.proportion {
		metric.Unit = eval.Proportion
	}
	for _, name := range t.tasks {
		m.Tasks = append(m.Tasks, journal.Task{Label: name, Spec: name, N: len(t.records[name]), UniqueIDs: true,
			Primary: ForeignMetric, Metrics: []journal.Metric{metric}})
	}
	return Run{Dir: path, Manifest: m, Foreign: true, Records: t.all}, nil
}

// foreignDir says what a directory that is no run may be.
func foreignDir(dir string) error {
	for _, known := range []struct{ file, what string }{
		{"metrics.json", "output directories of the reference"}, {"results.json", "results of lm-eval"},
	} {
		if _, err := os.Stat(filepath.Join(dir, known.file)); err == nil {
			return fmt.Errorf("%s: %s cannot be read in place yet%s", dir, known.what, notYet)
		}
	}
	return fmt.Errorf("%s holds %w (no %s, no runs/)%s", dir, errNoRun, journal.ManifestName, notYet)
}

// foreign is a file of results, whole.
type foreign struct {
	path       string
	tasks      []string // in order of appearance
	records    map[string][]*eval.Record
	proportion bool // all scores lie in [0, 1]
}

func (t *foreign) all(ctx context.Context, label string) iter.Seq2[*eval.Record, error] {
	return func(yield func(*eval.Record, error) bool) {
		if !slices.Contains(t.tasks, label) {
			yield(nil, fmt.Errorf("%s has no task %q", t.path, label))
			return
		}
		for _, r := range t.records[label] {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func readForeign(path string, rows iter.Seq2[map[string]any, error]) (*foreign, error) {
	t := &foreign{path: path, records: map[string][]*eval.Record{}, proportion: true}
	seen := map[string]int{}
	n := 0
	for row, err := range rows {
		n++
		if err != nil {
			return nil, err
		}
		rec, task, err := foreignRecord(row)
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", path, n, err)
		}
		key := task + "\x00" + rec.ID
		if first, ok := seen[key]; ok {
			return nil, fmt.Errorf("%s: row %d: the id %q stands in row %d already", path, n, rec.ID, first)
		}
		seen[key] = n
		if _, ok := t.records[task]; !ok {
			t.tasks = append(t.tasks, task)
		}
		rec.Index = len(t.records[task])
		t.records[task] = append(t.records[task], rec)
		if o := rec.Values[ForeignMetric]; o != nil && (o.Value < 0 || o.Value > 1) {
			t.proportion = false
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("%s holds no rows", path)
	}
	return t, nil
}

// foreignRecord makes a record of a row. A null or empty score is a missing one.
func foreignRecord(row map[string]any) (rec *eval.Record, task string, err error) {
	doc := eval.Doc(row)
	id := doc.Text("id")
	if id == "" {
		return nil, "", fmt.Errorf("the id is missing%s", found(row))
	}
	if _, ok := row["score"]; !ok {
		return nil, "", fmt.Errorf("the score is missing%s", found(row))
	}
	rec = &eval.Record{ID: id, Status: eval.OK, Instance: &eval.Instance{Cluster: doc.Text("cluster"), Metadata: map[string]any{"id": id}},
		Values: map[string]*eval.Observation{ForeignMetric: nil}}
	switch text := doc.Text("score"); text {
	case "":
		rec.Status, rec.Error = eval.ScoringError, "the row has no score"
	case "true", "false":
		v := map[string]float64{"true": 1, "false": 0}[text]
		rec.Values[ForeignMetric] = &eval.Observation{Value: v, Weight: 1}
	default:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, "", fmt.Errorf("the score %q is no number", text)
		}
		rec.Values[ForeignMetric] = &eval.Observation{Value: v, Weight: 1}
	}
	if out := doc.Text("output"); out != "" {
		rec.Outputs = []eval.Output{{Text: out, Answer: out}}
	}
	return rec, doc.Text("task"), nil
}

// found says which columns a row has in place of the needed ones.
func found(row map[string]any) string {
	return fmt.Sprintf("; the row has %s, wanted are id, score[, task, cluster, output]", some(sortedKeys(row, nil), 8))
}

func jsonRows(path string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		r := bufio.NewReader(f)
		for line := 1; ; line++ {
			b, err := r.ReadBytes('\n')
			if err != nil && err != io.EOF {
				yield(nil, err)
				return
			}
			if text := bytes.TrimSpace(b); len(text) > 0 {
				dec := json.NewDecoder(bytes.NewReader(text))
				dec.UseNumber()
				var row map[string]any
				if derr := dec.Decode(&row); derr != nil || row == nil {
					yield(nil, fmt.Errorf("%s:%d: want a JSON object with id and score", path, line))
					return
				}
				if !yield(row, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
		}
	}
}

func csvRows(path string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		r := csv.NewReader(bufio.NewReader(f))
		head, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		for i := range head {
			head[i] = strings.TrimSpace(strings.TrimPrefix(head[i], "\ufeff"))
		}
		for err == nil {
			var cells []string
			if cells, err = r.Read(); err != nil {
				break
			}
			row := make(map[string]any, len(head))
			for i, name := range head {
				row[name] = cells[i]
			}
			if !yield(row, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, fmt.Errorf("%s: %w", path, err))
		}
	}
}
