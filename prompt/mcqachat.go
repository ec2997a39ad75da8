package prompt

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/eval"
)

// MCQAChat asks a multiple-choice question in a conversation: the question and
// its choices are a user message; a worked example is answered with the label of
// its right choice. An instance without choices is asked as it is.
type MCQAChat struct {
	// SystemPrompt is the system message; "" sends none.
	SystemPrompt string `json:"system_prompt"`
	// QuestionTemplate renders the question: {question}.
	QuestionTemplate string `json:"question_template"`
	// ChoicesIntro stands between the question and its choices.
	ChoicesIntro string `json:"choices_intro"`
	// ChoiceTemplate renders one choice: {label}, {choice}.
	ChoiceTemplate string `json:"choice_template"`
	// ChoiceSeparator stands between choices.
	ChoiceSeparator string `json:"choice_separator"`
	// Labels are the labels in order; null for A, B, C …
	Labels []string `json:"labels"`
	// AnswerSuffix ends every question.
	AnswerSuffix string `json:"answer_suffix"`
	// AssistantTemplate renders the answer of a worked example: {answer} is the
	// label.
	AssistantTemplate string `json:"assistant_template"`
}

var _ eval.Formatter = (*MCQAChat)(nil)

// NewMCQAChat shows choices as "(A) text", one a line, after a blank line.
func NewMCQAChat() *MCQAChat {
	return &MCQAChat{
		QuestionTemplate: "{question}", ChoicesIntro: "\n\n", ChoiceTemplate: "({label}) {choice}", ChoiceSeparator: "\n",
		AssistantTemplate: "{answer}",
	}
}

// RequestType is [eval.Chat].
func (p *MCQAChat) RequestType() eval.RequestType { return eval.Chat }

// Prepare renders the worked examples; one without a right choice is an error.
func (p *MCQAChat) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	layout, err := parseBlock(p.QuestionTemplate, p.ChoicesIntro, p.ChoiceTemplate, p.ChoiceSeparator, p.AnswerSuffix, p.Labels)
	if err != nil {
		return nil, err
	}
	assistant, err := answer("assistant_template", p.AssistantTemplate)
	if err != nil {
		return nil, err
	}
	asIs := template{parts: []part{{}}}
	var c conversation
	c.system(p.SystemPrompt)
	for i, shot := range shots {
		text, err := blockText(&layout, shot)
		var right string
		if err == nil {
			right, err = rightLabel(&layout, shot)
		}
		if err != nil {
			return nil, fmt.Errorf("worked example %d: %w", i+1, err)
		}
		c.add("user", asIs, text)
		c.add("assistant", assistant, right)
	}
	system := p.SystemPrompt
	return func(in *eval.Instance) (*eval.Request, error) {
		text, err := blockText(&layout, in)
		if err != nil {
			return nil, err
		}
		return c.ask(system, asIs, text), nil
	}, nil
}

func blockText(layout *block, in *eval.Instance) (string, error) {
	var b strings.Builder
	b.Grow(layout.size(in.Question, in.Choices))
	err := layout.write(&b, in.Question, in.Choices, len(in.Choices) > 0)
	return b.String(), err
}

func rightLabel(layout *block, in *eval.Instance) (string, error) {
	i, ok := in.GoldIndex()
	if !ok || i < 0 || i >= len(in.Choices) {
		return "", errors.New("gold_idx names no choice")
	}
	return label(layout.labels, i)
}
