package benchmarks

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/prompt"
)

func TestCommonsenseFingerprints(t *testing.T) {
	for _, f := range []struct {
		spec, sum string
		chars     int
	}{
		{"csqa:rc:olmo3base", "83a52067494242fcd732974b70d7de17", 476},
		{"csqa:mc_olmo3base", "49c23e96e3dbeb296262d32c1750271e", 829},
		{"piqa:olmo3base", "751eebc7de82d719a5255216f971ebe2", 586},
		{"piqa:mc_olmo3base", "1a99d232383f08aa024c99e3f4724a88", 983},
		{"socialiqa:rc:olmo3base", "4f33967ac235d47d3572c5218c18e9c6", 729},
		{"socialiqa:mc_olmo3base", "a9f9e499fa78335b3f80d5bd51e64676", 1004},
		{"winogrande:rc:olmo3base", "1c3189c47c3524bd108cafbaa9993609", 503},
		{"winogrande:mc:olmo3base", "7caf39d7837358013b9d5be75c7428b3", 744},
	} {
		checkShared(t, f.spec, f.sum, f.chars)
	}
}

// TestCommonsenseScoring compares answers and metrics of single questions with
// the recorded ones.
func TestCommonsenseScoring(t *testing.T) {
	c := ours(t)
	specs, answers, questions, missing := 0, 0, 0, 0
	eachLine(t, "scoring.jsonl.gz", func(line []byte) {
		var r struct {
			Spec  string
			Cases []struct {
				Instance eval.Instance
				Outputs  []eval.Output
				Answers  []any `json:"extracted"`
			}
			Predictions []struct {
				Label  any
				Values map[string]map[string]json.Number `json:"instance_metrics"`
				Output []struct {
					Text   string
					Sum    *float64 `json:"sum_logits"`
					Tokens int      `json:"num_tokens"`
				} `json:"model_output"`
			}
		}
		decode(t, bytes.NewReader(line), &r)
		if !slices.ContainsFunc(commonsense, func(f string) bool { return strings.HasPrefix(r.Spec, f) }) {
			return
		}
		specs++
		task := resolve(t, c, r.Spec)
		for _, one := range r.Cases {
			for i := range one.Outputs {
				answers++
				if got := task.Extract.Extract(&one.Instance, &one.Outputs[i]); got != one.Answers[i] {
					t.Errorf("%s: answer %v, recorded %v", r.Spec, got, one.Answers[i])
				}
			}
		}
		for _, p := range r.Predictions {
			rec := &eval.Record{Status: eval.OK, Instance: &eval.Instance{Metadata: map[string]any{"gold_idx": p.Label}}}
			whole := true
			for _, o := range p.Output {
				out := eval.Output{Text: o.Text}
				if o.Sum == nil {
					whole = false
				} else {
					out.Loglik = &eval.Loglik{Sum: *o.Sum, Tokens: o.Tokens}
				}
				rec.Outputs = append(rec.Outputs, out)
			}
			rec.Instance.Metadata["num_choices"] = len(p.Output) / 2
			for _, m := range task.Metrics {
				name, scorer := "accuracy", "logprob"
				if m.Info().ID == bitsPerByteID {
					name, scorer = bitsPerByteID, bitsPerByteID
				}
				recorded, ok := p.Values[name][scorer]
				if !ok && whole {
					continue // a metric of ours beside the reference's
				}
				o, has := m.Observe(rec)
				want, _ := recorded.Float64()
				switch {
				case has && math.Abs(o.Value-want) < 1e-9:
					questions++
				case !has && !whole:
					missing++ // a missing log-likelihood is a failure, not a value
				default:
					t.Errorf("%s: %s = %v %v, recorded %v", r.Spec, m.Info().ID, o.Value, has, recorded)
				}
			}
		}
	})
	t.Logf("%d specs: %d answers and %d values equal, %d without a log-likelihood", specs, answers, questions, missing)
	if specs < 15 || answers < 80 || questions < 20 {
		t.Error("too little was compared")
	}
}

var commonsense = []string{"csqa", "piqa", "socialiqa", "winogrande"}

func TestCommonsenseVariants(t *testing.T) {
	c, data := ours(t), mirror(t)
	for _, f := range []struct {
		spec          string
		codes         string
		instances     int
		continuations int
		metrics       string
	}{
		{"csqa:bpb:olmo3base", "reference_metric", 5, 10, "acc_uncond bits_per_byte"},
		{"csqa:bpb:olmo3base:fixed", "", 5, 1, "bits_per_byte"},
		{"csqa:olmo3base:bpb", "", 5, 5, "bits_per_byte"},
		{"csqa:rc:mc", "metric_replaced", 5, 5, "acc_sum"},
		{"csqa:rc:mc:bpb", "", 5, 5, "bits_per_byte"},
		{"csqa:xlarge", "fewshot_leak", 12, 5, "acc_sum"},
		{"csqa:xlarge:fixed", "", 5, 5, "acc_sum"},
		{"csqa:xlarge:olmo3base", "", 5, 10, "acc_uncond"},
		{"csqa:rc:xlarge", "fewshot_leak", 12, 10, "acc_uncond"},
		{"piqa:mc_olmo3base", "fewshot_leak", 17, 2, "acc_per_char"},
		{"piqa:mc_olmo3base:fixed", "", 5, 2, "acc_per_char"},
		{"piqa:mc_olmo3base:olmo3base", "", 5, 2, "acc_per_char"},
		{"piqa:bpb:olmo3base", "reference_metric", 5, 2, "acc_per_char bits_per_byte"},
		{"piqa:bpb:olmo3base:fixed", "", 5, 1, "bits_per_byte"},
		{"piqa:olmes:full", "", 5, 2, "acc_per_token"},
		{"socialiqa:xlarge", "fewshot_leak", 17, 3, "acc_per_char"},
		{"socialiqa:xlarge:fixed", "", 5, 3, "acc_per_char"},
		{"socialiqa:fixed:xlarge", "", 5, 3, "acc_per_char"},
		{"winogrande:olmo3base", "fewshot_leak", 17, 2, "acc_sum"},
		{"winogrande:olmo3base:fixed", "", 5, 2, "acc_sum"},
		{"winogrande:bpb:olmo3base", "fewshot_leak", 17, 2, "bits_per_byte"},
	} {
		task := resolve(t, c, f.spec)
		var codes, ids []string
		for _, w := range task.Warnings {
			code, _, _ := strings.Cut(w, ":")
			codes = append(codes, code)
		}
		for _, m := range task.Metrics {
			ids = append(ids, m.Info().ID)
		}
		if got := strings.Join(codes, " "); got != f.codes {
			t.Errorf("%s: warnings %q, want %q", f.spec, got, f.codes)
		}
		if got := strings.Join(ids, " "); got != f.metrics {
			t.Errorf("%s: metrics %q, want %q", f.spec, got, f.metrics)
		}
		checkFirst(t, data, task, f.spec, f.instances, f.continuations)
		if strings.Contains(f.spec, ":fixed") && task.TaskHash() != "" {
			t.Errorf("%s: has the reference's hash", f.spec)
		}
	}
}

func TestReadCSQA(t *testing.T) {
	two := map[string]any{"text": []any{"x", "y"}}
	for _, r := range []struct {
		doc eval.Doc
		err string
	}{
		{eval.Doc{"choices": two, "answerKey": "A"}, "question is missing"},
		{eval.Doc{"question": "q", "choices": map[string]any{}, "answerKey": "A"}, "choices.text is empty"},
		{eval.Doc{"question": "q", "choices": two, "answerKey": "C"}, `answerKey "C" names none of 2 choices`},
		{eval.Doc{"question": "q", "choices": two, "answerKey": "1"}, `answerKey "1"`},
		{eval.Doc{"question": "q", "choices": two}, "answerKey is missing"},
	} {
		if in, err := readCSQA(nil, r.doc, 0); in != nil || err == nil || !strings.Contains(err.Error(), r.err) {
			t.Errorf("%v gives %v, %v; want %q", r.doc, in, err, r.err)
		}
	}
	in, err := readCSQA(nil, eval.Doc{"question": "q", "choices": two, "answerKey": ""}, 7)
	if err != nil || in.Metadata["gold_idx"] != -1 || in.Metadata["gold_text"] != "" || in.Metadata["id"] != "csqa_7" {
		t.Errorf("a row without a key: %+v, %v", in, err)
	}
	if shot, err := shotCSQA(nil, eval.Doc{"question": "q", "choices": two, "answerKey": ""}, 7); shot != nil || err != nil {
		t.Errorf("a worked example without a key: %v, %v", shot, err)
	}
}

// TestCSQASplit checks that a split given by hand is read, not the pool.
func TestCSQASplit(t *testing.T) {
	task := resolve(t, ours(t), "csqa:xlarge")
	if s := task.Selection(); !slices.Equal(s.Splits, []string{"validation+train"}) || s.Seed != 1234 {
		t.Errorf("%+v", s)
	}
	task.Split = "test"
	if s := task.Selection(); !slices.Equal(s.Splits, []string{"test"}) {
		t.Errorf("%+v", s)
	}
	if p := choice(task); p.Style != prompt.Cloze {
		t.Errorf("style %s", p.Style)
	}
}
