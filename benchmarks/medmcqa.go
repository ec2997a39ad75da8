package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Questions of Indian medical entrance exams with four options (Pal et al. 2022,
// arXiv 2203.14371; Apache 2.0). Asked as cloze unless the options are shown.

func medmcqaTasks() []eval.Def {
	const path = "openlifescienceai/medmcqa"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	t := eval.Task{
		Name: "medmcqa", Version: "1", Defined: "benchmarks/medmcqa.go",
		Description: "medical entrance exam questions with four options",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readMedMCQA, ReadShot: func(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) { return readMedMCQA(t, d, 0) },
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: "medmcqa", Source: eval.RefSource{Path: path}},
	}
	measureBy(&t, accPerChar())
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "mc", Description: "options shown, letters scored; acc_per_char", Apply: letters},
		{Name: "bpb", Description: "bits per byte of the right option; all options are asked", Apply: measureBits},
		{Name: "olmo3base", Description: "five examples of the training split", Apply: func(t *eval.Task) {
			t.Fewshot.Num, t.Fewshot.Seed, t.Seed = 5, 1234, 1234
		}},
	}}}
}

// letters shows the choices and scores their letters.
func letters(t *eval.Task) {
	choice(t).Style = prompt.Letters
	refFormat(t, refChoices())
}

// readMedMCQA reads question, the options opa to opd and cop, the index of the
// right one (-1 in the test split, whose answers are not public).
func readMedMCQA(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	choices := make([]string, 4)
	for i := range choices {
		key := "op" + string(rune('a'+i))
		if d[key] == nil {
			return nil, fmt.Errorf("the row has no %s", key)
		}
		choices[i] = d.Text(key)
	}
	gold, ok := d.Int("cop")
	if !ok || gold < 0 || gold >= len(choices) {
		return nil, fmt.Errorf("cop %q names none of the options 0 to 3", d.Text("cop"))
	}
	question := d.Text("question")
	if question == "" {
		return nil, fmt.Errorf("the row has no question")
	}
	id := d.Text("id")
	if id == "" {
		id = fmt.Sprintf("medmcqa_%d", index)
	}
	return &eval.Instance{
		Question: question, Gold: letter(gold), Choices: choices,
		Metadata: map[string]any{"id": id, "index": index, "dataset": "medmcqa", "gold_idx": gold, "gold_text": choices[gold]},
	}, nil
}
