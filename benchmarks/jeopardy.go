package benchmarks

import (
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Clues of the quiz show, each under its category; the answer is a name or a few
// words (the selection and the form are those of the MosaicML Gauntlet). jeopardy
// has the model write it; jeopardy:mc, jeopardy:rc and jeopardy:bpb choose among
// four answers, three of them made up for OLMES (Gu et al. 2024, arXiv
// 2406.08446).

const jeopardyFrame = "Category: {category}\nQuestion: {question}"

func jeopardyTasks() []eval.Def {
	p := &askedText{Completion: *prompt.NewCompletion(), asked: asked{jeopardyFrame + "\nAnswer:"}}
	p.ShotAnswerPrefix = " "
	written := jeopardy("jeopardy", "soldni/jeopardy", p)
	written.Description = "clues of a quiz show, answered from memory"
	written.Source.Subset, written.Split = "mosaicml_gauntlet", "train"
	written.Sampling = greedy(50, "\n\n", "Question:", "Category:")
	written.Read, written.ReadShot = readJeopardy, shotJeopardy
	written.Chance = 0
	written.Ref.Source.Subset, written.Ref.IntZero = written.Source.Subset, true
	curated(&written, "jeopardy_fixed_fewshot", 5, "jeopardy_fixed")
	measureBy(&written, squadF1())

	letters := jeopardyChoices("jeopardy:mc", prompt.Letters)
	letters.Description = "clues of a quiz show, four answers shown, letters scored"
	refFormat(&letters, refChoices())
	measureBy(&letters, accSum())

	cloze := jeopardyChoices("jeopardy:rc", prompt.Cloze)
	cloze.Description = "clues of a quiz show, four answers, asked as cloze"
	measureBy(&cloze, accPerChar())

	bits := jeopardyChoices("jeopardy:bpb", prompt.Cloze)
	bits.Description = "clues of a quiz show: bits per byte of the right answer; all answers are asked"
	measureBits(&bits)

	same := []eval.Variant{unchanged("olmo3base")}
	return []eval.Def{
		{Task: written, Variants: []eval.Variant{
			unchanged("gen"),
			{Name: "olmo3base", Description: "10,000 clues out of all", Apply: func(t *eval.Task) {
				limit := 10000
				t.Source = eval.Source{Path: "soldni/jeopardy", Subset: "all_questions"}
				t.Limit, t.Seed = &limit, 1234
				curated(t, "jeopardy_fixed_fewshot", t.Fewshot.Num, "jeopardy_fixed")
				if t.Ref != nil {
					t.Ref.Source = eval.RefSource{Path: t.Source.Path, Subset: t.Source.Subset}
				}
			}},
		}},
		{Task: letters, Variants: same},
		{Task: cloze, Variants: same},
		{Task: bits, Variants: same},
	}
}

func jeopardy(name, path string, p eval.Formatter) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/jeopardy.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
}

func jeopardyChoices(name, style string) eval.Task {
	p := prompt.NewFramed("category", jeopardyFrame)
	p.Style = style
	t := jeopardy(name, "allenai/jeopardy_mc", p)
	t.Read, t.ReadShot = readJeopardyChoice, shotJeopardyChoice
	curated(&t, "jeopardy_mc_fixed_fewshot", 5, "jeopardy_mc_fixed")
	return t
}

// readJeopardy reads context, which is category and clue, continuation, the
// answer, and category, a short name of it. A row without the first two is
// dropped.
func readJeopardy(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotJeopardy(t, d, index)
	if in != nil {
		in.Metadata["id"] = index
	}
	return in, err
}

func shotJeopardy(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	context, gold := d.Text("context"), d.Text("continuation")
	if context == "" || gold == "" {
		return nil, nil
	}
	category, clue := clueOf(context)
	question, err := askAs(t, "category", category, "question", clue)
	if err != nil {
		return nil, err
	}
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{"category": d.Text("category")},
	}, nil
}

// clueOf splits "CATEGORY: clue": the category is what stands before the first
// colon on its line, the clue the rest of the line after it or, if there is none,
// the next line that is not blank. Without a colon there is no category.
func clueOf(context string) (category, clue string) {
	colon := strings.IndexByte(context, ':')
	if colon < 0 {
		return "", context
	}
	line := strings.LastIndexByte(context[:colon], '\n') + 1
	clue = strings.TrimLeftFunc(context[colon+1:], pySpace)
	clue, _, _ = strings.Cut(clue, "\n")
	return context[line:colon], clue
}

// readJeopardyChoice reads context_original, choices.text and answerKey; the gold
// answer is the letter. A row without a context or choices is dropped.
func readJeopardyChoice(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotJeopardyChoice(t, d, index)
	if in == nil || err != nil {
		return nil, err
	}
	in.Gold = in.Metadata["mc_answer"]
	in.Metadata["id"], in.Metadata["index"], in.Metadata["dataset"] = rowID(d, "jeopardy_mc", index), index, "jeopardy_mc"
	return in, nil
}

func shotJeopardyChoice(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	context := d.Text("context_original")
	if context == "" || len(d.Doc("choices").Texts("text")) == 0 {
		return nil, nil
	}
	choices, gold, err := lettered(d)
	if err != nil {
		return nil, err
	}
	category, clue := clueOf(context)
	in := worked(clue, choices, gold)
	in.Metadata["category"] = category
	return in, nil
}
