package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/internal/pyrand"
	"olmoeval/prompt"
)

// Crowd-written science questions with one right answer and three wrong ones
// (Welbl et al. 2017, arXiv 1707.06209), without the supporting passage. Asked as
// cloze unless the choices are shown.

func sciqTasks() []eval.Def {
	shots := func(t *eval.Task) {
		t.Fewshot.Num, t.Fewshot.Seed = 5, 1234
		t.Split = "validation"
	}
	base := sciq("sciq")
	measureBy(&base, accSum())

	bits := sciq("sciq:bpb")
	bits.Description = "science questions: bits per byte of the right answer"
	measureBits(&bits)
	choice(&bits).Score = prompt.Gold

	return []eval.Def{
		{Task: base, Variants: []eval.Variant{
			unchanged("rc"),
			{Name: "mc", Description: "choices shown in a shuffled order, letters scored", Apply: func(t *eval.Task) {
				choice(t).Style = prompt.Letters
				refFormat(t, refChoices())
			}},
			{Name: "olmo3base", Description: "five examples of the training split; acc_per_char", Apply: func(t *eval.Task) {
				shots(t)
				measureBy(t, accPerChar())
			}},
		}},
		{Task: bits, Variants: []eval.Variant{
			{Name: "olmo3base", Description: "five examples of the training split", Apply: shots},
		}},
	}
}

func sciq(name string) eval.Task {
	const path = "allenai/sciq"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/sciq.go",
		Description: "science questions with four choices",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readSciQ, Select: selectSciQ,
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
}

// selectSciQ reads split "all" as all three, test first; a limit then draws with
// a seed of its own.
func selectSciQ(t *eval.Task) eval.Selection {
	if t.Split == "all" {
		return eval.Selection{Splits: []string{"test", "validation", "train"}, Seed: 1234}
	}
	return eval.Selection{Splits: []string{t.Split}, Seed: t.Seed}
}

// readSciQ lists the wrong answers and then the right one; where the choices are
// shown, the row's number seeds a shuffle of them.
func readSciQ(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	listed := [4]string{d.Text("distractor1"), d.Text("distractor2"), d.Text("distractor3"), d.Text("correct_answer")}
	order := [4]int{0, 1, 2, 3}
	if choice(t).Style != prompt.Cloze {
		pyrand.New(int64(index)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	choices := make([]string, len(order))
	gold := 0
	for i, from := range order {
		choices[i] = listed[from]
		if from == 3 {
			gold = i
		}
	}
	in := worked(d.Text("question"), choices, gold)
	in.Metadata["id"] = fmt.Sprintf("sciq_%d", index)
	in.Metadata["index"] = index
	in.Metadata["dataset"] = "sciq"
	return in, nil
}
