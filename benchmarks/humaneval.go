package benchmarks

import (
	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Python functions to complete from signature and docstring (Chen et al. 2021,
// arXiv 2107.03374; MIT), and the same with many more tests (Liu et al. 2023,
// arXiv 2305.01210; Apache 2.0). The names humaneval and codex_humaneval mean the
// same data.

func humanEvalTasks() []eval.Def {
	const path, plus = "openai_humaneval", "evalplus/humanevalplus"
	stops := []string{"\nclass", "\ndef", "\nif", "\nprint", "\n#", "\n```", "\n```\n\n", "<|eot_id|>", "<|endoftext|>", "<|im_end|>"}
	bits := func(p *prompt.Solution) { p.LeadingSpace, p.AnswerPrefix = true, " " }
	forms := []eval.Variant{
		humanEvalForm("bpb", "bits per byte of the reference body", func(t *eval.Task) { askBits(t, bits) }),
		humanEvalForm("3shot", "three worked examples, the function continued", func(t *eval.Task) {
			askText(t)
			withShots(t, 3, 1234)
		}),
		fixShots(func(p *prompt.Solution) { p.LeadingSpace = true }),
	}
	chat := humanEvalForm("chat", "asked in a conversation", askHumanEvalChat)
	olmo3base := humanEvalForm("olmo3base", "three worked examples, shown under bpb only", func(t *eval.Task) { withShots(t, 3, 1234) })

	base := func(name, path, text string) eval.Task {
		t := humanEval(name, path, prompt.NewSolution("{prompt}", "{solution}"), greedy(1024, stops...))
		t.Description, t.Extract = text, bodyOf{}
		solution(&t).ShowShots = false
		t.Ref = &eval.Ref{Name: name, Source: eval.RefSource{Path: path}}
		return t
	}
	fenced := humanEval("humaneval:olmo3base", path, prompt.NewSolution("```python\n{prompt}", "{solution}```"),
		sampled(1024, 32, "\n```", "\nclass", "\nif", "\nprint", "\n#", "\n```\n\n", "<|eot_id|>"))
	fenced.Description = "python functions from signature and docstring, three worked examples in code blocks"
	fenced.Fewshot.Num, fenced.Fewshot.Seed = 3, 1234
	fenced.Extract = bodyOf{Raw: true}
	return []eval.Def{
		{Task: base("humaneval", path, "python functions from signature and docstring"), Variants: append(forms[:3:3], chat)},
		{Task: base("codex_humaneval", path, "python functions from signature and docstring"), Variants: append(forms[:3:3], olmo3base)},
		{Task: base("humaneval_plus", plus, "python functions from signature and docstring, with more tests"), Variants: append(forms[:3:3], chat)},
		{Task: fenced},
	}
}

func humanEval(name, path string, p *prompt.Solution, s eval.Sampling) eval.Task {
	p.LeaveOut = true
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/humaneval.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "test", Draw: true, Seed: 42},
			Prompt:  p, Sampling: s,
		},
		Read: readHumanEval,
	}
}

// humanEvalForm is a variant after which it is said what becomes of the examples.
func humanEvalForm(name, description string, apply func(*eval.Task)) eval.Variant {
	return eval.Variant{Name: name, Description: description, Apply: func(t *eval.Task) {
		apply(t)
		unwarn(t, "fewshot_space")
		if p := solution(t); t.Fewshot.Num > 0 && p.AnswerPrefix == " " {
			warn(t, "fewshot_space", "worked examples have one space more before their body than the body that is scored, as in the reference; the variant fixed has not")
		}
	}}
}

func askHumanEvalChat(t *eval.Task) {
	const template = "Complete this Python function. Write only the function body (the implementation code that goes inside the function). " +
		"Do not repeat the function signature or docstring.\n\n```python\n{question}\n```"
	ask(t, func(p *prompt.Solution) { p.Ask, p.Template = prompt.Converse, template })
	refFormat(t, map[string]any{
		"type": "ChatFormatter", "system_prompt": "", "user_template": template, "assistant_template": "{answer}",
	})
}

func readHumanEval(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "task_id", "prompt", "canonical_solution", "test", "entry_point"); err != nil {
		return nil, err
	}
	head, entry := d.Text("prompt"), d.Text("entry_point")
	question, gold, err := solution(t).Written(d.Text("canonical_solution"), "prompt", head)
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": d.Text("task_id"), "entry_point": entry, "answer_prefix": head,
			"test": d.Text("test") + "\ncheck(" + entry + ")",
		},
	}, err
}

// bodyOf is the whole function: the question's signature with the body that the
// model wrote, taken out of a code block and indented if need be.
type bodyOf struct {
	// Raw takes the text as it is.
	Raw bool `json:"raw"`
}

var _ eval.Extractor = bodyOf{}

// Extract returns a program as a string, nil where there is no body.
func (e bodyOf) Extract(in *eval.Instance, out *eval.Output) any {
	head := in.Text("answer_prefix")
	if e.Raw {
		return head + out.Text
	}
	code, _ := answer.Code{}.Extract(in, out).(string)
	if code == "" {
		return nil
	}
	return head + answer.Indent(code)
}
