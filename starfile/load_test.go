package starfile

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// load loads a source as if it were dir/t.star.
func load(t *testing.T, src string) (eval.Set, error) {
	t.Helper()
	return Load(t.Context(), "t.star", []byte(src), Env{})
}

func mustLoad(t *testing.T, src string) eval.Set {
	t.Helper()
	set, err := load(t, src)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// with is a minimal task with more arguments.
func with(args string) string {
	return `x = task("x", source="r.jsonl", prompt=prompt.chat(), ` + args + ")\n"
}

func TestTaskFields(t *testing.T) {
	set := mustLoad(t, `
def read(doc, n):
    return instance(question=doc["q"], gold=doc["a"], id=n, cluster="c", metadata={"k": [1, 2.5, None, True]})

task(
    name = "full", version = "2", description = "all of it",
    source = source("org/name", subset="main", revision="abc", data_files="*.parquet"), split = "dev",
    read = read, prompt = prompt.completion(template="Q: {question}\nA:", instruction="Answer."),
    sampling = sampling(temperature=0.5, max_tokens=7, top_p=0.9, stop_sequences=["\n"], num_samples=4),
    fewshot = fewshot(n=3, seed=9, split="train"), limit = 10, seed = 5, max_length = 2048,
    extract = answer.regexp(pattern="(\\d+)", group=1, last=True),
    metrics = [metric.accuracy(score.exact_match(case_sensitive=True)), metric.pass_at_4(score.exact_match())],
    primary_metric = "pass_at_4", needs = needs(secrets=["KEY"], network=True), chance = 0.25,
    oracle = lambda instance: instance.gold,
)`)
	task := set.Tasks[0].Task
	if task.Defined != "t.star:5" || task.CodeDigest == "" || task.Version != "2" || task.Description != "all of it" {
		t.Errorf("task = %+v", task)
	}
	wantSource := eval.Source{Path: "org/name", Subset: "main", Revision: "abc", DataFiles: "*.parquet"}
	if task.Source.Path != wantSource.Path || task.Source.Subset != "main" || task.Source.Revision != "abc" || task.Source.DataFiles != "*.parquet" {
		t.Errorf("source = %+v", task.Source)
	}
	if task.Fewshot != (eval.Fewshot{Num: 3, Seed: 9, Split: "train", Draw: true}) {
		t.Errorf("fewshot = %+v", task.Fewshot)
	}
	b, _ := json.Marshal(task.Sampling)
	if string(b) != `{"max_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":null,"stop_sequences":["\n"],"num_samples":4,"seed":null,`+
		`"min_p":null,"frequency_penalty":null,"presence_penalty":null,"repetition_penalty":null,"json_schema":null,"reasoning_effort":"","extra_body":null}` {
		t.Errorf("sampling = %s", b)
	}
	if *task.Limit != 10 || task.Config.Seed != 5 || *task.MaxLength != 2048 || task.Split != "dev" || task.Chance != 0.25 || task.Primary != "pass_at_4" {
		t.Errorf("config = %+v", task.Config)
	}
	if task.Needs.Secrets[0] != "KEY" || !task.Needs.Network {
		t.Errorf("needs = %+v", task.Needs)
	}
	if s, ok := task.Metrics[0].Scorer().(score.ExactMatch); !ok || !s.CaseSensitive || task.Metrics[1].Info().ID != "pass_at_4" {
		t.Errorf("metrics = %+v", task.Metrics)
	}
	if p := task.Prompt.(*prompt.Completion); p.Instruction != "Answer." || p.Separator != "\n\n" {
		t.Errorf("prompt = %+v", p)
	}
	in, err := task.Instance(eval.Doc{"q": "2+2?", "a": json.Number("4")}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if in.Question != "2+2?" || in.Gold != "4" || in.OwnID() != "3" || in.Cluster != "c" {
		t.Errorf("instance = %+v", in)
	}
	if got := string(eval.AppendCanonical(nil, in.Metadata)); got != `{"id": "3", "k": [1, 2.5, null, true]}` {
		t.Errorf("metadata = %s", got)
	}
	if a, ok := task.Oracle(in); a != "4" || !ok {
		t.Errorf("oracle = %q, %v", a, ok)
	}
	var said string
	broken, err := Load(t.Context(), "t.star", []byte(with("oracle=lambda i: 1 // 0")), Env{Print: func(s string) { said = s }})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := broken.Tasks[0].Task.Oracle(in); ok || !strings.Contains(said, "oracle: t.star:1:74: in lambda: floored division by zero") {
		t.Errorf("a broken oracle answered, or said only %q", said)
	}
	if got := task.Extract.Extract(in, &eval.Output{Text: "1 or 22"}); got != "22" {
		t.Errorf("extract = %v", got)
	}
}

func TestDefaults(t *testing.T) {
	task := mustLoad(t, with("")).Tasks[0].Task
	if task.Split != "test" || task.Config.Seed != 42 || task.Fewshot != (eval.Fewshot{Seed: 42, Draw: true}) || task.Source.Path != "./r.jsonl" {
		t.Errorf("config = %+v", task.Config)
	}
	for _, c := range []struct{ path, want string }{
		{"sub/t.star", "./sub/r.jsonl"}, {"/abs/t.star", "/abs/r.jsonl"}, {"../t.star", "../r.jsonl"},
	} {
		set, err := Load(t.Context(), c.path, []byte(with("")), Env{})
		if err != nil || set.Tasks[0].Task.Source.Path != c.want {
			t.Errorf("source from %s = %v, %v, want %s", c.path, set.Tasks, err, c.want)
		}
	}
}

func TestStandardRows(t *testing.T) {
	letters := mustLoad(t, `task("x", source="r.jsonl", prompt=prompt.choice())`).Tasks[0].Task
	plain := mustLoad(t, with(`cluster="passage"`)).Tasks[0].Task
	tests := []struct {
		task *eval.Task
		row  string
		gold string // JSON; "" for an error
		idx  int    // -1 for none
		want string // of the error
	}{
		{&letters, `{"question":"q","answer":"B","choices":["x","y"]}`, `"B"`, 1, ""},
		{&letters, `{"question":"q","answer":"y","choices":["x","y"]}`, `"B"`, 1, ""},
		{&letters, `{"question":"q","gold":1,"choices":["x","y"]}`, `"B"`, 1, ""},
		{&letters, `{"question":"q","gold_answer":"0","choices":["x","y"]}`, `"A"`, 0, ""},
		{&letters, `{"question":"q","answer":"a","choices":"[\"b\",\"a\"]"}`, `"B"`, 1, ""},
		{&letters, `{"question":"q","answer":20,"choices":[10,20]}`, `"B"`, 1, ""},
		{&letters, `{"question":"q","answer":1,"choices":[1,2]}`, "", 0, "may be choice number 1"},
		{&letters, `{"question":"q","answer":"z","choices":["x","y"]}`, "", 0, `gold "z" is none of the 2 choices`},
		{&letters, `{"question":"q","answer":2,"choices":["x","y"]}`, "", 0, "gold is 2, but there are 2 choices"},
		{&letters, `{"question":"q","answer":"A","choices":"x"}`, "", 0, "want a list"},
		{&plain, `{"question":"q","answer":"y","choices":["x","y"],"passage":"p1"}`, `"y"`, 1, ""},
		{&plain, `{"question":"q","answer":4,"passage":"p1"}`, `"4"`, -1, ""},
		{&plain, `{"question":"q","answer":["a","b"],"passage":"p1"}`, `["a", "b"]`, -1, ""},
		{&plain, `{"question":"q","answer":"y"}`, "", 0, `cluster: the row has no field "passage"`},
		{&plain, `{"quesion":"q","answer":"y"}`, "", 0, `no field "question"; did you mean "quesion"?`},
		{&plain, `{"question":"q","anser":"y"}`, "", 0, `no field "answer"; did you mean "anser"?`},
		{&plain, `{"question":" ","answer":"y"}`, "", 0, "the question is empty"},
		{&plain, `{"question":"q","answer":null}`, "", 0, "the answer is null"},
	}
	for _, tt := range tests {
		in, err := tt.task.Instance(doc(t, tt.row), 0)
		if tt.gold == "" {
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want an error with %q", tt.row, err, tt.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.row, err)
			continue
		}
		i, ok := in.GoldIndex()
		if got := string(eval.AppendCanonical(nil, in.Gold)); got != tt.gold || ok != (tt.idx >= 0) || ok && i != tt.idx {
			t.Errorf("%s: gold %s, index %d %v; want %s, %d", tt.row, got, i, ok, tt.gold, tt.idx)
		}
	}
	if in, _ := plain.Instance(doc(t, `{"question":"q","answer":1,"passage":"p7","level":"hard"}`), 0); in.Cluster != "p7" || in.Text("level") != "hard" {
		t.Errorf("instance = %+v", in)
	}
}

func doc(t *testing.T, row string) eval.Doc {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(row))
	dec.UseNumber()
	var d eval.Doc
	if err := dec.Decode(&d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestVariants(t *testing.T) {
	base := eval.Set{Tasks: []eval.Def{{Task: eval.Task{
		Name:   "sciq",
		Config: eval.Config{Source: eval.Source{Path: "x/y"}, Split: "test", Prompt: prompt.NewChoice()},
		Ref:    &eval.Ref{Name: "sciq"},
	}}}}
	src := with("") + `
x.variant("3shot", num_fewshot=3, fewshot_seed=1234)
variant(x, "zero", num_fewshot=0)
variant("x", "terse", description="short", prompt={"system_prompt": "Be brief."}, sampling={"max_tokens": 5}, temperature=0.7)
variant("sciq", "3shot", num_fewshot=3, fewshot_seed=1234)
variant("sciq", "own", prompt={"answer_suffix": "\nA:"}, extract=lambda text: text)
variant("elsewhere", "v", prompt={"no_such_field": 1})
`
	set, err := Load(t.Context(), "t.star", []byte(src), Env{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	def := set.Tasks[0]
	apply := func(v eval.Variant, t eval.Task) eval.Task { v.Apply(&t); return t }
	names := make([]string, len(def.Variants))
	for i, v := range def.Variants {
		names[i] = v.Name
	}
	if !slices.Equal(names, []string{"3shot", "zero", "terse"}) || def.Variants[2].Description != "short" {
		t.Errorf("variants = %v", names)
	}
	if got := apply(def.Variants[0], def.Task); got.Fewshot != (eval.Fewshot{Num: 3, Seed: 1234, Draw: true}) {
		t.Errorf("3shot: %+v", got.Fewshot)
	}
	terse := apply(def.Variants[2], def.Task)
	if p := terse.Prompt.(*prompt.Chat); p.SystemPrompt != "Be brief." || p.UserTemplate != "{question}" || *terse.Sampling.MaxTokens != 5 || terse.Sampling.Temperature != 0.7 {
		t.Errorf("terse: %+v %+v", terse.Prompt, terse.Sampling)
	}
	if def.Task.Prompt.(*prompt.Chat).SystemPrompt != "" {
		t.Error("a variant changed the base task")
	}
	three, own := set.Variants["sciq"][0], set.Variants["sciq"][1]
	if got := apply(three, base.Tasks[0].Task); got.Ref == nil || got.CodeDigest != "" || got.Fewshot.Num != 3 || !got.Fewshot.Draw {
		t.Errorf("sciq:3shot keeps its reference identity: %+v", got)
	}
	if got := apply(own, base.Tasks[0].Task); got.Ref != nil || got.CodeDigest == "" {
		t.Errorf("sciq:own has code of its own: %+v", got)
	}
	// A change that fits no field is found when the prompt is prepared.
	broken := apply(set.Variants["elsewhere"][0], base.Tasks[0].Task)
	if _, err := broken.Prompt.Prepare(nil); err == nil || !strings.Contains(err.Error(), `t.star:8: variant "v" of task "elsewhere"`) {
		t.Errorf("broken variant: %v", err)
	}
}

func TestSuite(t *testing.T) {
	set := mustLoad(t, with("")+`
inner = suite("inner", tasks=[x, "sciq:mc"], aggregation="none")
suite(name="outer", tasks=["inner", inner], description="d")
`)
	if len(set.Suites) != 2 {
		t.Fatalf("suites = %+v", set.Suites)
	}
	in, out := set.Suites[0], set.Suites[1]
	if in.Aggregation != "none" || in.Members[0].Spec != "x" || in.Members[1].Spec != "sciq:mc" || in.Defined != "t.star:3" {
		t.Errorf("inner = %+v", in)
	}
	if out.Aggregation != "average" || out.Members[0].Spec != "inner" || out.Members[1].Suite.Name != "inner" {
		t.Errorf("outer = %+v", out)
	}
}

func TestLoadOtherFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, src string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("lib/common.star", `
other = task("other", source="o.jsonl", prompt=prompt.chat())
def read(doc): return instance(question=doc["q"])
def make(name): return task(name, source="m.jsonl", prompt=prompt.chat(), read=read)
`)
	main := write("main.star", `
load("lib/common.star", "make", "other")
make("mine")
variant(other, "v", num_fewshot=1)
`)
	set, err := Load(t.Context(), main, nil, Env{})
	if err != nil {
		t.Fatal(err)
	}
	// What the loaded file registers is its own; a source is relative to the file
	// that names it.
	if len(set.Tasks) != 1 || set.Tasks[0].Task.Name != "mine" || len(set.Variants["other"]) != 1 {
		t.Errorf("set = %+v", set)
	}
	if got := set.Tasks[0].Task.Source.Path; got != filepath.Join(dir, "lib", "m.jsonl") {
		t.Errorf("source = %s", got)
	}
	before := set.Tasks[0].Task.CodeDigest
	write("lib/common.star", "# changed\ndef make(name): return task(name, source='m.jsonl', prompt=prompt.chat())\nother = 'other'\n")
	if set, err = Load(t.Context(), main, nil, Env{}); err != nil || set.Tasks[0].Task.CodeDigest == before {
		t.Errorf("a change of a loaded file leaves the code digest: %v", err)
	}
	for src, want := range map[string]string{
		`load("none.star", "x")`:             "main.star:1:1: load: no file",
		`load("main.star", "x")`:             "loads itself",
		`load("main.txt", "x")`:              `load: "main.txt" is no .star file`,
		"\nload('lib/common.star', 'mak')":   "(did you mean make?)",
		"\nload('lib/bad.star', 'x')":        "bad.star:2:5: undefined: nope",
		"x = 1\nload('lib/run.star', 'y')\n": "run.star:1:7: floored division by zero",
	} {
		write("lib/bad.star", "\nx = nope\n")
		write("lib/run.star", "y = 1 // 0\n")
		write("main.star", src)
		if _, err := Load(t.Context(), main, nil, Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", src, err, want)
		}
	}
	if _, err := Load(t.Context(), filepath.Join(dir, "absent.star"), nil, Env{}); err == nil || !strings.Contains(err.Error(), "no file") {
		t.Errorf("absent file: %v", err)
	}
}

func TestContextStopsLoading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, "t.star", []byte("while True: pass"), Env{}); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("Load = %v", err)
	}
}

func TestPrint(t *testing.T) {
	var got []string
	_, err := Load(t.Context(), "t.star", []byte("def f():\n  print('hello', 1)\nf()"), Env{Print: func(s string) { got = append(got, s) }})
	if err != nil || !slices.Equal(got, []string{"t.star:2:8: hello 1"}) {
		t.Errorf("print = %q, %v", got, err)
	}
}

func TestMetricIDs(t *testing.T) {
	for _, id := range metric.IDs() {
		call := "metric." + strings.Replace(id, "K", "2", 1) + "(score.exact_match())"
		if _, err := load(t, with("metrics=["+call+"]")); err != nil && !strings.Contains(err.Error(), "takes no scorer") {
			t.Errorf("%s: %v", call, err)
		}
	}
}
