package prompt

import (
	"strings"
	"testing"

	"olmoeval/eval"
)

func passages() (a, b *eval.Instance) {
	a = &eval.Instance{
		Question: "What {x} colour?", Choices: []string{"red", "blue"},
		Metadata: map[string]any{"gold_idx": 1, "passage": "The sky."},
	}
	b = &eval.Instance{Question: "And grass?", Choices: []string{"green", "pink"}, Metadata: map[string]any{"gold_idx": 0}}
	return a, b
}

func TestFramed(t *testing.T) {
	shot, in := passages()
	const frame = "Passage: {passage}\nQuestion: {question}"
	for _, c := range []struct {
		style, prompt string
		continuation  string
	}{
		{Letters, "Passage: The sky.\nQuestion: What {x} colour?\n A. red\n B. blue\nAnswer: B\n\n" +
			"Passage: \nQuestion: And grass?\n A. green\n B. pink\nAnswer:", " A"},
		{Cloze, "Passage: The sky.\nQuestion: What {x} colour?\nAnswer: blue\n\nPassage: \nQuestion: And grass?\nAnswer:", " green"},
	} {
		p := NewFramed("passage", frame)
		p.Style = c.style
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		render, err := p.Prepare([]*eval.Instance{shot})
		if err != nil {
			t.Fatal(err)
		}
		p.FrameTemplate = "changed later: {question}"
		req, err := render(in)
		if err != nil || req.Prompt != c.prompt || req.Continuations[0] != c.continuation {
			t.Errorf("%s: %+v, %v; want %q", c.style, req, err, c.prompt)
		}
		if want := strings.Index(c.prompt, "Passage: \n"); req.Shared != want {
			t.Errorf("%s: %d bytes shared, want %d", c.style, req.Shared, want)
		}
	}
	if in.Question != "And grass?" {
		t.Error("the instance was changed")
	}
	got, err := NewFramed("passage", frame).Shown(shot)
	if want := "Passage: The sky.\nQuestion: What {x} colour?\n A. red\n B. blue\nAnswer:"; err != nil || got != want {
		t.Errorf("Shown gives %q, %v; want %q", got, err, want)
	}
}

func TestFramedErrors(t *testing.T) {
	shot, _ := passages()
	for want, p := range map[string]*Framed{
		"frame_template: \"{passage}\" lacks {question}": NewFramed("passage", "{passage}"),
		"frame_template: unknown field {title}":          NewFramed("passage", "{title}{question}"),
		"frame_key":                                      NewFramed("", "{question}"),
		"style":                                          edit(NewFramed("passage", "{question}"), func(p *Framed) { p.Style = "x" }),
	} {
		_, prepared := p.Prepare(nil)
		for _, err := range []error{p.Validate(), prepared} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", want, err)
			}
		}
	}
	if _, err := NewFramed("question", "{question}").Shown(shot); err == nil {
		t.Error("the question was taken for its own frame")
	}
	shot.Metadata["gold_idx"] = 2
	if _, err := NewFramed("passage", "{question}").Prepare([]*eval.Instance{shot}); err == nil {
		t.Error("a worked example without an answer was accepted")
	}
}
