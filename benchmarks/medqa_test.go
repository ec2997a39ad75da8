package benchmarks

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/prompt"
)

// TestMedQAShuffle holds the order of the choices to known draws.
func TestMedQAShuffle(t *testing.T) {
	task := resolve(t, ours(t), "medqa")
	d := eval.Doc{"question": "q", "choices": []any{"A", "B", "C", "D"}, "answer_idx": json.Number("2")}
	for index, want := range []string{"DBCA", "ADCB"} {
		in, err := task.Instance(d, index)
		if err != nil || strings.Join(in.Choices, "") != want || in.Metadata["gold_text"] != "C" {
			t.Errorf("row %d: %+v, %v; want %s", index, in, err, want)
			continue
		}
		if i := strings.Index(want, "C"); in.Metadata["gold_idx"] != i || in.Gold != letter(i) {
			t.Errorf("row %d: gold %v at %v", index, in.Gold, in.Metadata["gold_idx"])
		}
	}
}

func TestMedicalRows(t *testing.T) {
	c := ours(t)
	two := []any{"x", "y"}
	options := eval.Doc{"question": "q", "opa": "a", "opb": "b", "opc": "c", "opd": "d", "cop": json.Number("3")}
	with := func(key string, v any) eval.Doc {
		d := eval.Doc{}
		for k, x := range options {
			d[k] = x
		}
		d[key] = v
		return d
	}
	for _, r := range []struct {
		spec    string
		doc     eval.Doc
		dropped bool
		names   string
	}{
		{"medqa", eval.Doc{"question": "q", "choices": two, "answer_idx": json.Number("2")}, true, ""},
		{"medqa", eval.Doc{"question": "q", "choices": two}, true, ""},
		{"medqa", eval.Doc{"choices": two, "answer_idx": json.Number("0")}, true, ""},
		{"medqa_en", eval.Doc{"question": "q", "choices": two, "answer_idx": json.Number("2")}, false, "answer_idx"},
		{"medqa_en", eval.Doc{"question": "q", "answer_idx": json.Number("0")}, false, "choices"},
		{"medqa_en", eval.Doc{"choices": two, "answer_idx": json.Number("0")}, false, "question"},
		{"medmcqa", with("cop", json.Number("-1")), false, "cop"},
		{"medmcqa", with("opc", nil), false, "opc"},
		{"medmcqa", with("question", nil), false, "question"},
	} {
		in, err := resolve(t, c, r.spec).Instance(r.doc, 0)
		if in != nil || (err == nil) != r.dropped || err != nil && !strings.Contains(err.Error(), r.names) {
			t.Errorf("%s: %v gives %v, %v", r.spec, r.doc, in, err)
		}
	}
	in, err := resolve(t, c, "medmcqa").Instance(options, 5)
	if err != nil || in.Gold != "D" || in.OwnID() != "medmcqa_5" {
		t.Errorf("medmcqa: %+v, %v", in, err)
	}
}

func TestMedQAForms(t *testing.T) {
	c := ours(t)
	for _, f := range []struct {
		spec    string
		metrics []string
		codes   []string
		form    string
	}{
		{"medqa", []string{"accuracy"}, nil, "chat"},
		{"medqa:mc", []string{"accuracy"}, []string{"bare_choices"}, prompt.Texts},
		{"medqa:mc:fixed", []string{"accuracy"}, nil, prompt.Letters},
		{"medqa:bpb", []string{"bits_per_byte"}, nil, "likelihood"},
		{"medqa:mc:bpb", []string{"bits_per_byte"}, nil, "likelihood"},
		{"medqa:bpb:mc", []string{"accuracy", "bits_per_byte"}, []string{"reference_metric", "bare_choices"}, prompt.Texts},
		{"medqa:bpb:mc:fixed", []string{"bits_per_byte"}, nil, "likelihood"},
	} {
		task := resolve(t, c, f.spec)
		var metrics, codes []string
		for _, m := range task.Metrics {
			metrics = append(metrics, m.Info().ID)
		}
		for _, w := range task.Warnings {
			code, _, _ := strings.Cut(w, ":")
			codes = append(codes, code)
		}
		form := map[eval.RequestType]string{eval.Chat: "chat", eval.Loglikelihood: "likelihood"}[task.Prompt.RequestType()]
		if p, ok := task.Prompt.(*prompt.Choice); ok {
			form = p.Style
		}
		if !slices.Equal(metrics, f.metrics) || !slices.Equal(codes, f.codes) || form != f.form {
			t.Errorf("%s: %v %v %s, want %v %v %s", f.spec, metrics, codes, form, f.metrics, f.codes, f.form)
		}
		answer, _ := task.Oracle(&eval.Instance{Gold: "B"})
		if got := task.Extract.Extract(nil, &eval.Output{Text: answer}); got != "B" {
			t.Errorf("%s: the right answer is read as %v", f.spec, got)
		}
	}
}
