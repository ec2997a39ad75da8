package benchmarks

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Questions on a paragraph that take counting, sorting or arithmetic; the answer
// is a number, a date or spans of the text (Dua et al. 2019, arXiv 1903.00161; CC
// BY-SA 4.0). drop has the model write it; drop:mc, drop:rc and drop:bpb choose
// among four answers, three of them made up for OLMES (Gu et al. 2024, arXiv
// 2406.08446). A written answer is one span, so a question whose answer is
// several can be partly right only.

const (
	dropFrame   = "Passage: {passage}\nQuestion: {question}"
	dropWritten = dropFrame + "\nAnswer:"
)

func dropTasks() []eval.Def {
	written := drop("drop", "EleutherAI/drop", &dropText{
		Completion: *prompt.NewCompletion(), passageBlock: passageBlock{dropWritten},
	})
	written.Description = "reading comprehension with arithmetic: the answer a number, a date or spans"
	written.Read, written.ReadShot = readDROP, shotDROP
	written.Fewshot = eval.Fewshot{Split: "train", Draw: true, Seed: 42}
	written.Oracle = oracleDROP
	measureDROP(&written)

	cloze := drop("drop:rc", "allenai/drop_mc", dropChoices(prompt.Cloze))
	cloze.Description = "reading comprehension with arithmetic and four answers: asked as cloze"
	cloze.Read, cloze.ReadShot = readDROP, shotDROP
	cloze.Chance = 0.25
	curated(&cloze, dropChoiceSet, 5, "olmes_drop_mc_fixed")
	measureBy(&cloze, accPerChar())

	bits := drop("drop:bpb", "allenai/drop_mc", &dropBits{PPL: *prompt.NewPPL(), passageBlock: passageBlock{dropWritten}})
	bits.Description = "reading comprehension with arithmetic: bits per byte of the right answer"
	bits.Read, bits.ReadShot = readDROPBits, shotDROPBits
	curated(&bits, dropChoiceSet, 5, "olmes_drop_mc_fixed")
	refFormat(&bits, refPPL())
	measureBits(&bits)

	return []eval.Def{
		{Task: written, Variants: []eval.Variant{
			unchanged("gen"),
			{Name: "mc", Description: "four answers shown, letters scored", Apply: dropLetters},
			{Name: "olmo3base", Description: "five curated examples after a description", Apply: func(t *eval.Task) {
				curated(t, dropTextSet, 5, "olmes_drop_fixed")
				dropShots(t)
			}},
			{Name: "fixed", Description: "mc:olmo3base with the examples that have choices", Apply: dropFixed},
		}},
		{Task: cloze, Variants: []eval.Variant{unchanged("olmo3base")}},
		{Task: bits, Variants: []eval.Variant{unchanged("olmo3base")}},
	}
}

const (
	dropTextSet   = "drop_fixed_fewshot"
	dropChoiceSet = "drop_mc_fixed_fewshot"
)

func drop(name, path string, p eval.Formatter) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/drop.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(100, "Passage:", "Question:", "\n\n"),
		},
		Extract: trimmed{},
		Ref:     &eval.Ref{Name: name, Source: eval.RefSource{Path: path}, IntZero: true},
	}
}

// measureDROP is DROP's F1, the primary, and its exact match.
func measureDROP(t *eval.Task) {
	f1 := measure{metric.F1(score.DROPF1{}), eval.RefMetric{Type: "F1Metric", Name: "f1", Scorer: "DROPF1Scorer"}}
	exact := measure{
		metric.Accuracy(score.DROPExactMatch{}),
		eval.RefMetric{Type: "AccuracyMetric", Name: "accuracy", Scorer: "DROPExactMatchScorer"},
	}
	measureBy(t, f1, exact)
	t.Primary = "f1"
	if t.Ref != nil {
		t.Ref.Primary = &f1.ref
	}
}

// dropText has the model write the answer. Before worked examples stands a
// description.
type dropText struct {
	prompt.Completion
	passageBlock
	// Text stands before the worked examples, as it is; without any it is left
	// out.
	Text string `json:"text"`
	// TextName names the published text that is taken where Text is empty, "" for
	// none.
	TextName string `json:"text_name"`
}

// dropBits scores the right answer.
type dropBits struct {
	prompt.PPL
	passageBlock
}

// dropChoice has the passage before the question. With a passage_template the
// worked examples are shown as questions it makes, without choices or answers:
// what becomes of written examples in the reference.
type dropChoice struct {
	prompt.Framed
	passageBlock
}

var (
	_ eval.TextFormatter = (*dropText)(nil)
	_ eval.Formatter     = (*dropBits)(nil)
	_ eval.Formatter     = (*dropChoice)(nil)
)

func dropChoices(style string) *dropChoice {
	p := &dropChoice{Framed: *prompt.NewFramed("passage", dropFrame)}
	p.Style = style
	return p
}

// Texts names the description if it is to be fetched.
func (p *dropText) Texts() []string {
	if p.Text != "" || p.TextName == "" {
		return nil
	}
	return []string{p.TextName}
}

// WithTexts fills in the description.
func (p *dropText) WithTexts(texts map[string]string) eval.Formatter {
	filled := *p
	if text, ok := texts[p.TextName]; ok && p.Text == "" {
		filled.Text = text
	}
	return &filled
}

// Prepare puts the description before the worked examples.
func (p *dropText) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	render, err := p.Completion.Prepare(shots)
	if err != nil || len(shots) == 0 {
		return render, err
	}
	if names := p.Texts(); len(names) > 0 {
		return nil, fmt.Errorf("prompt text %q was not fetched", names[0])
	}
	text := p.Text
	return func(in *eval.Instance) (*eval.Request, error) {
		req, err := render(in)
		if err == nil {
			req.Prompt = text + req.Prompt
			req.Shared += len(text)
		}
		return req, err
	}, nil
}

// Prepare renders the worked examples.
func (p *dropChoice) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if p.PassageTemplate == "" {
		return p.Framed.Prepare(shots)
	}
	bare := p.Framed
	var parts []string
	if bare.Instruction != "" {
		parts = append(parts, bare.Instruction)
	}
	for _, s := range shots {
		shown, err := bare.Shown(s)
		if err != nil {
			return nil, err
		}
		parts = append(parts, shown)
	}
	bare.Instruction = strings.Join(parts, bare.Separator)
	return bare.Prepare(nil)
}

// dropLetters asks the rows with choices by letters.
func dropLetters(t *eval.Task) {
	t.Prompt = dropChoices(prompt.Letters)
	t.Source = eval.Source{Path: "allenai/drop_mc"}
	t.Oracle, t.Chance = nil, 0.25
	measureBy(t, accSum())
	t.Primary = ""
	if t.Ref != nil {
		t.Ref.Source = eval.RefSource{Path: t.Source.Path}
		t.Ref.Formatter, t.Ref.Primary = refChoices(), &t.Ref.Metrics[0]
	}
	dropShots(t)
}

// dropShots shows the curated written examples in the form the task asks in.
func dropShots(t *eval.Task) {
	if t.Fewshot.Set != dropTextSet {
		return
	}
	switch p := t.Prompt.(type) {
	case *dropText:
		p.TextName = "drop._description"
	case *dropChoice:
		p.PassageTemplate = dropWritten
		warn(t, "fewshot_form", "the worked examples are written ones: each shows an empty passage, its own passage "+
			"and question, no choices and no answer; "+t.Name+":mc:olmo3base:fixed shows choices and answers")
	}
}

// dropFixed gives mc:olmo3base the examples that have choices.
func dropFixed(t *eval.Task) {
	if p, ok := t.Prompt.(*dropChoice); ok && t.Fewshot.Set == dropTextSet {
		p.PassageTemplate = ""
		t.Fewshot.Set = dropChoiceSet
	}
	unwarn(t, "fewshot_form")
	t.Ref = nil
}

// readDROP reads a row with choices (it has passage_original) or one with
// passage, question, answer and validated_answers.
func readDROP(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if _, ok := d["passage_original"]; ok {
		return readDROPChoice(d, index)
	}
	in, err := shotDROP(t, d, index)
	if err != nil {
		return nil, err
	}
	id := d.Text("query_id")
	if id == "" {
		id = fmt.Sprintf("drop_%d", index)
	}
	in.Metadata["id"], in.Metadata["index"] = id, index
	in.Cluster = passageCluster(d.Text("passage"))
	return in, nil
}

func shotDROP(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if _, ok := d["passage_original"]; ok {
		return dropRow(d)
	}
	if err := lacks(d, "passage", "question", "answer"); err != nil {
		return nil, err
	}
	question, err := layPassage(t, "", d.Text("passage"), d.Text("question"))
	if err != nil {
		return nil, err
	}
	answers, err := dropAnswers(d)
	if err != nil {
		return nil, err
	}
	return &eval.Instance{
		Question: question, Gold: " " + strings.Join(answers[0], ", "),
		Metadata: map[string]any{"answers": answers},
	}, nil
}

// dropAnswers are the accepted answers, each once, the row's own first.
func dropAnswers(d eval.Doc) ([][]string, error) {
	own, validated := d.Doc("answer"), d.Doc("validated_answers")
	if own == nil {
		return nil, errors.New("answer is no object")
	}
	all := [][]string{dropAnswer(own.Text("number"), own["spans"], own["date"])}
	seen := map[string]bool{strings.Join(all[0], "\x00"): true}
	numbers := validated.Texts("number")
	spans, _ := validated["spans"].([]any)
	dates, _ := validated["date"].([]any)
	if len(spans) != len(numbers) || len(dates) != len(numbers) {
		return nil, fmt.Errorf("validated_answers has %d numbers, %d spans and %d dates", len(numbers), len(spans), len(dates))
	}
	for i, number := range numbers {
		a := dropAnswer(number, spans[i], dates[i])
		if key := strings.Join(a, "\x00"); !seen[key] {
			seen[key] = true
			all = append(all, a)
		}
	}
	return all, nil
}

// dropAnswer is the number, else the spans, else the date, of which any part may
// be empty.
func dropAnswer(number string, spans, date any) []string {
	if number != "" {
		return []string{number}
	}
	one := eval.Doc{"spans": spans, "date": date}
	if list := one.Texts("spans"); len(list) > 0 {
		return list
	}
	day := one.Doc("date")
	return []string{strings.TrimFunc(day.Text("day")+" "+day.Text("month")+" "+day.Text("year"), pySpace)}
}

// oracleDROP is an accepted answer of one span; where all have several there is
// none that is wholly right.
func oracleDROP(in *eval.Instance) (string, bool) {
	answers, _ := in.Metadata["answers"].([][]string)
	for _, a := range answers {
		if len(a) == 1 && strings.TrimFunc(a[0], pySpace) != "" {
			return a[0], true
		}
	}
	return "", false
}

// dropRow reads passage_original, question_original, choices.text and answerKey.
func dropRow(d eval.Doc) (*eval.Instance, error) {
	if err := lacks(d, "passage_original", "question_original"); err != nil {
		return nil, err
	}
	choices, gold, err := lettered(d)
	if err != nil {
		return nil, err
	}
	in := worked(d.Text("question_original"), choices, gold)
	in.Metadata["passage"] = strings.TrimFunc(d.Text("passage_original"), pySpace)
	return in, nil
}

// readDROPChoice has the letter as its gold answer.
func readDROPChoice(d eval.Doc, index int) (*eval.Instance, error) {
	in, err := dropRow(d)
	if err != nil {
		return nil, err
	}
	gold, _ := in.GoldIndex()
	in.Gold = letter(gold)
	delete(in.Metadata, "mc_answer")
	in.Metadata["id"], in.Metadata["index"] = rowID(d, "drop_mc", index), index
	in.Cluster = passageCluster(in.Text("passage"))
	return in, nil
}

// shotDROPBits has passage and question as one text, and the right choice after
// a space as its gold answer.
func shotDROPBits(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	in, err := dropRow(d)
	if err != nil {
		return nil, err
	}
	if in.Question, err = layPassage(t, "", in.Text("passage"), in.Question); err != nil {
		return nil, err
	}
	in.Gold = " " + in.Text("gold_text")
	delete(in.Metadata, "mc_answer")
	return in, nil
}

func readDROPBits(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotDROPBits(t, d, index)
	if err == nil {
		in.Metadata["id"], in.Metadata["index"] = rowID(d, "drop_mc", index), index
		in.Cluster = passageCluster(in.Text("passage"))
	}
	return in, err
}
