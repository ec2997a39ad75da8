package benchmarks

import (
	"slices"
	"strings"
	"testing"
)

// later are the tasks of the reference that come with other work, by prefix.
var later = map[string]string{
	"humanevalfim": "runs code", "deepseek_leetcode": "runs code", "multipl_e_": "runs code",
	"harmbench": "judged", "simpleqa": "judged", "astabench_": "judged", "expertqa": "judged",
	"litsearch": "agents", "aime_": "math", "hmmt_": "math", "math500": "math",
	"ifeval_": "instruction verifiers", "ruler_": "long context",
}

// laterVariants are variants of tasks that are here for their bits per byte.
func laterVariant(task, variant string) bool {
	switch {
	case strings.HasPrefix(task, "minerva_math_"):
		return true // generation, judged by equivalence; the bpb forms are tasks
	case slices.Contains([]string{"bigcodebench", "ds1000"}, task):
		return variant == "olmo3base" || strings.HasPrefix(variant, "pass_at_")
	case slices.Contains([]string{"humaneval", "humaneval_plus", "mbpp", "mbpp_plus"}, task):
		return strings.HasPrefix(variant, "pass_at_")
	}
	return false
}

// TestNames: every task and variant of the reference is here, but for those
// that come with other work.
func TestNames(t *testing.T) {
	c, r := ours(t), readRegistry(t)
	tasks, variants, waiting := 0, 0, 0
	for name, vs := range r.Tasks {
		if isLater(name) {
			waiting++
			continue
		}
		if _, ok := c.Task(name); !ok {
			t.Errorf("no task %s", name)
			continue
		}
		tasks++
		for _, v := range vs {
			if laterVariant(name, v) {
				continue
			}
			if _, err := c.Resolve(name+":"+v, nil); err != nil {
				t.Error(err)
			}
			variants++
		}
	}
	t.Logf("%d tasks and %d variants; %d tasks come later", tasks, variants, waiting)
	if tasks+waiting != 412 {
		t.Errorf("%d tasks in all, want 412", tasks+waiting)
	}
}

func isLater(task string) bool {
	for prefix := range later {
		if strings.HasPrefix(task, prefix) && task != "litsearch_rerank" {
			return true
		}
	}
	return false
}
