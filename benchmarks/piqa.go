package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
)

// Everyday goals with two ways to reach them, one of which works (PIQA: Bisk et
// al. 2020, arXiv 1911.11641; AFL 3.0). Asked as cloze unless the solutions are
// shown.

func piqaTasks() []eval.Def {
	const path, revision = "piqa", "refs/convert/parquet"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	p.QuestionTemplate = "Goal: {question}"
	t := eval.Task{
		Name: "piqa", Version: "1", Defined: "benchmarks/piqa.go",
		Description: "which of two solutions reaches a physical goal",
		Config: eval.Config{
			Source: eval.Source{Path: path, Revision: revision}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readPIQA, ReadShot: shotPIQA, Select: selectPIQA,
		Extract: answer.Text{}, Chance: 0.5,
		Ref: &eval.Ref{Name: "piqa", Source: eval.RefSource{Path: path, Split: "validation", Revision: revision}},
	}
	measureBy(&t, measure{metric.AccPerToken(), logprob("LogprobPerTokenMCAccuracyMetric")})
	shots := func(t *eval.Task) { curated(t, "piqa_fixed_fewshot", 5, "olmes_piqa_fixed") }
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "mc", Description: "solutions shown, letters scored", Apply: shownLetters},
		{Name: "olmo3base", Description: "five curated examples; acc_per_char", Apply: func(t *eval.Task) {
			shots(t)
			measureAnswers(t, accPerChar())
			t.Split = "validation"
			unwarn(t, "fewshot_leak")
		}},
		{Name: "mc_olmo3base", Description: "solutions shown, five curated examples, 10,000 questions of both splits; acc_per_char", Apply: func(t *eval.Task) {
			shots(t)
			shownLetters(t)
			measureAnswers(t, accPerChar())
			limit := 10000
			t.Limit, t.Split = &limit, "all"
			warn(t, "fewshot_leak", "rows of train are evaluated too, the worked examples among them")
		}},
		{Name: "olmes", Description: "five curated examples, 1,000 questions", Apply: func(t *eval.Task) {
			shots(t)
			limit := 1000
			t.Limit = &limit
		}},
		{Name: "bpb", Description: "bits per byte of the right solution; both are asked", Apply: bitsOfShown},
		{Name: "full", Description: "all questions", Apply: func(t *eval.Task) { t.Limit = nil }},
		{Name: "fixed", Description: "the validation split alone; bpb as bits per byte of the right solution alone", Apply: func(t *eval.Task) {
			bitsOfGold(t)
			if t.Split == "all" {
				t.Split = "validation"
				unwarn(t, "fewshot_leak")
			}
			t.Ref = nil
		}},
	}}}
}

// selectPIQA reads split "all" as validation and train, from which a limit draws
// with a seed of its own.
func selectPIQA(t *eval.Task) eval.Selection {
	if t.Split == "all" {
		return eval.Selection{Splits: []string{"validation", "train"}, Seed: 1234}
	}
	return eval.Selection{Splits: []string{t.Split}, Seed: t.Seed}
}

// piqaRow reads the goal, the two solutions and the index of the one that works,
// -1 in a row without label. A row without a goal has no solutions.
func piqaRow(d eval.Doc) (goal string, solutions []string, gold int, err error) {
	if err := lacks(d, "goal", "sol1", "sol2", "label"); err != nil {
		return "", nil, -1, err
	}
	if goal = d.Text("goal"); goal == "" {
		return "", nil, -1, nil
	}
	solutions = []string{d.Text("sol1"), d.Text("sol2")}
	gold, ok := d.Int("label")
	if !ok || gold < -1 || gold > 1 {
		err = fmt.Errorf("label %q names none of 2 solutions", d.Text("label"))
	}
	return goal, solutions, gold, err
}

func readPIQA(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	goal, solutions, gold, err := piqaRow(d)
	if err != nil || solutions == nil {
		return nil, err
	}
	return numbered("piqa", goal, solutions, gold, index), nil
}

func shotPIQA(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	goal, solutions, gold, err := piqaRow(d)
	return workedOrNone(goal, solutions, gold, err)
}
