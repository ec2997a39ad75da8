package benchmarks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/pyrand"
)

// TestRequests compares instances, worked examples, requests and sampling with
// what the reference made of the mirror's rows.
func TestRequests(t *testing.T) {
	c, data := ours(t), mirror(t)
	specs, requests, shots := 0, 0, 0
	eachLine(t, "requests.jsonl.gz", func(line []byte) {
		var r struct {
			Spec       string
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
		if !covered(r.Spec) {
			return
		}
		specs++
		task := resolve(t, c, r.Spec)
		instances, worked, err := load(data, task)
		if err != nil {
			t.Errorf("%s: %v", r.Spec, err)
			return
		}
		if len(instances) != r.NInstances || len(worked) != len(r.Shots) {
			t.Errorf("%s: %d instances and %d shots, want %d and %d", r.Spec, len(instances), len(worked), r.NInstances, len(r.Shots))
			return
		}
		for i := range worked {
			shots++
			shot := *worked[i]
			shot.Cluster = "" // ours alone
			if !same(t, shot, r.Shots[i]) {
				t.Errorf("%s: shot %d:\n got %v\nwant %v", r.Spec, i, plain(t, worked[i]), plain(t, r.Shots[i]))
			}
		}
		render, err := task.Prompt.Prepare(worked)
		if err != nil {
			t.Errorf("%s: %v", r.Spec, err)
			return
		}
		first := ""
		for _, item := range r.Items {
			requests++
			in := *instances[item.Index]
			in.Cluster = "" // ours alone
			if !same(t, in, item.Instance) {
				t.Errorf("%s[%d]: instance\n got %v\nwant %v", r.Spec, item.Index, plain(t, in), plain(t, item.Instance))
			}
			req, err := render(&in)
			if err != nil {
				t.Errorf("%s[%d]: %v", r.Spec, item.Index, err)
				continue
			}
			if !same(t, req, item.Request) {
				t.Errorf("%s[%d]: request\n got %v\nwant %v", r.Spec, item.Index, plain(t, req), plain(t, item.Request))
			}
			want := without(item.Sampling, "$type", "do_sample", "logprobs")
			if !same(t, task.Sampling, want) {
				t.Errorf("%s: sampling %v, want %v", r.Spec, plain(t, task.Sampling), plain(t, want))
			}
			if req.Type == eval.Chat { // shares messages
				continue
			}
			if req.Shared > len(req.Prompt) || first != "" && req.Prompt[:req.Shared] != first {
				t.Errorf("%s[%d]: the first %d bytes are not shared", r.Spec, item.Index, req.Shared)
			}
			first = req.Prompt[:req.Shared]
		}
	})
	t.Logf("%d specs, %d requests, %d worked examples", specs, requests, shots)
	if specs < 300 {
		t.Errorf("only %d specs compared", specs)
	}
}

type refSpec struct {
	Config struct {
		Source struct {
			Path, Subset, Split string
			SourceType          string `json:"source_type"`
			DataFiles           string `json:"data_files"`
			Revision            string
		} `json:"data_source"`
		Limit       *int
		MaxLength   *int  `json:"max_length"`
		NumFewshot  int   `json:"num_fewshot"`
		FewshotSeed int64 `json:"fewshot_seed"`
		Seed        int64
		Split       string
		Metrics     []struct {
			Type, Name string
		}
		Sampling map[string]json.RawMessage `json:"sampling_params"`
	} `json:"config_to_dict"`
	Primary string `json:"primary_metric"`
	HashCfg string `json:"task_hash_config"`
	HashRun string `json:"task_hash_run"`
	Error   string
}

type registry struct {
	Specs  map[string]refSpec
	Tasks  map[string][]string
	Suites map[string]struct {
		Aggregation string
		Expanded    []string
		Tree        json.RawMessage
	}
}

func readRegistry(t *testing.T) *registry {
	var r registry
	decode(t, unzip(t, "registry.json.gz"), &r)
	return &r
}

func ourID(class, name string) string {
	switch class {
	case "LogprobMCAccuracyMetric":
		return "acc_sum"
	case "LogprobPerCharMCAccuracyMetric":
		return "acc_per_char"
	case "LogprobUncondMCAccuracyMetric":
		return "acc_uncond"
	case "LogprobPerTokenMCAccuracyMetric":
		return "acc_per_token"
	case "GreedyAccuracyMetric":
		return "acc_greedy"
	}
	return name // accuracy, pass_at_K, bits_per_byte
}

// ownMetrics are specs whose metrics differ from the reference's on purpose.
func ownMetrics(spec string) (ids []string, primary string) {
	if strings.HasPrefix(spec, "gpqa_") || strings.HasPrefix(spec, "lab_bench_") {
		switch {
		case strings.HasSuffix(spec, ":bpb"):
			return []string{"bits_per_byte"}, "bits_per_byte"
		case strings.HasSuffix(spec, ":bpb:mc"):
			return []string{"accuracy", "bits_per_byte"}, "bits_per_byte"
		}
	}
	switch spec {
	case "arc_easy:bpb:olmo3base":
		return []string{"acc_per_char", "bits_per_byte"}, "bits_per_byte"
	case "medqa:bpb", "medqa:mc:bpb":
		return []string{"bits_per_byte"}, "bits_per_byte"
	case "medqa:bpb:mc":
		return []string{"accuracy", "bits_per_byte"}, "bits_per_byte"
	case "piqa:bpb:olmo3base":
		return []string{"acc_per_char", "bits_per_byte"}, "bits_per_byte"
	case "arc_challenge:bpb:olmo3base", "csqa:bpb:olmo3base":
		return []string{"acc_uncond", "bits_per_byte"}, "bits_per_byte"
	case "arc_challenge:rc:mc", "arc_challenge:rc:mc_olmo3base", "csqa:rc:mc", "csqa:rc:mc_olmo3base":
		return []string{"acc_sum"}, "acc_sum"
	}
	return nil, ""
}

// TestRegistry compares the configuration of every spec with the reference's.
func TestRegistry(t *testing.T) {
	c, r := ours(t), readRegistry(t)
	specs, hashes := 0, 0
	for name, ref := range r.Specs {
		if !covered(name) {
			continue
		}
		if ref.Error != "" { // a variant that the task does not have
			if _, err := c.Resolve(name, nil); err == nil {
				t.Errorf("%s resolves, the reference: %s", name, ref.Error)
			}
			continue
		}
		specs++
		task := resolve(t, c, name)
		cfg := ref.Config
		check := func(what string, got, want any) {
			t.Helper()
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %s is %v, want %v", name, what, got, want)
			}
		}
		s := cfg.Source
		check("source", task.Source, refSource(t, s.Path, s.Subset, s.DataFiles, s.Revision))
		check("split", task.Split, cfg.Split)
		check("num_fewshot", task.Fewshot.Num, cfg.NumFewshot)
		check("fewshot_seed", task.Fewshot.Seed, cfg.FewshotSeed)
		check("seed", task.Seed, cfg.Seed)
		check("limit", value(task.Limit), value(cfg.Limit))
		check("max_length", value(task.MaxLength), value(cfg.MaxLength))
		want := map[string]any{}
		for k, v := range cfg.Sampling {
			if k != "do_sample" && k != "logprobs" {
				want[k] = v
			}
		}
		if !same(t, task.Sampling, want) {
			t.Errorf("%s: sampling %v, want %v", name, plain(t, task.Sampling), plain(t, want))
		}
		checkMetrics(t, name, task, ref)
		switch {
		case ref.HashCfg != ref.HashRun:
			t.Errorf("%s: two hashes", name)
		case task.TaskHash() == ref.HashRun:
			hashes++
		default:
			t.Errorf("%s: task_hash %s, want %s", name, task.TaskHash(), ref.HashRun)
		}
	}
	t.Logf("%d specs, %d task hashes equal", specs, hashes)
	if specs < 600 {
		t.Errorf("only %d specs compared", specs)
	}
	for name, variants := range r.Tasks {
		if !covered(name) {
			continue
		}
		for _, v := range variants {
			if _, err := c.Resolve(name+":"+v, nil); err != nil {
				t.Error(err)
			}
		}
	}
}

func checkMetrics(t *testing.T, name string, task *eval.Task, ref refSpec) {
	t.Helper()
	var got, want []string
	for _, m := range task.Metrics {
		got = append(got, m.Info().ID)
	}
	for _, m := range ref.Config.Metrics {
		want = append(want, ourID(m.Type, m.Name))
	}
	primary, _, _ := strings.Cut(ref.Primary, ":")
	for _, m := range ref.Config.Metrics {
		if m.Name == primary {
			primary = ourID(m.Type, m.Name)
			break
		}
	}
	if ids, p := ownMetrics(name); ids != nil {
		want, primary = ids, p
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: metrics %v, want %v", name, got, want)
	}
	p := task.Primary
	if p == "" {
		p = got[0]
	}
	if p != primary {
		t.Errorf("%s: primary %s, want %s", name, p, primary)
	}
	if strings.Contains(name, ":bpb") && p != "bits_per_byte" {
		t.Errorf("%s: primary %s", name, p)
	}
}

func value(p *int) any {
	if p == nil {
		return nil
	}
	return *p
}

// TestFingerprints checks the few-shot part of prompts: everything before the
// evaluated question.
func TestFingerprints(t *testing.T) {
	for _, f := range []struct {
		spec, sum string
		chars     int
	}{
		{"arc_easy:rc:olmo3base", "1b34d327490ecab8a7f5d380eaa79906", 701},
		{"arc_easy:mc:olmo3base", "c454992fb086d7ba776a1da1747496cb", 1085},
		{"arc_challenge:rc:olmo3base", "f1cdd026d8c304790448679665c7247d", 756},
		{"arc_challenge:mc_olmo3base", "f8b271c054d1ad8dcaad1e49c4f5529f", 1278},
		{"hellaswag:rc:olmo3base", "f958d9d61d003b5ea197349337fa5c3e", 1784},
		{"hellaswag:mc:olmo3base", "f0fd9fa533e6997755955a345d212b0c", 3810},
		{"gsm8k", "ebdd47cbb504a9cda4f723c57d6ae72a", 2261},
		{"gsm_symbolic:p2", "ebdd47cbb504a9cda4f723c57d6ae72a", 2261},
	} {
		checkShared(t, f.spec, f.sum, f.chars)
	}
}

// TestLimits checks which instances a limit keeps.
func TestLimits(t *testing.T) {
	c := ours(t)
	n := 0
	eachLine(t, "limits.jsonl.gz", func(line []byte) {
		var r struct {
			Spec      string
			Limit, N  int
			Seed      int64
			Positions []int
		}
		decode(t, bytes.NewReader(line), &r)
		if !covered(r.Spec) {
			return
		}
		n++
		task := resolve(t, c, r.Spec)
		task.Seed, task.Limit = r.Seed, &r.Limit
		got := make([]int, r.N)
		for i := range got {
			got[i] = i
		}
		if r.Limit < r.N {
			got = pyrand.New(task.Selection().Seed).Sample(r.N, r.Limit)
		}
		if !slices.Equal(got, r.Positions) {
			t.Errorf("%s, limit %d: %v, want %v", r.Spec, r.Limit, got, r.Positions)
		}
	})
	t.Logf("%d limits", n)
}

// refSource is the reference's data source as ours. It reads files of a
// repository through a "json" loader with their address; we name the two parts.
func refSource(t *testing.T, path, subset, files, revision string) eval.Source {
	t.Helper()
	if path == "json" && strings.HasPrefix(files, "hf://") {
		src, _, err := eval.ParseSource(files)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	return eval.Source{Path: path, Subset: subset, DataFiles: files, Revision: revision}
}
