package answer

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"olmoeval/eval"
)

func extract(e eval.Extractor, text string) any {
	return e.Extract(&eval.Instance{}, &eval.Output{Text: text})
}

func TestExtract(t *testing.T) {
	for _, c := range []struct {
		e    eval.Extractor
		text string
		want any
	}{
		{Text{}, " as is\n", " as is\n"},
		{None{}, "x", nil},
		{LastNumber{}, "So #### 1,000", "1000"},
		{LastNumber{}, "72.", "72"},
		{LastNumber{}, "5-3", "-3"},
		{LastNumber{}, "none", nil},
		{LastNumber{}, "half: .5.", ".5"},
		{Letter{}, "(A) or (B), no **C.** it is", "B"},
		{Letter{}, "answer : (c)\nAnswer: d", "D"},
		{Letter{}, "", nil},
		{Think{}, "a</think>\n<answer> 7 </answer>", " 7 "[1:]},
		{Think{}, "never ends", "never ends"},
		{Think{Closed: true}, "never ends", ""},
		{Code{Language: "js"}, "```python\n1```\n```js\n2\n```", "2\n"},
		{Code{}, "<think>```python\nno```</think>```python\nyes\n```", "yes\n"},
		{BeforeFence{}, "    return 1\n```\nmore", "    return 1\n"},
		{Choice{}, "ANSWER: A", "A"},
		{&Regexp{Pattern: `(\w)=(\d+)`, Group: 2, Last: true}, "a=1 b=22", "22"},
		{&Regexp{Pattern: `(\w)=(\d+)`, Group: 2}, "a=1 b=22", "1"},
		{&Regexp{Pattern: `x( +)?y`, Group: 1, Trim: true}, "xy", ""},
		{&Regexp{Pattern: `z`}, "xy", nil},
	} {
		if got := extract(c.e, c.text); got != c.want {
			t.Errorf("%T %+v of %q = %#v, want %#v", c.e, c.e, c.text, got, c.want)
		}
	}
}

func TestRegexpValidate(t *testing.T) {
	for _, c := range []struct {
		e    *Regexp
		want string
	}{
		{&Regexp{Pattern: `(`}, "extract.pattern: "},
		{&Regexp{Pattern: `(a)`, Group: 2}, "groups 0 to 1, not 2"},
	} {
		if err := c.e.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Validate(%q) = %v, want %q", c.e.Pattern, err, c.want)
		}
		if err := c.e.ExtractRecord(context.Background(), &eval.Record{Outputs: make([]eval.Output, 1)}); err == nil {
			t.Errorf("ExtractRecord(%q) gave no error", c.e.Pattern)
		}
	}
	// A changed pattern is compiled anew.
	e := &Regexp{Pattern: `a`}
	if extract(e, "ab") != "a" {
		t.Error("first pattern")
	}
	e.Pattern = `b`
	if extract(e, "ab") != "b" {
		t.Error("second pattern")
	}
}

func TestSettingsAreJSON(t *testing.T) {
	e := &Regexp{}
	if err := json.Unmarshal([]byte(`{"pattern":"(x)","group":1,"last":true,"trim":true}`), e); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(e)
	if err != nil || string(got) != `{"pattern":"(x)","group":1,"last":true,"trim":true}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestChoice(t *testing.T) {
	sums := func(sums ...float64) *eval.Record {
		r := &eval.Record{Request: &eval.Request{Type: eval.Loglikelihood}}
		for _, s := range sums {
			r.Outputs = append(r.Outputs, eval.Output{Text: " x", Loglik: &eval.Loglik{Sum: s}})
		}
		return r
	}
	for _, c := range []struct {
		rec  *eval.Record
		want any
		tied string
	}{
		{sums(-3, -1, -2), "B", ""},
		{sums(-3, -1, -1), "B", "B C"},
		{sums(-3), nil, ""},
	} {
		if err := (Choice{}).ExtractRecord(context.Background(), c.rec); err != nil {
			t.Fatal(err)
		}
		for _, o := range c.rec.Outputs {
			if o.Answer != c.want || strings.Join(o.Answers, " ") != c.tied {
				t.Errorf("answer %v %v, want %v %q", o.Answer, o.Answers, c.want, c.tied)
			}
		}
	}
	missing := sums(-1, -2)
	missing.Outputs[1].Loglik = nil
	err := (Choice{}).ExtractRecord(context.Background(), missing)
	var fault *eval.Fault
	if !errors.As(err, &fault) || fault.Status != eval.InfraBadResponse {
		t.Errorf("a missing log-likelihood gave %v", err)
	}
}
