package benchmarks

import (
	"fmt"
	"strconv"

	"olmoeval/eval"
)

// What several families share in reading rows.

// lacks is the error of a row without one of the fields.
func lacks(d eval.Doc, fields ...string) error {
	for _, f := range fields {
		if d[f] == nil {
			return fmt.Errorf("%s is missing", f)
		}
	}
	return nil
}

// numbered makes a multiple-choice question without an id of its own an
// instance: its row number is the id, and the gold answer is the number of the
// right choice from 0 (-1 for none).
func numbered(dataset, question string, choices []string, gold, index int) *eval.Instance {
	return &eval.Instance{
		Question: question, Gold: strconv.Itoa(gold), Choices: choices,
		Metadata: map[string]any{
			"id": index, "index": index, "dataset": dataset,
			"gold_idx": gold, "gold_text": textAt(choices, gold),
		},
	}
}

// textAt is choice i, "" for an unlabelled row.
func textAt(choices []string, i int) string {
	if i < 0 {
		return ""
	}
	return choices[i]
}

// workedOrNone is worked, but none of a row without label.
func workedOrNone(question string, choices []string, gold int, err error) (*eval.Instance, error) {
	if err != nil || gold < 0 {
		return nil, err
	}
	return worked(question, choices, gold), nil
}

// selectWithTrain draws a limit from the split and the training split together,
// with a seed of its own.
func selectWithTrain(t *eval.Task) eval.Selection {
	if t.Limit == nil || t.Split == "train" {
		return eval.Selection{Splits: []string{t.Split}, Seed: t.Seed}
	}
	return eval.Selection{Splits: []string{t.Split, "train"}, Seed: 1234}
}

// limitWithTrain keeps 10,000 questions of a task that reads train with a limit.
func limitWithTrain(t *eval.Task) {
	limit := 10000
	t.Limit = &limit
	if t.Select != nil {
		warn(t, "fewshot_leak", "with a limit rows of train are evaluated too, the worked examples among them")
	}
}

// withoutTrain leaves a limit to the task's own split and seed.
func withoutTrain(t *eval.Task) {
	t.Select, t.Ref = nil, nil
	unwarn(t, "fewshot_leak")
}
