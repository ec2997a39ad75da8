package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/corpus"
)

func TestTaskNew(t *testing.T) {
	c := newCall(t)
	out := c.ok(t, "task", "new", "my_task")
	if !strings.HasPrefix(out, "evals/my_task.star\n") || !strings.Contains(out, "next: olmo-eval task check evals/my_task.star\n") {
		t.Errorf("task new: %s", out)
	}
	// What it writes works at once, by path and by name, with all variants.
	for _, spec := range []string{"evals/my_task.star", "my_task"} {
		if out := c.ok(t, "task", "check", spec); strings.Contains(out, "failed") || !strings.Contains(out, "4 right answers score 1") {
			t.Errorf("task check %s: %s", spec, out)
		}
	}
	c.refuses(t, []string{"task", "new", "my_task"}, "exists already", "evals/my_task.star")
	c.refuses(t, []string{"task", "new", "gsm8k"}, `"gsm8k" exists already`, "benchmarks/gsm8k.go")
	c.refuses(t, []string{"task", "new", "mmlu"}, "is a suite already")
	c.refuses(t, []string{"task", "new", "bad name"}, "bad name")
	c.refuses(t, []string{"task", "new", "../up"}, "../up")
	c.refuses(t, []string{"task", "new", "x", "--from", "no.jsonl"}, "no.jsonl")
	c.file(t, "odd.jsonl", `{"x": 1}`+"\n")
	c.refuses(t, []string{"task", "new", "x", "--from", "odd.jsonl"}, "odd.jsonl", "question", "the row has: x")

	// A file that is in the way is kept, even where the name is not known.
	c.file(t, "other/mine.star", "# kept\n")
	c.refuses(t, []string{"task", "new", "mine", "--dir", "other"}, "is not overwritten")
	if b, err := os.ReadFile(filepath.Join(c.dir, "other/mine.star")); err != nil || string(b) != "# kept\n" {
		t.Errorf("the file became %q, %v", b, err)
	}
}

func TestTaskNewFrom(t *testing.T) {
	c := newCall(t)
	c.file(t, "sub/rows.jsonl", strings.Repeat(`{"question": "2+2?", "answer": "4"}`+"\n", 5))
	got := rowsOfCall[newTask](t, c, "task", "new", "sums", "--from", "sub/rows.jsonl", "--dir", "mine")[0]
	if got.Path != "mine/sums.star" || got.Rows != nil || got.Next != "olmo-eval task check mine/sums.star" {
		t.Errorf("task new --from: %+v", got)
	}
	c.ok(t, "task", "check", "mine/sums.star")
	if _, err := os.Stat(filepath.Join(c.dir, "evals")); err == nil {
		t.Error("evals was made although --dir names another folder")
	}
}

func TestTaskCheck(t *testing.T) {
	c := newCall(t)
	c.file(t, "rows.jsonl", `{"question": "1+1?", "answer": "2"}`+"\n"+`{"question": "?", "answer": null}`+"\n")
	head := `
def read(row, i):
    return instance(question = row["question"], gold = row["answer"])
T = task(name = "t", source = "./rows.jsonl", split = "test", read = read, prompt = prompt.completion(template = "{question}"), `
	exact := `metrics = [metric.accuracy(score.exact_match())])`
	for _, k := range []struct {
		name, text string
		words      []string // of the refusal; none: it passes
		says       string   // on stdout
	}{
		{"right", head + exact, nil, "2 of rows.jsonl, 0 worked examples, 1 without a gold answer"},
		{"broken extractor", head + "extract = lambda text: None, " + exact, []string{"rows.jsonl:1", "t: oracle", "scores 0, want 1", `gold "2", output "2" as null`}, "failed   t: oracle"},
		{"empty is right", head + `extract = lambda text: "2", ` + exact, []string{"rows.jsonl:1", "t: empty", "scores 1, want 0"}, "ok       t: oracle: 1 right answers"},
		{"extractor that fails", head + "extract = lambda text: text[99], " + exact, []string{"rows.jsonl:1", "scoring_error", "t.star:4"}, "t: rows: 2"},
		{"no metrics", head + ")", []string{"t.star:4", "no metrics"}, "t: rows: 2"},
		{"bad variant", head + exact + "\nT.variant(\"v\", num_fewshot = 9)\n", []string{"t.star", "t:v: load", "num_fewshot asks for 9"}, "ok       t: oracle"},
		{"wrong column", strings.Replace(head, `row["answer"]`, `row["anwser"]`, 1) + exact, []string{"t: load", "rows.jsonl:1", "anwser", "t.star:3"}, ""},
		{"syntax", head, []string{"t.star:", "t.star"}, ""},
		{"unknown suite member", head + exact + "\nsuite(name = \"s\", aggregation = \"average\", tasks = [\"gsm9k\"])\n", []string{"gsm9k"}, ""},
		{"judge", head + `needs = needs(judge = "gpt"), ` + exact, nil, "skipped  t: oracle: scoring needs judge gpt"},
	} {
		c.file(t, "t.star", k.text)
		code, out, errs := c.run("task", "check", "t.star")
		wantCode := exitOK
		if k.words != nil {
			wantCode = exitUsage
		}
		if code != wantCode || !strings.Contains(out, k.says) {
			t.Errorf("%s: exit code %d\n%s%s", k.name, code, out, errs)
		}
		for _, w := range k.words {
			if !strings.Contains(errs, w) {
				t.Errorf("%s: %q does not say %q", k.name, errs, w)
			}
		}
	}
	c.refuses(t, []string{"task", "check", "no.star"}, "no.star does not exist")
	c.refuses(t, []string{"task", "check", "gsm8kk"}, `did you mean "gsm8k"?`)
}

// A file may give variants to tasks defined elsewhere: their data is not read.
func TestTaskCheckForeignVariants(t *testing.T) {
	c := newCall(t)
	c.file(t, "v.star", `
variant("sciq", "5shot", num_fewshot = 5)
suite(name = "s", aggregation = "average", tasks = ["sciq:5shot", "sciq:mc:5shot"])
`)
	rows := rowsOfCall[checked](t, c, "task", "check", "v.star")
	if len(rows) != 2 || rows[0].Check != "suite" || rows[1].Spec != "sciq:5shot" || rows[1].Status != checkOK {
		t.Errorf("task check: %+v", rows)
	}
}

// The bundled tasks pass in all their forms: a generation task, a
// multiple-choice task, a cloze task, and bits per byte.
func TestTaskCheckBuiltIns(t *testing.T) {
	c := newCall(t)
	specs := map[string]bool{}
	for _, s := range rowsOfCall[taskRow](t, c, "tasks", "^demo_") {
		specs[s.Name] = true
		for _, v := range s.Variants {
			specs[s.Name+":"+v] = true
		}
	}
	if len(specs) < 4 {
		t.Fatalf("specs: %v", specs)
	}
	for s := range specs {
		rows := rowsOfCall[checked](t, c, "task", "check", s, "-n", "0")
		if len(rows) < 2 || rows[1].Check != checkOracle || rows[1].Status != checkOK {
			t.Errorf("%s: %+v", s, rows)
		}
	}
	mirror := filepath.Join(corpus.Dir(t), "mirror")
	for _, s := range []string{"gsm8k", "gsm8k:olmo3base", "arc_challenge:rc", "arc_easy:mc", "hellaswag:bpb", "mmlu_anatomy"} {
		rows := rowsOfCall[checked](t, c, "task", "check", s, "--mirror", mirror)
		if len(rows) < 2 || rows[1].Status != checkOK {
			t.Errorf("%s: %+v", s, rows)
		}
	}
}
