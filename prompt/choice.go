package prompt

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/eval"
)

// Styles of [Choice].
const (
	// Letters shows the choices and scores their labels.
	Letters = "letters"
	// Cloze does not show the choices and scores their texts.
	Cloze = "cloze"
	// Texts shows the choices and scores their texts.
	Texts = "texts"
)

// What [Choice] scores.
const (
	// Choices scores every choice, to find the likeliest.
	Choices = "choices"
	// Gold scores the right choice alone, to measure its likelihood.
	Gold = "gold"
)

// Choice asks for the log-likelihood of each answer of a multiple-choice
// question. With the choices shown a question reads
//
//	question_template choices_intro choice_template choice_separator … answer_suffix
//
// and without them question_template answer_suffix. A worked example is followed
// by continuation_prefix and its right label or text; so are the continuations
// that are scored.
type Choice struct {
	// Style is Letters, Cloze or Texts.
	Style string `json:"style"`
	// Score is Choices or Gold.
	Score string `json:"score"`
	// Instruction stands before everything, followed by Separator; "" for none.
	Instruction string `json:"instruction"`
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
	// ContinuationPrefix stands before the label or text that is scored.
	ContinuationPrefix string `json:"continuation_prefix"`
	// Separator stands between the parts.
	Separator string `json:"separator"`
	// Unconditional scores every text a second time after UnconditionalContext,
	// so that a text's own likelihood can be taken off. Cloze only.
	Unconditional        bool   `json:"unconditional"`
	UnconditionalContext string `json:"unconditional_context"`
	// ChoicesInQuestion says that, with Letters, the instance's question shows
	// the choices already ([Choice.Block] made it) and its choices are the
	// labels.
	ChoicesInQuestion bool `json:"choices_in_question"`
}

var _ eval.Formatter = (*Choice)(nil)

// NewChoice asks by letters:
//
//	Question: …
//	 A. …
//	 B. …
//	Answer:
func NewChoice() *Choice {
	return &Choice{
		Style: Letters, Score: Choices,
		QuestionTemplate: "Question: {question}",
		ChoicesIntro:     "\n", ChoiceTemplate: " {label}. {choice}", ChoiceSeparator: "\n",
		AnswerSuffix: "\nAnswer:", ContinuationPrefix: " ", Separator: "\n\n",
		UnconditionalContext: "Answer:",
	}
}

// RequestType is [eval.Loglikelihood].
func (p *Choice) RequestType() eval.RequestType { return eval.Loglikelihood }

// Validate checks the settings that depend on each other.
func (p *Choice) Validate() error {
	switch p.Style {
	case Letters, Cloze, Texts:
	default:
		return fmt.Errorf("style %q: want %s, %s or %s", p.Style, Letters, Cloze, Texts)
	}
	switch p.Score {
	case Choices, Gold:
	default:
		return fmt.Errorf("score %q: want %s or %s", p.Score, Choices, Gold)
	}
	if p.Unconditional && (p.Style != Cloze || p.Score != Choices) {
		return fmt.Errorf("unconditional needs style %s and score %s; set unconditional=false", Cloze, Choices)
	}
	return nil
}

// Block is a question with its choices shown, up to where the answer goes.
func (p *Choice) Block(question string, choices []string) (string, error) {
	layout, err := p.block()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(layout.size(question, choices))
	err = layout.write(&b, question, choices, true)
	return b.String(), err
}

func (p *Choice) block() (block, error) {
	return parseBlock(p.QuestionTemplate, p.ChoicesIntro, p.ChoiceTemplate, p.ChoiceSeparator, p.AnswerSuffix, p.Labels)
}

// Prepare renders the worked examples; one without a right choice is an error.
func (p *Choice) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	layout, err := p.block()
	if err != nil {
		return nil, err
	}
	r := choiceRenderer{Choice: *p, layout: layout}
	for i := range len(alphabet) {
		l, err := label(p.Labels, i)
		if err != nil {
			break // a choice without a label is refused when it comes
		}
		r.letters = append(r.letters, p.ContinuationPrefix+l)
	}
	texts := make([]string, len(shots))
	for i, shot := range shots {
		var b strings.Builder
		answer, err := r.gold(shot)
		if err == nil {
			err = r.write(&b, shot)
		}
		if err != nil {
			return nil, fmt.Errorf("worked example %d: %w", i+1, err)
		}
		texts[i] = b.String() + answer
	}
	r.shared = prefix(p.Instruction, p.Separator, texts)
	return r.render, nil
}

var errNoChoices = errors.New("the instance has no choices")

// FirstLabels are the labels of n choices.
func (p *Choice) FirstLabels(n int) ([]string, error) {
	out := make([]string, n)
	for i := range out {
		var err error
		if out[i], err = label(p.Labels, i); err != nil {
			return nil, err
		}
	}
	return out, nil
}
