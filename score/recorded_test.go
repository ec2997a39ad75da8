package score

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

type scorerRow struct {
	Scorer string
	Note   string
	Fields struct {
		CaseSensitive    bool  `json:"case_sensitive"`
		StripWhitespace  *bool `json:"strip_whitespace"`
		RemoveWhitespace *bool `json:"remove_whitespace"`
	}
	Instance eval.Instance
	Output   struct {
		Text     string
		Answer   any `json:"extracted_answer"`
		Logprobs []struct{ Logprob flexible }
		Metadata map[string]any
	}
	Score flexible
	Error string
}

// flexible reads a number or {"$float": "inf"}.
type flexible float64

func (f *flexible) UnmarshalJSON(b []byte) error {
	var special struct {
		Float string `json:"$float"`
	}
	if json.Unmarshal(b, &special) == nil && special.Float != "" {
		*f = flexible(map[string]float64{"inf": math.Inf(1), "-inf": math.Inf(-1), "nan": math.NaN()}[special.Float])
		return nil
	}
	return json.Unmarshal(b, (*float64)(f))
}

func scorerOf(r scorerRow) eval.Scorer {
	off := func(b *bool) bool { return b != nil && !*b }
	switch r.Scorer {
	case "ExactMatchScorer":
		return ExactMatch{CaseSensitive: r.Fields.CaseSensitive, KeepSpace: off(r.Fields.StripWhitespace)}
	case "MultipleChoiceScorer":
		return MultipleChoice{}
	case "F1Scorer":
		return F1{}
	case "SQuADF1Scorer":
		return SQuADF1{}
	case "ExactMatchFlexScorer":
		return ExactMatchFlex{CaseSensitive: r.Fields.CaseSensitive, KeepSpace: off(r.Fields.RemoveWhitespace)}
	case "SubstringRecallScorer":
		return SubstringRecall{CaseSensitive: r.Fields.CaseSensitive}
	case "BitsPerByteScorer":
		return BitsPerByte{}
	case "PerplexityScorer":
		return Perplexity{}
	case "LogprobScorer":
		return Logprob{}
	}
	return nil
}

func TestRecordedScorers(t *testing.T) {
	compared, missing, deviating := map[string]int{}, map[string]int{}, map[string]int{}
	corpus.Rows(t, "scorers", func(r scorerRow) {
		s := scorerOf(r)
		if s == nil {
			missing[r.Scorer]++
			return
		}
		out := eval.Output{Text: r.Output.Text, Answer: r.Output.Answer}
		if all, ok := r.Output.Metadata["all_extracted_answers"].([]any); ok {
			for _, a := range all {
				out.Answers = append(out.Answers, a.(string))
			}
		}
		for _, lp := range r.Output.Logprobs {
			out.Logprobs = append(out.Logprobs, eval.TokenLogprob{Logprob: float64(lp.Logprob)})
		}
		rec := &eval.Record{Instance: &r.Instance, Outputs: []eval.Output{out}}
		got, err := s.Score(context.Background(), rec)
		var fault *eval.Fault
		if errors.As(err, &fault) {
			// The reference gives 0 or -inf where there are no log-probabilities,
			// 0 bits per byte where there is no text, and overflows on a perplexity
			// too great for a number: none of these is a number.
			if len(out.Logprobs) > 0 && out.Text != "" && r.Error == "" {
				t.Errorf("%s: fault %v, recorded %v", r.Scorer, err, r.Score)
			}
			deviating[r.Scorer+", nothing to measure"]++
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		compared[r.Scorer]++
		if want := float64(r.Score); math.Abs(got[0].Value-want) > 1e-12 {
			t.Errorf("%s %+v of answer %q, gold %q = %v, recorded %v", r.Scorer, s, r.Output.Answer, r.Instance.Gold, got[0].Value, want)
		}
	})
	for _, k := range sortedKeys(compared) {
		t.Logf("%4d rows equal: %s", compared[k], k)
	}
	for _, k := range sortedKeys(deviating) {
		t.Logf("%4d rows deviate: %s", deviating[k], k)
	}
	for _, k := range sortedKeys(missing) {
		t.Logf("%4d rows not covered here: %s", missing[k], k)
	}
	if len(compared) != 9 {
		t.Errorf("%d of 9 scorers compared", len(compared))
	}
}

func TestRecordedF1(t *testing.T) {
	compared := map[string]int{}
	type row struct {
		Fn   string
		Args []json.RawMessage
		Out  any
	}
	corpus.Rows(t, "extract", func(r row) {
		var a, b string
		if len(r.Args) == 0 || json.Unmarshal(r.Args[0], &a) != nil {
			return
		}
		if len(r.Args) > 1 && json.Unmarshal(r.Args[1], &b) != nil {
			return
		}
		rec := &eval.Record{Instance: &eval.Instance{Gold: b}, Outputs: []eval.Output{{Answer: a}}}
		var got any
		switch r.Fn {
		case "f1":
			s, _ := F1{}.Score(context.Background(), rec)
			got = s[0].Value
		case "squad_f1":
			s, _ := SQuADF1{}.Score(context.Background(), rec)
			got = s[0].Value
		case "f1_normalize":
			got = joined(f1Words(a))
		case "squad_normalize":
			got = joined(squadWords(a))
		default:
			return
		}
		compared[r.Fn]++
		if got != r.Out {
			t.Errorf("%s(%q, %q) = %v, recorded %v", r.Fn, a, b, got, r.Out)
		}
	})
	for _, k := range sortedKeys(compared) {
		t.Logf("%4d rows equal: %s", compared[k], k)
	}
}

func joined(words []string) string {
	s := ""
	for i, w := range words {
		if i > 0 {
			s += " "
		}
		s += w
	}
	return s
}
