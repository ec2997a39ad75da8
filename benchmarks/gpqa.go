package benchmarks

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/internal/pyrand"
	"olmoeval/prompt"
)

// Questions that experts of another field cannot answer with a search engine at
// hand (Rein et al. 2023, arXiv 2311.12022; CC BY 4.0, behind a form so that they
// stay out of training data). Three nested sets, whole and by subject. The answer
// is reasoned out in a conversation and ends in a letter.

func gpqaTasks() []eval.Def {
	var defs []eval.Def
	for _, set := range []string{"diamond", "main", "extended"} {
		for _, subject := range []string{"", "biology", "chemistry", "physics"} {
			defs = append(defs, gpqa(set, subject))
		}
	}
	return defs
}

func gpqa(set, subject string) eval.Def {
	const path = "Idavidrein/gpqa"
	name, about := "gpqa_"+set, "science"
	if subject != "" {
		name, about = name+"_"+subject, subject
	}
	p := prompt.NewMCQAChat()
	p.SystemPrompt = "You are an expert scientist. Answer the following multiple choice question by reasoning through the problem step by step, then selecting the best answer.\n\n" + endWithLetter
	t := eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/gpqa.go",
		Description: "graduate-level " + about + " questions, the " + set + " set, answered by a letter; ask for access at https://huggingface.co/datasets/" + path,
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: "gpqa_" + set}, Split: "train", Seed: 42,
			Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(1024),
		},
		Read: func(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
			return readGPQA(t, d, index, subject)
		},
		ReadShot: func(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
			return readGPQA(t, d, 0, subject)
		},
		Extract: gpqaLetter{}, Oracle: statesLetter, Chance: 0.25,
		Needs: eval.Needs{Secrets: []string{"HF_TOKEN"}},
		Ref:   &eval.Ref{Name: name, Source: eval.RefSource{Path: path, Subset: "gpqa_" + set, Split: "test"}},
	}
	refFormat(&t, refMCQAChat(p))
	m := letterRight()
	measureBy(&t, m)
	t.Ref.Primary = &m.ref
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "mc", Description: "choices shown, their texts scored", Apply: func(t *eval.Task) { bareTexts(t, bareChoices(), letterRight()) }},
		{Name: "bpb", Description: "bits per byte of the right answer after the bare question", Apply: bareBits},
		{Name: "fixed", Description: "mc with the letters scored; bpb:mc as bits per byte alone", Apply: func(t *eval.Task) {
			if p, ok := t.Prompt.(*prompt.Choice); ok && p.Style == prompt.Texts {
				if t.Primary == bitsPerByteID {
					bareBits(t)
				} else {
					unwarn(t, "bare_choices")
					t.Prompt = scoredLetters()
				}
			}
			t.Ref = nil
		}},
	}}
}

// gpqaSubject is the subject that a subdomain belongs to, "" for none.
func gpqaSubject(subdomain string) string {
	switch subdomain {
	case "Molecular Biology", "Genetics":
		return "biology"
	case "Organic Chemistry", "Chemistry", "Chemistry (general)", "Analytical Chemistry", "Inorganic Chemistry", "Physical Chemistry":
		return "chemistry"
	case "Quantum Mechanics", "Physics", "Physics (general)", "Astrophysics", "High-energy particle physics",
		"Condensed Matter Physics", "Electromagnetism and Photonics", "Relativistic Mechanics", "Statistical Mechanics",
		"Optics and Acoustics":
		return "physics"
	}
	return ""
}

// readGPQA shuffles the right answer and the wrong ones with a seed of the row's
// own; index counts the rows of all subjects.
func readGPQA(t *eval.Task, d eval.Doc, index int, subject string) (*eval.Instance, error) {
	subdomain := d.Text("Subdomain")
	if subject != "" && gpqaSubject(subdomain) != subject {
		return nil, nil
	}
	question, right := gpqaText(d.Text("Question")), gpqaText(d.Text("Correct Answer"))
	switch {
	case question == "":
		return nil, errors.New("the row has no Question")
	case right == "":
		return nil, errors.New("the row has no Correct Answer")
	}
	choices := []string{right}
	for i := 1; i <= 3; i++ {
		if wrong := gpqaText(d.Text(fmt.Sprintf("Incorrect Answer %d", i))); wrong != "" {
			choices = append(choices, wrong)
		}
	}
	if len(choices) == 1 {
		return nil, errors.New("the row has no Incorrect Answer")
	}
	shuffleChoices(choices, t.Seed, index)
	gold := slices.Index(choices, right)
	return &eval.Instance{
		Question: question, Gold: letter(gold), Choices: choices,
		Metadata: map[string]any{
			"index": index, "gold_idx": gold, "gold_text": right,
			"subdomain": subdomain, "explanation": d.Text("Explanation"),
		},
	}, nil
}

// shuffleChoices gives each row an order of its own that a seed fixes.
func shuffleChoices(choices []string, seed int64, index int) {
	pyrand.NewString(fmt.Sprintf("%d:%d", seed, index)).Shuffle(len(choices), func(i, j int) {
		choices[i], choices[j] = choices[j], choices[i]
	})
}

// gpqaText takes the marks "[title]" and runs of spaces out of a text.
func gpqaText(s string) string {
	if strings.Contains(s, "[") {
		s = gpqaTitle().ReplaceAllString(s, ". ")
	}
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return strings.TrimFunc(s, pySpace)
}

// anySpace is a class of what Python's \s matches.
const anySpace = `[\t-\r\x1c-\x20\x{85}\p{Z}]`

var (
	gpqaTitle  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)` + anySpace + `*\[title\]` + anySpace + `*`) })
	gpqaStated = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)ANSWER` + anySpace + `*:` + anySpace + `*\(?(` + anyLetter + `)\)?`)
	})
	gpqaRound = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\(([A-Z])\)`) })
)

// anyLetter is a class of what Python's [A-Z] matches whatever the case.
const anyLetter = `[A-Z\x{130}\x{131}]`

// gpqaLetter reads the letter of an answer, upper case: the last "ANSWER: X" or
// "ANSWER: (X)" in any case, else the last "(X)", else the last capital that
// stands alone if it is A, B, C or D. Any letter follows the colon, so "Answer:
// The …" reads as T. Where choices are scored it is the likeliest one's.
type gpqaLetter struct{}

var (
	_ eval.Extractor       = gpqaLetter{}
	_ eval.RecordExtractor = gpqaLetter{}
)

func (gpqaLetter) Extract(_ *eval.Instance, out *eval.Output) any {
	if l := lastGroup(gpqaStated(), out.Text); l != nil {
		return l
	}
	if l := lastGroup(gpqaRound(), out.Text); l != nil {
		return l
	}
	if l := lastAlone(out.Text); l != "" && l <= "D" {
		return l
	}
	return nil
}

func (x gpqaLetter) ExtractRecord(ctx context.Context, rec *eval.Record) error {
	return extractLetters(ctx, x, rec)
}

// extractLetters takes the likeliest of several scored choices, and reads any
// other output by itself.
func extractLetters(ctx context.Context, x eval.Extractor, rec *eval.Record) error {
	if rec.Request != nil && rec.Request.Type == eval.Loglikelihood && len(rec.Outputs) > 1 {
		return answer.Choice{}.ExtractRecord(ctx, rec)
	}
	for i := range rec.Outputs {
		rec.Outputs[i].Answer = x.Extract(rec.Instance, &rec.Outputs[i])
	}
	return nil
}

// lastGroup is the first group of a pattern's last match in upper case, or nil.
func lastGroup(re *regexp.Regexp, text string) any {
	all := re.FindAllStringSubmatchIndex(text, -1)
	if len(all) == 0 {
		return nil
	}
	at := all[len(all)-1]
	return strings.ToUpper(text[at[2]:at[3]])
}

// lastAlone is the last of the letters A to Z that has no letter, digit or
// underscore beside it, "" if there is none.
func lastAlone(s string) string {
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] < 'A' || s[i] > 'Z' {
			continue
		}
		before, m := utf8.DecodeLastRuneInString(s[:i])
		after, n := utf8.DecodeRuneInString(s[i+1:])
		if (m == 0 || !word(before)) && (n == 0 || !word(after)) {
			return s[i : i+1]
		}
	}
	return ""
}

// endWithLetter ends the system prompts that ask for a letter.
const endWithLetter = "End your response with \"ANSWER: X\" where X is the letter of your chosen answer."

// statesLetter is a right answer in the form that endWithLetter asks for.
func statesLetter(in *eval.Instance) (string, bool) {
	gold, ok := in.GoldText()
	return "ANSWER: " + gold, ok
}

func refMCQAChat(p *prompt.MCQAChat) map[string]any {
	return map[string]any{"type": "MCQAChatFormatter", "system_prompt": p.SystemPrompt}
}
