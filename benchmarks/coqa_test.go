package benchmarks

import (
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestCoQAChoiceRows(t *testing.T) {
	c := ours(t)
	const context = "Passage: P\n\nPreceding questions:\n\nQuestion: Who?\nAnswer: x\n\nFinal question:\n\n"
	four := map[string]any{"text": []any{"w", "x", "y", "z"}}
	row := func(edit func(eval.Doc)) eval.Doc {
		d := eval.Doc{
			"query_original": context + "Question: Why?\nAnswer:", "question_original": "Why?",
			"choices": four, "answerKey": "B",
		}
		edit(d)
		return d
	}
	for _, r := range []struct {
		spec, err string
		doc       eval.Doc
	}{
		{"coqa:mc", "", row(func(eval.Doc) {})},
		{"coqa:rc", "", row(func(eval.Doc) {})},
		{"coqa:bpb", "", row(func(d eval.Doc) { delete(d, "question_original") })},
		{"coqa:mc", "question_original is missing", row(func(d eval.Doc) { delete(d, "question_original") })},
		{"coqa:mc", "query_original has no", row(func(d eval.Doc) { d["query_original"] = "Passage: P" })},
		{"coqa:rc", "query_original is missing", row(func(d eval.Doc) { delete(d, "query_original") })},
		{"coqa:rc", "answerKey", row(func(d eval.Doc) { d["answerKey"] = "" })},
	} {
		task := resolve(t, c, r.spec)
		in, err := task.Instance(r.doc, 7)
		if r.err != "" {
			if err == nil || !strings.Contains(err.Error(), r.err) || in != nil {
				t.Errorf("%s: %v gives %v, %v; want an error with %q", r.spec, r.doc, in, err, r.err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", r.spec, err)
		}
		if in.Gold != "B" || in.Cluster != passageCluster("Passage: P") {
			t.Errorf("%s: gold %v, cluster %q", r.spec, in.Gold, in.Cluster)
		}
		render, err := task.Prompt.Prepare(nil)
		if err != nil {
			t.Fatalf("%s: %v", r.spec, err)
		}
		req, err := render(in)
		if err != nil || !strings.HasPrefix(req.Prompt, context+"Question: Why?\n") || len(req.Continuations) != 4 {
			t.Errorf("%s: %+v, %v", r.spec, req, err)
		}
	}
}

// TestCoQAShots checks that a worked example brings its own passage.
func TestCoQAShots(t *testing.T) {
	c, data := ours(t), mirror(t)
	task := resolve(t, c, "coqa:mc")
	instances, _, err := load(data, task)
	if err != nil {
		t.Fatal(err)
	}
	render, err := task.Prompt.Prepare(instances[:1])
	if err != nil {
		t.Fatal(err)
	}
	req, err := render(instances[1])
	if err != nil {
		t.Fatal(err)
	}
	gold, _ := instances[0].GoldIndex()
	shot := req.Prompt[:req.Shared]
	if !strings.HasPrefix(shot, instances[0].Text(coqaContext)) || !strings.HasSuffix(shot, "Answer: "+letter(gold)+"\n\n") {
		t.Errorf("the worked example is %q", shot)
	}
	if !strings.HasPrefix(req.Prompt[req.Shared:], instances[1].Text(coqaContext)) {
		t.Errorf("the question is %q", req.Prompt[req.Shared:])
	}
	task.Prompt.(*coqaChoice).TurnTemplate = "Q: {q}"
	if _, err := task.Prompt.Prepare(instances[:1]); err == nil || !strings.Contains(err.Error(), "turn_template") {
		t.Errorf("a template with an unknown field: %v", err)
	}
}

func TestCoQATurns(t *testing.T) {
	task := resolve(t, ours(t), "coqa")
	list := func(l ...any) map[string]any { return map[string]any{"input_text": l} }
	row := eval.Doc{
		"id": "c", "source": "s", "story": "P", "questions": list("Who?", "Why?"), "answers": list("x", "y"),
		"additional_answers": map[string]any{"1": list("X", ""), "0": list("ex", "why"), "2": list("z")},
	}
	items, err := task.Unfold(row)
	if err != nil || len(items) != 2 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if _, changed := row[coqaTurn]; changed {
		t.Error("the row was changed")
	}
	for i, want := range []struct {
		question string
		accepted []string
	}{
		{"Passage: P\n\nFinal question:\n\nQuestion: Who?\nAnswer:", []string{"x", "ex", "X", "z"}},
		{
			"Passage: P\n\nPreceding questions:\n\nQuestion: Who?\nAnswer: x\n\nFinal question:\n\nQuestion: Why?\nAnswer:",
			[]string{"y", "why"},
		},
	} {
		in, err := task.Instance(items[i], i)
		if err != nil {
			t.Fatal(err)
		}
		if in.Question != want.question || !slices.Equal(in.Texts("all_answers"), want.accepted) || in.Cluster != passageCluster("P") {
			t.Errorf("turn %d: %q, %q, cluster %q", i, in.Question, in.Texts("all_answers"), in.Cluster)
		}
	}
	for what, d := range map[string]eval.Doc{
		"0 questions":   {"id": "c", "story": "P"},
		"2 questions":   {"story": "P", "questions": list("a", "b"), "answers": list("x")},
		"turn is":       {"story": "P", "questions": list("a"), "answers": list("x")},
		"story is":      {"questions": list("a"), "answers": list("x"), coqaTurn: 0},
		"turn 1 of 1":   {"story": "P", "questions": list("a"), "answers": list("x"), coqaTurn: 1},
		"unknown field": nil,
	} {
		var err error
		switch {
		case d == nil:
			task.Prompt.(*coqaTurns).TurnTemplate = "{x}"
			_, err = task.Instance(items[1], 1)
		case what[0] == '0' || what[0] == '2':
			_, err = task.Unfold(d)
		default:
			_, err = task.Instance(d, 0)
		}
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v gives %v, want %q", d, err, what)
		}
	}
}

// TestCoQALimit checks what a limit reads, and that "fixed" repairs it.
func TestCoQALimit(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, f := range []struct {
		spec      string
		instances int
		warned    bool
	}{
		{"coqa", 15, false}, {"coqa:olmo3base", 51, true}, {"coqa:olmo3base:fixed", 15, false}, {"coqa:fixed:olmo3base", 15, false},
	} {
		task := resolve(t, c, f.spec)
		instances, _, err := load(data, task)
		if err != nil || len(instances) != f.instances || len(task.Warnings) > 0 != f.warned {
			t.Errorf("%s: %d instances, warnings %q, %v", f.spec, len(instances), task.Warnings, err)
		}
	}
}

func TestFirstLine(t *testing.T) {
	for in, want := range map[string]string{"": "", " \n\t\n": "", "\n  yes \r\nno": "yes", "a b": "a b"} {
		if got := (firstLine{}).Extract(nil, &eval.Output{Text: in}); got != want {
			t.Errorf("first line of %q is %q, want %q", in, got, want)
		}
	}
}
