package benchmarks

import (
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// measure is a metric of ours with its name in the reference.
type measure struct {
	ours eval.Metric
	ref  eval.RefMetric
}

const (
	accUncondID   = "acc_uncond"
	bitsPerByteID = "bits_per_byte"
)

func logprob(class string) eval.RefMetric {
	return eval.RefMetric{Type: class, Name: "accuracy", Scorer: "LogprobScorer"}
}

func accSum() measure { return measure{metric.AccSum(), logprob("LogprobMCAccuracyMetric")} }
func accPerChar() measure {
	return measure{metric.AccPerChar(), logprob("LogprobPerCharMCAccuracyMetric")}
}
func accUncond() measure {
	return measure{metric.AccUncond(), logprob("LogprobUncondMCAccuracyMetric")}
}

func bitsPerByte() measure {
	return measure{metric.BitsPerByte(), eval.RefMetric{Type: "BPBMetricInstanceAvg", Name: bitsPerByteID, Scorer: "BitsPerByteScorer"}}
}

func exactMatch() measure {
	return measure{metric.Accuracy(score.ExactMatch{}), eval.RefMetric{Type: "AccuracyMetric", Name: "accuracy", Scorer: "ExactMatchScorer"}}
}

// measureBy replaces the task's metrics.
func measureBy(t *eval.Task, ms ...measure) {
	t.Metrics = nil
	if t.Ref != nil {
		t.Ref.Metrics = nil
	}
	for _, m := range ms {
		t.Metrics = append(t.Metrics, m.ours)
		if t.Ref != nil {
			t.Ref.Metrics = append(t.Ref.Metrics, m.ref)
		}
	}
}

// measureBits replaces the metrics with bits per byte, as primary.
func measureBits(t *eval.Task) {
	measureBy(t, bitsPerByte())
	t.Primary = bitsPerByteID
	t.Chance = 0 // there is no guessing
}

// measureAnswers replaces the metrics with an accuracy over the choices. Where
// the spec asked for bits per byte before, the reference drops them and reports
// the accuracy; here they stay beside it and stay primary, as all it takes is in
// the request.
func measureAnswers(t *eval.Task, ms ...measure) {
	measureBy(t, ms...)
	if t.Primary == bitsPerByteID {
		t.Metrics = append(t.Metrics, metric.BitsPerByte())
		warn(t, "reference_metric", "the reference reports an accuracy under this spec; bits_per_byte is computed from the same request")
	}
}

// bitsOfShown measures bits per byte of the right choice of a request that asks
// for all.
func bitsOfShown(t *eval.Task) {
	measureBits(t)
	unwarn(t, "reference_metric")
}

// bitsOfGold makes a spec in bits per byte ask for the right choice alone.
func bitsOfGold(t *eval.Task) {
	if t.Primary == bitsPerByteID {
		bitsOfShown(t)
		choice(t).Score = prompt.Gold
	}
}

// measures reports whether the task has the metric.
func measures(t *eval.Task, id string) bool {
	return slices.ContainsFunc(t.Metrics, func(m eval.Metric) bool { return m.Info().ID == id })
}

// warn says something with every result of the task, once a code.
func warn(t *eval.Task, code, text string) {
	unwarn(t, code)
	t.Warnings = append(t.Warnings, code+": "+text)
}

func unwarn(t *eval.Task, code string) {
	t.Warnings = slices.DeleteFunc(t.Warnings, func(w string) bool { return strings.HasPrefix(w, code+":") })
}

// choice is the task's prompt, to edit; the tasks here that ask by choices have
// no other.
func choice(t *eval.Task) *prompt.Choice { return t.Prompt.(*prompt.Choice) }

// shownLetters shows the choices and scores letters.
func shownLetters(t *eval.Task) {
	choice(t).Style = prompt.Letters
	refFormat(t, refChoices())
}

// The forms that two of the reference's formatters have in its task hash. There
// they only choose between the styles of a prompt.
func refChoices() map[string]any {
	return map[string]any{
		"type": "MultipleChoiceFormatter", "template": "{question}", "choice_template": "{choice}",
		"include_choices_in_prompt": true, "prompt_suffix": "",
	}
}

func refPPL() map[string]any {
	return map[string]any{
		"type": "PPLFormatter", "fewshot_separator": "\n\n", "leading_space": true,
		"always_prepend_separator": false, "answer_prefix": "",
	}
}

// refFormat names the reference's formatter, nil for none.
func refFormat(t *eval.Task, f map[string]any) {
	if t.Ref != nil {
		t.Ref.Formatter = f
	}
}

// curated takes the first n examples of a curated few-shot set; ref is the set's
// name in the reference's configuration.
func curated(t *eval.Task, set string, n int, ref string) {
	t.Fewshot.Set, t.Fewshot.Num = set, n
	if t.Ref != nil {
		t.Ref.FewshotSource = ref
	}
}

// unchanged is a variant that the reference has under a name of its own and that
// changes nothing.
func unchanged(name string) eval.Variant {
	return eval.Variant{Name: name, Description: "the same as without it; kept because specs elsewhere say it", Apply: func(*eval.Task) {}}
}

// greedy is the sampling of one greedy text of at most n tokens.
func greedy(n int, stop ...string) eval.Sampling {
	return eval.Sampling{MaxTokens: &n, Stop: stop, NumSamples: 1}
}

// letter is the label of choice i.
func letter(i int) string { return string(rune('A' + i)) }

// worked makes a multiple-choice question a worked example: the gold answer is
// the text of the right choice, whose letter stands beside it.
func worked(question string, choices []string, gold int) *eval.Instance {
	return &eval.Instance{
		Question: question, Gold: choices[gold], Choices: choices,
		Metadata: map[string]any{"gold_idx": gold, "gold_text": choices[gold], "mc_answer": letter(gold)},
	}
}
