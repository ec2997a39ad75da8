package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Science questions of school exams with three to five choices (Clark et al.
// 2018, arXiv 1803.05457). Plain, they are asked as cloze: the likeliest answer
// text after "Question: …\nAnswer:" counts.

func arcTasks() []eval.Def {
	return []eval.Def{
		arc(arcKind{
			name: "arc_easy", subset: "ARC-Easy", level: "easy",
			set: "arc_easy_fixed_fewshot", refSet: "olmes_arc_easy_fixed", rank: accPerChar,
		}),
		arc(arcKind{
			name: "arc_challenge", subset: "ARC-Challenge", level: "hard",
			set: "arc_challenge_fixed_fewshot", refSet: "olmes_arc_challenge_fixed", rank: accUncond,
		}),
	}
}

type arcKind struct {
	name, subset, level string
	set, refSet         string
	rank                func() measure // how olmo3base and rc rank the choices
}

func arc(k arcKind) eval.Def {
	const path = "allenai/ai2_arc"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	t := eval.Task{
		Name: k.name, Version: "1", Defined: "benchmarks/arc.go",
		Description: k.level + " science exam questions, multiple choice",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: k.subset}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readARC, ReadShot: shotARC, Select: selectARC,
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: k.name, Source: eval.RefSource{Path: path, Subset: k.subset}},
	}
	measureBy(&t, accSum())
	def := eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "rc", Description: "cloze; " + k.rank().ours.Info().ID, Apply: func(t *eval.Task) { arcRank(t, k.rank()) }},
		{Name: "mc", Description: "choices shown, letters scored", Apply: arcLetters},
		{Name: "bpb", Description: "bits per byte of the right answer after the cloze prompt", Apply: arcBits},
		{Name: "olmo3base", Description: "five curated examples; " + k.rank().ours.Info().ID, Apply: func(t *eval.Task) {
			arcRank(t, k.rank())
			curated(t, k.set, 5, k.refSet)
			t.Split = "test"
		}},
		{Name: "olmes", Description: "five curated examples", Apply: func(t *eval.Task) { curated(t, k.set, 5, k.refSet) }},
		unchanged("full"),
		{Name: "fixed", Description: "bpb:olmo3base as bits per byte alone; split=all as the test split alone", Apply: arcFixed},
	}}
	if k.name == "arc_challenge" {
		def.Variants = append(def.Variants, eval.Variant{
			Name: "mc_olmo3base", Description: "choices shown, five curated examples, all three splits",
			Apply: func(t *eval.Task) {
				arcLetters(t)
				curated(t, k.set, 5, k.refSet)
				t.Split = "all"
				if t.Ref != nil {
					t.Ref.Source.Split = "test" // of the source; the task's own is all
				}
				warn(t, "fewshot_leak", "all splits are evaluated, so the worked examples (rows of train) are among the questions")
			},
		})
	}
	return def
}

// arcRank scores all choices and ranks them by m.
func arcRank(t *eval.Task, m measure) {
	p := choice(t)
	measureAnswers(t, m)
	p.Score = prompt.Choices
	p.Unconditional = measures(t, accUncondID)
	if p.Style == prompt.Letters {
		arcWithoutUncond(t)
	}
}

// arcLetters shows the choices and scores letters. A spec that asked for bits
// per byte before keeps the cloze prompt.
func arcLetters(t *eval.Task) {
	refFormat(t, refChoices())
	if p := choice(t); p.Score == prompt.Choices {
		p.Style = prompt.Letters
		arcWithoutUncond(t)
	}
}

// arcWithoutUncond ranks letters by their plain likelihood: they are not scored
// without the question, so acc_uncond would have no value (in the reference such
// a run ends in an error).
func arcWithoutUncond(t *eval.Task) {
	choice(t).Unconditional = false
	for i, m := range t.Metrics {
		if m.Info().ID == accUncondID {
			t.Metrics[i] = accSum().ours
			warn(t, "metric_replaced", "acc_uncond needs unconditional scores, which letters do not have; acc_sum is reported")
		}
	}
}

func arcBits(t *eval.Task) {
	p := choice(t)
	p.Style, p.Score, p.Unconditional = prompt.Cloze, prompt.Gold, false
	refFormat(t, refPPL())
	measureBits(t)
	unwarn(t, "metric_replaced")
	unwarn(t, "reference_metric")
}

func arcFixed(t *eval.Task) {
	if t.Primary == bitsPerByteID {
		arcBits(t)
	}
	if t.Split == "all" {
		t.Split = "test"
		unwarn(t, "fewshot_leak")
	}
	t.Ref = nil
}

// selectARC reads split "all" as all three, test first.
func selectARC(t *eval.Task) eval.Selection {
	if t.Split == "all" {
		return eval.Selection{Splits: []string{"test", "validation", "train"}, Seed: t.Seed}
	}
	return eval.Selection{Splits: []string{t.Split}, Seed: t.Seed}
}

// arcRow reads question, choices and the index of the right choice, whose key is
// a letter or a number from 1; the order of the choices is theirs. A row without
// a question or choices has no choices.
func arcRow(d eval.Doc) (question string, choices []string, gold int, err error) {
	question = d.Text("question")
	choices = d.Doc("choices").Texts("text")
	if question == "" || len(choices) == 0 {
		return question, nil, 0, nil
	}
	key := d.Text("answerKey")
	if len(key) == 1 && key[0] >= '1' && key[0] <= '9' {
		gold = int(key[0] - '1')
	} else if len(key) == 1 {
		gold = int(key[0]) - 'A'
	} else {
		gold = -1
	}
	if gold < 0 || gold >= len(choices) {
		return "", nil, 0, fmt.Errorf("answerKey %q names none of %d choices", key, len(choices))
	}
	return question, choices, gold, nil
}

func readARC(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, choices, gold, err := arcRow(d)
	if err != nil || choices == nil {
		return nil, err
	}
	id := d.Text("id")
	if id == "" {
		id = fmt.Sprintf("%s_%d", t.Name, index)
	}
	return &eval.Instance{
		Question: question, Gold: letter(gold), Choices: choices,
		Metadata: map[string]any{
			"id": id, "index": index, "dataset": t.Name,
			"gold_idx": gold, "gold_text": choices[gold], "num_choices": len(choices),
		},
	}, nil
}

func shotARC(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	question, choices, gold, err := arcRow(d)
	if err != nil || choices == nil {
		return nil, err
	}
	return worked(question, choices, gold), nil
}
