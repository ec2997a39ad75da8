package prompt

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"olmoeval/eval"
)

// Contexts is the style of [Blank] that puts every choice into the blank: the
// text up to there is the context, and what follows it is scored.
const Contexts = "contexts"

// Blank asks which choice belongs into the blank of a text. In style Contexts
// each choice has a context of its own, and the continuation, continuation_prefix
// and the rest of the text, is the same for all (partial evaluation: Trinh and
// Le 2018, arXiv 1806.02847); a worked example is the text with its right choice.
// In the styles of [Choice] the text is its question, with shown_mark for the
// blank.
type Blank struct {
	Choice
	// Mark is the blank in a question.
	Mark string `json:"mark"`
	// ShownMark stands for every Mark where the question itself is shown.
	ShownMark string `json:"shown_mark"`
}

var _ eval.Formatter = (*Blank)(nil)

// NewBlank asks in style Contexts; in style Letters it asks as [NewChoice] does,
// after "Fill in the blank: ".
func NewBlank() *Blank {
	p := &Blank{Choice: *NewChoice(), Mark: "_", ShownMark: "___"}
	p.Style = Contexts
	p.QuestionTemplate = "Fill in the blank: {question}"
	return p
}

// Validate checks the settings that depend on each other.
func (p *Blank) Validate() error {
	if p.Mark == "" {
		return errors.New("mark is empty; write what stands for the blank, such as mark=_")
	}
	switch {
	case p.Style != Contexts:
		if err := p.Choice.Validate(); err != nil {
			return fmt.Errorf("%w, or style %s", err, Contexts)
		}
	case p.Score != Choices && p.Score != Gold:
		return fmt.Errorf("score %q: want %s or %s", p.Score, Choices, Gold)
	case p.Unconditional:
		return fmt.Errorf("unconditional needs style %s; set unconditional=false", Cloze)
	}
	return nil
}

// Prepare renders the worked examples; one without a blank or a right choice is
// an error.
func (p *Blank) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if p.Style != Contexts {
		return p.prepareShown(shots)
	}
	r := blankRenderer{Blank: *p}
	texts := make([]string, len(shots))
	for i, shot := range shots {
		before, rest, err := r.cut(shot)
		if err != nil {
			return nil, fmt.Errorf("worked example %d: %w", i+1, err)
		}
		gold, err := rightChoice(shot)
		if err != nil {
			return nil, fmt.Errorf("worked example %d: %w", i+1, err)
		}
		texts[i] = before + shot.Choices[gold] + rest
	}
	r.shared = prefix(p.Instruction, p.Separator, texts)
	r.bare = strings.TrimSuffix(r.shared, p.Separator)
	return r.render, nil
}

// prepareShown asks as a Choice does, about the question with its blank shown.
func (p *Blank) prepareShown(shots []*eval.Instance) (eval.Renderer, error) {
	mark, shown := p.Mark, p.ShownMark
	show := func(in *eval.Instance) *eval.Instance {
		copied := *in
		copied.Question = strings.ReplaceAll(in.Question, mark, shown)
		return &copied
	}
	shownShots := make([]*eval.Instance, len(shots))
	for i, shot := range shots {
		shownShots[i] = show(shot)
	}
	render, err := p.Choice.Prepare(shownShots)
	if err != nil {
		return nil, err
	}
	return func(in *eval.Instance) (*eval.Request, error) { return render(show(in)) }, nil
}

// blankRenderer renders instances in style Contexts; it does not change.
type blankRenderer struct {
	Blank
	shared string // the worked examples, as they stand before a context
	bare   string // the same where nothing follows
}

func (r *blankRenderer) render(in *eval.Instance) (*eval.Request, error) {
	if len(in.Choices) == 0 {
		return nil, errNoChoices
	}
	before, rest, err := r.cut(in)
	if err != nil {
		return nil, err
	}
	choices := in.Choices
	if r.Score == Gold {
		gold, err := rightChoice(in)
		if err != nil {
			return nil, err
		}
		choices = in.Choices[gold : gold+1]
	}
	req := &eval.Request{
		Type: eval.Loglikelihood, Prompt: r.bare, Shared: len(r.bare),
		Continuations: make([]string, len(choices)), ContinuationPrompts: make([]string, len(choices)),
	}
	for i, choice := range choices {
		req.Continuations[i] = rest
		req.ContinuationPrompts[i] = r.shared + before + choice
	}
	return req, nil
}

// cut splits the question at its first blank; rest is the continuation.
func (r *blankRenderer) cut(in *eval.Instance) (before, rest string, err error) {
	before, rest, ok := strings.Cut(in.Question, r.Mark)
	if !ok {
		return "", "", fmt.Errorf("the question has no blank %q", r.Mark)
	}
	return before, r.ContinuationPrefix + strings.TrimFunc(rest, isSpace), nil
}

// rightChoice is the index of the right choice.
func rightChoice(in *eval.Instance) (int, error) {
	i, ok := in.GoldIndex()
	if !ok || i < 0 || i >= len(in.Choices) {
		return 0, fmt.Errorf("gold_idx %v names none of %d choices", in.Metadata["gold_idx"], len(in.Choices))
	}
	return i, nil
}

// isSpace reports whether Python counts r as white space.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }
