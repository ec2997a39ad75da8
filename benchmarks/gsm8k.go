package benchmarks

import (
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Grade-school word problems whose answer is a number (Cobbe et al. 2021,
// arXiv 2110.14168), and their symbolic templates (Mirzadeh et al. 2024,
// arXiv 2410.05229). Asked with eight worked chains of thought (Wei et al. 2022,
// arXiv 2201.11903); the last number of the answer counts.

func gsmTasks() []eval.Def {
	gsm8k := gsm("gsm8k", "gsm8k", "main", greedy(512, "Question:", "\n\n"))
	gsm8k.Description = "grade-school math word problems, answered with a chain of thought"
	gsm8k.Read = readGSM8K

	symbolic := gsm("gsm_symbolic", "apple/GSM-Symbolic", "main", greedy(1024, "Question:", "</s>", "<|im_end|>", "\n\n"))
	symbolic.Description = "grade-school math word problems drawn from templates, 50 of each"
	symbolic.Read = readGSMSymbolic

	return []eval.Def{
		{Task: gsm8k, Variants: []eval.Variant{gsmSamples(512, "first")}},
		{Task: symbolic, Variants: []eval.Variant{
			gsmSamples(1024, "max"),
			gsmSubset("p1", "one clause more"),
			gsmSubset("p2", "two clauses more"),
		}},
	}
}

func gsm(name, path, subset string, sampling eval.Sampling) eval.Task {
	p := prompt.NewCompletion()
	p.Template = "Question: {question}\nAnswer:"
	p.ShotAnswerPrefix = " "
	p.ShotAnswerKey = "answer"
	t := eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/gsm8k.go",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: subset}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Set: "gsm8k_fixed_fewshot", Num: 8, Seed: 42},
			Prompt:  p, Sampling: sampling,
		},
		ReadShot: shotGSM,
		Extract:  answer.LastNumber{},
		Ref:      &eval.Ref{Name: name, Source: eval.RefSource{Path: path, Subset: subset}, IntZero: true},
	}
	measureBy(&t, exactMatch())
	return t
}

// gsmSamples draws eight answers a question and estimates pass@k from them.
// refAccuracy is which of the eight makes the reference's accuracy; ours is their
// mean.
func gsmSamples(tokens int, refAccuracy string) eval.Variant {
	return eval.Variant{
		Name:        "olmo3base",
		Description: "eight samples at temperature 0.6: accuracy and pass@1, 2, 4, 8",
		Apply: func(t *eval.Task) {
			ms := []measure{exactMatch()}
			for _, k := range []int{1, 2, 4, 8} {
				ms = append(ms, measure{
					metric.PassAtK(k, score.ExactMatch{}),
					eval.RefMetric{Type: "PassAtKMetric", Name: fmt.Sprintf("pass_at_%d", k), Scorer: "ExactMatchScorer"},
				})
			}
			measureBy(t, ms...)
			t.Primary = "pass_at_1"
			if t.Ref != nil {
				t.Ref.Primary, t.Ref.Aggregation = &ms[1].ref, refAccuracy
			}
			topP := 0.6
			t.Sampling = greedy(tokens, "Question:", "</s>", "<|im_end|>", "\n\n")
			t.Sampling.Temperature, t.Sampling.TopP, t.Sampling.NumSamples = 0.6, &topP, 8
		},
	}
}

func gsmSubset(name, what string) eval.Variant {
	return eval.Variant{Name: name, Description: "the harder subset with " + what, Apply: func(t *eval.Task) {
		t.Source = eval.Source{Path: "apple/GSM-Symbolic", Subset: name}
		if t.Ref != nil {
			t.Ref.Source = eval.RefSource{Path: t.Source.Path, Subset: name}
		}
	}}
}

// readGSM8K reads question and answer; the answer is a chain of thought that ends
// in "#### NUMBER".
func readGSM8K(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	text := d.Text("answer")
	short := text
	if i := strings.LastIndex(text, "####"); i >= 0 {
		short = text[i+len("####"):]
	}
	short = strings.TrimSpace(short)
	gold, ok := answer.Number(short)
	if !ok {
		return nil, fmt.Errorf("answer has no number after ####: %.40q", text)
	}
	return &eval.Instance{
		Question: d.Text("question"), Gold: gold,
		Metadata: map[string]any{"id": index, "answer": text, "short_answer": short},
	}, nil
}

// readGSMSymbolic is the same with the rows of a template as a cluster: they
// differ in names and numbers only.
func readGSMSymbolic(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := readGSM8K(t, d, index)
	if err == nil {
		in.Cluster = d.Text("id")
	}
	return in, err
}

// shotGSM reads a row of the curated set, or any row with an answer that ends in
// its number.
func shotGSM(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	short := d.Text("short_answer")
	if short == "" {
		return readGSM8K(t, d, index)
	}
	return &eval.Instance{
		Question: d.Text("question"), Gold: short,
		Metadata: map[string]any{"answer": d.Text("answer"), "short_answer": short},
	}, nil
}
