package benchmarks

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Questions on a paragraph of Wikipedia whose answer is a piece of it (Rajpurkar
// et al. 2016, arXiv 1606.05250; CC BY-SA 4.0). squad has the model write the
// answer; squad:mc, squad:rc and squad:bpb, tasks of their own, choose among four
// (three of them made up for OLMES, Gu et al. 2024, arXiv 2406.08446).

func squadTasks() []eval.Def {
	written := squad("squad", "allenai/squad", &squadText{
		Completion: prompt.Completion{
			Instruction: "The following are reading comprehension questions, where the answer to each question " +
				"is a segment of text from the corresponding background text.",
			Template: "{question}", ShotAnswerPrefix: " ", Separator: "\n\n",
		},
		passageBlock: passageBlock{"Title: {title}\nBackground: {passage}\nQuestion: {question}\nAnswer:"},
	})
	written.Description = "reading comprehension, the answer a piece of the paragraph"
	written.Sampling = greedy(50, "Title:", "\n\n")
	written.Read, written.ReadShot = readSQuAD, shotSQuAD
	written.Extract, written.Chance = trimmed{}, 0
	curated(&written, "squad_fixed_fewshot", 5, "squad_fixed")
	measureBy(&written, squadF1())

	letters := squadChoices("squad:mc", prompt.Letters, "choices shown, letters scored")
	refFormat(&letters, refChoices())
	measureBy(&letters, accSum())

	cloze := squadChoices("squad:rc", prompt.Cloze, "asked as cloze")
	measureBy(&cloze, accPerChar())

	bits := squadChoices("squad:bpb", prompt.Cloze, "bits per byte of the right answer")
	bits.Prompt.(*squadChoice).Score = prompt.Gold
	measureBits(&bits)

	more := func(t *eval.Task) {
		limit := 10000
		t.Limit, t.Seed = &limit, 1234
	}
	olmo3base := eval.Variant{Name: "olmo3base", Description: "10,000 questions", Apply: more}
	return []eval.Def{
		{Task: written, Variants: []eval.Variant{unchanged("gen"), olmo3base}},
		{Task: letters, Variants: []eval.Variant{olmo3base}},
		{Task: cloze, Variants: []eval.Variant{olmo3base}},
		{Task: bits, Variants: []eval.Variant{{
			Name: "olmo3base", Description: "10,000 questions, at most 2,048 tokens of prompt and answer",
			Apply: func(t *eval.Task) {
				more(t)
				length := 2048
				t.MaxLength = &length
			},
		}}},
	}
}

func squad(name, path string, p eval.Formatter) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/squad.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
}

func squadChoices(name, style, form string) eval.Task {
	p := prompt.NewChoice()
	p.Style, p.QuestionTemplate = style, "{question}"
	t := squad(name, "allenai/squad_mc", &squadChoice{
		Choice:       *p,
		passageBlock: passageBlock{"Title: {title}\nPassage: {passage}\nQuestion: {question}"},
	})
	t.Description = "reading comprehension with four answers: " + form
	t.Read, t.ReadShot = readSQuADChoice, shotSQuADChoice
	curated(&t, "squad_mc_fixed_fewshot", 5, "squad_mc_fixed")
	return t
}

// squadText and squadChoice are prompts whose question has a passage before it.
type squadText struct {
	prompt.Completion
	passageBlock
}

type squadChoice struct {
	prompt.Choice
	passageBlock
}

var (
	_ eval.Formatter = (*squadText)(nil)
	_ eval.Formatter = (*squadChoice)(nil)
)

// passageBlock makes one text of a passage and a question on it.
type passageBlock struct {
	// PassageTemplate renders them: {title}, {passage}, {question}.
	PassageTemplate string `json:"passage_template"`
}

func (b passageBlock) lay(title, passage, question string) (string, error) {
	return prompt.Fill("passage_template", b.PassageTemplate, "title", title, "passage", passage, "question", question)
}

// layPassage is the question as the task's prompt has it.
func layPassage(t *eval.Task, title, passage, question string) (string, error) {
	return t.Prompt.(interface {
		lay(title, passage, question string) (string, error)
	}).lay(title, passage, question)
}

// passageCluster names the group of questions on one passage.
func passageCluster(passage string) string { return eval.HashJSON(passage) }

// squadF1 is the best F1 over the accepted answers.
func squadF1() measure {
	return measure{metric.F1(score.SQuADF1{}), eval.RefMetric{Type: "SQuADF1Metric", Name: "f1", Scorer: "SQuADF1Scorer"}}
}

// trimmed takes the output without the white space round it.
type trimmed struct{}

var _ eval.Extractor = trimmed{}

// Extract returns the text, which may be empty.
func (trimmed) Extract(_ *eval.Instance, out *eval.Output) any {
	return strings.TrimFunc(out.Text, pySpace)
}

// readSQuAD reads title, context, question and answers.text, the first of which
// is the gold answer.
func readSQuAD(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotSQuAD(t, d, index)
	if err != nil {
		return nil, err
	}
	in.Metadata["index"] = index
	in.Metadata["all_answers"] = d.Doc("answers").Texts("text")
	in.Cluster = passageCluster(d.Text("context"))
	return in, nil
}

func shotSQuAD(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if err := lacks(d, "title", "context", "question"); err != nil {
		return nil, err
	}
	question, err := layPassage(t, d.Text("title"), d.Text("context"), d.Text("question"))
	if err != nil {
		return nil, err
	}
	answers := d.Doc("answers").Texts("text")
	if len(answers) == 0 {
		return nil, errors.New("answers.text is missing or empty")
	}
	return &eval.Instance{
		Question: question, Gold: answers[0],
		Metadata: map[string]any{"id": rowID(d, "squad", index)},
	}, nil
}

// rowID is the row's id, else one made of its number.
func rowID(d eval.Doc, dataset string, index int) string {
	if id := d.Text("id"); id != "" {
		return id
	}
	return fmt.Sprintf("%s_%d", dataset, index)
}

// lettered reads choices.text and answerKey, the letter of the right choice.
func lettered(d eval.Doc) (choices []string, gold int, err error) {
	choices = d.Doc("choices").Texts("text")
	key := d.Text("answerKey")
	if len(key) != 1 || key[0] < 'A' || int(key[0]-'A') >= len(choices) {
		return nil, 0, fmt.Errorf("answerKey %q names none of %d choices", key, len(choices))
	}
	return choices, int(key[0] - 'A'), nil
}

func shotSQuADChoice(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacks(d, "title_original", "context_original", "question_original"); err != nil {
		return nil, err
	}
	passage := strings.TrimFunc(d.Text("context_original"), pySpace)
	question, err := layPassage(t, d.Text("title_original"), passage, d.Text("question_original"))
	if err != nil {
		return nil, err
	}
	choices, gold, err := lettered(d)
	if err != nil {
		return nil, err
	}
	return worked(question, choices, gold), nil
}

// readSQuADChoice has the letter as its gold answer.
func readSQuADChoice(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotSQuADChoice(t, d, index)
	if err != nil {
		return nil, err
	}
	gold, _ := in.GoldIndex()
	in.Gold = letter(gold)
	in.Metadata = map[string]any{
		"id": rowID(d, "squad_mc", index), "index": index, "dataset": "squad_mc",
		"gold_idx": gold, "gold_text": in.Choices[gold],
	}
	in.Cluster = passageCluster(strings.TrimFunc(d.Text("context_original"), pySpace))
	return in, nil
}
