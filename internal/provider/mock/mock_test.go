package mock

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"olmoeval/eval"
	"olmoeval/internal/provider/attempt"
)

func must(t testing.TB, spec string) *Model {
	t.Helper()
	m, err := Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseCanonical(t *testing.T) {
	for in, want := range map[string]string{
		"mock":                          "mock",
		"mock:oracle":                   "mock:oracle",
		"mock,oracle":                   "mock:oracle",
		"mock:seed=7,acc=0.62":          "mock:acc=0.62,seed=7",
		"mock,acc=.5,seed=0":            "mock:acc=0.5",
		"mock:random,latency=0.02s":     "mock:random,latency=20ms",
		"mock:nan=0.01,fail=0.05":       "mock:fail=0.05,nan=0.01",
		"mock:sticky=1,hang=0,garbage=": "",
		"mock:oracle,http429=0.5":       "mock:oracle,http429=0.5",
	} {
		m, err := Parse(in)
		if want == "" {
			if err == nil {
				t.Errorf("%s was taken", in)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if m.Spec() != want {
			t.Errorf("%s is %s, want %s", in, m.Spec(), want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"mok":                    "written mock",
		"mockery":                "written mock",
		"mock:":                  "unknown setting",
		"mock:acc=1.2":           "share from 0 to 1",
		"mock:acc=NaN":           "share from 0 to 1",
		"mock:orcle":             `did you mean "oracle"`,
		"mock:latncy=20ms":       `did you mean "latency"`,
		"mock:latency=20":        "duration",
		"mock:seed=x":            "whole number",
		"mock:oracle,acc=0.5":    "one of oracle, random and acc",
		"mock:acc=0.5,acc=0.6":   "twice",
		"mock:fail=0.6,hang=0.6": "more than 1",
		"mock:oracle=1":          "no value",
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("mock:acc=0.62,seed=7,latency=1ms,fail=0.1")
	f.Fuzz(func(t *testing.T, spec string) {
		m, err := Parse(spec)
		if err != nil {
			return
		}
		again, err := Parse(m.Spec())
		if err != nil || again.Spec() != m.Spec() {
			t.Errorf("%q is %q, which is not itself: %v", spec, m.Spec(), err)
		}
	})
}

// item makes one generation request of a numbered question.
func item(i int, gold any, choices []string, oracle func(*eval.Instance) (string, bool)) *eval.Request {
	in := &eval.Instance{Question: fmt.Sprint("question ", i), Gold: gold, Choices: choices, Metadata: map[string]any{}}
	return &eval.Request{Type: eval.Completion, Prompt: in.Question,
		Origin: &eval.Origin{Task: &eval.Task{Oracle: oracle}, Instance: in, Digest: eval.ItemDigest(in)}}
}

func TestShareOfRightAnswersAndNesting(t *testing.T) {
	const n = 20000
	low, high, other := must(t, "mock:acc=0.5,seed=3"), must(t, "mock:acc=0.62,seed=3"), must(t, "mock:acc=0.62,seed=4")
	var a, b, both, differ int
	for i := range n {
		r := item(i, "42", nil, nil)
		l, h := low.Text(r, 0) == "42", high.Text(r, 0) == "42"
		if l && !h {
			t.Fatalf("item %d: the better mock is wrong where the worse is right", i)
		}
		if l {
			a++
		}
		if h {
			b++
		}
		if h == (high.Text(r, 1) == "42") {
			both++
		}
		if h != (other.Text(r, 0) == "42") {
			differ++
		}
	}
	near(t, "acc=0.5", float64(a)/n, 0.5)
	near(t, "acc=0.62", float64(b)/n, 0.62)
	near(t, "agreement of samples", float64(both)/n, 0.62*0.62+0.38*0.38)
	near(t, "disagreement of seeds", float64(differ)/n, 2*0.62*0.38)
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 0.015 {
		t.Errorf("%s: %.4f, want about %.4f", what, got, want)
	}
}

func TestWrongAnswers(t *testing.T) {
	wrong := must(t, "mock:acc=0")
	boxed := func(in *eval.Instance) (string, bool) { g, _ := in.GoldText(); return "So \\boxed{" + g + "}.", true }
	letter := func(in *eval.Instance) (string, bool) {
		g, _ := in.GoldText()
		return "The answer is (" + g + ").", true
	}
	four := []string{"Paris", "Rome", "Oslo", "Bern"}
	for _, c := range []struct {
		name    string
		gold    any
		choices []string
		oracle  func(*eval.Instance) (string, bool)
		ok      func(string) bool
	}{
		{"number", "42", nil, nil, func(s string) bool { return len(s) == 2 && s[0] == '4' && s[1] != '2' }},
		{"boxed", "\\frac{1}{2}", nil, boxed, func(s string) bool {
			return strings.HasPrefix(s, "So \\boxed{\\frac{1}{") && !strings.Contains(s, "{2}")
		}},
		{"letter", "B", four, letter, func(s string) bool {
			return s == "The answer is (A)." || s == "The answer is (C)." || s == "The answer is (D)."
		}},
		{"letter without choices", "E", nil, letter, func(s string) bool {
			return len(s) == len("The answer is (X).") && !strings.Contains(s, "(E)")
		}},
		{"choice text", "Rome", four, nil, func(s string) bool { return s == "Paris" || s == "Oslo" || s == "Bern" }},
		{"letter and text", "Rome", four, func(*eval.Instance) (string, bool) { return "(B) Rome", true }, func(s string) bool {
			return s == "(A) Paris" || s == "(C) Oslo" || s == "(D) Bern"
		}},
		{"yes", "Yes", nil, nil, func(s string) bool { return s == "No" }},
		{"list", []string{"the sea", "an ocean"}, nil, nil, func(s string) bool { return s != "" && !strings.Contains(s, "sea") && s != "an ocean" }},
		{"program", "def f(x):\n    return x + 1\n", nil, nil, func(s string) bool { return !strings.Contains(s, "def") && s != "" }},
		{"no gold", nil, nil, func(*eval.Instance) (string, bool) { return "anything, with 3 words", true }, func(s string) bool { return s == "" }},
		{"same choices", "x", []string{"x", "x"}, nil, func(s string) bool { return s != "x" && s != "" }},
	} {
		seen := map[string]bool{}
		for i := range 200 {
			r := item(i, c.gold, c.choices, c.oracle)
			got := wrong.Text(r, 0)
			seen[got] = true
			if !c.ok(got) {
				t.Errorf("%s: %q", c.name, got)
				break
			}
		}
		right := must(t, "mock:oracle").Text(item(0, c.gold, c.choices, c.oracle), 0)
		if seen[right] {
			t.Errorf("%s: the wrong answer is the right one, %q", c.name, right)
		}
	}
}

func TestRandomIsAtChance(t *testing.T) {
	m := must(t, "mock:random")
	right, n := 0, 20000
	for i := range n {
		if m.Text(item(i, "B", []string{"w", "x", "y", "z"}, nil), 0) == "B" {
			right++
		}
	}
	near(t, "chance", float64(right)/float64(n), 0.25)
}

// ranks says which continuation wins under each normalisation.
func ranks(r *eval.Request, losses []Loss, n int) map[string]int {
	norm := map[string]func(int) float64{
		"sum": func(i int) float64 { return -losses[i].Nats },
		"char": func(i int) float64 {
			return -losses[i].Nats / float64(max(1, utf8.RuneCountInString(r.Continuations[i])))
		},
		"byte":  func(i int) float64 { return -losses[i].Nats / float64(max(1, len(r.Continuations[i]))) },
		"token": func(i int) float64 { return -losses[i].Nats / float64(max(1, losses[i].Tokens)) },
	}
	if n < len(losses) {
		norm["uncond"] = func(i int) float64 { return losses[n+i].Nats - losses[i].Nats }
	}
	out := map[string]int{}
	for name, f := range norm {
		best := 0
		for i := 1; i < n; i++ {
			if f(i) > f(best) {
				best = i
			}
		}
		out[name] = best
	}
	return out
}

func choiceRequest(i int) *eval.Request {
	texts := []string{" a", " a rather long choice of words", " kürzer — 日本語", " x1 y2 z3", ""}
	conts := append(append([]string(nil), texts[i%5:]...), texts[:i%5]...)
	prompts := make([]string, 10)
	for k := range prompts {
		prompts[k] = "Q: what?\nA:"
		if k >= 5 {
			prompts[k] = "Answer:"
		}
	}
	in := &eval.Instance{Question: fmt.Sprint(i), Metadata: map[string]any{"gold_idx": i % 3, "num_choices": 5}}
	return &eval.Request{Type: eval.Loglikelihood, Continuations: append(append([]string(nil), conts...), conts...),
		ContinuationPrompts: prompts, Origin: &eval.Origin{Instance: in, Digest: eval.ItemDigest(in)}}
}

func TestLossesWinUnderEveryNormalisation(t *testing.T) {
	const n = 4000
	m := must(t, "mock:acc=0.7")
	right := 0
	for i := range n {
		r := choiceRequest(i)
		losses := m.Losses(nil, r)
		best := ranks(r, losses, 5)
		for name, w := range best {
			if w != best["sum"] {
				t.Fatalf("item %d: %d wins by sum, %d by %s", i, best["sum"], w, name)
			}
		}
		if best["sum"] == i%3 {
			right++
		}
		if losses[best["sum"]].Greedy != true || losses[(best["sum"]+1)%5].Greedy {
			t.Fatal("greedy does not follow the winner")
		}
		for _, l := range losses {
			if !(l.Nats > 0) || math.IsInf(l.Nats, 0) {
				t.Fatalf("loss %v", l)
			}
		}
	}
	near(t, "share", float64(right)/n, 0.7)
}

func TestSingleContinuation(t *testing.T) {
	good, bad := must(t, "mock:oracle"), must(t, "mock:acc=0")
	seen := map[float64]bool{}
	for i := range 100 {
		r := item(i, "the answer", nil, nil)
		r.Type, r.Continuations = eval.Loglikelihood, []string{" the answer"}
		resp, err := good.Respond(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		g := resp.Outputs[0].Loglik
		resp, _ = bad.Respond(context.Background(), r)
		b := resp.Outputs[0].Loglik
		if !*g.Greedy || *b.Greedy || !(g.Sum > b.Sum) || g.Tokens < 1 {
			t.Fatalf("right %+v, wrong %+v", g, b)
		}
		seen[g.Sum] = true
	}
	if len(seen) < 90 {
		t.Errorf("%d different values among 100", len(seen))
	}
}

func TestFaultsStrikeAttempts(t *testing.T) {
	m := must(t, "mock:oracle,fail=0.02,http429=0.02,garbage=0.02,nan=0.02,hang=0.02,sticky=0.1")
	first, again, sticky := map[eval.Status]int{}, 0, 0
	const n = 4000
	for i := range n {
		r := item(i, "1", nil, nil)
		var faults int
		for try := 1; try <= 4; try++ {
			ctx, cancel := context.WithTimeout(attempt.With(context.Background(), try), 2*time.Millisecond)
			_, err := m.Respond(ctx, r)
			cancel()
			if err == nil {
				continue
			}
			faults++
			var f *eval.Fault
			if !errors.As(err, &f) || !f.Status.Retryable() {
				t.Fatalf("not a retryable fault: %v", err)
			}
			if try == 1 {
				first[f.Status]++
			}
		}
		if faults == 4 {
			sticky++
		} else if faults > 0 {
			again++
		}
	}
	near(t, "sticky", float64(sticky)/n, 0.1)
	near(t, "bad responses", float64(first[eval.InfraBadResponse])/n, 0.04*0.9)
	near(t, "rate limits", float64(first[eval.InfraRateLimited])/n, 0.02*0.9)
	near(t, "server errors", float64(first[eval.InfraServerDown])/n, 0.1+0.02*0.9)
	near(t, "recovered", float64(again)/n, 0.9*(1-math.Pow(0.9, 4)))
}

func TestReset(t *testing.T) {
	m := must(t, "mock:reset=1,oracle")
	if m.Spec() != "mock:oracle,reset=1" {
		t.Error(m.Spec())
	}
	_, err := m.Respond(context.Background(), item(0, "1", nil, nil))
	if f := eval.FaultOf(err); f.Status != eval.InfraNetwork || f.Abort {
		t.Errorf("%v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := must(t, "mock:latency=1h").Respond(ctx, item(0, "1", nil, nil))
	if eval.FaultOf(err).Status != eval.Cancelled {
		t.Errorf("%v", err)
	}
}

func TestPlainMockIgnoresTheQuestion(t *testing.T) {
	m := must(t, "mock")
	if m.Text(item(0, "1", nil, nil), 0) != FixedText || m.Text(&eval.Request{}, 3) != FixedText {
		t.Error("not the fixed text")
	}
}

func BenchmarkRespond(b *testing.B) {
	gen := item(7, "B", []string{"w", "x", "y", "z"}, nil)
	lik := choiceRequest(7)
	for _, c := range []struct {
		spec string
		r    *eval.Request
	}{{"mock", gen}, {"mock:acc=0.5", gen}, {"mock:oracle", gen}, {"mock:acc=0.5", lik}} {
		m := must(b, c.spec)
		b.Run(c.spec+"/"+string(c.r.Type), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Respond(context.Background(), c.r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
