package benchmarks

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
)

// solutionFamilies are the families of this part of the catalogue.
var solutionFamilies = []string{
	"c4", "code_fresh_", "mt_mbpp_", "serialized", "humaneval", "codex_humaneval", "mbpp", "bigcodebench", "ds1000", "minerva_math_",
}

// ofSolutions reports whether a spec of the reference belongs to the families
// here; later whether it needs code to be run or answers to be compared, or is no
// spec there either.
func ofSolutions(spec string) (ours, later bool) {
	task, _, _ := strings.Cut(spec, ":")
	ours = slices.ContainsFunc(solutionFamilies, func(p string) bool { return strings.HasPrefix(task, p) }) &&
		!strings.HasPrefix(task, "humanevalfim")
	variants := strings.Split(spec, ":")[1:]
	has := func(v string) bool { return slices.Contains(variants, v) }
	switch {
	case has("pass_at_1") || has("pass_at_10"):
		later = true
	case task == "bigcodebench" || task == "ds1000":
		later = has("olmo3base")
	case strings.HasPrefix(task, "minerva_math_"):
		later = len(variants) > 0 && variants[0] != "bpb"
	case strings.HasPrefix(spec, "mbpp:bpb:"):
		later = spec != "mbpp:bpb:olmo3base"
	}
	return ours, later
}

// TestSolutionRequests is TestRequests for these families.
func TestSolutionRequests(t *testing.T) {
	c, data := ours(t), mirror(t)
	specs, requests, shots, left := 0, 0, 0, 0
	eachLine(t, "requests.jsonl.gz", func(line []byte) {
		var r struct {
			Spec       string
			Error      string
			NInstances int              `json:"n_instances"`
			Shots      []map[string]any `json:"fewshot_instances"`
			Items      []struct {
				Index    int            `json:"instance_idx"`
				Instance map[string]any `json:"instance"`
				Request  map[string]any `json:"request"`
				Sampling map[string]any `json:"sampling_params"`
			}
		}
		decode(t, bytes.NewReader(line), &r)
		ours, later := ofSolutions(r.Spec)
		if !ours {
			return
		}
		if later || strings.HasPrefix(r.Spec, "math500") {
			left++
			return
		}
		task := resolve(t, c, r.Spec)
		instances, worked, err := load(data, task)
		if r.Error != "" {
			if err == nil {
				t.Errorf("%s: loaded, want an error as %s", r.Spec, r.Error)
			}
			return
		}
		specs++
		if err != nil || len(instances) != r.NInstances || len(worked) != len(r.Shots) {
			t.Errorf("%s: %d instances and %d shots, want %d and %d (%v)", r.Spec, len(instances), len(worked), r.NInstances, len(r.Shots), err)
			return
		}
		for i := range worked {
			shots++
			if !same(t, worked[i], r.Shots[i]) {
				t.Errorf("%s: shot %d:\n got %v\nwant %v", r.Spec, i, plain(t, worked[i]), plain(t, r.Shots[i]))
			}
		}
		render, err := task.Prompt.Prepare(worked)
		if err != nil {
			t.Errorf("%s: %v", r.Spec, err)
			return
		}
		for _, item := range r.Items {
			requests++
			in := instances[item.Index]
			if !same(t, in, item.Instance) {
				t.Errorf("%s[%d]: instance\n got %v\nwant %v", r.Spec, item.Index, plain(t, in), plain(t, item.Instance))
			}
			req, err := render(in)
			if err != nil {
				t.Errorf("%s[%d]: %v", r.Spec, item.Index, err)
				continue
			}
			if !same(t, req, item.Request) {
				t.Errorf("%s[%d]: request\n got %v\nwant %v", r.Spec, item.Index, plain(t, req), plain(t, item.Request))
			}
			if req.Type != task.Prompt.RequestType() || req.Shared > len(req.Prompt) {
				t.Errorf("%s[%d]: a %s request of a %s prompt, %d bytes shared", r.Spec, item.Index, req.Type, task.Prompt.RequestType(), req.Shared)
			}
			if want := without(item.Sampling, "$type", "do_sample", "logprobs"); !same(t, task.Sampling, want) {
				t.Errorf("%s: sampling %v, want %v", r.Spec, plain(t, task.Sampling), plain(t, want))
			}
		}
	})
	t.Logf("%d specs, %d requests, %d worked examples; %d specs come later", specs, requests, shots, left)
	if specs < 400 {
		t.Errorf("only %d specs compared", specs)
	}
}

// solutionMetrics are our ids of a spec's metrics, as the reference has them.
func solutionMetrics(name string, ref refSpec) (ids []string, primary string) {
	if name == "humaneval:olmo3base" || name == "mbpp:olmo3base" || strings.HasPrefix(name, "minerva_math_") && !strings.Contains(name, ":") {
		return nil, "" // until code can be run and answers compared
	}
	for _, m := range ref.Config.Metrics {
		if m.Type == "BPBMetricByteAvg" {
			return []string{"bits_per_byte_corpus", "bits_per_byte"}, "bits_per_byte"
		}
		ids = append(ids, m.Name)
	}
	if strings.HasPrefix(name, "code_fresh_") && strings.HasSuffix(name, ":bpb:ppl") {
		return append(ids, "bits_per_byte"), "bits_per_byte"
	}
	primary, _, _ = strings.Cut(ref.Primary, ":")
	return ids, primary
}

// TestSolutionRegistry is TestRegistry for these families.
func TestSolutionRegistry(t *testing.T) {
	c, r := ours(t), readRegistry(t)
	specs, hashes, unexpressed, left := 0, 0, 0, 0
	for name, ref := range r.Specs {
		ours, later := ofSolutions(name)
		if !ours || later || strings.HasPrefix(name, "math500") {
			if ours {
				left++
			}
			continue
		}
		specs++
		task := resolve(t, c, name)
		cfg := ref.Config
		s := cfg.Source
		got := []any{
			task.Source, task.Split, task.Fewshot.Num, task.Fewshot.Seed, task.Seed, task.Limit, task.MaxLength,
		}
		want := []any{
			eval.Source{Path: s.Path, Subset: s.Subset, DataFiles: s.DataFiles, Revision: s.Revision},
			cfg.Split, cfg.NumFewshot, cfg.FewshotSeed, cfg.Seed, cfg.Limit, cfg.MaxLength,
		}
		if !same(t, got, want) {
			t.Errorf("%s: %v, want %v", name, plain(t, got), plain(t, want))
		}
		var ids []string
		for _, m := range task.Metrics {
			ids = append(ids, m.Info().ID)
		}
		wantIDs, wantPrimary := solutionMetrics(name, ref)
		primary := task.Primary
		if primary == "" && len(ids) > 0 {
			primary = ids[0]
		}
		if !slices.Equal(ids, wantIDs) || primary != wantPrimary {
			t.Errorf("%s: metrics %v, primary %s; want %v, %s", name, ids, primary, wantIDs, wantPrimary)
		}
		switch task.TaskHash() {
		case ref.HashRun:
			hashes++
		case "":
			unexpressed++
		default:
			t.Errorf("%s: task_hash %s, want %s", name, task.TaskHash(), ref.HashRun)
		}
	}
	t.Logf("%d specs, %d task hashes equal, %d cannot be expressed; %d specs come later", specs, hashes, unexpressed, left)
	if specs < 600 || hashes < 550 {
		t.Errorf("only %d specs and %d hashes compared", specs, hashes)
	}
}

// TestSolutionExtract compares answers with the recorded ones where no program is
// made of them.
func TestSolutionExtract(t *testing.T) {
	c := ours(t)
	equal, left := 0, 0
	eachLine(t, "scoring.jsonl.gz", func(line []byte) {
		var r struct {
			Spec  string
			Cases []struct {
				Instance eval.Instance
				Outputs  []struct{ Text string }
				Answers  []any `json:"extracted"`
			}
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		ours, later := ofSolutions(r.Spec)
		task, _, _ := strings.Cut(r.Spec, ":")
		switch {
		case !ours:
			return
		case later, task == "bigcodebench", task == "ds1000":
			left += len(r.Cases)
			return
		}
		extract := resolve(t, c, r.Spec).Extract
		for i, k := range r.Cases {
			for j, o := range k.Outputs {
				if got := extract.Extract(&k.Instance, &eval.Output{Text: o.Text}); got != k.Answers[j] {
					t.Errorf("%s case %d: %q gives %q, want %q", r.Spec, i, o.Text, got, k.Answers[j])
				}
				equal++
			}
		}
	})
	t.Logf("%d answers compared; %d cases come later", equal, left)
}

func TestDS1000Prompt(t *testing.T) {
	n := 0
	eachLine(t, "extract.jsonl.gz", func(line []byte) {
		var r struct {
			Fn   string
			Args []json.RawMessage
			Out  json.RawMessage
		}
		var in, want string
		decode(t, bytes.NewReader(line), &r)
		if r.Fn != "ds1000_format_prompt" || json.Unmarshal(r.Args[0], &in) != nil || json.Unmarshal(r.Out, &want) != nil {
			return
		}
		n++
		if got := ds1000Prompt(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	})
	t.Logf("%d prompts", n)
}

// TestSolutionWarnings checks what is said of prompts that are kept as they are,
// and that fixed repairs them.
func TestSolutionWarnings(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, f := range []struct {
		spec, codes string
		typ         eval.RequestType
		shots       bool // worked examples are in the prompt
	}{
		{"mt_mbpp_go:3shot", "fewshot_missing", eval.Completion, false},
		{"mt_mbpp_go:3shot:fixed", "", eval.Completion, true},
		{"mt_mbpp_go:olmo3base:bpb", "", eval.Loglikelihood, true},
		{"mbpp:3shot", "fewshot_missing", eval.Completion, false},
		{"mbpp:3shot:bpb", "signature_twice", eval.Loglikelihood, true},
		{"mbpp:bpb:olmo3base", "", eval.Loglikelihood, true},
		{"mbpp_plus:3shot:bpb", "fewshot_leak signature_twice", eval.Loglikelihood, true},
		{"mbpp_plus:3shot:bpb:fixed", "signature_twice", eval.Loglikelihood, true},
		{"mbpp:olmo3base", "fewshot_form", eval.Completion, true},
		{"mbpp:olmo3base:bpb", "fewshot_form no_likelihood", eval.Completion, true},
		{"mbpp:olmo3base:bpb:fixed", "", eval.Loglikelihood, true},
		{"humaneval", "", eval.Completion, false},
		{"humaneval:bpb", "", eval.Loglikelihood, false},
		{"humaneval:3shot:bpb", "fewshot_space", eval.Loglikelihood, true},
		{"humaneval:3shot:bpb:fixed", "", eval.Loglikelihood, true},
		{"humaneval:bpb:3shot", "no_likelihood", eval.Completion, true},
		{"humaneval:bpb:3shot:fixed", "", eval.Loglikelihood, true},
		{"humaneval:bpb:chat", "no_likelihood", eval.Chat, false},
		{"codex_humaneval:olmo3base", "fewshot_missing", eval.Completion, false},
		{"codex_humaneval:olmo3base:fixed", "", eval.Completion, true},
		{"ds1000:bpb:3shot", "no_likelihood", eval.Completion, true},
		{"bigcodebench:3shot:bpb", "", eval.Loglikelihood, true},
		{"code_fresh_go:bpb:ppl", "reference_metric", eval.Loglikelihood, false},
		{"code_fresh_go:bpb:ppl:bpb", "", eval.Loglikelihood, false},
	} {
		task := resolve(t, c, f.spec)
		var codes []string
		for _, w := range task.Warnings {
			head, _, _ := strings.Cut(w, ":")
			codes = append(codes, head)
		}
		slices.Sort(codes)
		if got := strings.Join(codes, " "); got != f.codes {
			t.Errorf("%s: warnings %q, want %q", f.spec, got, f.codes)
		}
		instances, shots, err := load(data, task)
		if err != nil {
			t.Errorf("%s: %v", f.spec, err)
			continue
		}
		render, err := task.Prompt.Prepare(shots)
		if err != nil {
			t.Errorf("%s: %v", f.spec, err)
			continue
		}
		req, err := render(instances[0])
		if err != nil || req.Type != f.typ {
			t.Errorf("%s: %v, %v; want a %s request", f.spec, req, err, f.typ)
			continue
		}
		seen := false
		for _, s := range shots {
			gold, _ := s.GoldText()
			seen = seen || s.Question != "" && strings.Contains(req.Prompt, s.Question+gold)
		}
		if f.shots && len(shots) == 0 || !f.shots && seen {
			t.Errorf("%s: %d examples, seen %v, want %v: %q", f.spec, len(shots), seen, f.shots, req.Prompt)
		}
		if strings.HasSuffix(f.spec, ":fixed") && (!seen && !strings.HasPrefix(f.spec, "mbpp:olmo3base") || task.TaskHash() != "") {
			t.Errorf("%s: examples %v, hash %q: %q", f.spec, seen, task.TaskHash(), req.Prompt)
		}
	}
}

// TestSolutionRows checks that rows without what a task needs are refused by
// name.
func TestSolutionRows(t *testing.T) {
	c := ours(t)
	for _, r := range []struct {
		spec string
		doc  eval.Doc
		want string
	}{
		{"c4", eval.Doc{"url": "x"}, "text"},
		{"code_fresh_go", eval.Doc{"text": "x"}, "file_contents"},
		{"code_fresh_go", eval.Doc{"file_contents": "x", "file_tokens": json.Number("4097")}, "file_tokens"},
		{"mt_mbpp_go", eval.Doc{"text": "x"}, "code"},
		{"humaneval", eval.Doc{"task_id": "1", "prompt": "p", "canonical_solution": "s", "test": "t"}, "entry_point"},
		{"mbpp", eval.Doc{"code": "x"}, "text"},
		{"mbpp:bpb", eval.Doc{"text": "x"}, "code"},
		{"mbpp_plus", eval.Doc{"prompt": "p", "code": "x"}, "test"},
		{"mbpp:olmo3base", eval.Doc{"text": "x", "code": "c"}, "test_list"},
		{"bigcodebench", eval.Doc{"task_id": "1"}, "complete_prompt"},
		{"ds1000", eval.Doc{"prompt": "p", "reference_code": "r"}, "code_context"},
		{"minerva_math_algebra:bpb", eval.Doc{"problem": "p"}, "solution"},
		{"serialized:mbpp_3shot_bpb", eval.Doc{"request_type": "chat", "prompt": "p"}, "request_type"},
		{"serialized:mbpp_3shot_bpb", eval.Doc{"request_type": "loglikelihood"}, "prompt"},
		{"serialized:mbpp_3shot_bpb", eval.Doc{"request_type": "loglikelihood", "prompt": "p"}, "continuations"},
	} {
		in, err := resolve(t, c, r.spec).Instance(r.doc, 0)
		if err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: %v gives %v, %v; want an error that names %s", r.spec, r.doc, in, err, r.want)
		}
	}
}

func FuzzDS1000Prompt(f *testing.F) {
	for _, s := range []string{"", "put solution", "```\nput solution\nput solution", "A:\n<code>\nx\n</code>\n... # put solution\nBEGIN SOLUTION\n<code>\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := ds1000Prompt(s); !strings.HasSuffix(got, "\n") || strings.HasSuffix(got, "\n\n") {
			t.Errorf("%q gives %q: want one newline at the end", s, got)
		}
	})
}
