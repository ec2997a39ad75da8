package starfile

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"olmoeval/answer"
	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// FromRows makes a task of a bare file of rows (question, answer[, choices,
// id]), named like the file, such as rows.jsonl. If the first row has choices the task compares the
// likelihoods of their letters; else the model completes "Question: … Answer:"
// and the answer must match exactly. The variant chat asks in a conversation.
// data opens the file; any source that it knows will do.
func FromRows(ctx context.Context, path string, data eval.Data) (eval.Def, error) {
	s, split, err := eval.ParseSource(path)
	if err != nil {
		return eval.Def{}, err
	}
	if split == "" {
		split = "test"
	}
	first, err := firstRow(ctx, s, split, data)
	if err != nil {
		return eval.Def{}, err
	}
	t := eval.Task{
		Name: rowsName(s.Path), Description: "rows of " + path, Defined: path, Read: readStandard,
	}
	t.Source, t.Split, t.Seed, t.Fewshot = s, split, defaultSeed, defaultFewshot()
	if choices, _ := choicesOf(first["choices"]); len(choices) > 0 {
		t.Prompt, t.Extract, t.Metrics = prompt.NewChoice(), answer.Choice{}, []eval.Metric{metric.AccSum()}
	} else {
		p := prompt.NewCompletion()
		p.Template, p.ShotAnswerPrefix = "Question: {question}\nAnswer:", " "
		t.Prompt, t.Extract = p, answer.Text{}
		t.Metrics = []eval.Metric{metric.Accuracy(score.ExactMatch{})}
		t.Sampling = eval.Sampling{MaxTokens: new(rowTokens), Stop: []string{"\n"}}
	}
	if _, err := t.Read(&t, first, 0); err != nil {
		return eval.Def{}, fmt.Errorf("%s: the first row: %w", path, err)
	}
	chat := eval.Variant{Name: "chat", Description: "asked in a conversation", Apply: chatOfRows}
	return eval.Def{Task: t, Variants: []eval.Variant{chat}}, nil
}

// rowsName is the last part of a path in the characters of task names.
func rowsName(path string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("@#:= \t\n", r) {
			return '_'
		}
		return r
	}, filepath.Base(path))
}

const (
	rowTokens  = 64
	chatTokens = 1024
)

// chatOfRows asks the task's questions in a conversation.
func chatOfRows(t *eval.Task) {
	t.Sampling = eval.Sampling{MaxTokens: new(chatTokens)}
	if _, ok := t.Prompt.(*prompt.Choice); ok {
		p := prompt.NewMCQAChat()
		p.SystemPrompt = letterInstruction
		t.Prompt, t.Extract, t.Oracle = p, answer.Letter{}, letterOracle
		t.Metrics = []eval.Metric{metric.Accuracy(score.MultipleChoice{})}
		return
	}
	p := prompt.NewChat()
	p.SystemPrompt = shortInstruction
	t.Prompt = p
}

const (
	shortInstruction  = "Reply with the answer alone: a word, a name or a number."
	letterInstruction = `End your reply with a line "Answer: X", where X is the letter of the right choice.`
)

// firstRow reads one row of a source.
func firstRow(ctx context.Context, s eval.Source, split string, data eval.Data) (eval.Doc, error) {
	rows, err := data.Open(ctx, s, split)
	if err != nil {
		return nil, err
	}
	for row, err := range rows.All(ctx) {
		if err != nil {
			return nil, err
		}
		return dataset.Decode(row)
	}
	return nil, fmt.Errorf("%s has no rows", s.Path)
}

// NewFile writes the .star file that a new benchmark starts from. rows is its
// data source, of which the first row is read to find the fields; dir is where
// the file will stand, as a local path in it is relative to that. With rows ""
// the source is NAME.jsonl beside the file, for which [SampleRows] will do.
func NewFile(ctx context.Context, name, dir, rows string, data eval.Data) ([]byte, error) {
	if err := checkName("task", name, false); err != nil {
		return nil, err
	}
	source, first := name+".jsonl", eval.Doc{"question": "", "answer": "", "id": ""}
	if rows != "" {
		s, split, err := eval.ParseSource(rows)
		if err != nil {
			return nil, err
		}
		if split == "" {
			split = "test"
		}
		if first, err = firstRow(ctx, s, split, data); err != nil {
			return nil, err
		}
		if source, err = sourceFrom(dir, s, rows); err != nil {
			return nil, err
		}
	}
	return render(name, source, first)
}

// sourceFrom is how a file in dir names a source.
func sourceFrom(dir string, s eval.Source, rows string) (string, error) {
	if s.Kind() != eval.SourceLocal || strings.HasPrefix(s.Path, "~") {
		return rows, nil
	}
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(s.Path)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return to, nil
	}
	if !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	return rel, nil
}

// SampleRows are a few rows in the standard form, to be replaced.
func SampleRows() []byte {
	return []byte(`{"id": "sample_1", "question": "How many days are there in two weeks?", "answer": "14"}
{"id": "sample_2", "question": "Which season comes after winter?", "answer": "spring"}
{"id": "sample_3", "question": "What is the opposite of north?", "answer": "south"}
{"id": "sample_4", "question": "How many sides does a hexagon have?", "answer": "6"}
`)
}
