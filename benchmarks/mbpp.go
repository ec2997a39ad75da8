package benchmarks

import (
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Short Python programs from a description (Austin et al. 2021, arXiv 2108.07732;
// CC-BY 4.0), and the same with many more tests (Liu et al. 2023, arXiv
// 2305.01210; Apache 2.0). Plain, the prompt ends in the signature.

func mbppTasks() []eval.Def {
	const path, plusPath = "google-research-datasets/mbpp", "evalplus/mbppplus"
	stops := []string{"\nclass", "\nassert", "\n\"\"\"", "\nprint", "\nif", "\n```", "\n#", "\n<|/", "<|eot_id|>"}
	three := eval.Variant{Name: "3shot", Description: "three worked examples, shown under bpb only", Apply: func(t *eval.Task) { withShots(t, 3, t.Fewshot.Seed) }}
	bits := eval.Variant{Name: "bpb", Description: "bits per byte of the reference program", Apply: func(t *eval.Task) {
		askBits(t, nil)
		warn(t, "signature_twice", "the prompt ends in the signature and the scored text begins with it, as in the reference; mbpp:bpb has it once")
	}}

	base := mbpp("mbpp", path, prompt.NewSolution("{text}\n{signature}", "{solution}"), greedy(1024, stops...))
	base.Description = "short python programs from a description"
	base.Read, base.Extract = readMBPP, program{Signed: true}
	solution(&base).ShowShots, solution(&base).Shuffle = false, true

	plus := mbpp("mbpp_plus", plusPath, prompt.NewSolution("{text}{signature}", "{solution}"), greedy(1024, stops...))
	plus.Description = "short python programs from a description, with more tests"
	plus.Read, plus.Extract, plus.Fewshot.Split = readMBPPPlus, answer.Code{}, "test"
	solution(&plus).ShowShots = false

	likely := mbpp("mbpp:bpb", path, prompt.NewSolution("{text}\n```python\n", "{solution}\n```"), greedy(512))
	likely.Description = "short python programs: bits per byte of the reference program in a code block"
	likely.Read, likely.Extract = readMBPPBlock, program{}
	solution(&likely).Shuffle = true
	askBits(&likely, nil)

	return []eval.Def{
		{Task: base, Variants: []eval.Variant{bits, three, fixShots(nil)}},
		{Task: likely, Variants: []eval.Variant{
			{Name: "olmo3base", Description: "three worked examples, 500 questions", Apply: func(t *eval.Task) {
				t.Limit = new(500)
				withShots(t, 3, 1234)
			}},
		}},
		mbppOlmo3Base(path),
		{Task: plus, Variants: []eval.Variant{bits, three, fixShots(nil)}},
	}
}

func mbpp(name, path string, p *prompt.Solution, s eval.Sampling) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/mbpp.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "prompt", Draw: true, Seed: 42},
			Prompt:  p, Sampling: s,
		},
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
}

// mbppOlmo3Base asks in code blocks, with three curated examples.
func mbppOlmo3Base(path string) eval.Def {
	p := prompt.NewSolution("Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"+
		"```\n{text}\n{test}\n```\n", "{solution}\n```")
	p.AnswerKey, p.AnswerSuffix = "code", "\n"
	p.FinalSuffix = "Here is the completed function:\n\n```python\n"
	t := mbpp("mbpp:olmo3base", path, p, sampled(512, 32, "```", "\n\"\"\"", "\nassert", "\n#"))
	t.Description = "short python programs from a description and a test, three curated examples in code blocks"
	t.Read, t.Extract, t.Ref = readMBPPTested, block{}, nil
	t.Fewshot.Set, t.Fewshot.Num, t.Fewshot.Seed = "mbpp_fewshot_sources", 3, 1234
	warn(&t, "fewshot_form", "the programs of the worked examples stand on one line each, without an opening or closing fence, as in the reference; the variant fixed has them whole")
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "bpb", Description: "bits per byte, which has no value: the request asks for text", Apply: func(t *eval.Task) {
			t.Ref = &eval.Ref{
				Name: t.Name, Source: eval.RefSource{Path: path},
				Primary: &eval.RefMetric{Type: "PassAtKMetric", Name: "pass_at_1", Scorer: "CodeExecutionScorer"},
			}
			weighBytes(t)
			f := refPPL()
			f["leading_space"] = false
			refFormat(t, f)
			settle(t)
		}},
		{Name: "fixed", Description: "examples as whole code blocks; bits per byte asks for the likelihood", Apply: func(t *eval.Task) {
			t.Ref = nil
			unwarn(t, "fewshot_form")
			t.Fewshot.Set, t.Fewshot.Split, t.Fewshot.Draw = "", "prompt", true
			p := solution(t)
			p.Shuffle = true
			p.AnswerKey, p.AnswerPrefix, p.AnswerSuffix = "", p.FinalSuffix, ""
			if t.Primary == bitsPerByteID {
				p.Ask = prompt.Likelihood
			}
			settle(t)
		}},
	}}
}

// mbppTest is the program's tests: what sets them up, then the tests.
func mbppTest(d eval.Doc, tests string) string {
	if setup := d.Text("test_setup_code"); setup != "" {
		return setup + "\n" + tests
	}
	return tests
}

// signature is a program up to and with its first colon, imports included.
func signature(code string) string {
	head, _, _ := strings.Cut(code, ":")
	return head + ":"
}

func readMBPP(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "text", "code"); err != nil {
		return nil, err
	}
	head := signature(d.Text("code"))
	question, gold, err := solution(t).Written(d.Text("code"), "signature", head, "text", strip(d.Text("text")))
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": plainID(d, "task_id"), "answer_prefix": head,
			"test": mbppTest(d, strings.Join(d.Texts("test_list"), "\n")),
		},
	}, err
}

func readMBPPPlus(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "prompt", "code", "test"); err != nil {
		return nil, err
	}
	question, gold, err := solution(t).Written(d.Text("code"), "signature", signature(d.Text("code")), "text", strip(d.Text("prompt")))
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": plainID(d, "task_id"), "answer_prefix": question, "test": mbppTest(d, d.Text("test")),
		},
	}, err
}

// readMBPPBlock leaves the signature to the program.
func readMBPPBlock(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if err := lacksText(d, "text", "code"); err != nil {
		return nil, err
	}
	code := stripRight(strings.ReplaceAll(d.Text("code"), "\r", ""))
	question, gold, err := solution(t).Written(code, "text", strip(d.Text("text")))
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{"id": plainID(d, "task_id"), "test": mbppTest(d, strings.Join(d.Texts("test_list"), "\n"))},
	}, err
}

// readMBPPTested shows the first test.
func readMBPPTested(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "text", "code"); err != nil {
		return nil, err
	}
	tests := d.Texts("test_list")
	if len(tests) == 0 {
		return nil, fmt.Errorf("test_list is missing or empty")
	}
	question, gold, err := solution(t).Written(d.Text("code"), "test", tests[0], "text", strip(d.Text("text")))
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": plainID(d, "task_id"), "answer_prefix": "", "code": d.Text("code"), "test": strings.Join(tests, "\n"),
		},
	}, err
}

// program is the code that the model wrote, taken out of a code block.
type program struct {
	// Signed puts the question's signature before it.
	Signed bool `json:"signed"`
}

var _ eval.Extractor = program{}

// Extract returns a program as a string, nil where there is no code.
func (e program) Extract(in *eval.Instance, out *eval.Output) any {
	code, _ := answer.Code{}.Extract(in, out).(string)
	if code == "" {
		return nil
	}
	if e.Signed {
		return in.Text("answer_prefix") + code
	}
	return code
}
