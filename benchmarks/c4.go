package benchmarks

import (
	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Web pages of the validation part of C4 (Raffel et al. 2019, arXiv 1910.10683;
// ODC-BY), scored as whole texts: no question, no choice. A page beyond the
// model's context loses its beginning.

func c4Tasks() []eval.Def {
	const path = "valentinhofmann/c4_short"
	var defs []eval.Def
	for _, k := range []struct{ name, subset, size string }{
		{"c4", "full", "all pages"},
		{"c4_1k", "1k", "1,000 pages"},
		{"c4_10k", "10k", "10,000 pages"},
		{"c4_100k", "100k", "100,000 pages"},
	} {
		t := eval.Task{
			Name: k.name, Version: "1", Defined: "benchmarks/c4.go",
			Description: "likelihood of web pages, " + k.size,
			Config: eval.Config{
				Source: eval.Source{Path: path, Subset: k.subset}, Split: "validation", Seed: 42,
				Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
				Prompt:  prompt.NewPPL(), Sampling: greedy(512),
			},
			Read: readC4, Extract: answer.Text{},
			Ref: &eval.Ref{Name: k.name, Source: eval.RefSource{Path: path, Subset: k.subset, Split: "test"}},
		}
		defs = append(defs, eval.Def{Task: t, Variants: []eval.Variant{
			{Name: "ppl", Description: "perplexity over all tokens", Apply: measurePerplexity},
		}})
	}
	return defs
}

// readC4 reads a page. The id is 0 in every row, as in the reference: the pages
// have none of their own.
func readC4(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacksText(d, "text"); err != nil {
		return nil, err
	}
	return document(d.Text("text"), 0), nil
}
