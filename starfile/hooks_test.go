package starfile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"olmoeval/eval"
)

// record is a generation with outputs of those texts.
func record(in *eval.Instance, texts ...string) *eval.Record {
	if in.Metadata == nil {
		in.Metadata = map[string]any{}
	}
	rec := &eval.Record{Instance: in, Request: &eval.Request{Type: eval.Completion}}
	for _, s := range texts {
		rec.Outputs = append(rec.Outputs, eval.Output{Text: s})
	}
	return rec
}

// scoring asserts that err is a scoring error with the text.
func scoring(t *testing.T, err error, want string) {
	t.Helper()
	var f *eval.Fault
	if !errors.As(err, &f) || f.Status != eval.ScoringError || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want a one-line scoring error with %q", err, want)
	}
}

func TestExtractFunction(t *testing.T) {
	for _, tt := range []struct{ fn, text, answer, answers, want string }{
		{`lambda text: text.split("=")[-1].strip()`, "x = 5 ", "5", "[]", ""},
		{`lambda text, instance: text + instance.question`, "a", "aq", "[]", ""},
		{`lambda text: None`, "a", "<nil>", "[]", ""},
		{`lambda text: 7`, "a", "7", "[]", ""},
		{`lambda text: re.findall("[0-9]+", text)`, "1 and 2", "1", "[1 2]", ""},
		{`lambda text: []`, "a", "<nil>", "[]", ""},
		{`lambda text: {}`, "a", "", "", "t.star:1: extract: returned dict, want text, None or a list of text"},
		{`lambda text: text[99]`, "a", "", "", "t.star:1:76: in lambda: string index 99 out of range"},
	} {
		task := mustLoad(t, `task("x", source="r.jsonl", prompt=prompt.chat(), extract=`+tt.fn+`)`).Tasks[0].Task
		rec := record(&eval.Instance{Question: "q"}, tt.text)
		err := task.Extract.(eval.RecordExtractor).ExtractRecord(t.Context(), rec)
		if tt.want != "" {
			scoring(t, err, tt.want)
			continue
		}
		o := rec.Outputs[0]
		if got := fmt.Sprint(o.Answer); err != nil || got != tt.answer || fmt.Sprint(o.Answers) != tt.answers {
			t.Errorf("%s: answer %s %v, %v; want %s %s", tt.fn, got, o.Answers, err, tt.answer, tt.answers)
		}
		if again := task.Extract.Extract(rec.Instance, &rec.Outputs[0]); fmt.Sprint(again) != tt.answer {
			t.Errorf("%s: Extract = %v", tt.fn, again)
		}
	}
}

func scorerOf(t *testing.T, src string) eval.Scorer {
	t.Helper()
	return mustLoad(t, with("metrics=[metric.accuracy("+src+")]")).Tasks[0].Task.Metrics[0].Scorer()
}

func TestScoreFunction(t *testing.T) {
	for _, tt := range []struct {
		fn     string
		values string
		want   string
	}{
		{`lambda instance, output: len(output.text) / 4`, "[0.5 0.25]", ""},
		{`lambda instance, output: output.text in instance.gold`, "[1 0]", ""},
		{`lambda instance, output: instance.metadata["bonus"]`, "[2 2]", ""},
		{`lambda instance, output: None`, "", `score.fn "s": returned None, want a number`},
		{`lambda instance, output: float("nan")`, "", "which is no number"},
		{`lambda instance, output: output.txt`, "", `output has no .txt; did you mean "text"?`},
		{`lambda instance, output: [i for i in range(100000000)]`, "", "stopped after too many steps"},
	} {
		s := scorerOf(t, `score.fn("s", `+tt.fn+`)`)
		in := &eval.Instance{Gold: "xyz", Metadata: map[string]any{"bonus": 2}}
		scores, err := s.Score(t.Context(), record(in, "yz", "q"))
		if tt.want != "" {
			scoring(t, err, tt.want)
			continue
		}
		var values []float64
		for _, s := range scores {
			values = append(values, s.Value)
		}
		if err != nil || fmt.Sprint(values) != tt.values || s.Name() != "s" {
			t.Errorf("%s: %v, %v; want %s", tt.fn, values, err, tt.values)
		}
	}
}

func TestConcurrentCalls(t *testing.T) {
	task := mustLoad(t, `
WORDS = {"a": ["x", "y"]}
def helper(s): return WORDS[s]
def read(doc, i):
    return instance(question="%s %d" % (re.sub("[aeiou]", lambda m: m.group().upper(), doc["question"]), i), choices=helper("a"), gold="y")
`+with("read=read")).Tasks[0].Task
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				in, err := task.Instance(eval.Doc{"question": "hello"}, i)
				if want := fmt.Sprintf("hEllO %d", i); err != nil || in.Question != want {
					t.Errorf("question %v, %v; want %s", in, err, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

// execFile writes a shell script beside a star file that scores with it.
func execFile(t *testing.T, script, call string) eval.Task {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hook.sh"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	set, err := Load(t.Context(), filepath.Join(dir, "t.star"), []byte(with(call)), Env{})
	if err != nil {
		t.Fatal(err)
	}
	return set.Tasks[0].Task
}

func reply(line string) string {
	return "while read -r l; do echo '" + line + "'; done"
}

func TestScoreExec(t *testing.T) {
	for _, tt := range []struct{ script, values, want string }{
		{reply(`{"scores": {"hook": [1, 0.5]}}`), "[1 0.5]", ""},
		{reply(`{"scores": {"other": [true, false]}}`), "[1 0]", ""},
		{reply(`{"scores": {"a": 1, "b": 2}}`), "", `scores has no "hook"; it has: a, b`},
		{reply(`{"scores": {"hook": 1}}`), "", "one score for 2 outputs"},
		{reply(`{"scores": {"hook": [1]}}`), "", "gave 1 scores for 2 outputs"},
		{reply(`{"scores": {"hook": [1, null]}}`), "", "score null of output 1 is no number"},
		{reply(`{"scores": {"hook": "1"}}`), "", "is no number"},
		{reply(`{"scores": {"hook": null}}`), "", "is no number"},
		{reply(`{"scores": null}`), "", `without "scores"`},
		{reply(`{"answers": []}`), "", `without "scores"`},
		{reply(`{"error": "no gold here"}`), "", "no gold here"},
		{reply(`nonsense`), "", "no JSON object"},
		{"read -r l; echo 'KeyError: x' >&2; exit 1", "", "died: exit status 1; stderr ends: KeyError: x"},
	} {
		task := execFile(t, tt.script, `metrics=[metric.accuracy(score.exec(["sh", "hook.sh"], processes=1))]`)
		scores, err := task.Metrics[0].Scorer().Score(t.Context(), record(&eval.Instance{}, "a", "b"))
		if tt.want != "" {
			scoring(t, err, tt.want)
			continue
		}
		var values []float64
		for _, s := range scores {
			values = append(values, s.Value)
		}
		if err != nil || fmt.Sprint(values) != tt.values {
			t.Errorf("%s: %v, %v; want %s", tt.script, values, err, tt.values)
		}
	}
	// The continuations of a log-likelihood may be judged by one number.
	task := execFile(t, reply(`{"scores": {"hook": 1}}`), `metrics=[metric.accuracy(score.exec(["sh", "hook.sh"]))]`)
	rec := record(&eval.Instance{}, "a", "b")
	rec.Request.Type = eval.Loglikelihood
	if scores, err := task.Metrics[0].Scorer().Score(t.Context(), rec); err != nil || len(scores) != 2 || scores[1].Value != 1 {
		t.Errorf("log-likelihood: %v, %v", scores, err)
	}
}

func TestAnswerExec(t *testing.T) {
	for _, tt := range []struct{ script, answers, want string }{
		{reply(`{"answers": ["a", null]}`), "[a <nil>]", ""},
		{reply(`{"answers": [3, ["b", "c"]]}`), "[3 b]", ""},
		{reply(`{"answers": ["a"]}`), "", "gave 1 answers for 2 outputs"},
		{reply(`{"answers": [{}, 1]}`), "", "answer 0: returned dict"},
		{reply(`{"scores": {}}`), "", `without "answers"`},
	} {
		task := execFile(t, tt.script, `extract=answer.exec(["sh", "hook.sh"])`)
		rec := record(&eval.Instance{}, "a", "b")
		err := task.Extract.(eval.RecordExtractor).ExtractRecord(t.Context(), rec)
		if tt.want != "" {
			scoring(t, err, tt.want)
			continue
		}
		if got := fmt.Sprint([]any{rec.Outputs[0].Answer, rec.Outputs[1].Answer}); err != nil || got != tt.answers {
			t.Errorf("%s: %s, %v; want %s", tt.script, got, err, tt.answers)
		}
	}
}

func TestExecDigest(t *testing.T) {
	call := `metrics=[metric.accuracy(score.exec(["sh", "hook.sh"]))]`
	a, b, c := execFile(t, "exit 1", call), execFile(t, "exit 1", call), execFile(t, "exit 2", call)
	if a.CodeDigest != b.CodeDigest || a.CodeDigest == c.CodeDigest {
		t.Errorf("code digests %s, %s, %s: want the script's bytes in them and not its place", a.CodeDigest, b.CodeDigest, c.CodeDigest)
	}
}

func TestSourceExec(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rows.sh"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	src := `task("x", source=source.exec(["sh", "rows.sh", "--n=3"]), prompt=prompt.chat())`
	set, err := Load(t.Context(), filepath.Join(dir, "t.star"), []byte(src), Env{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"sh", filepath.Join(dir, "rows.sh"), "--n=3"}
	if got := set.Tasks[0].Task.Source; fmt.Sprint(got.Command) != fmt.Sprint(want) || got.Kind() != eval.SourceExec {
		t.Errorf("source = %+v, want %v", got, want)
	}
}

func TestPythonExample(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3: ", err)
	}
	set, err := Load(t.Context(), "../examples/python/close_enough.star", nil, Env{})
	if err != nil {
		t.Fatal(err)
	}
	task := set.Tasks[0].Task
	in, err := task.Instance(eval.Doc{"question": "How many?", "answer": "100"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	rec := record(in, "about 105", "it is 50", "no idea")
	if x, ok := task.Extract.(eval.RecordExtractor); ok {
		err = x.ExtractRecord(t.Context(), rec)
	} else {
		for i := range rec.Outputs {
			rec.Outputs[i].Answer = task.Extract.Extract(in, &rec.Outputs[i])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	s := task.Metrics[0].Scorer()
	scores, err := s.Score(t.Context(), rec)
	if err != nil || len(scores) != 3 || scores[0].Value != 1 || scores[1].Value != 0 || scores[2].Value != 0 {
		t.Errorf("scores = %v, %v; want 1 0 0", scores, err)
	}
	// A gold that is no number makes the script crash: a fault, and the next
	// question is scored as if nothing had been.
	bad := record(&eval.Instance{Gold: "many"}, "5")
	_, err = s.Score(t.Context(), bad)
	scoring(t, err, "ValueError: could not convert string to float: 'many'")
	if scores, err = s.Score(t.Context(), rec); err != nil || scores[0].Value != 1 {
		t.Errorf("after a crash: %v, %v", scores, err)
	}
}

func BenchmarkRead(b *testing.B) {
	set, err := Load(b.Context(), "../examples/internal_freshqa/internal_freshqa.star", nil, Env{})
	if err != nil {
		b.Fatal(err)
	}
	task := set.Tasks[0].Task
	row := eval.Doc{"question": strings.Repeat("what is it? ", 20), "answer": "42", "choices": []any{"1", "42", "3", "4"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := task.Instance(row, 7); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExtract(b *testing.B) {
	set, err := Load(b.Context(), "t.star", []byte(`
def extract(text):
    m = re.search("answer is ([0-9]+)", text)
    return m.group(1) if m else None
task("x", source="r.jsonl", prompt=prompt.chat(), extract=extract)`), Env{})
	if err != nil {
		b.Fatal(err)
	}
	x := set.Tasks[0].Task.Extract.(eval.RecordExtractor)
	rec := record(&eval.Instance{}, strings.Repeat("so we go on, ", 20)+"the answer is 42")
	b.ReportAllocs()
	for b.Loop() {
		if err := x.ExtractRecord(b.Context(), rec); err != nil {
			b.Fatal(err)
		}
	}
}
