package prompt

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/eval"
)

// Framed is [Choice] for questions that stand with a text of their own,
// such as a passage or a category, which is in the instance's metadata.
type Framed struct {
	Choice
	// FrameKey names the metadata value; an instance without it has none, as if
	// it were empty.
	FrameKey string `json:"frame_key"`
	// FrameTemplate renders it with the question: {question} and the name that
	// frame_key says. The result is the {question} of question_template.
	FrameTemplate string `json:"frame_template"`
}

var _ eval.Formatter = (*Framed)(nil)

// NewFramed asks by letters, as [NewChoice] does, with a context that
// frame_template shows.
func NewFramed(key, frame string) *Framed {
	p := &Framed{Choice: *NewChoice(), FrameKey: key, FrameTemplate: frame}
	p.QuestionTemplate = "{question}"
	return p
}

// Validate checks the settings.
func (p *Framed) Validate() error {
	if _, err := p.frame(); err != nil {
		return err
	}
	return p.Choice.Validate()
}

// Shown is an instance's question with its context and choices, up to where the
// answer goes.
func (p *Framed) Shown(in *eval.Instance) (string, error) {
	t, err := p.frame()
	if err != nil {
		return "", err
	}
	return p.Block(p.whole(t, in).Question, in.Choices)
}

// Prepare renders the worked examples.
func (p *Framed) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	t, err := p.frame()
	if err != nil {
		return nil, err
	}
	wholes := make([]*eval.Instance, len(shots))
	for i, s := range shots {
		wholes[i] = p.whole(t, s)
	}
	render, err := p.Choice.Prepare(wholes)
	if err != nil {
		return nil, err
	}
	key := *p
	return func(in *eval.Instance) (*eval.Request, error) { return render(key.whole(t, in)) }, nil
}

func (p *Framed) frame() (template, error) {
	if p.FrameKey == "" || p.FrameKey == "question" {
		return template{}, errors.New("frame_key names no metadata value beside the question")
	}
	t, err := parse("frame_template", p.FrameTemplate, p.FrameKey, "question")
	if err == nil && !t.has(1) {
		err = fmt.Errorf("frame_template: %q lacks {question}, so every prompt would be the same", p.FrameTemplate)
	}
	return t, err
}

// whole is the instance with its context in the question.
func (p *Framed) whole(t template, in *eval.Instance) *eval.Instance {
	context := in.Text(p.FrameKey)
	var b strings.Builder
	b.Grow(t.size(context, in.Question))
	t.write(&b, context, in.Question)
	whole := *in
	whole.Question = b.String()
	return &whole
}
