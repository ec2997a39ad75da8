package benchmarks

import (
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Exam questions of 57 subjects with four choices (Hendrycks et al. 2021, arXiv
// 2009.03300), five worked examples of the subject first. mmlu_SUBJECT shows the
// choices and scores letters; mmlu_SUBJECT:rc, a task of its own, scores the
// texts as cloze.

// mmluGroup is one of the four groups of subjects.
type mmluGroup struct {
	name     string
	subjects []string
}

func mmluGroups() []mmluGroup {
	return []mmluGroup{
		{"stem", strings.Fields(`
			abstract_algebra astronomy college_biology college_chemistry college_computer_science
			college_mathematics college_physics computer_security conceptual_physics
			electrical_engineering elementary_mathematics high_school_biology high_school_chemistry
			high_school_computer_science high_school_mathematics high_school_physics
			high_school_statistics machine_learning`)},
		{"humanities", strings.Fields(`
			formal_logic high_school_european_history high_school_us_history
			high_school_world_history international_law jurisprudence logical_fallacies
			moral_disputes moral_scenarios philosophy prehistory professional_law world_religions`)},
		{"social_sciences", strings.Fields(`
			econometrics high_school_geography high_school_government_and_politics
			high_school_macroeconomics high_school_microeconomics high_school_psychology
			human_sexuality professional_psychology public_relations security_studies sociology
			us_foreign_policy`)},
		{"other", strings.Fields(`
			anatomy business_ethics clinical_knowledge college_medicine global_facts human_aging
			management marketing medical_genetics miscellaneous nutrition professional_accounting
			professional_medicine virology`)},
	}
}

func mmluTasks() []eval.Def {
	var defs []eval.Def
	for _, g := range mmluGroups() {
		for _, s := range g.subjects {
			defs = append(defs, mmluLetters(s), mmluCloze(s))
		}
	}
	return defs
}

func mmlu(name, subject string, p *prompt.Choice, m measure) eval.Task {
	const path = "cais/mmlu"
	words := strings.ReplaceAll(subject, "_", " ")
	p.Instruction = "The following are multiple choice questions (with answers) about " + words + "."
	t := eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/mmlu.go",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: subject}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Num: 5, Split: "dev", Seed: 42},
			Prompt:  p, Sampling: greedy(1),
		},
		Read: readMMLU, ReadShot: shotMMLU,
		Extract: answer.None{}, Chance: 0.25,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path, Subset: subject}, Primary: &m.ref},
	}
	measureBy(&t, m)
	return t
}

func mmluLetters(subject string) eval.Def {
	p := prompt.NewChoice()
	p.ChoicesInQuestion = true
	t := mmlu("mmlu_"+subject, subject, p, accSum())
	t.Description = "exam questions on " + strings.ReplaceAll(subject, "_", " ") + ", choices shown, letters scored"
	t.Ref.Formatter = map[string]any{
		"type": "MultipleChoiceLogprobFormatter", "template": "{question}", "label_prefix": " ",
		"include_choices_in_prompt": false, "answer_suffix": "", "fewshot_separator": "\n\n",
		"description": p.Instruction + "\n\n",
	}
	return eval.Def{Task: t, Variants: []eval.Variant{unchanged("mc"), unchanged("olmo3base")}}
}

func mmluCloze(subject string) eval.Def {
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	t := mmlu("mmlu_"+subject+":rc", subject, p, accPerChar())
	t.Description = "exam questions on " + strings.ReplaceAll(subject, "_", " ") + ", asked as cloze"
	return eval.Def{Task: t, Variants: []eval.Variant{
		unchanged("olmo3base"),
		{Name: "bpb", Description: "bits per byte of the right answer; all choices are asked", Apply: func(t *eval.Task) {
			measureBits(t)
			if t.Ref != nil {
				t.Ref.Primary = &t.Ref.Metrics[0]
			}
		}},
	}}
}

// readMMLU reads question, choices and answer, an index or a letter. With
// letters the question of the instance is the whole block and its choices are
// the letters. Rows without one to five choices or without a right one are
// dropped.
func readMMLU(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, choices := d.Text("question"), d.Texts("choices")
	gold, ok := d.Int("answer")
	if key := d.Text("answer"); !ok && len(key) == 1 {
		gold, ok = int(key[0])-'A', true
	}
	if !ok || len(choices) > 5 || gold < 0 || gold >= len(choices) {
		return nil, nil
	}
	in := &eval.Instance{
		Question: question, Gold: choices[gold], Choices: choices,
		Metadata: map[string]any{"id": index, "gold_idx": gold},
	}
	p := choice(t)
	if p.Style != prompt.Letters || !p.ChoicesInQuestion {
		return in, nil
	}
	var err error
	if in.Question, err = p.Block(question, choices); err != nil {
		return nil, err
	}
	if in.Choices, err = p.FirstLabels(len(choices)); err != nil {
		return nil, err
	}
	in.Gold = in.Choices[gold]
	return in, nil
}

// shotMMLU numbers all worked examples 0, as the reference does.
func shotMMLU(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) { return readMMLU(t, d, 0) }
