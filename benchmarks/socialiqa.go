package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// What people in a short scene want, feel or do, of three choices (Social IQa:
// Sap et al. 2019, arXiv 1904.09728). The question is the scene and what is asked
// about it; asked as cloze unless the choices are shown.

func socialIQATasks() []eval.Def {
	const path, revision = "social_i_qa", "refs/convert/parquet"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	t := eval.Task{
		Name: "socialiqa", Version: "1", Defined: "benchmarks/socialiqa.go",
		Description: "why people do what they do and how they feel, three choices",
		Config: eval.Config{
			Source: eval.Source{Path: path, Revision: revision}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readSocialIQA, ReadShot: shotSocialIQA, Select: selectWithTrain,
		Extract: answer.Text{}, Chance: 1.0 / 3,
		Ref: &eval.Ref{Name: "socialiqa", Source: eval.RefSource{Path: path, Revision: revision}},
	}
	measureBy(&t, accPerChar())
	shots := func(t *eval.Task) { curated(t, "socialiqa_fixed_fewshot", 5, "olmes_socialiqa_fixed") }
	large := func(t *eval.Task) {
		shots(t)
		limitWithTrain(t)
		if t.Ref != nil {
			t.Ref.Source.Split = "train+validation"
		}
	}
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "mc", Description: "choices shown, letters scored", Apply: shownLetters},
		{Name: "olmo3base", Description: "five curated examples", Apply: shots},
		{Name: "mc_olmo3base", Description: "choices shown, five curated examples, 10,000 questions", Apply: func(t *eval.Task) {
			large(t)
			shownLetters(t)
		}},
		{Name: "xlarge", Description: "five curated examples, 10,000 questions", Apply: large},
		{Name: "bpb", Description: "bits per byte of the right choice; all are asked", Apply: bitsOfShown},
		{Name: "olmes", Description: "five curated examples", Apply: shots},
		unchanged("full"),
		{Name: "fixed", Description: "a limit keeps to the split and the seed of the task", Apply: withoutTrain},
	}}}
}

// socialIQARow reads the question with its scene, the choices and the index of
// the right one, whose label counts from 1; -1 in a row without label.
func socialIQARow(d eval.Doc) (question string, choices []string, gold int, err error) {
	if err := lacks(d, "context", "question", "answerA", "answerB", "answerC", "label"); err != nil {
		return "", nil, -1, err
	}
	question = d.Text("context") + " " + d.Text("question")
	choices = []string{d.Text("answerA"), d.Text("answerB"), d.Text("answerC")}
	if d.Text("label") == "" {
		return question, choices, -1, nil
	}
	label, ok := d.Int("label")
	if !ok || label < 1 || label > len(choices) {
		err = fmt.Errorf("label %q names none of 3 choices", d.Text("label"))
	}
	return question, choices, label - 1, err
}

// readSocialIQA puts questions about one scene into one cluster.
func readSocialIQA(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, choices, gold, err := socialIQARow(d)
	if err != nil {
		return nil, err
	}
	in := numbered("socialiqa", question, choices, gold, index)
	in.Cluster = eval.HashJSON(d.Text("context"))
	return in, nil
}

func shotSocialIQA(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	question, choices, gold, err := socialIQARow(d)
	return workedOrNone(question, choices, gold, err)
}
