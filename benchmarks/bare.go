package benchmarks

import (
	"olmoeval/eval"
	"olmoeval/prompt"
)

// bareTexts asks by p, which is or holds [bareChoices].
func bareTexts(t *eval.Task, p eval.Formatter, ms ...measure) {
	t.Prompt = p
	refFormat(t, refChoices())
	measureAnswers(t, ms...)
	warn(t, "bare_choices", "the choices are shown behind letters, but their texts are scored, without \"Answer:\" or a space before and whatever their length, which favours short ones; :fixed scores the letters")
}

// bareChoices shows the choices behind letters and scores their bare texts.
func bareChoices() *prompt.Choice {
	p := scoredLetters()
	p.Style, p.AnswerSuffix, p.ContinuationPrefix = prompt.Texts, "", ""
	return p
}

// scoredLetters shows the choices behind letters and scores the letters.
func scoredLetters() *prompt.Choice {
	p := prompt.NewChoice()
	p.QuestionTemplate, p.ChoicesIntro, p.ChoiceTemplate = "{question}", "\n\n", "{label}. {choice}"
	return p
}

// bareBits measures the right answer after nothing but the question.
func bareBits(t *eval.Task) {
	t.Prompt = prompt.NewPPL()
	refFormat(t, refPPL())
	measureBits(t)
	unwarn(t, "bare_choices")
	unwarn(t, "reference_metric")
}
