package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/internal/pyrand"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Questions of the United States medical licensing exam (Jin et al. 2020, arXiv
// 2009.13081; MIT). medqa asks in a conversation, options in a shuffled order;
// medqa_en scores the options as cloze or by letter, in the order of the data.

const medqaPath = "davidheineman/medqa-en"

func medqaTasks() []eval.Def { return []eval.Def{medqaChat(), medqaLikelihood()} }

// letterRight is the share of answers with the right letter.
func letterRight() measure {
	return measure{
		metric.Accuracy(score.MultipleChoice{}),
		eval.RefMetric{Type: "AccuracyMetric", Name: "accuracy", Scorer: "MultipleChoiceScorer"},
	}
}

func medqaChat() eval.Def {
	p := prompt.NewMCQAChat()
	p.SystemPrompt = "You are a medical expert. Answer the following multiple choice question by reasoning " +
		"through the options and selecting the best answer.\n\n" +
		"End your response with \"ANSWER: X\" where X is the letter of your chosen answer."
	right := letterRight()
	t := eval.Task{
		Name: "medqa", Version: "1", Defined: "benchmarks/medqa.go",
		Description: "medical licensing exam questions, reasoned in a conversation",
		Config: eval.Config{
			Source: eval.Source{Path: medqaPath}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(1024),
		},
		Read: readMedQA, Extract: answer.Choice{},
		Oracle: func(in *eval.Instance) (string, bool) {
			gold, ok := in.GoldText()
			return "ANSWER: " + gold, ok
		},
		Ref: &eval.Ref{
			Name: "medqa", Source: eval.RefSource{Path: medqaPath}, Primary: &right.ref,
			Formatter: map[string]any{"type": "MCQAChatFormatter", "system_prompt": p.SystemPrompt},
		},
	}
	measureBy(&t, right)
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "mc", Description: "options shown, their bare texts scored", Apply: func(t *eval.Task) { bareTexts(t, bareChoices(), letterRight()) }},
		{Name: "bpb", Description: "bits per byte of the right option after the bare question", Apply: bareBits},
		{Name: "fixed", Description: "mc by letters after \"Answer:\"; bpb:mc as bits per byte alone", Apply: medqaFixed},
	}}
}

// medqaFixed repairs the two forms that lose what they measure.
func medqaFixed(t *eval.Task) {
	if t.Primary == bitsPerByteID {
		bareBits(t)
	}
	if _, ok := t.Prompt.(*prompt.Choice); ok {
		t.Prompt = prompt.NewChoice()
		unwarn(t, "bare_choices")
	}
	t.Ref = nil
}

// medqaRow reads question, choices and answer_idx, the index of the right one.
func medqaRow(d eval.Doc) (question string, choices []string, gold int, err error) {
	question, choices = d.Text("question"), d.Texts("choices")
	gold, ok := d.Int("answer_idx")
	switch {
	case question == "":
		err = fmt.Errorf("the row has no question")
	case len(choices) == 0:
		err = fmt.Errorf("the row has no choices")
	case !ok || gold < 0 || gold >= len(choices):
		err = fmt.Errorf("answer_idx %q names none of %d choices", d.Text("answer_idx"), len(choices))
	}
	return question, choices, gold, err
}

// readMedQA shuffles the choices by the seed and the row's number. A row without
// a right choice is dropped.
func readMedQA(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, listed, from, err := medqaRow(d)
	if err != nil {
		return nil, nil
	}
	order := make([]int, len(listed))
	for i := range order {
		order[i] = i
	}
	pyrand.NewString(fmt.Sprintf("%d:%d", t.Seed, index)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	choices := make([]string, len(listed))
	gold := 0
	for i, j := range order {
		choices[i] = listed[j]
		if j == from {
			gold = i
		}
	}
	return &eval.Instance{
		Question: question, Gold: letter(gold), Choices: choices,
		Metadata: map[string]any{"id": fmt.Sprintf("medqa_%d", index), "index": index, "gold_idx": gold, "gold_text": choices[gold]},
	}, nil
}

func medqaLikelihood() eval.Def {
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	t := eval.Task{
		Name: "medqa_en", Version: "1", Defined: "benchmarks/medqa.go",
		Description: "medical licensing exam questions, options scored",
		Config: eval.Config{
			Source: eval.Source{Path: medqaPath}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readMedQAEn, ReadShot: func(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) { return readMedQAEn(t, d, 0) },
		Extract: answer.Text{},
		Ref:     &eval.Ref{Name: "medqa_en", Source: eval.RefSource{Path: medqaPath}},
	}
	measureBy(&t, accPerChar())
	return eval.Def{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "mc", Description: "options shown, letters scored; acc_per_char", Apply: letters},
		{Name: "bpb", Description: "bits per byte of the right option; all options are asked", Apply: measureBits},
		{Name: "olmo3base", Description: "five examples of the training split", Apply: func(t *eval.Task) {
			t.Fewshot.Num, t.Fewshot.Seed = 5, 1234
		}},
	}}
}

func readMedQAEn(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, choices, gold, err := medqaRow(d)
	if err != nil {
		return nil, err
	}
	in := worked(question, choices, gold)
	in.Gold = letter(gold)
	in.Metadata["id"] = fmt.Sprintf("medqa_en_%d", index)
	in.Metadata["index"] = index
	in.Metadata["dataset"] = "medqa_en"
	return in, nil
}
