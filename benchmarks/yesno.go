package benchmarks

import (
	"fmt"
	"strconv"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Yes/no questions on scientific text: those of QASPER on paragraphs of papers
// (Dasigi et al. 2021, arXiv 2105.03011; CC BY 4.0) and those of SciRIFF on
// abstracts (Wadden et al. 2024, arXiv 2406.07835; ODC-BY). The text stands before
// the question; "Yes" and "No" are scored.

func yesnoTasks() []eval.Def {
	return []eval.Def{
		yesno("qasper_yesno", "evidence", "yes/no questions on paragraphs of papers"),
		yesno("sciriff_yesno", "context", "yes/no questions on scientific texts"),
	}
}

// yesno is a task whose rows hold their text in a field of that name.
func yesno(name, field, what string) eval.Def {
	path := "allenai/" + strings.ReplaceAll(name, "_", "-")
	read := func(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
		in, err := readYesNo(t, d, field, index)
		if err == nil {
			in.Cluster = eval.HashJSON(in.Text("source"))
		}
		return in, err
	}
	shot := func(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
		p := t.Prompt.(*passageChoice)
		if !p.LeaveOut {
			index = 0 // as the reference numbers them
		}
		if err := drawn(t, p.OwnSplit); err != nil {
			return nil, err
		}
		return readYesNo(t, d, field, index)
	}
	t := eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/yesno.go", Description: what,
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "train", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  newPassageChoice(), Sampling: greedy(512),
		},
		Read: read, ReadShot: shot, Extract: answer.Text{}, Chance: 0.5,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
	measureBy(&t, accSum())
	shots := func(t *eval.Task) {
		t.Fewshot.Num, t.Fewshot.Seed = 5, 1234
		if !t.Prompt.(*passageChoice).LeaveOut {
			warn(t, "fewshot_leak", "worked examples are drawn from the split that is evaluated, so they are among the questions")
		}
	}
	return eval.Def{Task: t, Variants: []eval.Variant{
		unchanged("rc"),
		{Name: "bpb", Description: "bits per byte of the right answer; both are asked", Apply: measureBits},
		{Name: "olmes", Description: "five examples of the evaluated split", Apply: shots},
		{Name: "olmo3base", Description: "five examples of the evaluated split", Apply: shots},
		{Name: "fixed", Description: "no question stands among its own worked examples", Apply: func(t *eval.Task) {
			t.Prompt.(*passageChoice).LeaveOut = true
			t.Ref = nil
			unwarn(t, "fewshot_leak")
		}},
	}}
}

// passageChoice is a Choice whose question stands after a text.
type passageChoice struct {
	prompt.Choice
	prompt.OwnSplit
	// PassageTemplate renders the text and its question: {source}, {question}.
	// White space at its start is dropped. The result is the {question} of
	// question_template.
	PassageTemplate string `json:"passage_template"`
}

var _ eval.Formatter = (*passageChoice)(nil)

func newPassageChoice() *passageChoice {
	p := &passageChoice{Choice: *prompt.NewChoice(), PassageTemplate: "{source}\nQuestion: {question}"}
	p.Style, p.QuestionTemplate = prompt.Cloze, "{question}"
	return p
}

// Prepare renders the worked examples.
func (p *passageChoice) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	wholes := make([]*eval.Instance, len(shots))
	for i, shot := range shots {
		var err error
		if wholes[i], err = p.whole(shot); err != nil {
			return nil, err
		}
	}
	render, err := p.Spread(wholes, p.Choice.Prepare)
	if err != nil {
		return nil, err
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		in, err := p.whole(in)
		if err != nil {
			return nil, err
		}
		return render(in)
	}, nil
}

// whole is the instance with its text in the question.
func (p *passageChoice) whole(in *eval.Instance) (*eval.Instance, error) {
	text, err := prompt.Fill("passage_template", p.PassageTemplate, "source", in.Text("source"), "question", in.Question)
	if err != nil {
		return nil, err
	}
	whole := *in
	whole.Question = strings.TrimLeftFunc(text, pySpace)
	return &whole, nil
}

// readYesNo reads question, answer (Yes or No) and a text or list of texts in a
// field.
func readYesNo(t *eval.Task, d eval.Doc, field string, index int) (*eval.Instance, error) {
	if _, ok := d[field]; !ok {
		return nil, fmt.Errorf("the row has no %s", field)
	}
	question := d.Text("question")
	if question == "" {
		return nil, fmt.Errorf("the row has no question")
	}
	choices := []string{"Yes", "No"}
	gold := 0
	switch a := d.Text("answer"); {
	case a == "Yes":
	case strings.EqualFold(a, "no"):
		gold = 1
	default:
		return nil, fmt.Errorf("answer %q is neither Yes nor No", a)
	}
	var id any = index
	if own := d.Text("id"); own != "" {
		id = own
	}
	return &eval.Instance{
		Question: question, Gold: strconv.Itoa(gold), Choices: choices,
		Metadata: map[string]any{
			"id": id, "index": index, "dataset": t.Name, "source": strings.Join(d.Texts(field), " "),
			"gold_idx": gold, "gold_text": choices[gold],
		},
	}, nil
}
