package benchmarks

import (
	"fmt"
	"strings"

	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
)

// What the benchmarks share that ask for a written-out solution, and those that
// measure the likelihood of a text.

// solution is the task's prompt, to edit; the tasks that ask for solutions have
// no other.
func solution(t *eval.Task) *prompt.Solution { return t.Prompt.(*prompt.Solution) }

// ask replaces how the task asks, and keeps how it reads rows and draws examples.
func ask(t *eval.Task, edit func(p *prompt.Solution)) {
	old := solution(t)
	p := prompt.NewSolution(old.QuestionTemplate, old.SolutionTemplate)
	p.OwnSplit, p.Shuffle = old.OwnSplit, old.Shuffle
	if edit != nil {
		edit(p)
	}
	t.Prompt = p
	settle(t)
}

// settle says what of the task's configuration has no effect, and whether a
// question may see itself.
func settle(t *eval.Task) {
	p := solution(t)
	say := func(when bool, code, text string) {
		unwarn(t, code)
		if when {
			warn(t, code, text)
		}
	}
	few := t.Fewshot.Num > 0
	say(few && !p.ShowShots, "fewshot_missing",
		fmt.Sprintf("num_fewshot is %d, but no worked example is in the prompt, as in the reference; the variant fixed shows them", t.Fewshot.Num))
	say(few && p.ShowShots && t.Fewshot.Set == "" && t.Fewshot.Split == t.Split && !p.LeaveOut, "fewshot_leak",
		"worked examples are drawn from the questions that are asked, so a question may be among its own; the variant fixed leaves it out")
	say(t.Primary == bitsPerByteID && p.Ask != prompt.Likelihood, "no_likelihood",
		"the request asks for text, as in the reference, so bits_per_byte has no value; the variant fixed asks for the likelihood")
}

// withShots sets the number of worked examples, and with which seed they are
// drawn.
func withShots(t *eval.Task, n int, seed int64) {
	t.Fewshot.Num, t.Fewshot.Seed = n, seed
	settle(t)
}

// askText continues the examples and the question.
func askText(t *eval.Task) {
	ask(t, nil)
	refFormat(t, map[string]any{
		"type": "CompletionFormatter", "template": "{question}", "fewshot_separator": "\n\n",
		"answer_prefix": "", "fewshot_answer_key": nil,
	})
}

// askBits asks for the likelihood of the solution and measures its bits per byte.
// edit may be nil.
func askBits(t *eval.Task, edit func(p *prompt.Solution)) {
	measureBits(t)
	ask(t, func(p *prompt.Solution) {
		p.Ask = prompt.Likelihood
		if edit != nil {
			edit(p)
		}
		f := refPPL()
		f["leading_space"], f["always_prepend_separator"] = p.LeadingSpace, p.AlwaysPrependSeparator
		f["answer_prefix"] = p.AnswerPrefix
		refFormat(t, f)
	})
}

// weighBytes measures bits per byte over all bytes, as the reference does here,
// and beside it the mean of the questions, which is primary in all tasks of this
// kind.
func weighBytes(t *eval.Task) {
	measureBy(t, measure{
		metric.BitsPerByteCorpus(),
		eval.RefMetric{Type: "BPBMetricByteAvg", Name: bitsPerByteID, Scorer: "BitsPerByteScorer"},
	})
	t.Metrics = append(t.Metrics, metric.BitsPerByte())
	t.Primary, t.Chance = bitsPerByteID, 0
}

// fixShots is the variant that shows the worked examples, never the question's
// own, and asks for what the metrics measure. edit is that of [askBits].
func fixShots(edit func(p *prompt.Solution)) eval.Variant {
	const text = "worked examples are shown, never the question's own; bits per byte asks for the likelihood"
	return eval.Variant{Name: "fixed", Description: text, Apply: func(t *eval.Task) {
		t.Ref = nil
		if metrics := t.Metrics; t.Primary == bitsPerByteID {
			askBits(t, edit)
			t.Metrics = metrics
		}
		p := solution(t)
		p.ShowShots = true
		p.LeaveOut = t.Fewshot.Set == "" && t.Fewshot.Split == t.Split
		unwarn(t, "fewshot_space")
		settle(t)
	}}
}

// measurePerplexity replaces the metrics with the corpus perplexity. Where the
// spec asked for bits per byte before, they stay and stay primary, as the request
// is the same.
func measurePerplexity(t *eval.Task) {
	measureBy(t, measure{
		metric.CorpusPerplexity(),
		eval.RefMetric{Type: "CorpusPerplexityMetric", Name: "corpus_perplexity", Scorer: "LogprobScorer"},
	})
	if t.Primary == bitsPerByteID {
		t.Metrics = append(t.Metrics, metric.BitsPerByte())
		warn(t, "reference_metric", "the reference reports corpus_perplexity under this spec; bits_per_byte is computed from the same request")
	}
}

// document makes a text to be scored as a whole, after nothing.
func document(text string, id int) *eval.Instance {
	return &eval.Instance{Gold: text, Metadata: map[string]any{
		"id": id, "num_chars": len([]rune(text)), "num_words": len(strings.FieldsFunc(text, pySpace)),
	}}
}

// sampled is the sampling of n texts at temperature 0.6 with top-p 0.6.
func sampled(tokens, n int, stop ...string) eval.Sampling {
	topP := 0.6
	s := greedy(tokens, stop...)
	s.Temperature, s.TopP, s.NumSamples = 0.6, &topP, n
	return s
}

// lacksText is the error of a row that does not have one of the fields as text.
func lacksText(d eval.Doc, fields ...string) error {
	for _, f := range fields {
		if _, ok := d[f].(string); !ok {
			return fmt.Errorf("%s is missing or no text", f)
		}
	}
	return nil
}

// plainID is a row's own id as it is written: a number stays one.
func plainID(d eval.Doc, key string) any {
	if _, text := d[key].(string); !text {
		if n, ok := d.Int(key); ok {
			return n
		}
	}
	return d[key]
}

// strip is Python's str.strip, and stripRight its rstrip.
func strip(s string) string      { return strings.TrimFunc(s, pySpace) }
func stripRight(s string) string { return strings.TrimRightFunc(s, pySpace) }
