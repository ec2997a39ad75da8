package prompt

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"olmoeval/eval"
)

var (
	sky = &eval.Instance{
		Question: "What colour is {the} sky?", Gold: "B", Choices: []string{"red", "blue"},
		Metadata: map[string]any{"gold_idx": 1, "reason": "Air scatters blue."},
	}
	grass = &eval.Instance{
		Question: "And grass?", Gold: "A", Choices: []string{"green", "pink", "grey"},
		Metadata: map[string]any{"gold_idx": 0},
	}
)

func edit[T any](p *T, f func(*T)) *T { f(p); return p }

func TestFormatters(t *testing.T) {
	shots := []*eval.Instance{sky}
	const shared = "Question: What colour is {the} sky?\n A. red\n B. blue\nAnswer:"
	for _, f := range []struct {
		name  string
		p     eval.Formatter
		shots []*eval.Instance
		want  eval.Request
	}{
		{"completion", NewCompletion(), nil, eval.Request{Type: eval.Completion, Prompt: "And grass?"}},
		{"completion with everything", &Completion{
			Instruction: "Answer.", Template: "Q: {question}{{}}\n", AnswerPrefix: "A:", ShotAnswerPrefix: " ", ShotAnswerKey: "reason", Separator: "\n---\n",
		}, shots, eval.Request{
			Type: eval.Completion, Shared: len("Answer.\n---\nQ: What colour is {the} sky?{}\nA: Air scatters blue.\n---\n"),
			Prompt: "Answer.\n---\nQ: What colour is {the} sky?{}\nA: Air scatters blue.\n---\nQ: And grass?{}\nA:",
		}},
		{"chat", NewChat(), nil, eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: "And grass?"}}}},
		{"chat with everything", &Chat{SystemPrompt: "Be brief.", UserTemplate: "{question}!", AssistantTemplate: "It is {answer}."}, shots, eval.Request{
			Type: eval.Chat, Shared: 3, System: "Be brief.",
			Messages: []eval.Message{
				{Role: "system", Content: "Be brief."},
				{Role: "user", Content: "What colour is {the} sky?!"},
				{Role: "assistant", Content: "It is B."},
				{Role: "user", Content: "And grass?!"},
			},
		}},
		{"letters", NewChoice(), shots, eval.Request{
			Type: eval.Loglikelihood, Shared: len(shared) + 4,
			Prompt:        shared + " B\n\nQuestion: And grass?\n A. green\n B. pink\n C. grey\nAnswer:",
			Continuations: []string{" A", " B", " C"},
		}},
		{"own labels, gold", edit(NewChoice(), func(p *Choice) {
			p.Labels, p.Score, p.Instruction = []string{"1", "2", "three"}, Gold, "Choose."
		}), nil, eval.Request{
			Type: eval.Loglikelihood, Shared: 9,
			Prompt:        "Choose.\n\nQuestion: And grass?\n 1. green\n 2. pink\n three. grey\nAnswer:",
			Continuations: []string{" 1"},
		}},
		{"cloze, unconditional", edit(NewChoice(), func(p *Choice) { p.Style, p.Unconditional = Cloze, true }), shots, eval.Request{
			Type: eval.Loglikelihood, Shared: len("Question: What colour is {the} sky?\nAnswer: blue\n\n"),
			Prompt:        "Question: What colour is {the} sky?\nAnswer: blue\n\nQuestion: And grass?\nAnswer:",
			Continuations: []string{" green", " pink", " grey", " green", " pink", " grey"},
			ContinuationPrompts: append(repeat(3, "Question: What colour is {the} sky?\nAnswer: blue\n\nQuestion: And grass?\nAnswer:"),
				repeat(3, "Answer:")...),
		}},
		{"texts shown and scored", edit(NewChoice(), func(p *Choice) {
			p.Style, p.QuestionTemplate, p.ChoicesIntro, p.ChoiceTemplate, p.AnswerSuffix, p.ContinuationPrefix = Texts, "{question}", "\n\n", "{label}. {choice}", "", ""
		}), nil, eval.Request{
			Type: eval.Loglikelihood, Prompt: "And grass?\n\nA. green\nB. pink\nC. grey", Continuations: []string{"green", "pink", "grey"},
		}},
		{"multiple choice as chat", NewMCQAChat(), shots, eval.Request{
			Type: eval.Chat, Shared: 2,
			Messages: []eval.Message{
				{Role: "user", Content: "What colour is {the} sky?\n\n(A) red\n(B) blue"},
				{Role: "assistant", Content: "B"},
				{Role: "user", Content: "And grass?\n\n(A) green\n(B) pink\n(C) grey"},
			},
		}},
		{"likelihood", NewPPL(), shots, eval.Request{
			Type: eval.Loglikelihood, Shared: 28, Prompt: "What colour is {the} sky?B\n\nAnd grass?", Continuations: []string{" green"},
		}},
		{"likelihood with everything", &PPL{
			Instruction: "I", Template: "<{question}>", AnswerPrefix: " = ", Separator: "\n", AlwaysPrependSeparator: true,
		}, shots, eval.Request{
			Type: eval.Loglikelihood, Shared: 35, Prompt: "\nI\n<What colour is {the} sky?> = B\n<And grass?>", Continuations: []string{"green"},
		}},
	} {
		render, err := f.p.Prepare(f.shots)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		got, err := render(grass)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		if !reflect.DeepEqual(*got, f.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", f.name, *got, f.want)
		}
		if got.Type != f.p.RequestType() {
			t.Errorf("%s: type %s and %s", f.name, got.Type, f.p.RequestType())
		}
		again, err := render(sky)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		if got.Type == eval.Chat {
			if !reflect.DeepEqual(got.Messages[:got.Shared], again.Messages[:again.Shared]) {
				t.Errorf("%s: the leading messages differ", f.name)
			}
		} else if got.Prompt[:got.Shared] != again.Prompt[:again.Shared] {
			t.Errorf("%s: %q and %q share no %d bytes", f.name, got.Prompt, again.Prompt, got.Shared)
		}
	}
}

func repeat(n int, s string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func TestPPLWithoutQuestion(t *testing.T) {
	doc := &eval.Instance{Gold: "a text"}
	for _, f := range []struct {
		p         *PPL
		shots     []*eval.Instance
		prompt    string
		continued string
	}{
		{NewPPL(), nil, "", "a text"},
		{edit(NewPPL(), func(p *PPL) { p.AlwaysPrependSeparator = true }), nil, "", "a text"},
		{NewPPL(), []*eval.Instance{{Gold: "one"}}, "one", " a text"},
	} {
		render, err := f.p.Prepare(f.shots)
		if err != nil {
			t.Fatal(err)
		}
		req, err := render(doc)
		if err != nil || req.Prompt != f.prompt || req.Continuations[0] != f.continued || req.Shared != len(req.Prompt) {
			t.Errorf("%+v: %+v, %v", f.p, req, err)
		}
	}
}

func TestChoicesInQuestion(t *testing.T) {
	p := NewChoice()
	p.ChoicesInQuestion = true
	text, err := p.Block("Which?", []string{"x", "y"})
	if err != nil || text != "Question: Which?\n A. x\n B. y\nAnswer:" {
		t.Fatalf("%q, %v", text, err)
	}
	labels, err := p.FirstLabels(2)
	if err != nil {
		t.Fatal(err)
	}
	in := &eval.Instance{Question: text, Choices: labels, Metadata: map[string]any{"gold_idx": 1}}
	render, err := p.Prepare([]*eval.Instance{in})
	if err != nil {
		t.Fatal(err)
	}
	req, err := render(in)
	if err != nil || req.Prompt != text+" B\n\n"+text || !reflect.DeepEqual(req.Continuations, []string{" A", " B"}) {
		t.Errorf("%+v, %v", req, err)
	}
}

func TestManyChoices(t *testing.T) {
	in := &eval.Instance{Question: "q", Choices: repeat(28, "c"), Metadata: map[string]any{"gold_idx": 0}}
	render, err := NewChoice().Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	req, err := render(in)
	if err != nil || len(req.Continuations) != 28 || req.Continuations[25] != " Z" || req.Continuations[26] != " [" {
		t.Errorf("%q, %v", req.Continuations, err)
	}
}

// TestRefused checks that what cannot be rendered is an error that says why.
func TestRefused(t *testing.T) {
	bare := []*eval.Instance{{Question: "q", Choices: []string{"a"}}}
	for _, f := range []struct {
		p     eval.Formatter
		shots []*eval.Instance
		want  string
	}{
		{&Completion{Template: "{Question}"}, nil, "unknown field {Question}"},
		{&Completion{Template: "{question"}, nil, "lone"},
		{&Completion{Template: "} {question}"}, nil, "lone"},
		{&Completion{Template: "{question!r}"}, nil, "unknown field"},
		{&Completion{Template: "no field"}, nil, "lacks {question}"},
		{&Completion{}, nil, "lacks {question}"},
		{NewCompletion(), bare, "worked example 1 has no answer"},
		{&Chat{UserTemplate: "{question}", AssistantTemplate: "yes"}, nil, "lacks {answer}"},
		{NewChat(), bare, "worked example 1 has no answer"},
		{NewChoice(), bare, "worked example 1: gold_idx"},
		{NewMCQAChat(), bare, "worked example 1: gold_idx"},
		{NewPPL(), bare, "worked example 1 has no answer"},
		{edit(NewChoice(), func(p *Choice) { p.Style = "numbers" }), nil, "want letters, cloze or texts"},
		{edit(NewChoice(), func(p *Choice) { p.Score = "all" }), nil, "want choices or gold"},
		{edit(NewChoice(), func(p *Choice) { p.Unconditional = true }), nil, "unconditional needs style cloze"},
		{edit(NewChoice(), func(p *Choice) { p.ChoiceTemplate = "{label}" }), nil, "lacks {choice}"},
		{edit(NewChoice(), func(p *Choice) { p.ChoiceTemplate = "{text}" }), nil, "known: {label}, {choice}"},
	} {
		_, err := f.p.Prepare(f.shots)
		if err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%T %+v: %v, want %q", f.p, f.p, err, f.want)
		}
	}
	for _, f := range []struct {
		p    eval.Formatter
		in   *eval.Instance
		want string
	}{
		{NewChoice(), &eval.Instance{Question: "q"}, "no choices"},
		{edit(NewChoice(), func(p *Choice) { p.Score = Gold }), bare[0], "gold_idx"},
		{edit(NewChoice(), func(p *Choice) { p.Labels = []string{"1"} }), sky, "choice 2 has no label"},
		{NewPPL(), bare[0], "no gold answer"},
	} {
		render, err := f.p.Prepare(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := render(f.in); err == nil || !strings.Contains(err.Error(), f.want) {
			t.Errorf("%+v: %v, want %q", f.p, err, f.want)
		}
	}
}

// TestSettingsRoundTrip checks that every setting has a JSON name of its own and
// survives it.
func TestSettingsRoundTrip(t *testing.T) {
	for _, p := range []eval.Formatter{NewCompletion(), NewChat(), NewChoice(), NewMCQAChat(), NewPPL()} {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		fresh := reflect.New(reflect.TypeOf(p).Elem())
		if err := json.Unmarshal(b, fresh.Interface()); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(fresh.Interface(), any(p)) {
			t.Errorf("%T: %+v came back as %+v", p, p, fresh.Interface())
		}
		typ := reflect.TypeOf(p).Elem()
		for i := range typ.NumField() {
			if name := typ.Field(i).Tag.Get("json"); name == "" || name != strings.ToLower(name) {
				t.Errorf("%T.%s: JSON name %q", p, typ.Field(i).Name, name)
			}
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"", "{question}", "{{}}", "{", "}", "{question}{{x}}", "{a}{question}", "{}"} {
		f.Add(s, "value {question}")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		tmpl, err := parse("template", text, "question")
		if err != nil {
			return
		}
		got := render(tmpl, value)
		if len(got) != tmpl.size(value) {
			t.Errorf("%q: size %d, rendered %d", text, tmpl.size(value), len(got))
		}
		// Runs of three braces are read from the left, unlike here.
		want := strings.NewReplacer("{{", "{", "}}", "}", "{question}", value).Replace(text)
		if !strings.Contains(text, "{{{") && !strings.Contains(text, "}}}") && got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	})
}

func TestRenderAllocations(t *testing.T) {
	for _, f := range []struct {
		p   eval.Formatter
		max float64 // the request, its prompt, and its continuations as list and text
	}{{NewCompletion(), 2}, {NewChoice(), 2}, {edit(NewChoice(), func(p *Choice) { p.Style = Cloze }), 4}} {
		render, err := f.p.Prepare([]*eval.Instance{sky})
		if err != nil {
			t.Fatal(err)
		}
		got := testing.AllocsPerRun(100, func() {
			if _, err := render(grass); err != nil {
				t.Fatal(err)
			}
		})
		if got > f.max {
			t.Errorf("%T: %v allocations, want at most %v", f.p, got, f.max)
		}
	}
}

func BenchmarkCompletion(b *testing.B) {
	p := NewCompletion()
	p.Template = "Question: {question}\nAnswer:"
	p.Instruction = strings.Repeat("an example ", 200)
	render, err := p.Prepare(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := render(grass); err != nil {
			b.Fatal(err)
		}
	}
}
