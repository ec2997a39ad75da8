package benchmarks

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"olmoeval/answer"
	"olmoeval/dataset"
	"olmoeval/eval"
	"olmoeval/prompt"
)

func TestTidy(t *testing.T) {
	title, mark := regexp.MustCompile(`\.? \[title\]`), regexp.MustCompile(`\[.*?\]`)
	regex := func(s string) string {
		s = strings.TrimFunc(s, pySpace)
		return strings.ReplaceAll(mark.ReplaceAllString(title.ReplaceAllString(s, ". "), ""), "  ", " ")
	}
	pieces := []string{"a", ".", " ", "  ", "[title]", " [title]", ". [title]", "[", "]", "\n", "[step]", "é"}
	seed := uint32(1)
	for range 20000 {
		var b strings.Builder
		for range 8 {
			seed = seed*1664525 + 1013904223
			b.WriteString(pieces[seed>>16%uint32(len(pieces))])
		}
		if got, want := tidy(b.String()), regex(b.String()); got != want {
			t.Fatalf("tidy(%q) = %q, want %q", b.String(), got, want)
		}
	}
}

func TestCapitalize(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "he": "He", "then The DOG": "Then the dog", "une élève": "Une élève", "ÉCOLE Ömer": "École ömer", "ßa": "Ssa", "ǆX": "ǅx",
	} {
		if got := capitalize(in); got != want {
			t.Errorf("capitalize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestReadGSM8K(t *testing.T) {
	for text, want := range map[string]string{
		"a #### 1,234": "1234", "#### 5 #### -7 ": "-7", "no mark, 12": "12", "#### $3.50": "3.50", "#### 1,2,3": "3",
	} {
		in, err := readGSM8K(nil, eval.Doc{"question": "q", "answer": text}, 3)
		if err != nil || in.Gold != want || in.Metadata["id"] != 3 {
			t.Errorf("%q: %v, %v; want %s", text, in, err, want)
		}
	}
	if _, err := readGSM8K(nil, eval.Doc{"question": "q", "answer": "#### none"}, 0); err == nil {
		t.Error("a row without a number was read")
	}
	in, err := readGSMSymbolic(nil, eval.Doc{"question": "q", "answer": "#### 1", "id": json.Number("17")}, 0)
	if err != nil || in.Cluster != "17" {
		t.Errorf("cluster of a template: %v, %v", in, err)
	}
}

// TestBrokenRows checks that a row without a right answer is refused or dropped,
// not given one.
func TestBrokenRows(t *testing.T) {
	c := ours(t)
	two := map[string]any{"text": []any{"x", "y"}}
	for _, r := range []struct {
		spec    string
		doc     eval.Doc
		dropped bool
	}{
		{"arc_easy", eval.Doc{"question": "q", "choices": two, "answerKey": "C"}, false},
		{"arc_easy", eval.Doc{"question": "q", "choices": two, "answerKey": ""}, false},
		{"arc_easy", eval.Doc{"question": "", "choices": two, "answerKey": "A"}, true},
		{"arc_easy", eval.Doc{"question": "q"}, true},
		{"hellaswag", eval.Doc{"ctx_a": "a", "endings": []any{"x"}, "label": "1"}, false},
		{"mmlu_anatomy", eval.Doc{"question": "q", "choices": []any{"x"}, "answer": json.Number("1")}, true},
		{"mmlu_anatomy:rc", eval.Doc{"question": "q", "choices": []any{}, "answer": "A"}, true},
		{"demo_facts", eval.Doc{"question": "q", "choices": []any{"x"}, "answer": json.Number("1")}, false},
		{"demo_arithmetic", eval.Doc{"question": "q", "answer": "many"}, false},
	} {
		in, err := resolve(t, c, r.spec).Instance(r.doc, 0)
		if in != nil || (err == nil) != r.dropped {
			t.Errorf("%s: %v gives %v, %v", r.spec, r.doc, in, err)
		}
	}
	in, err := resolve(t, c, "mmlu_anatomy").Instance(eval.Doc{"question": "q", "choices": []any{"x", "y"}, "answer": "B"}, 0)
	if err != nil || in == nil || in.Gold != "B" {
		t.Errorf("a letter as answer: %v, %v", in, err)
	}
}

func TestFixed(t *testing.T) {
	c, data := ours(t), mirror(t)
	code := func(task *eval.Task) (codes []string) {
		for _, w := range task.Warnings {
			head, _, _ := strings.Cut(w, ":")
			codes = append(codes, head)
		}
		return codes
	}
	for _, f := range []struct {
		spec          string
		codes         []string
		instances     int
		continuations int
	}{
		{"arc_easy:bpb:olmo3base", []string{"reference_metric"}, 5, 3},
		{"arc_easy:bpb:olmo3base:fixed", nil, 5, 1},
		{"arc_easy:olmo3base:bpb", nil, 5, 1},
		{"arc_challenge:bpb:olmo3base", []string{"reference_metric"}, 5, 6},
		{"arc_challenge:bpb:olmo3base:fixed", nil, 5, 1},
		{"arc_challenge:mc_olmo3base", []string{"fewshot_leak"}, 22, 3},
		{"arc_challenge:mc_olmo3base:fixed", nil, 5, 3},
		{"arc_challenge:rc:mc", []string{"metric_replaced"}, 5, 3},
		{"arc_challenge:mc:rc", []string{"metric_replaced"}, 5, 3},
		{"arc_challenge:rc:mc:bpb", nil, 5, 1},
		{"hellaswag:olmo3base", []string{"fewshot_leak"}, 17, 4},
		{"hellaswag:olmo3base:fixed", nil, 5, 4},
	} {
		task := resolve(t, c, f.spec)
		if got := code(task); !slices.Equal(got, f.codes) {
			t.Errorf("%s: warnings %v, want %v", f.spec, got, f.codes)
		}
		checkFirst(t, data, task, f.spec, f.instances, f.continuations)
		if strings.HasSuffix(f.spec, ":fixed") && task.TaskHash() != "" {
			t.Errorf("%s: has the reference's hash", f.spec)
		}
	}
}

// TestFreshValues checks that variants of one task leave another alone.
func TestFreshValues(t *testing.T) {
	c := ours(t)
	resolve(t, c, "arc_challenge:bpb:olmo3base")
	plain := resolve(t, c, "arc_challenge")
	if p := choice(plain); p.Score != prompt.Choices || p.Unconditional || plain.Fewshot.Num != 0 || len(plain.Warnings) > 0 {
		t.Errorf("arc_challenge was changed by a variant of another spec: %+v", p)
	}
}

// TestDrawnShots checks that worked examples drawn from the training split show
// right answers in either style.
func TestDrawnShots(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, spec := range []string{"arc_challenge", "arc_challenge:mc"} {
		task := resolve(t, c, spec)
		task.Fewshot.Num = 12
		instances, shots, err := load(data, task)
		if err != nil {
			t.Fatal(err)
		}
		render, err := task.Prompt.Prepare(shots)
		if err != nil {
			t.Fatal(err)
		}
		req, err := render(instances[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, shot := range shots {
			gold, _ := shot.GoldIndex()
			want := "\nAnswer: " + shot.Choices[gold] + "\n\n"
			if choice(task).Style == prompt.Letters {
				want = "\nAnswer: " + letter(gold) + "\n\n"
			}
			if !strings.Contains(req.Prompt, want) {
				t.Errorf("%s: no %q in %q", spec, want, req.Prompt)
			}
		}
		if len(shots) != 12 {
			t.Errorf("%s: %d worked examples, want 12", spec, len(shots))
		}
	}
}

func TestDemo(t *testing.T) {
	c, data := ours(t), dataset.New(dataset.Options{Bundled: All().Data})
	suite, ok := c.Suite("demo")
	if !ok {
		t.Fatal("no suite demo")
	}
	total := 0
	for _, m := range suite.Members {
		task := resolve(t, c, m.Spec)
		instances, _, err := load(data, task)
		if err != nil {
			t.Fatal(err)
		}
		render, err := task.Prompt.Prepare(nil)
		if err != nil {
			t.Fatal(err)
		}
		total += len(instances)
		questions, ids, golds := map[string]bool{}, map[string]bool{}, map[int]int{}
		for _, in := range instances {
			if questions[in.Question] || ids[in.OwnID()] || in.Question == "" || in.OwnID() == "" {
				t.Errorf("%s: %s stands twice or is empty", task.Name, in.OwnID())
			}
			questions[in.Question], ids[in.OwnID()] = true, true
			if _, err := render(in); err != nil {
				t.Errorf("%s: %s: %v", task.Name, in.OwnID(), err)
			}
			if in.Choices == nil {
				if n, _ := answer.Number(strings.TrimSuffix(in.Text("steps"), ".")); n != in.Gold {
					t.Errorf("%s: %s: the steps end in %s, gold is %v", task.Name, in.OwnID(), n, in.Gold)
				}
				continue
			}
			gold, _ := in.GoldIndex()
			golds[gold]++
			sorted := slices.Sorted(slices.Values(in.Choices))
			if len(sorted) != 4 || len(slices.Compact(sorted)) != 4 {
				t.Errorf("%s: %s: choices %q", task.Name, in.OwnID(), in.Choices)
			}
		}
		for i, n := range golds {
			if 4*n != len(instances) {
				t.Errorf("%s: %d of %d answers are %s", task.Name, n, len(instances), letter(i))
			}
		}
	}
	if total < 200 {
		t.Errorf("%d questions, want 200", total)
	}
	t.Logf("%d questions", total)
}

func BenchmarkReadGSM8K(b *testing.B) {
	d := eval.Doc{"question": "How many?", "answer": strings.Repeat("He has 3 boxes of 12. ", 12) + "\n#### 1,236"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readGSM8K(nil, d, 1); err != nil {
			b.Fatal(err)
		}
	}
}
