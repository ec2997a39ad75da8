package prompt

import (
	"fmt"
	"slices"
	"strings"

	"olmoeval/eval"
)

// choiceRenderer renders instances for a Choice; it does not change.
type choiceRenderer struct {
	Choice
	layout  block
	shared  string
	letters []string // the continuations of Letters
}

func (r *choiceRenderer) render(in *eval.Instance) (*eval.Request, error) {
	if len(in.Choices) == 0 {
		return nil, errNoChoices
	}
	var b strings.Builder
	b.Grow(len(r.shared) + r.layout.size(in.Question, in.Choices))
	b.WriteString(r.shared)
	if err := r.write(&b, in); err != nil {
		return nil, err
	}
	req := &eval.Request{Type: eval.Loglikelihood, Prompt: b.String(), Shared: len(r.shared)}
	if r.Score == Gold {
		text, err := r.gold(in)
		if err != nil {
			return nil, err
		}
		req.Continuations = []string{text}
		return req, nil
	}
	var err error
	if req.Continuations, err = r.continuations(in); err != nil {
		return nil, err
	}
	if r.Unconditional {
		n := len(req.Continuations)
		req.Continuations = slices.Concat(req.Continuations, req.Continuations)
		req.ContinuationPrompts = make([]string, 2*n)
		for i := range n {
			req.ContinuationPrompts[i] = req.Prompt
			req.ContinuationPrompts[n+i] = r.UnconditionalContext
		}
	}
	return req, nil
}

// write renders the question up to where the answer goes.
func (r *choiceRenderer) write(b *strings.Builder, in *eval.Instance) error {
	if r.Style == Letters && r.ChoicesInQuestion {
		b.WriteString(in.Question)
		return nil
	}
	return r.layout.write(b, in.Question, in.Choices, r.Style != Cloze)
}

// answer is what stands for choice i: its label or its text.
func (r *choiceRenderer) answer(in *eval.Instance, i int) (string, error) {
	if r.Style == Letters && !r.ChoicesInQuestion {
		return label(r.layout.labels, i)
	}
	return in.Choices[i], nil
}

// gold is the right choice as a continuation.
func (r *choiceRenderer) gold(in *eval.Instance) (string, error) {
	i, ok := in.GoldIndex()
	if !ok || i < 0 || i >= len(in.Choices) {
		return "", fmt.Errorf("gold_idx %v names none of %d choices", in.Metadata["gold_idx"], len(in.Choices))
	}
	text, err := r.answer(in, i)
	return r.ContinuationPrefix + text, err
}

// continuations are all choices. Those of letters are made once; texts are cut
// from one string.
func (r *choiceRenderer) continuations(in *eval.Instance) ([]string, error) {
	n := len(in.Choices)
	if r.Style == Letters && !r.ChoicesInQuestion && n <= len(r.letters) {
		return r.letters[:n:n], nil
	}
	out := make([]string, n)
	size := n * (len(r.ContinuationPrefix) + 1)
	for _, c := range in.Choices {
		size += len(c)
	}
	var b strings.Builder
	b.Grow(size)
	for i := range n {
		text, err := r.answer(in, i)
		if err != nil {
			return nil, err
		}
		from := b.Len()
		b.WriteString(r.ContinuationPrefix)
		b.WriteString(text)
		out[i] = b.String()[from:]
	}
	return out, nil
}
