package benchmarks

import (
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// The programs of MBPP (Austin et al. 2021, arXiv 2108.07732; CC-BY 4.0)
// translated into 17 languages (allenai/multilingual_mbpp). Plain, the task shows
// a description and the opening of a code block; it is made for bits per byte.
// The names mt_mbpp_* and mt_mbpp_v2fix_* mean the same.

const mtMBPPLanguages = "bash c cpp csharp go haskell java javascript matlab php python r ruby rust scala swift typescript"

func multilingualMBPPTasks() []eval.Def {
	separated := func(p *prompt.Solution) { p.AlwaysPrependSeparator = true }
	variants := []eval.Variant{
		{Name: "bpb", Description: "bits per byte of the reference program", Apply: func(t *eval.Task) { askBits(t, separated) }},
		{Name: "3shot", Description: "three worked examples, shown under bpb only", Apply: func(t *eval.Task) { withShots(t, 3, t.Fewshot.Seed) }},
		{Name: "olmo3base", Description: "three worked examples of another seed, shown under bpb only", Apply: func(t *eval.Task) { withShots(t, 3, 1234) }},
		fixShots(separated),
	}
	var defs []eval.Def
	for _, prefix := range []string{"mt_mbpp_", "mt_mbpp_v2fix_"} {
		for language := range strings.FieldsSeq(mtMBPPLanguages) {
			defs = append(defs, eval.Def{Task: mtMBPP(prefix+language, language), Variants: variants})
		}
	}
	return defs
}

func mtMBPP(name, language string) eval.Task {
	const path = "allenai/multilingual_mbpp"
	p := prompt.NewSolution("{text}\n```{language}\n", "{solution}\n```")
	p.ShowShots, p.Shuffle = false, true
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/multilingualmbpp.go",
		Description: "short programs in " + language + " from a description",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: language}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "prompt", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(1024, "\n\n"),
		},
		Read:    func(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) { return readMTMBPP(t, d, language) },
		Extract: block{Trim: true},
		Ref:     &eval.Ref{Name: name, Source: eval.RefSource{Path: path, Subset: language}},
	}
}

func readMTMBPP(t *eval.Task, d eval.Doc, language string) (*eval.Instance, error) {
	if err := lacksText(d, "text", "code"); err != nil {
		return nil, err
	}
	text := strip(strings.ReplaceAll(d.Text("text"), "\r\n", "\n"))
	code := strip(strings.ReplaceAll(d.Text("code"), "\r\n", "\n"))
	question, gold, err := solution(t).Written(code, "language", language, "text", text)
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{"id": plainID(d, "task_id"), "language": language, "text": text, "code": code},
	}, err
}

// block takes the text before the first fence: the answer to a prompt that opens
// a code block.
type block struct {
	// Trim removes white space round it.
	Trim bool `json:"trim"`
}

var _ eval.Extractor = block{}

// Extract returns the program as a string, nil where there is none.
func (e block) Extract(in *eval.Instance, out *eval.Output) any {
	code, _ := answer.BeforeFence{}.Extract(in, out).(string)
	if e.Trim {
		code = strip(code)
	}
	if code == "" {
		return nil
	}
	return code
}
