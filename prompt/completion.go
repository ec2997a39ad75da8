package prompt

import (
	"fmt"
	"strings"

	"olmoeval/eval"
)

// Completion asks the model to continue a text:
//
//	instruction
//	separator
//	template(example) answer_prefix shot_answer_prefix answer
//	separator
//	template(question) answer_prefix
type Completion struct {
	// Instruction stands before everything, followed by Separator; "" for none.
	Instruction string `json:"instruction"`
	// Template renders a question: {question}.
	Template string `json:"template"`
	// AnswerPrefix follows every question.
	AnswerPrefix string `json:"answer_prefix"`
	// ShotAnswerPrefix stands before the answer of a worked example only.
	ShotAnswerPrefix string `json:"shot_answer_prefix"`
	// ShotAnswerKey names the metadata value that worked examples show as their
	// answer, such as a chain of thought; "" or an absent value: the gold answer.
	ShotAnswerKey string `json:"shot_answer_key"`
	// Separator stands between the parts.
	Separator string `json:"separator"`
}

var _ eval.Formatter = (*Completion)(nil)

// NewCompletion continues the question itself, with blank lines between
// examples.
func NewCompletion() *Completion {
	return &Completion{Template: "{question}", Separator: "\n\n"}
}

// RequestType is [eval.Completion].
func (p *Completion) RequestType() eval.RequestType { return eval.Completion }

// Prepare renders the worked examples; one without an answer is an error.
func (p *Completion) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	q, err := question("template", p.Template)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(shots))
	for i, shot := range shots {
		answer, err := shotAnswer(i, shot, p.ShotAnswerKey)
		if err != nil {
			return nil, fmt.Errorf("completion prompt: %w", err)
		}
		var b strings.Builder
		q.write(&b, shot.Question)
		b.WriteString(p.AnswerPrefix)
		b.WriteString(p.ShotAnswerPrefix)
		b.WriteString(answer)
		texts[i] = b.String()
	}
	shared, suffix := prefix(p.Instruction, p.Separator, texts), p.AnswerPrefix
	return func(in *eval.Instance) (*eval.Request, error) {
		var b strings.Builder
		b.Grow(len(shared) + q.size(in.Question) + len(suffix))
		b.WriteString(shared)
		q.write(&b, in.Question)
		b.WriteString(suffix)
		return &eval.Request{Type: eval.Completion, Prompt: b.String(), Shared: len(shared)}, nil
	}, nil
}
