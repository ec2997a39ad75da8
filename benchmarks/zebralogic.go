package benchmarks

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/score"
)

// Logic grid puzzles: who lives in which house, from clues (Lin et al. 2025,
// ZebraLogic, arXiv 2502.01100). The solution is asked for as JSON, with a worked
// example in the prompt.

func zebralogicTasks() []eval.Def {
	const path, subset = "allenai/ZebraLogicBench-private", "grid_mode"
	t := eval.Task{
		Name: "zebralogic", Version: "1", Defined: "benchmarks/zebralogic.go",
		Description: "logic grid puzzles, solved as JSON",
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: subset}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
			Prompt:  &zebraPrompt{}, Sampling: greedy(4096, "Problem:", "\n\n"),
			Primary: score.GridPuzzle,
		},
		Read: readZebra, Extract: answer.Text{}, Oracle: score.GridAnswer,
		Needs: eval.Needs{Secrets: []string{"HF_TOKEN"}}, // gated: the page is that of the data set
		Ref:   &eval.Ref{Name: "zebralogic", Source: eval.RefSource{Path: path, Subset: subset}},
	}
	grid := func(what, class string) measure {
		return measure{metric.Mean(what, score.Grid{What: what}), eval.RefMetric{Type: class + "Metric", Name: what, Scorer: "ZebraLogic" + class + "Scorer"}}
	}
	ms := []measure{grid(score.GridPuzzle, "PuzzleAccuracy"), grid(score.GridCells, "CellAccuracy"), grid(score.GridParsed, "Parsed")}
	measureBy(&t, ms...)
	t.Ref.Primary = &ms[0].ref
	warn(&t, "doubled_braces", "the braces of the worked example in the prompt are doubled; zebralogic:fixed has single ones")
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		{Name: "chat", Description: "longer answers, blank lines allowed", Apply: zebraChat},
		{Name: "fixed", Description: "single braces in the worked example; with chat, a chat message", Apply: zebraFixed},
	}}}
}

// zebraChat changes only the sampling, unless the prompt is the repaired one:
// the reference's chat form is a completion too.
func zebraChat(t *eval.Task) {
	t.Sampling = greedy(16384, "Problem:")
	refFormat(t, refChat(""))
	if p, ok := t.Prompt.(*zebraPrompt); ok && p.SingleBraces {
		p.Chat = true
		return
	}
	warn(t, "not_chat", "the prompt is sent as a completion; zebralogic:chat:fixed sends a chat message")
}

func zebraFixed(t *eval.Task) {
	p, ok := t.Prompt.(*zebraPrompt)
	if !ok {
		return
	}
	p.SingleBraces = true
	p.Chat = p.Chat || slices.ContainsFunc(t.Warnings, func(w string) bool { return strings.HasPrefix(w, "not_chat:") })
	unwarn(t, "doubled_braces")
	unwarn(t, "not_chat")
	t.Ref = nil
}

// zebraPrompt asks for the solution of a puzzle as JSON. The prompt is the
// instance's question.
type zebraPrompt struct {
	// Text holds {puzzle} and {json_template}, each replaced wherever it stands.
	// "" is the published text.
	Text string `json:"text"`
	// SingleBraces writes each {{ and }} of Text as a single brace.
	SingleBraces bool `json:"single_braces"`
	// Chat sends the prompt as a user message.
	Chat bool `json:"chat"`
}

var _ eval.TextFormatter = (*zebraPrompt)(nil)

const zebraText = "zebralogic.zebra_grid"

// RequestType is eval.Completion, or eval.Chat where Chat is set.
func (p *zebraPrompt) RequestType() eval.RequestType {
	if p.Chat {
		return eval.Chat
	}
	return eval.Completion
}

// Texts names the published text unless one is given.
func (p *zebraPrompt) Texts() []string {
	if p.Text != "" {
		return nil
	}
	return []string{zebraText}
}

// WithTexts fills in the published text.
func (p *zebraPrompt) WithTexts(texts map[string]string) eval.Formatter {
	q := *p
	if q.Text == "" {
		q.Text = texts[zebraText]
	}
	return &q
}

// Prepare checks the text; the worked example is part of it.
func (p *zebraPrompt) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if len(shots) > 0 {
		return nil, errors.New("num_fewshot: the prompt has a worked example of its own and no place for others")
	}
	if !strings.Contains(p.Text, "{puzzle}") {
		return nil, errors.New("prompt.text lacks {puzzle}, so every prompt would be the same")
	}
	return func(in *eval.Instance) (*eval.Request, error) {
		if p.Chat {
			return &eval.Request{Type: eval.Chat, Messages: []eval.Message{{Role: "user", Content: in.Question}}}, nil
		}
		shared := p.lead()
		if !strings.HasPrefix(in.Question, shared) {
			shared = ""
		}
		return &eval.Request{Type: eval.Completion, Prompt: in.Question, Shared: len(shared)}, nil
	}, nil
}

func (p *zebraPrompt) text() string {
	if p.SingleBraces {
		return strings.NewReplacer("{{", "{", "}}", "}").Replace(p.Text)
	}
	return p.Text
}

// lead is what stands before the first field.
func (p *zebraPrompt) lead() string {
	text := p.text()
	puzzle, form := strings.Index(text, "{puzzle}"), strings.Index(text, "{json_template}")
	if form >= 0 {
		puzzle = min(puzzle, form)
	}
	return text[:max(puzzle, 0)]
}

// question is the whole prompt of a puzzle.
func (p *zebraPrompt) question(puzzle, form string) string {
	text := strings.ReplaceAll(p.text(), "{puzzle}", puzzle)
	return strings.ReplaceAll(text, "{json_template}", form)
}

// readZebra reads a puzzle and its solution: a header that starts with House and
// a row for each house.
func readZebra(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	p, ok := t.Prompt.(*zebraPrompt)
	if !ok || p.Text == "" {
		return nil, fmt.Errorf("prompt.text is empty: the text %q was not loaded", zebraText)
	}
	puzzle, size, solution := d.Text("puzzle"), d.Text("size"), d.Doc("solution")
	if puzzle == "" {
		return nil, errors.New("puzzle is missing")
	}
	header := solution.Texts("header")
	if len(header) < 2 || header[0] != "House" {
		return nil, fmt.Errorf("solution.header is %q: want House and at least one more column", header)
	}
	rows, _ := solution["rows"].([]any)
	if len(rows) == 0 {
		return nil, errors.New("solution.rows is missing")
	}
	table := make(map[string]any, len(rows))
	for i, row := range rows {
		cells, _ := row.([]any)
		if len(cells) < len(header) {
			return nil, fmt.Errorf("solution.rows[%d] has %d cells, the header %d", i, len(cells), len(header))
		}
		house := make(map[string]any, len(header)-1)
		for j, column := range header[1:] {
			house[column] = cells[j+1]
		}
		table["House "+strconv.Itoa(i+1)] = house
	}
	difficulty := "hard"
	if slices.Contains([]string{"2*2", "2*3", "2*4", "2*5", "2*6", "3*2", "3*3"}, size) {
		difficulty = "easy"
	}
	id := d["index"]
	if id == nil {
		id = d["id"]
	}
	return &eval.Instance{
		Question: p.question(puzzle, zebraForm(len(rows), header[1:])),
		Metadata: map[string]any{
			"id": id, "size": size, "difficulty": difficulty,
			"solution_table": table, "total_cells": len(rows) * (len(header) - 1),
		},
	}, nil
}

// zebraForm is the JSON to be filled in, indented by four spaces.
func zebraForm(houses int, columns []string) string {
	const blank = `"___"`
	var b strings.Builder
	b.WriteString("{\n    \"reasoning\": " + blank + ",\n    \"solution\": {")
	for i := range houses {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n        \"House %d\": {", i+1)
		for j, column := range columns {
			if j > 0 {
				b.WriteString(",")
			}
			b.WriteString("\n            ")
			b.Write(eval.AppendCanonical(nil, column))
			b.WriteString(": " + blank)
		}
		b.WriteString("\n        }")
	}
	b.WriteString("\n    }\n}")
	return b.String()
}
