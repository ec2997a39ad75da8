// A binary of one's own: the built-in benchmarks and one more, in Go.
package main

import (
	"olmoeval"
	"olmoeval/answer"
	"olmoeval/benchmarks"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

func main() { olmoeval.Main(benchmarks.All(), capitals()) }

// capitals asks for the capital of a country; rows are {"country", "capital"}.
func capitals() eval.Set {
	p := prompt.NewCompletion()
	p.Template, p.ShotAnswerPrefix = "The capital of {question} is", " "
	t := eval.Task{
		Name: "capitals", Version: "1", Defined: "examples/go/main.go",
		Config: eval.Config{
			Source: eval.Source{Path: "examples/go/capitals.jsonl"}, Split: "test", Seed: 42,
			Prompt: p, Sampling: eval.Sampling{MaxTokens: new(8), Stop: []string{"\n", "."}},
		},
		Read: func(_ *eval.Task, row eval.Doc, _ int) (*eval.Instance, error) {
			return &eval.Instance{Question: row.Text("country"), Gold: row.Text("capital")}, nil
		},
		Extract: answer.Text{},
		Metrics: []eval.Metric{metric.Accuracy(score.ExactMatch{}), metric.F1(score.F1{})},
	}
	few := eval.Variant{Name: "3shot", Description: "three examples", Apply: func(t *eval.Task) {
		t.Fewshot = eval.Fewshot{Num: 3, Split: "test", Draw: true, Seed: 1234}
	}}
	return eval.Set{Tasks: []eval.Def{{Task: t, Variants: []eval.Variant{few}}}}
}
