package metric_test

import (
	"context"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/score"
)

// sampled is a record whose outputs have these answers; "" is none. "r…" is
// right.
func sampled(answers ...string) *eval.Record {
	r := &eval.Record{Instance: &eval.Instance{}, Status: eval.OK}
	for _, a := range answers {
		o := eval.Output{Scores: map[string]eval.Score{"exact_match": {}}}
		if a != "" {
			o.Answer = a
		}
		if strings.HasPrefix(a, "r") {
			o.Scores["exact_match"] = eval.Score{Value: 1}
		}
		r.Outputs = append(r.Outputs, o)
	}
	return r
}

// likely is a record with these log-likelihoods of continuations of rising
// length, and the gold index.
func likely(gold any, sums ...float64) *eval.Record {
	r := &eval.Record{Instance: &eval.Instance{Metadata: map[string]any{"gold_idx": gold}}, Status: eval.OK}
	for i, s := range sums {
		yes := i == 0
		r.Outputs = append(r.Outputs, eval.Output{
			Text:   " " + strings.Repeat("é", i+1),
			Loglik: &eval.Loglik{Sum: s, Tokens: i + 1, Greedy: &yes},
		})
	}
	return r
}

func TestObserve(t *testing.T) {
	exact := score.ExactMatch{}
	none := &eval.Record{Instance: &eval.Instance{}, Status: eval.OK}
	refused := &eval.Record{Instance: &eval.Instance{}, Status: eval.ModelRefused}
	twoOfFour := sampled("r", "w", "r", "x")
	unscored := sampled("r", "w")
	unscored.Outputs[1].Scores = nil
	silent := likely(0, -1, -2)
	silent.Outputs[1].Loglik = nil
	blunt := likely(0, -1)
	blunt.Outputs[0].Loglik.Greedy = nil
	type want struct {
		value, weight float64
		ok            bool
	}
	undefined := want{}
	for _, c := range []struct {
		name string
		m    eval.Metric
		rec  *eval.Record
		want want
	}{
		{"mean of samples", metric.Accuracy(exact), twoOfFour, want{0.5, 1, true}},
		{"best of samples", metric.BestOfN(exact), twoOfFour, want{1, 1, true}},
		{"a sample without a score", metric.Accuracy(exact), unscored, undefined},
		{"a sample without a score", metric.BestOfN(exact), unscored, undefined},
		{"a sample without a score", metric.PassAtK(1, exact), unscored, undefined},
		{"no outputs", metric.Accuracy(exact), none, undefined},
		{"no outputs", metric.PassAtK(1, exact), none, undefined},
		{"refused", metric.Accuracy(exact), refused, want{0, 1, true}},
		{"refused", metric.BestOfN(exact), refused, want{0, 1, true}},
		{"refused", metric.PassAtK(8, exact), refused, want{0, 1, true}},
		{"refused", metric.AccSum(), refused, want{0, 1, true}},
		{"refused", metric.AccUncond(), refused, want{0, 1, true}},
		{"refused", metric.AccGreedy(), refused, want{0, 1, true}},
		{"refused", metric.BitsPerByte(), refused, undefined},
		{"pass@1", metric.PassAtK(1, exact), twoOfFour, want{0.5, 1, true}},
		{"pass@2", metric.PassAtK(2, exact), twoOfFour, want{1 - 1.0/6, 1, true}},
		{"pass@5 of 4", metric.PassAtK(5, exact), twoOfFour, undefined},
		{"pass^2", metric.PassPowK(2, exact), twoOfFour, want{1.0 / 6, 1, true}},
		{"pass^5 of 4", metric.PassPowK(5, exact), twoOfFour, undefined},
		{"avg@4", metric.AvgAtK(4, exact), twoOfFour, want{0.5, 1, true}},
		{"avg@5 of 4", metric.AvgAtK(5, exact), twoOfFour, undefined},
		{"maj@4", metric.MajAtK(4, exact), twoOfFour, want{1, 1, true}},
		{"maj, a tie of two", metric.MajAtK(3, exact), sampled("r", "w", ""), want{0.5, 1, true}},
		{"maj, no votes", metric.MajAtK(2, exact), sampled("", ""), want{0, 1, true}},
		{"maj of fewer", metric.MajAtK(3, exact), sampled("r", "r"), undefined},
		{"sum", metric.AccSum(), likely(1, -3, -2, -4), want{1, 1, true}},
		{"sum, tie of two", metric.AccSum(), likely(1, -2, -2, -4), want{0.5, 1, true}},
		{"sum, tie without gold", metric.AccSum(), likely(2, -2, -2, -4), want{0, 1, true}},
		{"per char", metric.AccPerChar(), likely(2, -3, -3.9, -4), want{1, 1, true}},                   // −1.5, −1.3, −1
		{"per token", metric.AccPerToken(), likely(1, -2, -2, -6), want{1, 1, true}},                   // −2, −1, −2
		{"per byte", metric.AccPerByte(), likely(1, -3.3, -5, -7.7), want{1, 1, true}},                 // −1.1, −1, −1.1
		{"per byte is not per char", metric.AccPerChar(), likely(1, -3.3, -5, -7.7), want{0, 1, true}}, // −1.65, −1.67
		{"unlabelled", metric.AccSum(), likely(-1, -3, -2), undefined},
		{"no gold index", metric.AccSum(), likely(nil, -3, -2), undefined},
		{"missing log-likelihood", metric.AccSum(), silent, undefined},
		{"not finite", metric.AccSum(), likely(0, math.Inf(-1), -2), undefined},
		{"greedy", metric.AccGreedy(), likely(0, -1), want{1, 1, true}},
		{"not greedy", metric.AccGreedy(), likely(1, -1, -2), want{0, 1, true}},
		{"greedy unknown", metric.AccGreedy(), blunt, undefined},
		{"bits of the gold", metric.BitsPerByte(), likely(1, -1, -5*math.Ln2), want{1, 1, true}},
		{"bits over bytes", metric.BitsPerByteCorpus(), likely(1, -1, -5*math.Ln2), want{1, 5, true}},
		{"bits of an unlabelled one", metric.BitsPerByte(), likely(-1, -1, -2), undefined},
		{"bits of the only one", metric.BitsPerByte(), likely(-1, -3*math.Ln2), want{1, 1, true}},
		{"bits of a sure one", metric.BitsPerByte(), likely(0, 0), want{0, 1, true}},
		{"perplexity", metric.Perplexity(), likely(1, -9, -2), want{math.E, 1, true}},
		{"corpus perplexity", metric.CorpusPerplexity(), likely(1, -9, -2), want{1, 2, true}},
		{"perplexity beyond numbers", metric.Perplexity(), likely(0, -1e6), undefined},
	} {
		o, ok := c.m.Observe(c.rec)
		if ok != c.want.ok || ok && (!near(o.Value, c.want.value) || o.Weight != c.want.weight) {
			t.Errorf("%s, %s: %+v %v, want %+v", c.m.Info().ID, c.name, o, ok, c.want)
		}
		if math.Signbit(o.Value) && o.Value == 0 {
			t.Errorf("%s, %s: minus zero", c.m.Info().ID, c.name)
		}
	}
}

func TestAccUncond(t *testing.T) {
	r := likely(1, -5, -6, -5, -9) // raises by 0 and by 3
	r.Instance.Metadata["num_choices"] = 2
	if o, ok := metric.AccUncond().Observe(r); !ok || o.Value != 1 {
		t.Errorf("%v %v", o, ok)
	}
	delete(r.Instance.Metadata, "num_choices")
	if _, ok := metric.AccUncond().Observe(r); ok {
		t.Error("defined without a number of choices")
	}
	r.Instance.Choices = []string{"a", "b"}
	if o, ok := metric.AccUncond().Observe(r); !ok || o.Value != 1 {
		t.Errorf("by choices: %v %v", o, ok)
	}
	r.Outputs = r.Outputs[:3]
	if _, ok := metric.AccUncond().Observe(r); ok {
		t.Error("defined without the other half")
	}
}

// TestMajorityByEnumeration goes through all draws of k samples.
func TestMajorityByEnumeration(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	names := []string{"r", "r2", "w", "x", "y", ""}
	for range 300 {
		n := 1 + rnd.IntN(9)
		answers := make([]string, n)
		for i := range answers {
			answers[i] = names[rnd.IntN(len(names))]
		}
		rec := sampled(answers...)
		for k := 1; k <= n; k++ {
			sum, draws := 0.0, 0
			for set := range 1 << n {
				if bits.OnesCount(uint(set)) != k {
					continue
				}
				draws++
				sum += voteOf(answers, set)
			}
			o, ok := metric.MajAtK(k, score.ExactMatch{}).Observe(rec)
			if want := sum / float64(draws); !ok || math.Abs(o.Value-want) > 1e-12 {
				t.Fatalf("maj@%d of %q = %v %v, enumeration gives %v", k, answers, o.Value, ok, want)
			}
		}
	}
}

// voteOf is the share of the win that right answers have among a set of samples.
func voteOf(answers []string, set int) float64 {
	count := map[string]int{}
	most := 0
	for i, a := range answers {
		if set>>i&1 == 1 && a != "" {
			count[a]++
			most = max(most, count[a])
		}
	}
	right, tied := 0, 0
	for a, c := range count {
		if c == most {
			tied++
			if a[0] == 'r' {
				right++
			}
		}
	}
	if tied == 0 {
		return 0
	}
	return float64(right) / float64(tied)
}

func TestMajorityOfMany(t *testing.T) {
	answers := make([]string, 2000)
	for i := range answers {
		answers[i] = []string{"r", "w", "r", "x"}[i%4]
	}
	o, ok := metric.MajAtK(1, score.ExactMatch{}).Observe(sampled(answers...))
	if !ok || math.Abs(o.Value-0.5) > 1e-9 {
		t.Errorf("maj@1 of 2000 = %v %v, want the share of right answers", o, ok)
	}
}

func TestEstimate(t *testing.T) {
	e := metric.Accuracy(score.ExactMatch{}).Estimate(eval.Sample{Values: []float64{1, 0, 1, 1}})
	if e.Value == nil || *e.Value != 0.75 || e.SE == nil || !near(*e.SE, 0.25) || e.N != 4 || e.Metric != "accuracy" ||
		e.Unit != eval.Proportion || !e.HigherIsBetter || e.CI95 == nil || e.CI95[0] >= 0.75 || e.CI95[1] <= 0.75 ||
		e.Method == "" || e.Reason != "" || !slices.Contains(e.Warnings, "small_n") {
		t.Errorf("%+v", e)
	}
	if e.MDE80 == nil || math.Abs(*e.MDE80-2.8016*math.Sqrt2*0.25) > 1e-3 {
		t.Errorf("mde80 %v", e.MDE80)
	}
	corpus := metric.BitsPerByteCorpus().Estimate(eval.Sample{Values: []float64{1, 2}, Weights: []float64{3, 1}})
	if corpus.Value == nil || *corpus.Value != 1.25 || corpus.Unit != eval.BitsPerByte || corpus.HigherIsBetter {
		t.Errorf("%+v", corpus)
	}
	ppl := metric.CorpusPerplexity().Estimate(eval.Sample{Values: []float64{1, 2}, Weights: []float64{3, 1}})
	if ppl.Value == nil || !near(*ppl.Value, math.Exp(1.25)) || ppl.Unit != eval.PPL {
		t.Errorf("%+v", ppl)
	}
	if v := metric.InUnit(metric.CorpusPerplexity().Info(), eval.Observation{Value: 1, Weight: 3}); v != math.E {
		t.Errorf("InUnit = %v", v)
	}
	one := metric.Perplexity().Estimate(eval.Sample{Values: []float64{3}})
	if one.Value == nil || *one.Value != 3 || one.SE != nil || one.CI95 != nil || one.MDE80 != nil || !strings.Contains(one.Reason, "one question") {
		t.Errorf("%+v", one)
	}
	for _, id := range metric.IDs() {
		m := byID(t, strings.Replace(id, "_K", "_4", 1))
		e := m.Estimate(eval.Sample{})
		if e.Value != nil || e.SE != nil || e.CI95 != nil || e.MDE80 != nil || e.N != 0 || e.Reason == "" {
			t.Errorf("%s of nothing: %+v", id, e)
		}
	}
}

func byID(t *testing.T, id string) eval.Metric {
	t.Helper()
	m, err := metric.ByID(id, score.ExactMatch{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Info().ID != id {
		t.Fatalf("ByID(%q) is %q", id, m.Info().ID)
	}
	return m
}

func TestByID(t *testing.T) {
	for id, want := range map[string]string{
		"acc_per_chars": `; did you mean "acc_per_char"?`,
		"pass_at_K":     "such as pass_at_8",
		"pass_at_0":     "such as pass_at_8",
		"pass_at_08":    "such as pass_at_8",
		"accuracy":      "needs a scorer",
	} {
		if _, err := metric.ByID(id, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ByID(%q): %v, want %q", id, err, want)
		}
	}
	if _, err := metric.ByID("acc_sum", nil); err != nil {
		t.Error(err)
	}
}

// BenchmarkQuestion is what one generated answer costs after it has arrived.
func BenchmarkQuestion(b *testing.B) {
	ctx := context.Background()
	m := metric.Accuracy(score.ExactMatch{})
	rec := &eval.Record{Instance: &eval.Instance{Gold: "1234"}, Status: eval.OK, Outputs: make([]eval.Output, 1)}
	o := &rec.Outputs[0]
	o.Text = strings.Repeat("She has 3 boxes of 12 eggs, so 3 * 12 = 36 eggs in all. ", 8) + "The answer is $1,234."
	o.Scores = make(map[string]eval.Score, 1)
	b.ReportAllocs()
	for b.Loop() {
		o.Answer = answer.LastNumber{}.Extract(rec.Instance, o)
		s, err := m.Scorer().Score(ctx, rec)
		if err != nil {
			b.Fatal(err)
		}
		o.Scores[m.Scorer().Name()] = s[0]
		if v, ok := m.Observe(rec); !ok || v.Value != 1 {
			b.Fatal(v)
		}
	}
}

func BenchmarkAccPerChar(b *testing.B) {
	rec := likely(1, -3, -2, -4, -5)
	m := metric.AccPerChar()
	b.ReportAllocs()
	for b.Loop() {
		m.Observe(rec)
	}
}

func BenchmarkMajAt8Of32(b *testing.B) {
	answers := make([]string, 32)
	for i := range answers {
		answers[i] = []string{"r", "w", "r", "x", "y", "r", "", "z"}[i%8]
	}
	rec := sampled(answers...)
	m := metric.MajAtK(8, score.ExactMatch{})
	b.ReportAllocs()
	for b.Loop() {
		m.Observe(rec)
	}
}
