package benchmarks

import (
	"errors"
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Questions about everyday concepts with five choices each (CommonsenseQA:
// Talmor et al. 2019, arXiv 1811.00937; MIT). Asked as cloze unless the choices
// are shown.

func csqaTasks() []eval.Def {
	const path = "commonsense_qa"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	t := eval.Task{
		Name: "csqa", Version: "1", Defined: "benchmarks/csqa.go",
		Description: "commonsense questions about concepts, five choices",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readCSQA, ReadShot: shotCSQA,
		Extract: answer.Text{}, Chance: 0.2,
		Ref: &eval.Ref{Name: "csqa", Source: eval.RefSource{Path: path}},
	}
	measureBy(&t, accSum())
	shots := func(t *eval.Task) { curated(t, "csqa_fixed_fewshot", 5, "olmes_csqa_fixed") }
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		{Name: "rc", Description: "cloze; acc_uncond", Apply: func(t *eval.Task) { arcRank(t, accUncond()) }},
		{Name: "mc", Description: "choices shown, letters scored", Apply: arcLetters},
		{Name: "olmo3base", Description: "five curated examples; acc_uncond", Apply: func(t *eval.Task) {
			shots(t)
			arcRank(t, accUncond())
			csqaUnpool(t)
		}},
		{Name: "mc_olmo3base", Description: "choices shown, five curated examples, 10,000 questions of both splits", Apply: func(t *eval.Task) {
			shots(t)
			arcLetters(t)
			csqaPool(t)
		}},
		{Name: "xlarge", Description: "five curated examples, 10,000 questions of both splits", Apply: func(t *eval.Task) {
			shots(t)
			csqaPool(t)
		}},
		{Name: "bpb", Description: "bits per byte of the right choice; all choices are asked", Apply: csqaBits},
		{Name: "olmes", Description: "five curated examples; acc_uncond", Apply: func(t *eval.Task) {
			shots(t)
			arcRank(t, accUncond())
		}},
		unchanged("full"),
		{Name: "fixed", Description: "the validation split alone; bpb as bits per byte of the right choice alone", Apply: func(t *eval.Task) {
			if t.Primary == bitsPerByteID {
				csqaBits(t)
				choice(t).Score = prompt.Gold
			}
			csqaUnpool(t)
			t.Ref = nil
		}},
	}}}
}

// csqaPool draws 10,000 questions of validation and train together.
func csqaPool(t *eval.Task) {
	limit := 10000
	t.Limit, t.Seed = &limit, 1234
	t.Select = selectCSQAPool
	if t.Ref != nil {
		t.Ref.Source.Split = csqaPooled
	}
	warn(t, "fewshot_leak", "rows of train are evaluated too, the worked examples among them")
}

// csqaUnpool goes back to the task's own split.
func csqaUnpool(t *eval.Task) {
	t.Select = nil
	if t.Ref != nil {
		t.Ref.Source.Split = "validation"
	}
	unwarn(t, "fewshot_leak")
}

const csqaPooled = "validation+train"

func selectCSQAPool(t *eval.Task) eval.Selection {
	if t.Split != "validation" {
		return eval.Selection{Splits: []string{t.Split}, Seed: t.Seed}
	}
	return eval.Selection{Splits: []string{csqaPooled}, Seed: t.Seed}
}

func csqaBits(t *eval.Task) {
	choice(t).Unconditional = false
	measureBits(t)
	if t.Ref != nil {
		primary := bitsPerByte().ref
		t.Ref.Primary = &primary // stays when a later variant replaces the metrics
	}
	unwarn(t, "metric_replaced")
	unwarn(t, "reference_metric")
}

// csqaRow reads question, choices and the index of the right choice, whose key
// is a letter; the index is -1 in a row without a key.
func csqaRow(d eval.Doc) (question string, choices []string, gold int, err error) {
	if err := lacks(d, "question", "choices", "answerKey"); err != nil {
		return "", nil, -1, err
	}
	question = d.Text("question")
	choices = d.Doc("choices").Texts("text")
	key := d.Text("answerKey")
	switch {
	case len(choices) == 0:
		err = errors.New("choices.text is empty")
	case key == "":
		gold = -1
	case len(key) != 1 || int(key[0]) < 'A' || int(key[0]) >= 'A'+len(choices):
		err = fmt.Errorf("answerKey %q names none of %d choices", key, len(choices))
	default:
		gold = int(key[0]) - 'A'
	}
	return question, choices, gold, err
}

func readCSQA(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, choices, gold, err := csqaRow(d)
	if err != nil {
		return nil, err
	}
	id := d.Text("id")
	if id == "" {
		id = fmt.Sprintf("csqa_%d", index)
	}
	return &eval.Instance{
		Question: question, Gold: d.Text("answerKey"), Choices: choices,
		Metadata: map[string]any{
			"id": id, "index": index, "dataset": "csqa",
			"gold_idx": gold, "gold_text": textAt(choices, gold), "num_choices": len(choices),
		},
	}, nil
}

func shotCSQA(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	question, choices, gold, err := csqaRow(d)
	return workedOrNone(question, choices, gold, err)
}
