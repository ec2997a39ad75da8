package benchmarks

import (
	"fmt"
	"strconv"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Our own small tasks, with their rows in the program: for a first run without a
// download, for tests, and as examples. They are easy for any trained model and
// no measure of progress.

func demoTasks() []eval.Def {
	return []eval.Def{demoArithmetic(), demoFacts(), demoCloze()}
}

func demo(name, description string, p eval.Formatter, m measure) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/demo.go", Description: description,
		Config: eval.Config{
			Source: eval.Source{Path: "bundled:" + name + ".jsonl"}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Seed: 42}, Prompt: p, Sampling: greedy(1),
		},
		Extract: answer.Text{},
		Metrics: []eval.Metric{m.ours},
	}
}

func demoArithmetic() eval.Def {
	p := prompt.NewCompletion()
	p.Instruction = "Work out the answer step by step. End with the answer as a number."
	p.Template = "Question: {question}\nAnswer:"
	t := demo("demo_arithmetic", "84 generated word problems with a number as answer", p, exactMatch())
	t.Sampling = greedy(256, "Question:", "\n\n")
	t.Extract = answer.LastNumber{}
	t.Read = func(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
		n, ok := d.Int("answer")
		if !ok {
			return nil, fmt.Errorf("answer %q is no whole number", d.Text("answer"))
		}
		gold := strconv.Itoa(n)
		return &eval.Instance{
			Question: d.Text("question"), Gold: gold,
			Metadata: map[string]any{"id": d.Text("id"), "steps": d.Text("steps"), "kind": d.Text("kind")},
		}, nil
	}
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "chat", Description: "as a chat message", Apply: func(t *eval.Task) {
			c := prompt.NewChat()
			c.UserTemplate = "{question}\n\nWork out the answer step by step. End with the answer as a number."
			t.Prompt = c
			t.Sampling = greedy(512)
		}},
	}}
}

func demoFacts() eval.Def {
	t := demo("demo_facts", "76 general-knowledge questions with four choices, letters scored", prompt.NewChoice(), accSum())
	t.Chance = 0.25
	t.Read = readDemo("question")
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "rc", Description: "choices not shown, their texts scored", Apply: func(t *eval.Task) {
			choice(t).Style = prompt.Cloze
			measureBy(t, accPerChar())
		}},
	}}
}

func demoCloze() eval.Def {
	p := prompt.NewChoice()
	p.Style, p.QuestionTemplate, p.AnswerSuffix = prompt.Cloze, "{question}", ""
	t := demo("demo_cloze", "64 sentences to complete, four endings", p, accPerChar())
	t.Chance = 0.25
	t.Read = readDemo("context")
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "bpb", Description: "bits per byte of the right ending", Apply: func(t *eval.Task) {
			choice(t).Score = prompt.Gold
			measureBits(t)
		}},
	}}
}

// readDemo reads a question under the given name, choices and the index of the
// right one.
func readDemo(question string) func(*eval.Task, eval.Doc, int) (*eval.Instance, error) {
	return func(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
		choices := d.Texts("choices")
		gold, ok := d.Int("answer")
		if !ok || gold < 0 || gold >= len(choices) {
			return nil, fmt.Errorf("answer %q names none of %d choices", d.Text("answer"), len(choices))
		}
		in := &eval.Instance{
			Question: d.Text(question), Gold: choices[gold], Choices: choices,
			Metadata: map[string]any{"id": d.Text("id"), "gold_idx": gold, "gold_text": choices[gold]},
		}
		if topic := d.Text("topic"); topic != "" {
			in.Metadata["topic"] = topic
		}
		return in, nil
	}
}
