package benchmarks

import (
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Source files of 42 languages written after August 2025, later than the training
// data of the models they measure (Allen Institute for AI,
// allenai/code_fresh_0825_1225), scored as whole texts.

const codeFreshLanguages = "blade c clojure common_lisp cpp csharp css dart erlang fortran go haskell html java " +
	"java_server_page javascript julia kotlin lua markdown mathematica matlab objective_c objective_cpp ocaml perl php " +
	"powershell python restructuredtext ruby rust scala scheme swift systemverilog tcl tex typescript verilog vhdl vue"

// codeFreshTokens is how long a file may be; longer ones are not of the data set.
const codeFreshTokens = 4096

func codeFreshTasks() []eval.Def {
	const path = "allenai/code_fresh_0825_1225"
	format := func(t *eval.Task) {
		f := refPPL()
		f["leading_space"], f["always_prepend_separator"] = false, true
		refFormat(t, f)
		p := prompt.NewPPL()
		p.LeadingSpace, p.AlwaysPrependSeparator = false, true
		t.Prompt = p
	}
	variants := []eval.Variant{
		{Name: "bpb", Description: "bits per byte of each file", Apply: func(t *eval.Task) {
			format(t)
			unwarn(t, "reference_metric")
			measureBits(t)
		}},
		{Name: "ppl", Description: "perplexity over all tokens", Apply: func(t *eval.Task) {
			format(t)
			measurePerplexity(t)
		}},
	}
	var defs []eval.Def
	for language := range strings.FieldsSeq(codeFreshLanguages) {
		t := eval.Task{
			Name: "code_fresh_" + language, Version: "1", Defined: "benchmarks/codefresh.go",
			Description: "likelihood of recent source files: " + strings.ReplaceAll(language, "_", " "),
			Config: eval.Config{
				Source: eval.Source{Path: path, Subset: language}, Split: "train", Seed: 42,
				Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
				Prompt:  prompt.NewPPL(), Sampling: greedy(codeFreshTokens),
			},
			Read: readCodeFresh, Extract: answer.Text{},
			Ref: &eval.Ref{Name: "code_fresh_" + language, Source: eval.RefSource{Path: path, Subset: language, Split: "test"}},
		}
		t.Sampling.Stop = []string{}
		defs = append(defs, eval.Def{Task: t, Variants: variants})
	}
	return defs
}

func readCodeFresh(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if err := lacksText(d, "file_contents"); err != nil {
		return nil, err
	}
	if n, ok := d.Int("file_tokens"); ok && n > codeFreshTokens {
		return nil, fmt.Errorf("file_tokens is %d, want at most %d", n, codeFreshTokens)
	}
	return document(strip(d.Text("file_contents")), index), nil
}
