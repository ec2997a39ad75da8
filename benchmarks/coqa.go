package benchmarks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Conversations about a passage, asked turn by turn (Reddy, Chen and Manning
// 2019, arXiv 1808.07042; licences by source of the passage). coqa has the model
// write the answer, the earlier turns with their right answers before it. coqa:mc,
// coqa:rc and coqa:bpb, tasks of their own, choose among four answers to one turn,
// three of them made up; there passage and turns stand in the row as one text.

func coqaTasks() []eval.Def {
	p := &coqaChoice{Choice: *prompt.NewChoice(), TurnTemplate: "Question: {question}"}
	p.QuestionTemplate = "{question}"
	letters := coqa("coqa:mc", "allenai/coqa_mc", p)
	letters.Description = "questions of a conversation about a passage: choices shown, letters scored"
	letters.Read, letters.ReadShot = readCoQALetters, shotCoQALetters
	measureBy(&letters, accSum())

	cloze := coqaCloze("coqa:rc", "four answers, asked as cloze")
	measureBy(&cloze, accPerChar())

	bits := coqaCloze("coqa:bpb", "bits per byte of the right answer; all answers are asked")
	measureBits(&bits)

	return []eval.Def{
		coqaWritten(),
		{Task: letters, Variants: []eval.Variant{unchanged("olmo3base")}},
		{Task: cloze, Variants: []eval.Variant{unchanged("olmo3base")}},
		{Task: bits, Variants: []eval.Variant{{
			Name: "olmo3base", Description: "the rows of allenai/coqa-gen2mc",
			Apply: func(t *eval.Task) {
				t.Source.Path = "allenai/coqa-gen2mc"
				if t.Ref != nil {
					t.Ref.Source.Path = t.Source.Path
				}
			},
		}}},
	}
}

func coqa(name, path string, p eval.Formatter) eval.Task {
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/coqa.go",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "validation", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512),
		},
		Extract: answer.Text{}, Chance: 0.25,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path}},
	}
}

// coqaWritten is the task whose answers are written.
func coqaWritten() eval.Def {
	t := coqa("coqa", "EleutherAI/coqa", &coqaTurns{
		Completion: prompt.Completion{
			Instruction: "Below is a passage followed by a conversation so far, where each turn in the conversation " +
				"contains a question and an answer. Please answer the final question by referring to the passage " +
				"and the previous questions.",
			Template: "{question}", ShotAnswerPrefix: " ", Separator: "\n\n",
		},
		PassageTemplate: "Passage: {passage}",
		PrecedingIntro:  "Preceding questions:", FinalIntro: "Final question:",
		TurnTemplate: "Question: {question}\nAnswer:",
	})
	t.Description = "questions of a conversation about a passage, answered in a few words"
	t.Sampling = greedy(50, "\n\n")
	t.Unfold, t.Read, t.Select = coqaUnfold, readCoQA, selectWithTrain
	t.Extract, t.Chance = firstLine{}, 0
	t.Ref.Source.Split = "test" // of the source; the task's own is validation
	measureBy(&t, squadF1())
	return eval.Def{Task: t, Variants: []eval.Variant{
		unchanged("gen"),
		{Name: "olmo3base", Description: "10,000 turns; an answer ends where another turn begins", Apply: func(t *eval.Task) {
			limit := 10000
			t.Limit = &limit
			t.Sampling.Stop = []string{"\n\n", "Answer:", "Question:"}
			if t.Select != nil {
				warn(t, "train_split", "with a limit rows of train are evaluated too, most of the questions among them")
			}
		}},
		{Name: "fixed", Description: "a limit keeps to the split and the seed of the task", Apply: func(t *eval.Task) {
			t.Select, t.Ref = nil, nil
			unwarn(t, "train_split")
		}},
	}}
}

func coqaCloze(name, form string) eval.Task {
	p := prompt.NewChoice()
	p.Style, p.QuestionTemplate, p.AnswerSuffix = prompt.Cloze, "{question}", ""
	t := coqa(name, "allenai/coqa_mc", p)
	t.Description = "questions of a conversation about a passage: " + form
	t.Read, t.ReadShot = readCoQACloze, shotCoQACloze
	return t
}

// coqaTurns is a prompt of a passage, the earlier turns and the question, with
// Separator between all of them. An earlier turn is followed by ShotAnswerPrefix
// and its answer.
type coqaTurns struct {
	prompt.Completion
	// PassageTemplate renders the passage: {passage}.
	PassageTemplate string `json:"passage_template"`
	// PrecedingIntro stands before the earlier turns, if there are any.
	PrecedingIntro string `json:"preceding_intro"`
	// FinalIntro stands before the question that is asked.
	FinalIntro string `json:"final_intro"`
	// TurnTemplate renders the question of a turn: {question}.
	TurnTemplate string `json:"turn_template"`
}

var _ eval.Formatter = (*coqaTurns)(nil)

// lay is the question of the last turn with all that stands before it; answers
// are those of the earlier turns.
func (p *coqaTurns) lay(passage string, questions, answers []string) (string, error) {
	head, err := prompt.Fill("passage_template", p.PassageTemplate, "passage", passage)
	if err != nil {
		return "", err
	}
	parts := []string{head}
	last := len(questions) - 1
	if last > 0 {
		parts = append(parts, p.PrecedingIntro)
	}
	for i, q := range questions {
		turn, err := prompt.Fill("turn_template", p.TurnTemplate, "question", q)
		if err != nil {
			return "", err
		}
		if i < last {
			turn += p.ShotAnswerPrefix + answers[i]
		} else {
			parts = append(parts, p.FinalIntro)
		}
		parts = append(parts, turn)
	}
	return strings.Join(parts, p.Separator), nil
}

// firstLine takes the first line with anything in it, without the white space
// round it.
type firstLine struct{}

var _ eval.Extractor = firstLine{}

// Extract returns the line, "" where all are blank.
func (firstLine) Extract(_ *eval.Instance, out *eval.Output) any {
	for line := range strings.SplitSeq(out.Text, "\n") {
		if line = strings.TrimFunc(line, pySpace); line != "" {
			return line
		}
	}
	return ""
}

// coqaTurn is the field of an item that says which turn of its row it is.
const coqaTurn = "turn"

// coqaUnfold makes an item of each turn of a conversation.
func coqaUnfold(d eval.Doc) ([]eval.Doc, error) {
	questions, answers := d.Doc("questions").Texts("input_text"), d.Doc("answers").Texts("input_text")
	if len(questions) == 0 || len(questions) != len(answers) {
		return nil, fmt.Errorf("%d questions.input_text and %d answers.input_text; want as many of each, at least one",
			len(questions), len(answers))
	}
	items := make([]eval.Doc, len(questions))
	for i := range items {
		items[i] = maps.Clone(d)
		items[i][coqaTurn] = i
	}
	return items, nil
}

// readCoQA reads story, questions, answers and additional_answers of one turn.
func readCoQA(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if err := lacks(d, coqaTurn, "story"); err != nil {
		return nil, err
	}
	turn, _ := d.Int(coqaTurn)
	questions, answers := d.Doc("questions").Texts("input_text"), d.Doc("answers").Texts("input_text")
	if turn < 0 || turn >= min(len(questions), len(answers)) {
		return nil, fmt.Errorf("turn %d of %d", turn, len(questions))
	}
	story := d.Text("story")
	question, err := t.Prompt.(*coqaTurns).lay(story, questions[:turn+1], answers[:turn])
	if err != nil {
		return nil, err
	}
	accepted := []string{answers[turn]}
	more := d.Doc("additional_answers")
	for _, annotator := range slices.Sorted(maps.Keys(more)) {
		if list := more.Doc(annotator).Texts("input_text"); turn < len(list) && list[turn] != "" {
			accepted = append(accepted, list[turn])
		}
	}
	return &eval.Instance{
		Question: question, Gold: answers[turn],
		Metadata: map[string]any{
			"id": fmt.Sprintf("%s_turn%d", rowID(d, "coqa", index), turn), "source": d.Text("source"),
			"all_answers": accepted,
		},
		Cluster: passageCluster(story),
	}, nil
}

// coqaChoice is a prompt with the passage and the earlier turns, metadata
// passage_context, before the question.
type coqaChoice struct {
	prompt.Choice
	// TurnTemplate renders the question: {question}.
	TurnTemplate string `json:"turn_template"`
}

var _ eval.Formatter = (*coqaChoice)(nil)

// Prepare puts the contexts before the questions.
func (p *coqaChoice) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	whole := make([]*eval.Instance, len(shots))
	for i, s := range shots {
		var err error
		if whole[i], err = p.inContext(s); err != nil {
			return nil, err
		}
	}
	render, err := p.Choice.Prepare(whole)
	if err != nil {
		return nil, err
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		in, err := p.inContext(in)
		if err != nil {
			return nil, err
		}
		return render(in)
	}, nil
}

func (p *coqaChoice) inContext(in *eval.Instance) (*eval.Instance, error) {
	turn, err := prompt.Fill("turn_template", p.TurnTemplate, "question", in.Question)
	if err != nil {
		return nil, err
	}
	whole := *in
	whole.Question = in.Text(coqaContext) + turn
	return &whole, nil
}

const coqaContext = "passage_context"

// coqaRow makes a worked example of a row with choices.
func coqaRow(d eval.Doc, question string) (*eval.Instance, error) {
	if err := lacks(d, "query_original"); err != nil {
		return nil, err
	}
	choices, gold, err := lettered(d)
	if err != nil {
		return nil, err
	}
	return worked(question, choices, gold), nil
}

func shotCoQACloze(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	return coqaRow(d, d.Text("query_original"))
}

// readCoQACloze asks query_original as it is.
func readCoQACloze(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotCoQACloze(t, d, index)
	if err != nil {
		return nil, err
	}
	return coqaEvaluated(in, d, "coqa_rc", index), nil
}

// shotCoQALetters asks question_original after the part of query_original before
// its last question.
func shotCoQALetters(_ *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if err := lacks(d, "question_original"); err != nil {
		return nil, err
	}
	in, err := coqaRow(d, d.Text("question_original"))
	if err != nil {
		return nil, err
	}
	query := d.Text("query_original")
	end := strings.LastIndex(query, "Question:")
	if end < 0 {
		return nil, fmt.Errorf("query_original has no \"Question:\" after its passage: %.40q", query)
	}
	in.Metadata[coqaContext] = query[:end]
	return in, nil
}

func readCoQALetters(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	in, err := shotCoQALetters(t, d, index)
	if err != nil {
		return nil, err
	}
	return coqaEvaluated(in, d, "coqa_mc", index), nil
}

// coqaEvaluated has the letter as its gold answer. The cluster is the passage,
// which ends where the turns begin.
func coqaEvaluated(in *eval.Instance, d eval.Doc, dataset string, index int) *eval.Instance {
	gold, _ := in.GoldIndex()
	in.Gold = letter(gold)
	delete(in.Metadata, "mc_answer")
	in.Metadata["id"] = rowID(d, dataset, index)
	in.Metadata["index"] = index
	in.Metadata["dataset"] = dataset
	passage, _, _ := strings.Cut(d.Text("query_original"), "\n\nFinal question:")
	passage, _, _ = strings.Cut(passage, "\n\nPreceding questions:")
	in.Cluster = passageCluster(passage)
	return in
}
