package benchmarks

import (
	"slices"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Data-science questions from Stack Overflow, to be answered in a few lines of
// Python (Lai et al. 2022, arXiv 2211.11501; CC-BY-SA 4.0).

func ds1000Tasks() []eval.Def {
	const path = "xlangai/DS-1000"
	p := prompt.NewSolution("{prompt}", "{solution}\n```")
	p.ShowShots, p.LeaveOut = false, true
	t := eval.Task{
		Name: "ds1000", Version: "1", Defined: "benchmarks/ds1000.go",
		Description: "data-science code for seven libraries",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "test", Draw: true, Seed: 42},
			Prompt:  p, Sampling: sampled(1024, 5, "</code>", "# SOLUTION END", "```"),
		},
		Read: readDS1000, Extract: answer.Text{},
		Ref: &eval.Ref{Name: "ds1000", Source: eval.RefSource{Path: path}},
	}
	return []eval.Def{{Task: t, Variants: solutionForms()}}
}

func readDS1000(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "prompt", "reference_code", "code_context"); err != nil {
		return nil, err
	}
	meta := d.Doc("metadata")
	question, gold, err := solution(t).Written(stripRight(d.Text("reference_code")), "prompt", ds1000Prompt(d.Text("prompt")))
	return &eval.Instance{
		Question: question, Gold: gold,
		Metadata: map[string]any{
			"id": plainID(meta, "problem_id"), "lib": meta.Text("library"), "code_context": d.Text("code_context"), "test": "",
		},
	}, err
}

// ds1000Prompt turns the marks of a row into code blocks, and what is said of the
// solution into a comment. A block that ends right before such a line stays open.
func ds1000Prompt(s string) string {
	s = strings.ReplaceAll(s, "\nBEGIN SOLUTION\n<code>\n", "\n")
	s = strings.ReplaceAll(s, "    ### BEGIN SOLUTION", "")
	s = strings.ReplaceAll(s, "<code>", "```python")
	s = strings.ReplaceAll(s, "</code>", "```")
	lines := strings.Split(s+"\n", "\n")
	for i := 0; i < len(lines); i++ {
		if !strings.Contains(lines[i], "put solution") {
			continue
		}
		lines[i] = "\n# " + lines[i]
		before := i - 1
		if before < 0 {
			before = len(lines) - 1 // as Python counts
		}
		if lines[before] == "```" {
			lines = slices.Delete(lines, before, before+1) // and the line that moves up to i is passed over
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
