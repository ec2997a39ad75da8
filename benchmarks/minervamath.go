package benchmarks

import (
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Competition mathematics with written-out solutions (Hendrycks et al. 2021,
// arXiv 2103.03874; MIT), prompted as Minerva was (Lewkowycz et al. 2022, arXiv
// 2206.14858). The bpb tasks measure the likelihood of the solution.

const minervaSubsets = "algebra counting_and_probability geometry intermediate_algebra number_theory prealgebra precalculus"

func minervaTasks() []eval.Def {
	fixed := func(t *eval.Task) { curated(t, "minerva_math_fixed_fewshot", 4, "minerva_math_fixed") }
	var defs []eval.Def
	for subset := range strings.FieldsSeq(minervaSubsets) {
		plain := minerva("minerva_math_"+subset, subset)
		plain.Description = "competition mathematics with a written solution: " + strings.ReplaceAll(subset, "_", " ")

		bits := minerva("minerva_math_"+subset+":bpb", subset)
		bits.Description = "bits per byte of solutions of competition mathematics: " + strings.ReplaceAll(subset, "_", " ")
		measureBits(&bits)
		p := solution(&bits)
		p.Ask, p.AnswerPrefix, p.LeadingSpace = prompt.Likelihood, " ", true

		defs = append(defs, eval.Def{Task: plain}, eval.Def{Task: bits, Variants: []eval.Variant{
			{Name: "olmo3base", Description: "the four curated examples of Minerva", Apply: fixed},
			{Name: "olmes", Description: "the four curated examples of Minerva", Apply: fixed},
		}})
	}
	return defs
}

func minerva(name, subset string) eval.Task {
	p := prompt.NewSolution("{problem}", "{solution}")
	p.Template = "Problem:\n{question}\n\nSolution:"
	p.AnswerKey = "solution_text"
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/minervamath.go",
		Config: eval.Config{
			Source: eval.Source{Path: "EleutherAI/hendrycks_math", Subset: subset}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Num: 4, Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(1024, "Problem:", "\n\n"),
		},
		Read: readMinerva, ReadShot: shotMinerva, Extract: answer.Minerva{},
	}
}

// shotMinerva reads a worked example, whose number is 0 whatever the row; the
// curated ones have none.
func shotMinerva(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	in, err := readMinerva(t, d, 0)
	if err == nil && t.Fewshot.Set != "" {
		delete(in.Metadata, "id")
	}
	return in, err
}

// readMinerva finds the answer in the solution.
func readMinerva(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if err := lacksText(d, "problem", "solution"); err != nil {
		return nil, err
	}
	text := d.Text("solution")
	answers := answer.MinervaAnswers(text)
	question, gold, err := solution(t).Written(answers[0], "problem", d.Text("problem"))
	id := any(index)
	if d["index"] != nil {
		id = plainID(d, "index")
	}
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": id, "level": d["level"], "type": d["type"], "solution_text": text, "all_gold_answers": answers,
		},
	}, err
}
