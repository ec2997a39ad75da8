package prompt

import (
	"fmt"

	"olmoeval/eval"
	"olmoeval/internal/pyrand"
)

// What [Solution] asks for.
const (
	// Continue asks the model to continue the text.
	Continue = "continue"
	// Converse asks in a conversation.
	Converse = "converse"
	// Likelihood asks for the log-likelihood of the reference solution.
	Likelihood = "likelihood"
)

// Solution asks for a written-out solution, such as a program or a proof, in one
// of three ways with the same question and the same worked examples:
//
//	template(example) answer_prefix solution answer_suffix
//	separator
//	template(question) final_suffix
//
// In a conversation each example is a message of the user and one of the
// assistant.
type Solution struct {
	// Ask is Continue, Converse or Likelihood.
	Ask string `json:"ask"`
	// ShowShots shows the worked examples. Some published set-ups draw examples
	// and do not show them.
	ShowShots bool `json:"show_shots"`
	OwnSplit
	// Shuffle draws the examples by a shuffle of all rows, from which the first
	// are taken.
	Shuffle bool `json:"shuffle"`
	// QuestionTemplate and SolutionTemplate make the instance's question and gold
	// answer of the fields of a row, which the task names.
	QuestionTemplate string `json:"question_template"`
	SolutionTemplate string `json:"solution_template"`
	// SystemPrompt is the system message of a conversation; "" sends none.
	SystemPrompt string `json:"system_prompt"`
	// Template renders a question: {question}.
	Template string `json:"template"`
	// AnswerKey names the metadata value that is the solution, shown in examples
	// and scored; "" or an absent value: the gold answer.
	AnswerKey string `json:"answer_key"`
	// AnswerPrefix and AnswerSuffix stand round the solution of a worked example.
	AnswerPrefix string `json:"answer_prefix"`
	AnswerSuffix string `json:"answer_suffix"`
	// FinalSuffix stands after the question that is asked, not after examples.
	FinalSuffix string `json:"final_suffix"`
	// Separator stands between the parts of a text.
	Separator string `json:"separator"`
	// LeadingSpace and AlwaysPrependSeparator are those of [PPL], for Likelihood.
	LeadingSpace           bool `json:"leading_space"`
	AlwaysPrependSeparator bool `json:"always_prepend_separator"`
}

var _ eval.Formatter = (*Solution)(nil)

// NewSolution continues the question itself, with blank lines between examples.
// The templates make question and gold answer of the fields of a row.
func NewSolution(questionTemplate, solutionTemplate string) *Solution {
	return &Solution{
		Ask: Continue, ShowShots: true, Template: "{question}", Separator: "\n\n",
		QuestionTemplate: questionTemplate, SolutionTemplate: solutionTemplate,
	}
}

// RequestType follows Ask.
func (p *Solution) RequestType() eval.RequestType {
	switch p.Ask {
	case Converse:
		return eval.Chat
	case Likelihood:
		return eval.Loglikelihood
	}
	return eval.Completion
}

// DrawShots chooses the worked examples among n rows where k are asked for, as
// [OwnSplit] does or by a shuffle.
func (p *Solution) DrawShots(n, k int, seed int64) []int {
	if !p.Shuffle {
		return p.OwnSplit.DrawShots(n, k, seed)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	pyrand.New(seed).Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	if p.LeaveOut {
		k++
	}
	return order[:min(k, n)]
}

// Prepare renders the worked examples; one without a solution is an error.
func (p *Solution) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	switch p.Ask {
	case Continue, Converse, Likelihood:
	default:
		return nil, fmt.Errorf("ask %q: want %s, %s or %s", p.Ask, Continue, Converse, Likelihood)
	}
	if !p.ShowShots {
		shots = nil
	}
	shown := make([]*eval.Instance, len(shots))
	for i, shot := range shots {
		text, err := shotAnswer(i, shot, p.AnswerKey)
		if err != nil {
			return nil, fmt.Errorf("solution prompt: %w", err)
		}
		shown[i] = &eval.Instance{
			Question: shot.Question, Gold: p.AnswerPrefix + text + p.AnswerSuffix,
			Metadata: map[string]any{"id": shot.Metadata["id"]},
		}
	}
	return p.Spread(shown, p.prepare)
}

// Written makes an instance's question and gold answer. Fields are names and
// values in turn; the last of the question must be in its template, as must the
// solution's, whose name is solution.
func (p *Solution) Written(solution string, fields ...string) (question, gold string, err error) {
	if question, err = Fill("question_template", p.QuestionTemplate, fields...); err != nil {
		return "", "", err
	}
	gold, err = Fill("solution_template", p.SolutionTemplate, "solution", solution)
	return question, gold, err
}

// prepare renders with just these examples.
func (p *Solution) prepare(shown []*eval.Instance) (eval.Renderer, error) {
	inner := p.formatter()
	render, err := inner.Prepare(shown)
	if err != nil {
		return nil, err
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		if p.AnswerKey != "" {
			if text := in.Text(p.AnswerKey); text != "" {
				in = &eval.Instance{Question: in.Question, Gold: text}
			}
		}
		req, err := render(in)
		if err != nil || p.FinalSuffix == "" {
			return req, err
		}
		if req.Type == eval.Chat {
			req.Messages[len(req.Messages)-1].Content += p.FinalSuffix
			return req, nil
		}
		req.Prompt += p.FinalSuffix
		return req, nil
	}, nil
}

// formatter is the plain form of what is asked.
func (p *Solution) formatter() eval.Formatter {
	switch p.Ask {
	case Converse:
		c := NewChat()
		c.SystemPrompt, c.UserTemplate = p.SystemPrompt, p.Template
		return c
	case Likelihood:
		return &PPL{
			Template: p.Template, Separator: p.Separator,
			LeadingSpace: p.LeadingSpace, AlwaysPrependSeparator: p.AlwaysPrependSeparator,
		}
	}
	return &Completion{Template: p.Template, Separator: p.Separator}
}
