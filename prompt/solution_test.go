package prompt

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

func solved(id, question, gold, proof string) *eval.Instance {
	return &eval.Instance{Question: question, Gold: gold, Metadata: map[string]any{"id": id, "proof": proof}}
}

func TestSolution(t *testing.T) {
	shots := []*eval.Instance{solved("a", "1+1", "2", "so 2"), solved("b", "1+2", "3", "so 3")}
	in := solved("c", "2+2", "4", "so 4")
	for _, c := range []struct {
		name          string
		edit          func(p *Solution)
		typ           eval.RequestType
		prompt        string
		continuations []string
		messages      string
	}{
		{"text", func(p *Solution) {}, eval.Completion, "1+1=2|1+2=3|2+2=", nil, ""},
		{"hidden", func(p *Solution) { p.ShowShots = false }, eval.Completion, "2+2=", nil, ""},
		{"key, affixes", func(p *Solution) {
			p.AnswerKey, p.AnswerPrefix, p.AnswerSuffix, p.FinalSuffix = "proof", "<", ">", " Proof:"
		}, eval.Completion, "1+1=<so 2>|1+2=<so 3>|2+2= Proof:", nil, ""},
		{"likelihood", func(p *Solution) { p.Ask, p.LeadingSpace = Likelihood, true }, eval.Loglikelihood,
			"1+1=2|1+2=3|2+2=", []string{" 4"}, ""},
		{"likelihood of a key", func(p *Solution) {
			p.Ask, p.AnswerKey, p.AlwaysPrependSeparator, p.FinalSuffix = Likelihood, "proof", true, "!"
		}, eval.Loglikelihood, "|1+1=so 2|1+2=so 3|2+2=!", []string{"so 4"}, ""},
		{"chat", func(p *Solution) { p.Ask, p.SystemPrompt, p.FinalSuffix = Converse, "S", "?" }, eval.Chat, "", nil,
			"system:S user:1+1= assistant:2 user:1+2= assistant:3 user:2+2=?"},
	} {
		p := NewSolution("{q}", "{solution}")
		p.Template, p.Separator = "{question}=", "|"
		c.edit(p)
		render, err := p.Prepare(shots)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		req, err := render(in)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var messages []string
		for _, m := range req.Messages {
			messages = append(messages, m.Role+":"+m.Content)
		}
		if req.Type != c.typ || p.RequestType() != c.typ || req.Prompt != c.prompt || !slices.Equal(req.Continuations, c.continuations) ||
			strings.Join(messages, " ") != c.messages {
			t.Errorf("%s: %+v, want %q %q %s", c.name, req, c.prompt, c.continuations, c.messages)
		}
	}
}

func TestSolutionLeavesOut(t *testing.T) {
	p := NewSolution("{q}", "{solution}")
	p.Separator, p.LeaveOut = "|", true
	shots := []*eval.Instance{solved("a", "A", "1", ""), solved("b", "B", "2", ""), solved("c", "C", "3", "")}
	render, err := p.Prepare(shots)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"z": "A1|B2|Q", "a": "B2|C3|Q", "b": "A1|C3|Q", "c": "A1|B2|Q"} {
		req, err := render(solved(id, "Q", "0", ""))
		if err != nil || req.Prompt != want || req.Shared != 0 {
			t.Errorf("%s: %+v, %v; want %q", id, req, err, want)
		}
	}
}

func TestSolutionDraws(t *testing.T) {
	p := NewSolution("{q}", "{solution}")
	p.Shuffle = true
	if got := p.DrawShots(10, 3, 42); !slices.Equal(got, []int{7, 3, 2}) {
		t.Errorf("shuffled: %v, want 7 3 2", got)
	}
	p.LeaveOut = true
	if got := p.DrawShots(10, 3, 42); !slices.Equal(got, []int{7, 3, 2, 8}) {
		t.Errorf("shuffled, one more: %v, want 7 3 2 8", got)
	}
	p.Shuffle, p.LeaveOut = false, false
	if got := p.DrawShots(10, 3, 42); !slices.Equal(got, []int{1, 0, 4}) {
		t.Errorf("sampled: %v, want 1 0 4", got)
	}
	if got := p.DrawShots(2, 3, 42); len(got) != 2 {
		t.Errorf("of two rows: %v", got)
	}
}

func TestSolutionErrors(t *testing.T) {
	one := []*eval.Instance{solved("a", "1+1", "", "")}
	for want, edit := range map[string]func(p *Solution){
		"ask":        func(p *Solution) { p.Ask = "sing" },
		"no answer":  func(*Solution) {},
		"{question}": func(p *Solution) { p.Template, p.ShowShots = "fixed", false },
	} {
		p := NewSolution("{q}", "{solution}")
		edit(p)
		if _, err := p.Prepare(one); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	p := NewSolution("{text}\n{head}", "{solution}\n```")
	question, gold, err := p.Written("x=1", "head", "def f():", "text", "Set x.")
	if err != nil || question != "Set x.\ndef f():" || gold != "x=1\n```" {
		t.Errorf("%q, %q, %v", question, gold, err)
	}
	if _, _, err := p.Written("x", "head", "h"); err == nil {
		t.Error("a template with an unknown field was filled")
	}
}

func TestRecorded(t *testing.T) {
	in := &eval.Instance{Question: "q", Metadata: map[string]any{"id": 1}}
	Record(in, eval.Request{Type: eval.Loglikelihood, Prompt: "P", Continuations: []string{" c"}})
	render, err := (&Recorded{}).Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	req, err := render(in)
	if err != nil || req.Prompt != "P" || !slices.Equal(req.Continuations, []string{" c"}) {
		t.Errorf("%+v, %v", req, err)
	}
	b, err := json.Marshal(in.Metadata)
	if err != nil || string(b) != `{"_request":null,"id":1}` {
		t.Errorf("written as %s, %v", b, err)
	}
	if _, err := render(&eval.Instance{Metadata: map[string]any{}}); err == nil {
		t.Error("an instance without a request was rendered")
	}
	if _, err := (&Recorded{}).Prepare([]*eval.Instance{in}); err == nil {
		t.Error("worked examples were taken")
	}
}
