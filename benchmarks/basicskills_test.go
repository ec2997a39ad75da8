package benchmarks

import (
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestReadBasicSkill(t *testing.T) {
	task := resolve(t, ours(t), "basic_skills_arithmetic")
	row := func() eval.Doc {
		return eval.Doc{"id": "arithmetic_1", "question": "q", "answer": "A", "wrong_answers": []any{"w1", "w2", "w3"}}
	}
	in, err := task.Instance(row(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"A", "w2", "w3", "w1"}; !slices.Equal(in.Choices, want) || in.Metadata["gold_idx"] != 0 || in.Gold != "A" {
		t.Errorf("choices %q, gold %v at %v; want %q", in.Choices, in.Gold, in.Metadata["gold_idx"], want)
	}
	for _, field := range []string{"id", "question", "answer", "wrong_answers"} {
		d := row()
		delete(d, field)
		if in, err := task.Instance(d, 0); in != nil || err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("without %s: %v, %v", field, in, err)
		}
	}
}

// TestBasicSkillShots checks that no question stands among its own examples, that
// every prompt shows as many as asked for, and in the drawn order.
func TestBasicSkillShots(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, skill := range []string{"arithmetic", "pattern"} {
		task := resolve(t, c, "basic_skills_"+skill+":olmo3base")
		instances, shots, err := load(data, task)
		if err != nil {
			t.Fatal(err)
		}
		checkOthers(t, task, instances, shots)
	}
}

// checkOthers holds prompts of a task that leaves a question out of its examples.
func checkOthers(t *testing.T, task *eval.Task, instances, shots []*eval.Instance) {
	t.Helper()
	k := task.Fewshot.Num
	if len(shots) != k+1 {
		t.Fatalf("%s: %d examples drawn, want %d", task.Name, len(shots), k+1)
	}
	render, err := task.Prompt.Prepare(shots)
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, in := range instances {
		req, err := render(in)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(req.Prompt, in.Question); n != 1 {
			t.Errorf("%s: %s stands %d times in its prompt", task.Name, in.OwnID(), n)
		}
		var at []int
		for _, shot := range shots {
			if shot.OwnID() == in.OwnID() {
				left++
				continue
			}
			if i := strings.Index(req.Prompt, shot.Question); i >= 0 && len(at) < k {
				at = append(at, i)
			}
		}
		if len(at) != k || !slices.IsSorted(at) || req.Shared != 0 {
			t.Errorf("%s: %s: examples at %v, %d shared", task.Name, in.OwnID(), at, req.Shared)
		}
	}
	if left != k+1 {
		t.Errorf("%s: %d of %d examples are among the questions", task.Name, left, k+1)
	}
}
