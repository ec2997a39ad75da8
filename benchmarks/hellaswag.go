package benchmarks

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// How a described scene goes on, of four endings (Zellers et al. 2019, arXiv
// 1905.07830). The scene is the context and the endings are its continuations;
// no words frame them unless the endings are shown.

func hellaswagTasks() []eval.Def {
	const path = "allenai/hellaswag"
	p := prompt.NewChoice()
	p.Style = prompt.Cloze
	p.QuestionTemplate = "{question}"
	p.ChoicesIntro = "\nChoose the best continuation:\n"
	p.AnswerSuffix = ""
	t := eval.Task{
		Name: "hellaswag", Version: "1", Defined: "benchmarks/hellaswag.go",
		Description: "the likeliest of four endings of a scene",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Read: readHellaSwag, ReadShot: shotHellaSwag, Select: selectWithTrain,
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: "hellaswag", Source: eval.RefSource{Path: path}},
	}
	measureBy(&t, accSum())
	shots := func(t *eval.Task) {
		limit := 10000
		t.Limit = &limit
		curated(t, "hellaswag_fixed_fewshot", 5, "olmes_hellaswag_fixed")
		warn(t, "fewshot_leak", "with a limit rows of train are evaluated too, the worked examples among them")
	}
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		{Name: "rc", Description: "acc_per_char", Apply: func(t *eval.Task) { measureAnswers(t, accPerChar()) }},
		{Name: "mc", Description: "endings shown, letters scored", Apply: func(t *eval.Task) {
			choice(t).Style, choice(t).AnswerSuffix = prompt.Letters, "\nAnswer:"
			refFormat(t, refChoices())
		}},
		{Name: "olmo3base", Description: "five curated examples, 10,000 questions", Apply: shots},
		{Name: "xlarge", Description: "five curated examples, 10,000 questions", Apply: shots},
		{Name: "bpb", Description: "bits per byte of the right ending; all endings are asked", Apply: func(t *eval.Task) {
			measureBits(t)
			unwarn(t, "reference_metric")
		}},
		{Name: "fixed", Description: "a limit keeps to the split and the seed of the task", Apply: func(t *eval.Task) {
			t.Select, t.Ref = nil, nil
			unwarn(t, "fewshot_leak")
		}},
	}}}
}

// hellaswagRow reads the scene, its endings and the index of the right one, -1
// in a row without label.
func hellaswagRow(d eval.Doc) (scene string, endings []string, gold int, err error) {
	scene = tidy(d.Text("activity_label") + ": " + d.Text("ctx_a") + " " + capitalize(d.Text("ctx_b")))
	raw := d.Texts("endings")
	endings = make([]string, len(raw))
	for i, e := range raw {
		endings[i] = tidy(e)
	}
	if d.Text("label") == "" {
		return scene, endings, -1, nil
	}
	gold, ok := d.Int("label")
	if !ok || gold < 0 || gold >= len(endings) {
		err = fmt.Errorf("label %q names none of %d endings", d.Text("label"), len(endings))
	}
	return scene, endings, gold, err
}

func readHellaSwag(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	scene, endings, gold, err := hellaswagRow(d)
	if err != nil {
		return nil, err
	}
	text := ""
	if gold >= 0 {
		text = endings[gold]
	}
	id := d["ind"]
	if n, ok := d.Int("ind"); ok {
		id = n
	}
	return &eval.Instance{
		Question: scene, Gold: strconv.Itoa(gold), Choices: endings,
		Metadata: map[string]any{"id": id, "index": index, "dataset": "hellaswag", "gold_idx": gold, "gold_text": text},
	}, nil
}

func shotHellaSwag(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	scene, endings, gold, err := hellaswagRow(d)
	if err != nil {
		return nil, err
	}
	if gold < 0 {
		return nil, nil // no example without its ending
	}
	return worked(scene, endings, gold), nil
}

// tidy takes WikiHow's marks out of a text: " [title]" ends a sentence, other
// [marks] go, and of two spaces one stays.
func tidy(s string) string {
	s = strings.TrimFunc(s, pySpace)
	if strings.IndexByte(s, '[') >= 0 {
		s = dropMarks(endTitles(s))
	}
	return strings.ReplaceAll(s, "  ", " ")
}

// endTitles replaces each match of `\.? \[title\]` by ". ".
func endTitles(s string) string {
	s = strings.ReplaceAll(s, ". [title]", " [title]")
	return strings.ReplaceAll(s, " [title]", ". ")
}

// dropMarks removes each match of `\[.*?\]`; a mark does not span lines.
func dropMarks(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for {
		open := strings.IndexByte(s, '[')
		if open < 0 {
			break
		}
		n := strings.IndexAny(s[open:], "]\n")
		if n < 0 {
			break // no later mark is closed on its line either
		}
		b.WriteString(s[:open])
		if s[open+n] == '\n' {
			b.WriteString(s[open : open+n])
		} else {
			n++
		}
		s = s[open+n:]
	}
	b.WriteString(s)
	return b.String()
}

// pySpace is what Python strips.
func pySpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

// capitalize is Python's: the first letter in title case, the rest in lower.
func capitalize(s string) string {
	if s == "" {
		return ""
	}
	r, n := utf8.DecodeRuneInString(s)
	first := string(unicode.ToTitle(r))
	if r == 'ß' {
		first = "Ss"
	}
	rest := s[n:]
	if strings.ContainsRune(rest, 'İ') { // its small form has two code points
		rest = strings.ReplaceAll(rest, "İ", "i\u0307")
	}
	return first + strings.ToLower(rest)
}
