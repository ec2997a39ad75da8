package benchmarks

import (
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Sentences with a blank that one of two options fills (WinoGrande: Sakaguchi et
// al. 2020, arXiv 1907.10641; CC BY). Unless the options are shown, each is put
// into the blank and what follows the blank is scored, so that both scores are
// of the same text.

func winograndeTasks() []eval.Def {
	const path, subset = "winogrande", "winogrande_xl"
	t := eval.Task{
		Name: "winogrande", Version: "1", Defined: "benchmarks/winogrande.go",
		Description: "which of two options fills the blank of a sentence",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: subset}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  prompt.NewBlank(), Sampling: greedy(512),
		},
		Read: readWinogrande, ReadShot: shotWinogrande, Select: selectWithTrain,
		Extract: answer.Text{}, Chance: 0.5,
		Ref: &eval.Ref{Name: "winogrande", Source: eval.RefSource{Path: path, Subset: subset}},
	}
	measureBy(&t, accSum())
	shots := func(t *eval.Task) {
		curated(t, "winogrande_fixed_fewshot", 5, "olmes_winogrande_fixed")
		limitWithTrain(t)
	}
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "mc", Description: "options shown, letters scored", Apply: func(t *eval.Task) {
			t.Prompt.(*prompt.Blank).Style = prompt.Letters
			refFormat(t, refChoices())
		}},
		{Name: "olmo3base", Description: "five curated examples, 10,000 questions", Apply: shots},
		{Name: "xlarge", Description: "five curated examples, 10,000 questions", Apply: shots},
		{Name: "bpb", Description: "bits per byte of what follows the right option; both are asked", Apply: bitsOfShown},
		{Name: "fixed", Description: "a limit keeps to the split and the seed of the task", Apply: withoutTrain},
	}}}
}

// winograndeRow reads sentence, options and the index of the right one, whose
// label counts from 1; -1 in a row without label. A sentence without a blank has
// no options.
func winograndeRow(d eval.Doc) (sentence string, options []string, gold int, err error) {
	if err := lacks(d, "sentence", "option1", "option2", "answer"); err != nil {
		return "", nil, -1, err
	}
	sentence = d.Text("sentence")
	if !strings.Contains(sentence, "_") {
		return "", nil, -1, nil
	}
	options = []string{d.Text("option1"), d.Text("option2")}
	if d.Text("answer") == "" {
		return sentence, options, -1, nil
	}
	label, ok := d.Int("answer")
	if !ok || label < 1 || label > 2 {
		err = fmt.Errorf("answer %q names none of 2 options", d.Text("answer"))
	}
	return sentence, options, label - 1, err
}

func readWinogrande(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	sentence, options, gold, err := winograndeRow(d)
	if err != nil || options == nil {
		return nil, err
	}
	return numbered("winogrande", sentence, options, gold, index), nil
}

func shotWinogrande(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	sentence, options, gold, err := winograndeRow(d)
	return workedOrNone(sentence, options, gold, err)
}
