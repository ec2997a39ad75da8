package benchmarks

import (
	"strings"
	"testing"

	"olmoeval/eval"
)

func zebraRow(edit func(eval.Doc)) eval.Doc {
	d := eval.Doc{
		"index": "z-1", "size": "2*2", "puzzle": "who?",
		"solution": map[string]any{
			"header": []any{"House", "Name", "Drink"},
			"rows":   []any{[]any{"1", "Ann", "tea"}, []any{"2", "Bob", "milk"}},
		},
	}
	if edit != nil {
		edit(d)
	}
	return d
}

// TestZebraForms checks which variant sends what.
func TestZebraForms(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, f := range []struct {
		spec     string
		codes    string
		kind     eval.RequestType
		braces   string
		tokens   int
		hasNoRef bool
	}{
		{"zebralogic", "doubled_braces", eval.Completion, "{{\n", 4096, false},
		{"zebralogic:chat", "doubled_braces not_chat", eval.Completion, "{{\n", 16384, false},
		{"zebralogic:fixed", "", eval.Completion, "\n{\n", 4096, true},
		{"zebralogic:chat:fixed", "", eval.Chat, "\n{\n", 16384, true},
		{"zebralogic:fixed:chat", "", eval.Chat, "\n{\n", 16384, true},
	} {
		task := resolve(t, c, f.spec)
		instances, _, err := load(data, task)
		if err != nil {
			t.Fatalf("%s: %v", f.spec, err)
		}
		render, err := task.Prompt.Prepare(nil)
		if err != nil {
			t.Fatalf("%s: %v", f.spec, err)
		}
		req, err := render(instances[0])
		if err != nil {
			t.Fatalf("%s: %v", f.spec, err)
		}
		text := req.Prompt
		if f.kind == eval.Chat {
			text = req.Messages[0].Content
		}
		var codes []string
		for _, w := range task.Warnings {
			code, _, _ := strings.Cut(w, ":")
			codes = append(codes, code)
		}
		if got := strings.Join(codes, " "); got != f.codes {
			t.Errorf("%s: warnings %q, want %q", f.spec, got, f.codes)
		}
		if req.Type != f.kind || task.Prompt.RequestType() != f.kind || !strings.Contains(text, f.braces) || text != instances[0].Question {
			t.Errorf("%s: %s %.900q", f.spec, req.Type, text)
		}
		if f.hasNoRef && strings.Contains(text, "{{") || *task.Sampling.MaxTokens != f.tokens || (task.TaskHash() == "") != f.hasNoRef {
			t.Errorf("%s: %d tokens, hash %q, %.900q", f.spec, *task.Sampling.MaxTokens, task.TaskHash(), text)
		}
		if f.kind == eval.Completion && (req.Shared < 1000 || req.Shared > len(req.Prompt)) {
			t.Errorf("%s: %d bytes shared", f.spec, req.Shared)
		}
	}
}

func TestReadZebra(t *testing.T) {
	task := resolve(t, ours(t), "zebralogic")
	if _, err := task.Instance(zebraRow(nil), 0); err == nil || !strings.Contains(err.Error(), zebraText) {
		t.Errorf("without the text: %v", err)
	}
	task.Prompt = &zebraPrompt{Text: "{puzzle} | {json_template} {{x}}"}
	in, err := task.Instance(zebraRow(nil), 0)
	want := `who? | {
    "reasoning": "___",
    "solution": {
        "House 1": {
            "Name": "___",
            "Drink": "___"
        },
        "House 2": {
            "Name": "___",
            "Drink": "___"
        }
    }
} {{x}}`
	if err != nil || in.Question != want || in.Metadata["difficulty"] != "easy" || in.Metadata["total_cells"] != 4 || in.OwnID() != "z-1" {
		t.Errorf("%+v, %v", in, err)
	}
	solution := func(d eval.Doc) map[string]any { return d["solution"].(map[string]any) }
	for want, edit := range map[string]func(eval.Doc){
		"puzzle is missing":         func(d eval.Doc) { delete(d, "puzzle") },
		"solution.header is":        func(d eval.Doc) { delete(d, "solution") },
		"want House":                func(d eval.Doc) { solution(d)["header"] = []any{"Haus", "Name"} },
		"solution.rows is missing":  func(d eval.Doc) { solution(d)["rows"] = []any{} },
		"solution.rows[1] has 2 ce": func(d eval.Doc) { solution(d)["rows"].([]any)[1] = []any{"2", "Bob"} },
	} {
		if in, err := task.Instance(zebraRow(edit), 0); err == nil || !strings.Contains(err.Error(), want) || in != nil {
			t.Errorf("%s: %v, %v", want, in, err)
		}
	}
	if _, err := (&zebraPrompt{Text: "no place"}).Prepare(nil); err == nil {
		t.Error("a text without {puzzle} is taken")
	}
}
