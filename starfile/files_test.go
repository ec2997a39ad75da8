package starfile

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// instances reads all rows of a task from a local file.
func instances(t *testing.T, task *eval.Task, path string) []*eval.Instance {
	t.Helper()
	rows, err := dataset.New(dataset.Options{}).Open(t.Context(), eval.Source{Path: path}, task.Split)
	if err != nil {
		t.Fatal(err)
	}
	var out []*eval.Instance
	for row, err := range rows.All(t.Context()) {
		var d eval.Doc
		var in *eval.Instance
		if err == nil {
			d, err = dataset.Decode(row)
		}
		if err == nil {
			in, err = task.Instance(d, len(out))
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = append(out, in)
	}
	return out
}

// ask renders the last instance with the task's first worked examples.
func ask(t *testing.T, task *eval.Task, list []*eval.Instance) *eval.Request {
	t.Helper()
	render, err := task.Prompt.Prepare(list[:task.Fewshot.Num])
	if err != nil {
		t.Fatal(err)
	}
	req, err := render(list[len(list)-1])
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestFreshQAExample(t *testing.T) {
	const dir = "../examples/internal_freshqa/"
	set, err := Load(t.Context(), dir+"internal_freshqa.star", nil, Env{})
	if err != nil {
		t.Fatal(err)
	}
	def := set.Tasks[0]
	if def.Task.Name != "internal_freshqa" || def.Task.Source.Path != "s3://evals/internal/freshqa.jsonl" || def.Task.Sampling.Temperature != 0 {
		t.Errorf("task = %+v", def.Task.Config)
	}
	apply := func(names ...string) eval.Task {
		task := def.Task
		for _, n := range names {
			for _, v := range def.Variants {
				if v.Name == n {
					v.Apply(&task)
				}
			}
		}
		return task
	}
	zero := apply("zero")
	list := instances(t, &zero, dir+"freshqa.jsonl")
	if len(list) < 12 || list[0].OwnID() != "tide" || list[2].OwnID() != "freshqa_2" || list[0].Gold != "the Moon" {
		t.Fatalf("%d instances, the first %+v", len(list), list[0])
	}
	if req := ask(t, &zero, list); req.Type != eval.Chat || len(req.Messages) != 1 || req.Messages[0].Content != list[len(list)-1].Question {
		t.Errorf("zero asks %+v", req)
	}
	three := apply("3shot")
	if three.Fewshot.Num != 3 || three.Fewshot.Seed != 1234 || !three.Fewshot.Draw || len(ask(t, &three, list).Messages) != 7 {
		t.Errorf("3shot = %+v", three.Fewshot)
	}
	mc := apply("mc", "3shot")
	letters := instances(t, &mc, dir+"freshqa.jsonl")
	if req := ask(t, &mc, letters); req.Type != eval.Loglikelihood || fmt.Sprint(req.Continuations) != "[ A  B  C  D]" || strings.Count(req.Prompt, "Answer:") != 4 {
		t.Errorf("mc:3shot asks %+v", req)
	}
	for i, in := range letters {
		k, ok := in.GoldIndex()
		if !ok || in.Choices[k] != list[i].Gold || in.Gold != string(rune('A'+k)) {
			t.Errorf("row %d: gold %v is not choice %d of %v", i, list[i].Gold, k, in.Choices)
		}
	}
	if len(set.Variants["sciq"]) != 1 || len(set.Variants["arc_challenge"]) != 1 {
		t.Errorf("variants = %v", set.Variants)
	}
	s := set.Suites[0]
	if s.Name != "base_qa_few_shot" || s.Aggregation != eval.Average ||
		fmt.Sprint(s.Members) != fmt.Sprint(eval.Specs("sciq:mc:3shot", "arc_challenge:mc:3shot", "internal_freshqa:mc:3shot")) {
		t.Errorf("suite = %+v", s)
	}
}

func TestFromRows(t *testing.T) {
	data := dataset.New(dataset.Options{})
	write := func(name, rows string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(rows), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	free, err := FromRows(t.Context(), write("free.jsonl", `{"question":"1+1?","answer":2}`), data)
	if err != nil {
		t.Fatal(err)
	}
	if free.Task.Name != "free.jsonl" || free.Task.Metrics[0].Info().ID != "accuracy" {
		t.Errorf("task = %+v", free.Task)
	}
	list := instances(t, &free.Task, free.Task.Source.Path)
	if req := ask(t, &free.Task, list); req.Prompt != "Question: 1+1?\nAnswer:" || list[0].Gold != "2" {
		t.Errorf("request %+v", req)
	}
	mc, err := FromRows(t.Context(), write("mc:1.csv", "question,answer,choices\nq,1,\"[\"\"x\"\", \"\"y\"\"]\"\n"), data)
	if err != nil {
		t.Fatal(err)
	}
	if list = instances(t, &mc.Task, mc.Task.Source.Path); mc.Task.Name != "mc_1.csv" || mc.Task.Metrics[0].Info().ID != "acc_sum" || list[0].Gold != "B" {
		t.Errorf("task %s, instance %+v", mc.Task.Name, list[0])
	}
	if req := ask(t, &mc.Task, list); fmt.Sprint(req.Continuations) != "[ A  B]" {
		t.Errorf("request %+v", req)
	}
	for _, def := range []eval.Def{free, mc} {
		task := def.Task
		def.Variants[0].Apply(&task)
		if req := ask(t, &task, list); req.Type != eval.Chat || task.Metrics[0].Info().ID != "accuracy" {
			t.Errorf("%s:chat asks %+v", task.Name, req)
		}
	}
	for rows, want := range map[string]string{
		``:               "no rows",
		`{"text":"x"}`:   `the first row: the row has no field "question"`,
		`{"question": 1`: "rows.jsonl:1:",
	} {
		if _, err := FromRows(t.Context(), write("rows.jsonl", rows), data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", rows, err, want)
		}
	}
	if _, err := FromRows(t.Context(), "./absent.jsonl", data); err == nil {
		t.Error("an absent file gave a task")
	}
}

func TestNewFile(t *testing.T) {
	data := dataset.New(dataset.Options{})
	root := t.TempDir()
	dir := filepath.Join(root, "evals")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		rows    string
		request eval.RequestType
		gold    string
	}{
		"free":   {`{"question":"q?","answer":"x"}`, eval.Completion, "x"},
		"choice": {`{"query":"q?","label":1,"options":["x","y"],"uid":"u7"}`, eval.Loglikelihood, "B"},
	} {
		path := filepath.Join(root, name+"_rows.jsonl")
		if err := os.WriteFile(path, []byte(tt.rows), 0o644); err != nil {
			t.Fatal(err)
		}
		src, err := NewFile(t.Context(), name, dir, path, data)
		if err != nil {
			t.Fatal(err)
		}
		set, err := Load(t.Context(), filepath.Join(dir, name+".star"), src, Env{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, src)
		}
		def := set.Tasks[0]
		if def.Task.Name != name || def.Task.Source.Path != path || def.Task.Prompt.RequestType() != tt.request {
			t.Errorf("%s: %+v", name, def.Task)
		}
		list := instances(t, &def.Task, path)
		if list[0].Question != "q?" || list[0].Gold != tt.gold || list[0].OwnID() == "" {
			t.Errorf("%s: %+v", name, list[0])
		}
		ask(t, &def.Task, list)
		if lines := strings.Count(string(src), "\n"); lines > 60 || !strings.Contains(string(src), `"../`+name+`_rows.jsonl"`) {
			t.Errorf("%s: %d lines\n%s", name, lines, src)
		}
	}
	src, err := NewFile(t.Context(), "fresh", dir, "", data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), filepath.Join(dir, "fresh.star"), src, Env{}); err != nil {
		t.Errorf("%v in\n%s", err, src)
	}
	for line := range strings.Lines(string(SampleRows())) {
		var row map[string]string
		if err := json.Unmarshal([]byte(line), &row); err != nil || row["question"] == "" || row["answer"] == "" {
			t.Errorf("sample row %s: %v", line, err)
		}
	}
	if _, err := NewFile(t.Context(), "a:b", dir, "", data); err == nil {
		t.Error("a bad name gave a file")
	}
	odd := filepath.Join(root, "odd.jsonl")
	if err := os.WriteFile(odd, []byte(`{"a":1,"b":2}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFile(t.Context(), "odd", dir, odd, data); err == nil || !strings.Contains(err.Error(), "the row has: a, b") {
		t.Errorf("rows without a question: %v", err)
	}
}

// TestLabels has the prompts that ask for labels, and those that do not.
func TestLabels(t *testing.T) {
	chat := prompt.NewMCQAChat()
	chat.Labels = []string{"1", "2"}
	cloze := prompt.NewChoice()
	cloze.Style = prompt.Cloze
	for _, tt := range []struct {
		f    eval.Formatter
		want string
	}{{prompt.NewChoice(), "B"}, {chat, "2"}, {cloze, "y"}, {prompt.NewCompletion(), "y"}, {nil, "y"}} {
		in := &eval.Instance{Gold: "y", Choices: []string{"x", "y"}, Metadata: map[string]any{"gold_idx": 1}}
		if err := asLabel(tt.f, in); err != nil || in.Gold != tt.want {
			t.Errorf("%T: gold %v, %v; want %s", tt.f, in.Gold, err, tt.want)
		}
	}
}
