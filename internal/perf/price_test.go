package perf

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"olmoeval/eval"
)

func TestBuiltinPrices(t *testing.T) {
	p, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for host, models := range p {
		for model, price := range models {
			n++
			if price.Prompt <= 0 || price.Completion < price.Prompt || price.Cached != nil && (*price.Cached <= 0 || *price.Cached >= price.Prompt) {
				t.Errorf("%s %s: %+v", host, model, price)
			}
			if _, err := time.Parse("2006-01-02", price.AsOf); err != nil {
				t.Errorf("%s %s: as_of %q", host, model, price.AsOf)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d prices", n)
	}
	got, ok := p.Of("https://API.openai.com/v1", "gpt-4o-mini")
	if !ok || got.Prompt != 0.15 || *got.Cached != 0.075 || got.Completion != 0.6 {
		t.Errorf("%+v %v", got, ok)
	}
	for _, c := range [][2]string{{"http://127.0.0.1:8000/v1", "gpt-4o"}, {"https://api.openai.com/v1", "gpt-9"}, {"::", "gpt-4o"}} {
		if _, ok := p.Of(c[0], c[1]); ok {
			t.Errorf("%v has a price", c)
		}
	}
	if !p.Vendor("https://api.openai.com/v1") || p.Vendor("http://127.0.0.1:8000/v1") || !Reports("https://openrouter.ai/api/v1") {
		t.Error("vendors")
	}
	mine := p.With(Prices{"Proxy.local": {"gpt-4o": {Prompt: 1}}, "api.openai.com": {"gpt-4o": {Prompt: 9}}})
	if x, _ := mine.Of("http://proxy.local/v1", "gpt-4o"); x.Prompt != 1 {
		t.Error("a price of one's own")
	}
	if x, _ := mine.Of("https://api.openai.com/v1", "gpt-4o"); x.Prompt != 9 {
		t.Error("one's own price does not win")
	}
	if x, _ := p.Of("https://api.openai.com/v1", "gpt-4o"); x.Prompt != 2.5 {
		t.Error("the table was changed")
	}
}

func TestCost(t *testing.T) {
	cached := 0.5
	u := eval.Usage{PromptTokens: 1_000_000, CachedTokens: 400_000, CompletionTokens: 200_000, ReasoningTokens: 150_000}
	if got := (Price{Prompt: 2, Cached: &cached, Completion: 8}).Cost(u); math.Abs(got-(1.2+0.2+1.6)) > 1e-12 {
		t.Errorf("%v", got)
	}
	if got := (Price{Prompt: 2, Completion: 8}).Cost(u); math.Abs(got-3.6) > 1e-12 {
		t.Errorf("without a price of cached tokens: %v", got)
	}
}

type answer struct {
	resp *eval.Response
	err  error
}

func (a answer) Respond(context.Context, *eval.Request) (*eval.Response, error) { return a.resp, a.err }

func TestPriced(t *testing.T) {
	u := eval.Usage{PromptTokens: 1_000_000}
	reported := u
	reported.Cost = 0.7
	for name, c := range map[string]struct {
		in   answer
		want float64
	}{
		"by the table":      {answer{&eval.Response{Usage: u}, nil}, 3},
		"the provider's":    {answer{&eval.Response{Usage: reported}, nil}, 0.7},
		"reused":            {answer{&eval.Response{Usage: u, Notes: []string{"reused"}}, nil}, 0},
		"cached":            {answer{&eval.Response{Usage: reported, Notes: []string{"cached"}}, nil}, 0},
		"with a late error": {answer{&eval.Response{Usage: u}, errors.New("late")}, 3},
	} {
		resp, err := (&Priced{c.in, Price{Prompt: 3, Completion: 15}}).Respond(context.Background(), &eval.Request{})
		if !errors.Is(err, c.in.err) || resp.Usage.Cost != c.want {
			t.Errorf("%s: cost %v, want %v (%v)", name, resp.Usage.Cost, c.want, err)
		}
	}
	if resp, err := (&Priced{answer{nil, errors.New("no")}, Price{}}).Respond(context.Background(), &eval.Request{}); resp != nil || err == nil {
		t.Error("an error became an answer")
	}
}
