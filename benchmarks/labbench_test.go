package benchmarks

import (
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

// TestLabShots checks that fixed prompts show three examples and never the
// question's own row.
func TestLabShots(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, spec := range []string{
		"lab_bench_litqa2:olmo3base:fixed", "lab_bench_litqa2:bpb:fixed",
		"lab_bench_litqa2:olmo3base:mc:fixed", "lab_bench_litqa2:olmo3base:bpb:fixed",
	} {
		task := resolve(t, c, spec)
		instances, shots, err := load(data, task)
		if err != nil {
			t.Fatal(err)
		}
		render, err := task.Prompt.Prepare(shots)
		if err != nil || task.Fewshot.Num != 3 || len(task.Warnings) > 0 || task.TaskHash() != "" {
			t.Fatalf("%s: %+v, %v, %v", spec, task.Fewshot, task.Warnings, err)
		}
		for _, in := range instances {
			req, err := render(in)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(req.Prompt, "\nAnswer: "); n != 3 || !strings.HasSuffix(req.Prompt, "\nAnswer:") {
				t.Errorf("%s: %d examples in %q", spec, n, req.Prompt)
			}
			if strings.Count(req.Prompt, in.Question) != 1 {
				t.Errorf("%s: the question is its own example: %q", spec, req.Prompt)
			}
		}
		task.Fewshot.Draw = false
		if _, _, err := load(data, task); err == nil || !strings.Contains(err.Error(), "leave_out") {
			t.Errorf("%s: examples in order: %v", spec, err)
		}
	}
}

func TestReadLabBench(t *testing.T) {
	c := ours(t)
	row := func() eval.Doc {
		return eval.Doc{
			"id": "i", "question": "q", "ideal": "r", "distractors": []any{"a", "r", "b"}, "protocol": "p", "sources": []any{"doi"},
		}
	}
	chat, err := resolve(t, c, "lab_bench_protocolqa").Instance(row(), 0)
	if err != nil || chat.Question != "Protocol:\np\n\nQuestion: q" || len(chat.Choices) != 4 || chat.Cluster != "p" {
		t.Errorf("%+v, %v", chat, err)
	}
	declines, _ := chat.Int("refuse_idx")
	if gold, _ := chat.GoldIndex(); chat.Choices[gold] != "r" || chat.Choices[declines] != labDeclines {
		t.Errorf("%+v", chat)
	}
	cloze, err := resolve(t, c, "lab_bench_protocolqa:olmo3base").Instance(row(), 0)
	if err != nil || cloze.Question != "q" || !slices.Equal(cloze.Choices, []string{"a", "r", "b", "r"}) || cloze.Gold != "D" || cloze.Metadata["refuse_idx"] != -1 {
		t.Errorf("%+v, %v", cloze, err)
	}
	if in, err := resolve(t, c, "lab_bench_litqa2").Instance(row(), 0); err != nil || in.Question != "q" || in.Cluster != "doi" {
		t.Errorf("%+v, %v", in, err)
	}
	long := row()
	long["protocol"] = strings.Repeat("step ", 50)
	if in, err := resolve(t, c, "lab_bench_protocolqa").Instance(long, 0); err != nil || len(in.Cluster) != 16 {
		t.Errorf("%+v, %v", in, err)
	}
	for field, empty := range map[string]any{"question": "", "ideal": nil, "distractors": []any{}} {
		broken := row()
		broken[field] = empty
		if in, err := resolve(t, c, "lab_bench_dbqa").Instance(broken, 0); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("without %s: %v, %v", field, in, err)
		}
	}
}
