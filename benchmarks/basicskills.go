package benchmarks

import (
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/internal/pyrand"
	"olmoeval/metric"
	"olmoeval/prompt"
)

// Small questions, one skill a task, that a base model learns early (Olmo Team
// 2025, arXiv 2512.13961). Nothing frames them: the question is the context and
// its answers the continuations; an example is "question answer".

func basicSkillsTasks() []eval.Def {
	var defs []eval.Def
	for _, s := range strings.Fields("arithmetic coding common_knowledge logical_reasoning string_operations pattern") {
		defs = append(defs, basicSkill(s))
	}
	return defs
}

func accPerToken() measure {
	return measure{metric.AccPerToken(), logprob("LogprobPerTokenMCAccuracyMetric")}
}

func basicSkill(skill string) eval.Def {
	name, file := "basic_skills_"+skill, skill+"/validation.json"
	const path = "allenai/basic-skills"
	t := eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/basicskills.go",
		Description: "small questions on " + strings.ReplaceAll(skill, "_", " "),
		Config: eval.Config{
			Source: eval.Source{Path: path, DataFiles: file}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "validation", Draw: true, Seed: 42},
			Prompt:  newBareChoice(), Sampling: greedy(512),
		},
		Read: readBasicSkill, ReadShot: func(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
			if err := drawn(t, t.Prompt.(*bareChoice).OwnSplit); err != nil {
				return nil, err
			}
			return readBasicSkill(t, d, index)
		},
		Extract: answer.Text{},
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{
			Path: "json", Split: "train", DataFiles: "hf://datasets/" + path + "/" + file,
		}},
	}
	measureBy(&t, accPerToken())
	shots := func(t *eval.Task) { t.Fewshot.Num, t.Fewshot.Seed = 5, 1234 }
	return eval.Def{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "bpb", Description: "bits per byte of the right answer; all answers are asked", Apply: func(t *eval.Task) {
			measureBits(t)
			refFormat(t, refPPL())
		}},
		{Name: "olmo3base", Description: "five other questions as examples", Apply: shots},
		{Name: "olmes", Description: "five other questions as examples", Apply: shots},
	}}
}

// bareChoice is a Choice whose worked examples are other questions of the task.
type bareChoice struct {
	prompt.Choice
	prompt.OwnSplit
}

var _ eval.Formatter = (*bareChoice)(nil)

func newBareChoice() *bareChoice {
	p := &bareChoice{Choice: *prompt.NewChoice(), OwnSplit: prompt.OwnSplit{LeaveOut: true}}
	p.Style, p.QuestionTemplate, p.AnswerSuffix = prompt.Cloze, "{question}", ""
	return p
}

// Prepare renders the worked examples.
func (p *bareChoice) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	return p.Spread(shots, p.Choice.Prepare)
}

// drawn refuses worked examples that come in an order of their own where a
// question's own is to be left out: only a draw has one to spare.
func drawn(t *eval.Task, p prompt.OwnSplit) error {
	if p.LeaveOut && (t.Fewshot.Set != "" || !t.Fewshot.Draw) {
		return fmt.Errorf("prompt.leave_out needs drawn examples; set prompt.leave_out=false, or fewshot_draw=true without fewshot_set")
	}
	return nil
}

// readBasicSkill reads id, question, answer and wrong_answers. The id seeds a
// shuffle of the wrong answers and the place of the right one among them.
func readBasicSkill(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	id, question, right := d.Text("id"), d.Text("question"), d.Text("answer")
	choices := append([]string(nil), d.Texts("wrong_answers")...)
	switch {
	case id == "":
		return nil, fmt.Errorf("the row has no id, which orders its choices")
	case question == "":
		return nil, fmt.Errorf("the row has no question")
	case right == "":
		return nil, fmt.Errorf("the row has no answer")
	case len(choices) == 0:
		return nil, fmt.Errorf("the row has no wrong_answers")
	}
	rng := pyrand.NewString(id)
	rng.Shuffle(len(choices), func(i, j int) { choices[i], choices[j] = choices[j], choices[i] })
	gold := int(rng.RandInt(0, int64(len(choices))))
	choices = append(choices, "")
	copy(choices[gold+1:], choices[gold:])
	choices[gold] = right
	return &eval.Instance{
		Question: question, Gold: right, Choices: choices,
		Metadata: map[string]any{"id": id, "index": index, "dataset": t.Name, "gold_idx": gold, "gold_text": right},
	}, nil
}
