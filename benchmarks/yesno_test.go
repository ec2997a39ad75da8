package benchmarks

import (
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestReadYesNo(t *testing.T) {
	c := ours(t)
	for _, r := range []struct {
		spec string
		doc  eval.Doc
		gold string // "" for an error that names want
		want string
	}{
		{"qasper_yesno", eval.Doc{"evidence": []any{"a", "b"}, "question": "q", "answer": "Yes"}, "0", "a b"},
		{"qasper_yesno", eval.Doc{"evidence": []any{}, "question": "q", "answer": "No"}, "1", ""},
		{"sciriff_yesno", eval.Doc{"context": "a", "question": "q", "answer": "no"}, "1", "a"},
		{"sciriff_yesno", eval.Doc{"context": "a", "question": "q", "answer": "perhaps"}, "", "perhaps"},
		{"sciriff_yesno", eval.Doc{"context": "a", "question": "q"}, "", "answer"},
		{"sciriff_yesno", eval.Doc{"context": "a", "answer": "No"}, "", "question"},
		{"sciriff_yesno", eval.Doc{"evidence": "a", "question": "q", "answer": "No"}, "", "context"},
	} {
		in, err := resolve(t, c, r.spec).Instance(r.doc, 7)
		if r.gold == "" {
			if err == nil || !strings.Contains(err.Error(), r.want) {
				t.Errorf("%s: %v gives %v, %v", r.spec, r.doc, in, err)
			}
			continue
		}
		if err != nil || in.Gold != r.gold || in.Text("source") != r.want || in.OwnID() != "7" || in.Cluster == "" {
			t.Errorf("%s: %v gives %+v, %v", r.spec, r.doc, in, err)
		}
	}
}

func TestYesNoFixed(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, spec := range []string{"qasper_yesno:olmes", "sciriff_yesno:bpb:olmo3base"} {
		if w := resolve(t, c, spec).Warnings; len(w) != 1 || !strings.HasPrefix(w[0], "fewshot_leak:") {
			t.Errorf("%s: warnings %q", spec, w)
		}
		task := resolve(t, c, spec+":fixed")
		if len(task.Warnings) > 0 || task.TaskHash() != "" {
			t.Errorf("%s:fixed: warnings %q, hash %q", spec, task.Warnings, task.TaskHash())
		}
		instances, shots, err := load(data, task)
		if err != nil {
			t.Fatal(err)
		}
		checkOthers(t, task, instances, shots)
	}
	if w := resolve(t, c, "qasper_yesno:fixed:olmes").Warnings; len(w) > 0 {
		t.Errorf("qasper_yesno:fixed:olmes: warnings %q", w)
	}
}

func TestPassageTemplate(t *testing.T) {
	p := newPassageChoice()
	p.PassageTemplate = "{source}"
	render, err := p.Prepare(nil)
	if err == nil {
		_, err = render(&eval.Instance{Question: "q", Choices: []string{"Yes"}})
	}
	if err == nil || !strings.Contains(err.Error(), "passage_template") {
		t.Errorf("a template without {question}: %v", err)
	}
}

// TestLeaveOutNeedsDraw holds that no example is dropped where none is to spare.
func TestLeaveOutNeedsDraw(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, spec := range []string{"sciriff_yesno:olmes:fixed", "basic_skills_coding:olmes"} {
		task := resolve(t, c, spec)
		task.Fewshot.Draw = false
		if _, _, err := load(data, task); err == nil || !strings.Contains(err.Error(), "leave_out") {
			t.Errorf("%s without a draw: %v", spec, err)
		}
	}
	task := resolve(t, c, "sciriff_yesno:olmes")
	task.Fewshot.Draw = false
	if _, shots, err := load(data, task); err != nil || len(shots) != 5 {
		t.Errorf("%d examples, %v", len(shots), err)
	}
}
