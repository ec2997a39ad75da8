package benchmarks

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Questions of practical biology research: literature, databases, sequences,
// protocols and cloning (Laurent et al. 2024, arXiv 2407.10362; CC BY-SA 4.0); the
// six parts without images. One choice declines to answer, so that precision and
// coverage can be told apart; lab_bench_PART:bpb and olmo3base leave it out.

// labKind is one part of the data set.
type labKind struct {
	name, subset, about string
	// cluster is the field that dependent questions share, "" for none.
	cluster string
	// protocol puts the protocol asked about before the question.
	protocol bool
}

func labBenchTasks() []eval.Def {
	var defs []eval.Def
	for _, k := range []labKind{
		{name: "litqa2", subset: "LitQA2", about: "on findings of single papers", cluster: "sources"},
		{name: "dbqa", subset: "DbQA", about: "on the content of biology databases"},
		{name: "seqqa", subset: "SeqQA", about: "on DNA and protein sequences"},
		{name: "protocolqa", subset: "ProtocolQA", about: "on how to mend a protocol", cluster: "protocol", protocol: true},
		{name: "suppqa", subset: "SuppQA", about: "on the supplements of papers", cluster: "source"},
		{name: "cloning_scenarios", subset: "CloningScenarios", about: "on cloning work of many steps"},
	} {
		defs = append(defs, labChat(k), labCloze(k))
	}
	return defs
}

func labBench(name string, k labKind, p eval.Formatter) eval.Task {
	const path = "futurehouse/lab-bench"
	return eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/labbench.go",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: k.subset}, Split: "train", Seed: 42,
			Fewshot: eval.Fewshot{Split: "train", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(1024),
		},
		Read: func(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
			in, err := k.read(t, d, index)
			if in != nil {
				in.Cluster = k.group(d)
			}
			return in, err
		},
		ReadShot: func(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
			if p, ok := t.Prompt.(*labChoice); ok {
				if err := drawn(t, p.OwnSplit); err != nil {
					return nil, err
				}
			}
			return k.read(t, d, 0)
		},
		Extract: labLetter{}, Oracle: statesLetter,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path, Subset: k.subset, Split: "test"}},
	}
}

func labChat(k labKind) eval.Def {
	p := prompt.NewMCQAChat()
	p.SystemPrompt = "You are a scientific research assistant. Answer the following multiple choice question by reasoning through the options and selecting the best answer.\n\n" + endWithLetter
	t := labBench("lab_bench_"+k.name, k, p)
	t.Description = "biology research questions " + k.about + ", answered by a letter"
	refFormat(&t, refMCQAChat(p))
	ms := labMeasures()
	measureBy(&t, ms...)
	t.Ref.Primary = &ms[0].ref
	return eval.Def{Task: t, Variants: []eval.Variant{
		{Name: "mc", Description: "choices shown, their texts scored", Apply: labTexts},
		{Name: "bpb", Description: "bits per byte of the right answer after the bare question", Apply: labBits},
		{Name: "olmo3base", Description: "cloze with three examples; acc_per_char", Apply: func(t *eval.Task) {
			t.Prompt = labQuestion()
			refFormat(t, nil)
			labShots(t)
			unwarn(t, "bare_choices")
			unwarn(t, "shots_not_shown")
			unwarn(t, "letter_shots")
			measureAnswers(t, accPerChar())
		}},
		{Name: "fixed", Description: "mc with the letters scored; examples that are shown and never the question itself", Apply: labFixed},
	}}
}

func labCloze(k labKind) eval.Def {
	t := labBench("lab_bench_"+k.name+":bpb", k, labQuestion())
	t.Description = "biology research questions " + k.about + ": bits per byte of the right answer"
	labShots(&t)
	measureBits(&t)
	return eval.Def{Task: t, Variants: []eval.Variant{
		unchanged("olmo3base"),
		{Name: "fixed", Description: "examples that are never the question itself", Apply: labFixed},
	}}
}

func labMeasures() []measure {
	return []measure{
		letterRight(),
		{metric.Precision(score.MultipleChoice{}), eval.RefMetric{Type: "PrecisionMetric", Name: "precision", Scorer: "MultipleChoiceScorer"}},
		{metric.Coverage(), eval.RefMetric{Type: "CoverageMetric", Name: "coverage", Scorer: "MultipleChoiceScorer"}},
	}
}

// labChoice is a Choice whose worked examples may be other questions of the
// task, or asked for in vain.
type labChoice struct {
	prompt.Choice
	prompt.OwnSplit
	// ShowShots puts the worked examples in the prompt.
	ShowShots bool `json:"show_shots"`
}

var _ eval.Formatter = (*labChoice)(nil)

// Prepare renders the worked examples.
func (p *labChoice) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if !p.ShowShots {
		return p.Choice.Prepare(nil)
	}
	return p.Spread(shots, p.Choice.Prepare)
}

func labQuestion() *labChoice {
	p := &labChoice{Choice: *prompt.NewChoice(), ShowShots: true}
	p.Style = prompt.Cloze
	return p
}

// labShots draws three examples from the rows that are evaluated.
func labShots(t *eval.Task) {
	t.Fewshot.Num, t.Fewshot.Seed = 3, 1234
	warn(t, "fewshot_leak", "the worked examples are rows of the evaluated split, so a question may stand answered in its own prompt; :fixed leaves it out")
}

func labTexts(t *eval.Task) {
	p := &labChoice{Choice: *bareChoices(), ShowShots: t.Fewshot.Num == 0}
	bareTexts(t, p, labMeasures()...)
	unwarn(t, "fewshot_leak")
	unwarn(t, "letter_shots")
	if !p.ShowShots {
		warn(t, "shots_not_shown", "worked examples are asked for but not in the prompt; :fixed shows them")
	}
}

func labBits(t *eval.Task) {
	bareBits(t)
	unwarn(t, "shots_not_shown")
	if t.Fewshot.Num > 0 {
		warn(t, "letter_shots", "the worked examples end in the letter of a choice that is not shown, put right behind the question, while a text is scored; :fixed shows the answers")
	}
}

// labFixed scores letters where choices are shown, and the examples it shows are
// answered by what is scored and never the question itself.
func labFixed(t *eval.Task) {
	t.Ref = nil
	p, ok := t.Prompt.(*labChoice)
	if ok && p.Style == prompt.Texts && t.Primary == bitsPerByteID {
		labBits(t) // as bits per byte alone
		p, ok = nil, false
	}
	switch _, bare := t.Prompt.(*prompt.PPL); {
	case ok && p.Style == prompt.Texts:
		p = &labChoice{Choice: *scoredLetters(), ShowShots: true}
	case bare && t.Fewshot.Num > 0:
		p = labQuestion()
		p.Score = prompt.Gold
	case !ok:
		return // a conversation, or a bare question
	}
	p.LeaveOut = t.Fewshot.Num > 0
	t.Prompt = p
	for _, code := range []string{"bare_choices", "fewshot_leak", "letter_shots", "shots_not_shown"} {
		unwarn(t, code)
	}
}

// labDeclines is the choice added to those of a question.
const labDeclines = "Insufficient information to answer the question"

// read lists the wrong answers and then the right one for a cloze. Otherwise the
// choices have one more, that declines, and the row's number seeds their order.
func (k labKind) read(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, right, wrong := d.Text("question"), d.Text("ideal"), d.Texts("distractors")
	switch {
	case question == "":
		return nil, errors.New("the row has no question")
	case right == "":
		return nil, errors.New("the row has no ideal, the right answer")
	case len(wrong) == 0:
		return nil, errors.New("the row has no distractors")
	}
	var choices []string
	var gold, declines int
	if asksCloze(t) {
		choices = append(slices.Clone(wrong), right)
		gold, declines = len(wrong), -1
	} else {
		choices = []string{right}
		for _, w := range wrong {
			if w != right {
				choices = append(choices, w)
			}
		}
		choices = append(choices, labDeclines)
		shuffleChoices(choices, t.Seed, index)
		gold, declines = slices.Index(choices, right), slices.Index(choices, labDeclines)
		if protocol := d.Text("protocol"); k.protocol && protocol != "" {
			question = "Protocol:\n" + protocol + "\n\nQuestion: " + question
		}
	}
	return &eval.Instance{
		Question: question, Gold: letter(gold), Choices: choices,
		Metadata: map[string]any{
			"id": d["id"], "index": index, "gold_idx": gold, "gold_text": right, "refuse_idx": declines,
		},
	}, nil
}

// group names what questions share: a paper, or a protocol by its digest.
func (k labKind) group(d eval.Doc) string {
	if k.cluster == "" {
		return ""
	}
	shared := strings.Join(d.Texts(k.cluster), " ")
	if len(shared) > 120 {
		return eval.HashJSON(shared)
	}
	return shared
}

func asksCloze(t *eval.Task) bool {
	p, ok := t.Prompt.(*labChoice)
	return ok && p.Style == prompt.Cloze
}

// labLetter reads the letter of an answer, upper case: the last "ANSWER: X" in
// any case. Any letter follows the colon, and nothing else is read. Where choices
// are scored it is the likeliest one's.
type labLetter struct{}

var (
	_ eval.Extractor       = labLetter{}
	_ eval.RecordExtractor = labLetter{}
)

var labStated = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)ANSWER` + anySpace + `*:` + anySpace + `*(` + anyLetter + `)`)
})

func (labLetter) Extract(_ *eval.Instance, out *eval.Output) any {
	return lastGroup(labStated(), out.Text)
}

func (x labLetter) ExtractRecord(ctx context.Context, rec *eval.Record) error {
	return extractLetters(ctx, x, rec)
}
