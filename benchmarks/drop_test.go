package benchmarks

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/prompt"
)

// TestWrittenFingerprints checks the part before the evaluated question of the
// prompts of drop, naturalqs and jeopardy.
func TestWrittenFingerprints(t *testing.T) {
	for _, f := range []struct {
		spec, sum string
		chars     int
	}{
		{"drop:gen:olmo3base", "ae939c748145207b34ad330c970ed8bd", 6288},
		{"drop:rc:olmo3base", "1128c0d07330c79310a24d400d995abe", 6201},
		{"drop:bpb:olmo3base", "1128c0d07330c79310a24d400d995abe", 6201},
		{"drop:mc:olmo3base", "bc39aaa24eb4de72f24c56b04305338c", 6050},
		{"drop:olmo3base:mc", "bc39aaa24eb4de72f24c56b04305338c", 6050},
		{"naturalqs:gen:olmo3base", "fb7fbbde56b21e10637db9212a5f46c6", 371},
		{"naturalqs:mc:olmo3base", "c106cbf0e0c341f2bc0b5de14d4606b3", 612},
		{"naturalqs:rc:olmo3base", "c2544b9ae11415f9ee313ecbcb7288d2", 381},
		{"naturalqs:bpb:olmo3base", "c2544b9ae11415f9ee313ecbcb7288d2", 381},
		{"jeopardy:gen:olmo3base", "1abbaa4ced3d90bf75c28a8e0d43b2c6", 698},
		{"jeopardy:mc:olmo3base", "a50d2d7980beb4c65c2c3054ab7e20fd", 972},
		{"jeopardy:rc:olmo3base", "cc1152970a7b5f94c3fa1176bf722a3a", 720},
		{"jeopardy:bpb:olmo3base", "cc1152970a7b5f94c3fa1176bf722a3a", 720},
	} {
		checkShared(t, f.spec, f.sum, f.chars)
	}
}

// TestDROPFixed checks that the examples of mc:olmo3base show choices and answers
// with fixed, and what is warned of.
func TestDROPFixed(t *testing.T) {
	c, data := ours(t), mirror(t)
	for spec, warned := range map[string]bool{"drop:mc:olmo3base": true, "drop:olmo3base:mc": true, "drop:mc:olmo3base:fixed": false, "drop:olmo3base:mc:fixed": false} {
		task := resolve(t, c, spec)
		if got := len(task.Warnings) == 1 && strings.HasPrefix(task.Warnings[0], "fewshot_form: "); got != warned || len(task.Warnings) > 1 {
			t.Errorf("%s: warnings %q", spec, task.Warnings)
		}
		if (task.TaskHash() != "") != warned {
			t.Errorf("%s: task hash %q", spec, task.TaskHash())
		}
		p := requestOfFirst(t, task, data).Prompt
		if answered := strings.Contains(p, "\nAnswer: B\n\nPassage: "); answered == warned || strings.HasPrefix(p, "Passage: \n") != warned {
			t.Errorf("%s: prompt begins %.200q", spec, p)
		}
	}
	written := resolve(t, c, "drop:olmo3base:fixed")
	if p := requestOfFirst(t, written, data).Prompt; !strings.HasPrefix(p, "The following") || written.Fewshot.Set != dropTextSet {
		t.Errorf("drop:olmo3base:fixed: %.100q", p)
	}
}

// TestDescription checks when the description of drop is fetched and shown.
func TestDescription(t *testing.T) {
	shot := &eval.Instance{Question: "Q1", Gold: " A1"}
	in := &eval.Instance{Question: "Q2"}
	p := &dropText{Completion: *prompt.NewCompletion(), TextName: "some.text"}
	if got := p.Texts(); !slices.Equal(got, []string{"some.text"}) {
		t.Errorf("Texts = %q", got)
	}
	if _, err := p.Prepare([]*eval.Instance{shot}); err == nil || !strings.Contains(err.Error(), "some.text") {
		t.Errorf("prepared without its text: %v", err)
	}
	filled := p.WithTexts(map[string]string{"some.text": "Read.\n"}).(*dropText)
	if p.Text != "" || len(filled.Texts()) != 0 {
		t.Errorf("filled %+v of %+v", filled, p)
	}
	for _, c := range []struct {
		p     *dropText
		shots []*eval.Instance
		want  string
		fixed int
	}{
		{filled, []*eval.Instance{shot}, "Read.\nQ1 A1\n\nQ2", 13},
		{filled, nil, "Q2", 0},
		{p, nil, "Q2", 0},
		{&dropText{Completion: *prompt.NewCompletion()}, []*eval.Instance{shot}, "Q1 A1\n\nQ2", 7},
	} {
		render, err := c.p.Prepare(c.shots)
		if err != nil {
			t.Fatal(err)
		}
		req, err := render(in)
		if err != nil || req.Prompt != c.want || req.Shared != c.fixed {
			t.Errorf("%+v, %v; want %q", req, err, c.want)
		}
	}
	if got := resolve(t, ours(t), "drop").Prompt.(eval.TextFormatter).Texts(); len(got) > 0 {
		t.Errorf("drop without examples wants %q", got)
	}
}

func docOf(t *testing.T, text string) eval.Doc {
	t.Helper()
	var d eval.Doc
	decode(t, strings.NewReader(text), &d)
	return d
}

func TestDROPAnswers(t *testing.T) {
	const noDate = `{"day": "", "month": "", "year": ""}`
	for _, c := range []struct {
		row  string
		want [][]string
	}{
		{`{"answer": {"number": "3", "spans": ["x"], "date": ` + noDate + `}}`, [][]string{{"3"}}},
		{`{"answer": {"number": "", "spans": [], "date": {"day": "", "month": "May", "year": "1903"}}}`, [][]string{{"May 1903"}}},
		{`{"answer": {"number": "", "spans": [], "date": {"day": "3", "month": "", "year": "1903"}}}`, [][]string{{"3  1903"}}},
		{`{"answer": {"number": "", "spans": [], "date": ` + noDate + `}}`, [][]string{{""}}},
		{
			`{"answer": {"number": "", "spans": ["a", "b"], "date": ` + noDate + `}, "validated_answers": {
				"number": ["", "7", ""], "spans": [["a", "b"], [], ["c"]], "date": [` + noDate + `,` + noDate + `,` + noDate + `]}}`,
			[][]string{{"a", "b"}, {"7"}, {"c"}},
		},
	} {
		got, err := dropAnswers(docOf(t, c.row))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", c.row, got, err, c.want)
		}
	}
	for _, row := range []string{`{}`, `{"answer": {"number": "1"}, "validated_answers": {"number": ["1"], "spans": [], "date": []}}`} {
		if got, err := dropAnswers(docOf(t, row)); err == nil {
			t.Errorf("%s: %q", row, got)
		}
	}
}

func TestDROPOracle(t *testing.T) {
	for _, c := range []struct {
		answers [][]string
		want    string
		ok      bool
	}{
		{[][]string{{"a", "b"}, {" "}, {"c"}}, "c", true},
		{[][]string{{"a", "b"}}, "", false},
		{nil, "", false},
	} {
		got, ok := oracleDROP(&eval.Instance{Metadata: map[string]any{"answers": c.answers}})
		if got != c.want || ok != c.ok {
			t.Errorf("%q: %q, %v", c.answers, got, ok)
		}
	}
}

// TestWrittenRows checks rows that lack something: an error that names it, or
// none where the reference drops the row.
func TestWrittenRows(t *testing.T) {
	c := ours(t)
	for _, r := range []struct {
		spec, row, err string // "" drops the row
	}{
		{"drop", `{"passage": "p", "question": "q"}`, "answer"},
		{"drop", `{"question": "q"}`, "passage"},
		{"drop", `{"passage": "p"}`, "question"},
		{"drop:mc", `{"passage_original": "p", "choices": {"text": ["a"]}, "answerKey": "A"}`, "question_original"},
		{"drop:rc", `{"passage_original": "p", "question_original": "q", "choices": {"text": ["a"]}, "answerKey": "B"}`, "answerKey"},
		{"drop:bpb", `{"question_original": "q"}`, "passage_original"},
		{"naturalqs", `{"question": " ", "answer": ["a"]}`, ""},
		{"naturalqs", `{"question": "q", "answer": [" "]}`, ""},
		{"naturalqs:mc", `{"question": "q"}`, ""},
		{"naturalqs:bpb", `{"question": "q", "choices": {"text": ["a"]}}`, "answerKey"},
		{"jeopardy", `{"context": "c"}`, ""},
		{"jeopardy:mc", `{"context_original": "", "choices": {"text": ["a"]}}`, ""},
		{"jeopardy:bpb", `{"context_original": "c", "choices": {"text": ["a"]}, "answerKey": ""}`, "answerKey"},
	} {
		in, err := resolve(t, c, r.spec).Instance(docOf(t, r.row), 0)
		if in != nil || (err == nil) != (r.err == "") || err != nil && !strings.Contains(err.Error(), r.err) {
			t.Errorf("%s: %s gives %v, %v", r.spec, r.row, in, err)
		}
	}
	in, err := resolve(t, c, "naturalqs").Instance(docOf(t, `{"question": " q ", "answer": "a", "index": 7}`), 3)
	if err != nil || in.Question != "Question: q\nAnswer:" || in.Gold != "a" || in.Metadata["id"] != json.Number("7") || in.Metadata["index"] != 3 {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestClue(t *testing.T) {
	for context, want := range map[string][2]string{
		"HISTORY: he won":  {"HISTORY", "he won"},
		"no colon":         {"", "no colon"},
		"A: B: c":          {"A", "B: c"},
		" A :\n\n b\nc":    {" A ", "b"},
		"first\nA: b":      {"A", "b"},
		"A:":               {"A", ""},
		":x":               {"", "x"},
		"A: one\ntwo: six": {"A", "one"},
	} {
		category, clue := clueOf(context)
		if got := [2]string{category, clue}; got != want {
			t.Errorf("clueOf(%q) = %q, want %q", context, got, want)
		}
	}
}

// TestDrawnNaturalQs checks worked examples that are drawn from the training
// split: as many as asked for, each with its first answer, none twice.
func TestDrawnNaturalQs(t *testing.T) {
	c, data := ours(t), mirror(t)
	task := resolve(t, c, "naturalqs")
	instances, shots, err := load(data, task)
	if err != nil || len(shots) != 5 {
		t.Fatalf("%d worked examples, %v", len(shots), err)
	}
	render, err := task.Prompt.Prepare(shots)
	if err != nil {
		t.Fatal(err)
	}
	req, err := render(instances[0])
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, s := range shots {
		if s.Gold != s.Texts("all_answers")[0] || seen[s.Question] || s.Metadata["index"] != 0 {
			t.Errorf("worked example %+v", s)
		}
		seen[s.Question] = true
		if want := s.Question + " " + s.Gold.(string) + "\n\n"; !strings.Contains(req.Prompt, want) {
			t.Errorf("no %q in %q", want, req.Prompt)
		}
	}
}
