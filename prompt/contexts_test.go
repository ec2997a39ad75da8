package prompt

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
)

func blankInstance(question string, gold int, choices ...string) *eval.Instance {
	return &eval.Instance{Question: question, Choices: choices, Metadata: map[string]any{"gold_idx": gold}}
}

func TestBlank(t *testing.T) {
	shot := blankInstance("Ann gave Bob the key, so _ could enter.", 1, "Ann", "Bob")
	in := blankInstance("The cup fell off the shelf as _  was loose \n", 1, "the cup", "the shelf")
	const shots = "Look.\n\nAnn gave Bob the key, so Bob could enter."
	const shown = "Fill in the blank: The cup fell off the shelf as ___  was loose \n\n A. the cup\n B. the shelf\nAnswer:"
	const shownShot = "Fill in the blank: Ann gave Bob the key, so ___ could enter.\n A. Ann\n B. Bob\nAnswer: B\n\n"
	for _, c := range []struct {
		name  string
		p     *Blank
		shots []*eval.Instance
		in    *eval.Instance
		want  eval.Request
	}{
		{"contexts", NewBlank(), nil, in, eval.Request{
			Type:                eval.Loglikelihood,
			Continuations:       []string{" was loose", " was loose"},
			ContinuationPrompts: []string{"The cup fell off the shelf as the cup", "The cup fell off the shelf as the shelf"},
		}},
		{"after an example", edit(NewBlank(), func(p *Blank) { p.Instruction = "Look." }), []*eval.Instance{shot}, in, eval.Request{
			Type: eval.Loglikelihood, Prompt: shots, Shared: len(shots),
			Continuations: []string{" was loose", " was loose"},
			ContinuationPrompts: []string{
				shots + "\n\nThe cup fell off the shelf as the cup", shots + "\n\nThe cup fell off the shelf as the shelf",
			},
		}},
		{"the right one alone", edit(NewBlank(), func(p *Blank) { p.Score = Gold }), nil, in, eval.Request{
			Type: eval.Loglikelihood, Continuations: []string{" was loose"},
			ContinuationPrompts: []string{"The cup fell off the shelf as the shelf"},
		}},
		{"blank first, another mark, nothing after", edit(NewBlank(), func(p *Blank) { p.Mark = "[X]" }), nil, blankInstance("[X]", 0, "a", "b_"), eval.Request{
			Type: eval.Loglikelihood, Continuations: []string{" ", " "}, ContinuationPrompts: []string{"a", "b_"},
		}},
		{"two blanks", NewBlank(), nil, blankInstance("_ or _?", 0, "a", "b"), eval.Request{
			Type: eval.Loglikelihood, Continuations: []string{" or _?", " or _?"}, ContinuationPrompts: []string{"a", "b"},
		}},
		{"letters", edit(NewBlank(), func(p *Blank) { p.Style = Letters }), []*eval.Instance{shot}, in, eval.Request{
			Type: eval.Loglikelihood, Prompt: shownShot + shown, Shared: len(shownShot), Continuations: []string{" A", " B"},
		}},
	} {
		render, err := c.p.Prepare(c.shots)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		question := c.in.Question
		got, err := render(c.in)
		if err != nil || !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.name, got, err, c.want)
		}
		if c.in.Question != question {
			t.Errorf("%s: the instance was changed", c.name)
		}
	}
}

func TestBlankErrors(t *testing.T) {
	good := blankInstance("_ is it.", 0, "a", "b")
	for _, c := range []struct {
		edit  func(*Blank)
		shots []*eval.Instance
		in    *eval.Instance
		err   string
	}{
		{func(p *Blank) { p.Mark = "" }, nil, good, "mark is empty"},
		{func(p *Blank) { p.Style = "context" }, nil, good, `style "context": want letters, cloze or texts, or style contexts`},
		{func(p *Blank) { p.Score = "all" }, nil, good, `score "all"`},
		{func(p *Blank) { p.Unconditional = true }, nil, good, "unconditional=false"},
		{func(*Blank) {}, []*eval.Instance{blankInstance("none", 0, "a")}, good, `worked example 1: the question has no blank "_"`},
		{func(*Blank) {}, []*eval.Instance{blankInstance("_", -1, "a")}, good, "worked example 1: gold_idx -1"},
		{func(*Blank) {}, nil, blankInstance("none", 0, "a"), `no blank "_"`},
		{func(*Blank) {}, nil, blankInstance("_", 0), "no choices"},
		{func(p *Blank) { p.Score = Gold }, nil, blankInstance("_", 2, "a", "b"), "gold_idx 2 names none of 2"},
	} {
		render, err := edit(NewBlank(), c.edit).Prepare(c.shots)
		if err == nil {
			_, err = render(c.in)
		}
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%v, want %q", err, c.err)
		}
	}
}

// TestBlankSettings checks that the settings of the choices stand beside its own.
func TestBlankSettings(t *testing.T) {
	b, err := json.Marshal(NewBlank())
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if m["style"] != Contexts || m["mark"] != "_" || m["separator"] != "\n\n" {
		t.Errorf("%s", b)
	}
	var back Blank
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(&back, NewBlank()) {
		t.Errorf("%+v, %v", back, err)
	}
}
