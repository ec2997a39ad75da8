package benchmarks

import (
	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Python functions that call on many libraries (Zhuo et al. 2024, arXiv
// 2406.15877; Apache 2.0), version 0.1.2 of the questions.

func bigCodeBenchTasks() []eval.Def {
	const path = "bigcode/bigcodebench"
	p := prompt.NewSolution("Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"+
		"```\n{prompt}\n", "{solution}\n```")
	p.ShowShots, p.LeaveOut = false, true
	t := eval.Task{
		Name: "bigcodebench", Version: "1", Defined: "benchmarks/bigcodebench.go",
		Description: "python functions that use many libraries",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: bigCodeBenchSplit, Draw: true, Seed: 42},
			Prompt:  p,
			Sampling: sampled(1280, 5, "<|endoftext|>", "<|endofmask|>", "</s>", "\nif __name__", "\ndef main(", "\nprint(",
				"\ndef ", "\nclass ", "\nimport ", "\nfrom ", "\nassert "),
		},
		Read: readBigCodeBench, Select: selectBigCodeBench, Extract: answer.Text{},
		Ref: &eval.Ref{Name: "bigcodebench", Source: eval.RefSource{Path: path}},
	}
	return []eval.Def{{Task: t, Variants: solutionForms()}}
}

// solutionForms are the variants of BigCodeBench and DS-1000 that run no code.
func solutionForms() []eval.Variant {
	return []eval.Variant{
		{Name: "3shot", Description: "three worked examples, the program continued", Apply: func(t *eval.Task) {
			askText(t)
			withShots(t, 3, 1234)
		}},
		{Name: "bpb", Description: "bits per byte of the reference program", Apply: func(t *eval.Task) {
			askBits(t, nil)
			weighBytes(t)
		}},
		fixShots(nil),
	}
}

const bigCodeBenchSplit = "v0.1.2"

// selectBigCodeBench reads the version where the split is named test, as the data
// set has a split for each version.
func selectBigCodeBench(t *eval.Task) eval.Selection {
	split := t.Split
	if split == "test" {
		split = bigCodeBenchSplit
	}
	return eval.Selection{Splits: []string{split}, Seed: t.Seed}
}

func readBigCodeBench(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "task_id", "complete_prompt", "canonical_solution", "code_prompt", "test", "entry_point"); err != nil {
		return nil, err
	}
	head := d.Text("complete_prompt")
	question, gold, err := solution(t).Written(d.Text("canonical_solution"), "prompt", strip(head))
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": d.Text("task_id"), "entry_point": d.Text("entry_point"), "answer_prefix": head,
			"code_prompt": d.Text("code_prompt"), "test": d.Text("test"),
		},
	}, err
}
