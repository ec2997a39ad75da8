package prompt

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/eval"
)

// PPL asks for the log-likelihood of one text: the right choice where the
// instance has choices, else its metadata's gold_text, else its gold answer.
// Worked examples are a question with answer_prefix and the gold answer.
type PPL struct {
	// Instruction stands before everything, followed by Separator; "" for none.
	Instruction string `json:"instruction"`
	// Template renders a question: {question}. An empty question adds nothing.
	Template string `json:"template"`
	// AnswerPrefix stands before the answer of a worked example only.
	AnswerPrefix string `json:"answer_prefix"`
	// Separator stands between the parts.
	Separator string `json:"separator"`
	// LeadingSpace puts a space before the text unless it begins with a space
	// or newline, or there is nothing before it.
	LeadingSpace bool `json:"leading_space"`
	// AlwaysPrependSeparator puts Separator before the whole prompt, unless that
	// is empty.
	AlwaysPrependSeparator bool `json:"always_prepend_separator"`
}

var _ eval.Formatter = (*PPL)(nil)

// NewPPL scores the text, with a leading space, after the question itself.
func NewPPL() *PPL {
	return &PPL{Template: "{question}", Separator: "\n\n", LeadingSpace: true}
}

// RequestType is [eval.Loglikelihood].
func (p *PPL) RequestType() eval.RequestType { return eval.Loglikelihood }

// Prepare renders the worked examples.
func (p *PPL) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	q, err := question("template", p.Template)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(shots))
	for i, shot := range shots {
		var b strings.Builder
		if shot.Question != "" {
			q.write(&b, shot.Question)
		}
		gold, err := shotAnswer(i, shot, "")
		if err != nil {
			return nil, fmt.Errorf("likelihood prompt: %w", err)
		}
		b.WriteString(p.AnswerPrefix)
		b.WriteString(gold)
		texts[i] = b.String()
	}
	shared := prefix(p.Instruction, p.Separator, texts)
	first := "" // stands before a prompt that has no shared part
	if p.AlwaysPrependSeparator {
		if shared != "" {
			shared = p.Separator + shared
		} else {
			first = p.Separator
		}
	}
	bare := strings.TrimSuffix(shared, p.Separator) // before an empty question
	space := p.LeadingSpace
	return func(in *eval.Instance) (*eval.Request, error) {
		text, err := scored(in)
		if err != nil {
			return nil, err
		}
		req := &eval.Request{Type: eval.Loglikelihood, Prompt: bare, Shared: len(bare)}
		if in.Question != "" {
			var b strings.Builder
			b.Grow(len(shared) + len(first) + q.size(in.Question))
			b.WriteString(shared)
			b.WriteString(first)
			q.write(&b, in.Question)
			req.Prompt, req.Shared = b.String(), len(shared)
		}
		if space && req.Prompt != "" && !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\n") {
			text = " " + text
		}
		req.Continuations = []string{text}
		return req, nil
	}, nil
}

// scored is the text whose likelihood is asked for.
func scored(in *eval.Instance) (string, error) {
	if i, ok := in.GoldIndex(); ok && i >= 0 && i < len(in.Choices) {
		return in.Choices[i], nil
	}
	if _, has := in.Metadata["gold_text"]; has {
		return in.Text("gold_text"), nil
	}
	if s, ok := in.GoldText(); ok {
		return s, nil
	}
	return "", errors.New("the instance has no gold answer to score")
}
