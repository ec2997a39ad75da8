package benchmarks

import (
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/prompt"
)

// TestSQuADShots checks the prompt before the evaluated question.
func TestSQuADShots(t *testing.T) {
	for _, f := range []struct {
		spec, sum string
		chars     int
	}{
		{"squad:gen:olmo3base", "32b88aa3406fc84c750080365922b4dd", 4491},
		{"squad:mc:olmo3base", "6929ef14bcc38e3382054e52fafadce2", 4722},
		{"squad:rc:olmo3base", "38ba3156ac5e1e0a4528bcf0c42f89f6", 4329},
		{"squad:bpb:olmo3base", "38ba3156ac5e1e0a4528bcf0c42f89f6", 4329},
	} {
		checkShared(t, f.spec, f.sum, f.chars)
	}
}

func TestSQuADRows(t *testing.T) {
	c := ours(t)
	spans := map[string]any{"text": []any{"2", "two"}}
	four := map[string]any{"text": []any{"w", "x", "y", "z"}}
	for _, r := range []struct {
		spec, err string
		doc       eval.Doc
	}{
		{"squad", "", eval.Doc{"title": "T", "context": "P", "question": "Q", "answers": spans}},
		{"squad", "context is missing", eval.Doc{"title": "T", "question": "Q", "answers": spans}},
		{"squad", "answers.text", eval.Doc{"title": "T", "context": "P", "question": "Q", "answers": map[string]any{"text": []any{}}}},
		{"squad:rc", "", eval.Doc{"title_original": "T", "context_original": " P\n", "question_original": "Q", "choices": four, "answerKey": "D"}},
		{"squad:rc", "answerKey", eval.Doc{"title_original": "T", "context_original": "P", "question_original": "Q", "choices": four, "answerKey": "E"}},
		{"squad:mc", "answerKey", eval.Doc{"title_original": "T", "context_original": "P", "question_original": "Q", "choices": four, "answerKey": "1"}},
		{"squad:bpb", "question_original is missing", eval.Doc{"title_original": "T", "context_original": "P"}},
	} {
		in, err := resolve(t, c, r.spec).Instance(r.doc, 7)
		if r.err != "" {
			if err == nil || !strings.Contains(err.Error(), r.err) || in != nil {
				t.Errorf("%s: %v gives %v, %v; want an error with %q", r.spec, r.doc, in, err, r.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v: %v", r.spec, r.doc, err)
			continue
		}
		if in.OwnID() == "" || in.Cluster != passageCluster("P") {
			t.Errorf("%s: id %q, cluster %q", r.spec, in.OwnID(), in.Cluster)
		}
	}
}

// TestSQuADPrompt checks that the layout of the passage can be changed.
func TestSQuADPrompt(t *testing.T) {
	c := ours(t)
	doc := eval.Doc{"title": "T", "context": "a {b}", "question": "Q", "answers": map[string]any{"text": []any{"2"}}}
	for template, want := range map[string]string{
		"{passage}\nQ: {question}\nA:": "a {b}\nQ: Q\nA:",
		"{passage}":                    "lacks {question}",
		"{text} {question}":            "unknown field {text}",
	} {
		task := resolve(t, c, "squad")
		task.Prompt.(*squadText).PassageTemplate = template
		in, err := task.Instance(doc, 0)
		if err == nil && in.Question != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %q", template, in, err, want)
		}
	}
	if p := resolve(t, c, "squad").Prompt.(*squadText); !strings.HasPrefix(p.PassageTemplate, "Title: {title}\n") {
		t.Errorf("a template of another task: %q", p.PassageTemplate)
	}
	if p := resolve(t, c, "squad:bpb").Prompt.(*squadChoice); p.Score != prompt.Gold || p.Style != prompt.Cloze {
		t.Errorf("squad:bpb scores %s in style %s", p.Score, p.Style)
	}
}

func TestTrimmed(t *testing.T) {
	for in, want := range map[string]string{"": "", " \n\x1f": "", "\u00a0 a\nb \t": "a\nb"} {
		if got := (trimmed{}).Extract(nil, &eval.Output{Text: in}); got != want {
			t.Errorf("trimmed %q is %q, want %q", in, got, want)
		}
	}
}
