package benchmarks

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Questions that people typed into a search engine, asked without the page that
// answers them (Kwiatkowski et al. 2019, TACL 7; the open form: Lee, Chang and
// Toutanova 2019, arXiv 1906.00300; CC BY-SA 3.0). naturalqs has the model write
// the answer, scored as DROP is; naturalqs:mc, naturalqs:rc and naturalqs:bpb
// choose among four answers, three of them made up for OLMES (Gu et al. 2024,
// arXiv 2406.08446).

func naturalQsTasks() []eval.Def {
	const asText = "Question: {question}\nAnswer:"
	p := &askedText{Completion: *prompt.NewCompletion(), asked: asked{asText}}
	p.ShotAnswerPrefix = " "
	written := naturalQs("naturalqs", "google-research-datasets/nq_open", p)
	written.Description = "questions of search engine users, answered from memory"
	written.Sampling = greedy(50, "Question:", "Q:", "\n\n")
	written.Fewshot.Num = 5
	written.Read, written.ReadShot = readNaturalQs, shotNaturalQs
	written.Extract = trimmed{}
	measureDROP(&written)

	letters := naturalQsChoices("naturalqs:mc", prompt.NewChoice())
	letters.Description = "questions of search engine users, four answers shown, letters scored"
	refFormat(&letters, refChoices())
	measureBy(&letters, accSum())

	p2 := prompt.NewChoice()
	p2.Style = prompt.Cloze
	cloze := naturalQsChoices("naturalqs:rc", p2)
	cloze.Description = "questions of search engine users, four answers, asked as cloze"
	measureBy(&cloze, accPerChar())

	bits := naturalQsChoices("naturalqs:bpb", &askedBits{PPL: *prompt.NewPPL(), asked: asked{asText}})
	bits.Description = "questions of search engine users: bits per byte of the right answer"
	bits.Read, bits.ReadShot = readNaturalQsBits, shotNaturalQsBits
	refFormat(&bits, refPPL())
	measureBits(&bits)

	more := func(t *eval.Task) {
		limit := 10000
		t.Limit, t.Seed = &limit, 1234
	}
	olmo3base := eval.Variant{Name: "olmo3base", Description: "10,000 questions", Apply: more}
	return []eval.Def{
		{Task: written, Variants: []eval.Variant{
			unchanged("gen"),
			{Name: "olmo3base", Description: "five curated examples, 10,000 questions", Apply: func(t *eval.Task) {
				more(t)
				curated(t, "naturalqs_fixed_fewshot", 5, "naturalqs_fixed")
			}},
		}},
		{Task: letters, Variants: []eval.Variant{olmo3base}},
		{Task: cloze, Variants: []eval.Variant{olmo3base}},
		{Task: bits, Variants: []eval.Variant{olmo3base}},
	}
}

func naturalQs(name, path string, p eval.Formatter) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/naturalqs.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
}

func naturalQsChoices(name string, p eval.Formatter) eval.Task {
	t := naturalQs(name, "allenai/nq_open_mc", p)
	t.Read, t.ReadShot = readNaturalQsChoice, shotNaturalQsChoice
	t.Extract, t.Chance = answer.Text{}, 0.25
	curated(&t, "nq_mc_fixed_fewshot", 5, "nq_mc_fixed")
	return t
}

// asked makes the question of an instance out of fields of its row. askedText and
// askedBits are the prompts that have it.
type asked struct {
	// QuestionTemplate renders the question: {question}, and what else the task
	// has in its rows ({category}).
	QuestionTemplate string `json:"question_template"`
}

func (a asked) ask(fields ...string) (string, error) {
	return prompt.Fill("question_template", a.QuestionTemplate, fields...)
}

// askAs is the question as the task's prompt has it. Fields are names and values
// in turn.
func askAs(t *eval.Task, fields ...string) (string, error) {
	return t.Prompt.(interface {
		ask(fields ...string) (string, error)
	}).ask(fields...)
}

type askedText struct {
	prompt.Completion
	asked
}

type askedBits struct {
	prompt.PPL
	asked
}

var (
	_ eval.Formatter = (*askedText)(nil)
	_ eval.Formatter = (*askedBits)(nil)
)

// readNaturalQs reads question and answer, a list. Blank answers do not count; a
// row without a question or answer is dropped.
func readNaturalQs(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question := strings.TrimFunc(d.Text("question"), pySpace)
	answers := notBlank(d.Texts("answer"))
	if question == "" || len(answers) == 0 {
		return nil, nil
	}
	in, err := naturalQsWritten(t, question, answers, answers[0])
	if err != nil {
		return nil, err
	}
	in.Metadata["id"], in.Metadata["index"] = any(index), index
	if own, ok := d["index"]; ok {
		in.Metadata["id"] = own
	}
	return in, nil
}

// shotNaturalQs shows all answers of a row of the curated set; drawn rows show
// their first and are numbered 0, as in the reference.
func shotNaturalQs(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if t.Fewshot.Set == "" {
		return readNaturalQs(t, d, 0)
	}
	answers := notBlank(d.Texts("answer"))
	switch {
	case d.Text("question") == "":
		return nil, errors.New("question is missing or empty")
	case len(answers) == 0:
		return nil, errors.New("answer is missing or empty")
	}
	in, err := naturalQsWritten(t, d.Text("question"), answers, strings.Join(answers, ", "))
	if err == nil {
		in.Metadata["id"] = fmt.Sprintf("naturalqs_fixed_%d", index)
	}
	return in, err
}

func naturalQsWritten(t *eval.Task, question string, answers []string, gold string) (*eval.Instance, error) {
	text, err := askAs(t, "question", question)
	if err != nil {
		return nil, err
	}
	accepted := make([][]string, len(answers))
	for i, a := range answers {
		accepted[i] = []string{a}
	}
	return &eval.Instance{
		Question: text, Gold: gold,
		Metadata: map[string]any{"all_answers": answers, "answers": accepted},
	}, nil
}

// notBlank are the texts that hold more than white space.
func notBlank(list []string) []string {
	var out []string
	for _, s := range list {
		if strings.TrimFunc(s, pySpace) != "" {
			out = append(out, s)
		}
	}
	return out
}

// readNaturalQsChoice has the letter as its gold answer. A row without a question
// or choices is dropped.
func readNaturalQsChoice(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotNaturalQsChoice(t, d, index)
	if in == nil || err != nil {
		return nil, err
	}
	gold, _ := in.GoldIndex()
	in.Gold = letter(gold)
	delete(in.Metadata, "mc_answer")
	in.Metadata["id"], in.Metadata["index"], in.Metadata["dataset"] = rowID(d, "nq_mc", index), index, "naturalqs_mc"
	return in, nil
}

func shotNaturalQsChoice(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	question := d.Text("question")
	if question == "" || len(d.Doc("choices").Texts("text")) == 0 {
		return nil, nil
	}
	choices, gold, err := lettered(d)
	if err != nil {
		return nil, err
	}
	return worked(question, choices, gold), nil
}

// shotNaturalQsBits has the right choice after a space as its gold answer.
func shotNaturalQsBits(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotNaturalQsChoice(t, d, index)
	if in == nil || err != nil {
		return nil, err
	}
	if in.Question, err = askAs(t, "question", in.Question); err != nil {
		return nil, err
	}
	in.Gold = " " + in.Text("gold_text")
	delete(in.Metadata, "mc_answer")
	return in, nil
}

func readNaturalQsBits(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotNaturalQsBits(t, d, index)
	if in == nil || err != nil {
		return nil, err
	}
	in.Metadata["id"], in.Metadata["index"] = rowID(d, "nq_bpb", index), index
	return in, nil
}
