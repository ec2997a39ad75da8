package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"olmoeval/eval"
	"olmoeval/internal/corpus"
)

func TestScore(t *testing.T) {
	c := starCall(t)
	c.stdin = `{"instance": {"question": "1", "gold_answer": "x"}, "outputs": [{"text": "x"}, {"text": "no"}]}

{"instance": {"question": "1", "gold_answer": ["a", "b"], "more": 1}, "outputs": [{"text": "b", "extra": {}}]}
{"index": 7, "instance": {"question": "1", "gold_answer": 5}, "outputs": [{"text": "5", "finish_reason": "length"}]}
{"instance": {"question": "1", "gold_answer": null}, "outputs": []}
`
	out := c.ok(t, "score", "-t", "one", "--in", "-", "--json")
	want := `{"index":0,"answers":["x","no"],"scores":{"exact_match":0.5},"values":{"accuracy":0.5},"primary":0.5,"status":"ok"}
{"index":1,"answers":["b"],"scores":{"exact_match":1},"values":{"accuracy":1},"primary":1,"status":"ok"}
{"index":7,"answers":["5"],"scores":{"exact_match":1},"values":{"accuracy":1},"primary":1,"status":"max_tokens_truncated"}
{"index":3,"answers":[],"scores":{"exact_match":null},"values":{"accuracy":null},"primary":null,"status":"infra_bad_response","error":"no outputs"}
`
	if out != want {
		t.Errorf("score:\n%s want\n%s", out, want)
	}
	c.stdin = ""
	if code, out, errs := c.run("score", "-t", "one", "--in", "-"); code != 0 || out != "" || !strings.Contains(errs, "nothing to score") {
		t.Errorf("no lines: %d %q %q", code, out, errs)
	}
}

func TestScoreLikelihoods(t *testing.T) {
	c := newCall(t)
	line := func(a, b string) string {
		return `{"instance":{"question":"q","gold_answer":"B","choices":["x","y"],"metadata":{"gold_idx":1}},"outputs":[{"text":" A","metadata":{` + a + `}},{"text":" B",` + b + `}]}` + "\n"
	}
	c.stdin = line(`"sum_logits":-2,"num_tokens":1`, `"metadata":{"sum_logits":-1,"num_tokens":1}`) +
		line(`"sum_logits":-2`, `"logprobs":[{"token":"a","logprob":-1},{"token":"b","logprob":-1.5}]`) +
		line(`"sum_logits":-2`, `"metadata":{"num_tokens":3}`)
	rows := rowsOfCall[scored](t, c, "score", "-t", "arc_easy:mc", "-o", "metrics=[acc_sum,acc_per_token]", "--in", "-")
	for i, w := range []struct {
		sum, token any
		status     eval.Status
	}{{1.0, 1.0, eval.OK}, {0.0, nil, eval.OK}, {nil, nil, eval.InfraBadResponse}} {
		r := rows[i]
		if got := []any{deref(r.Values["acc_sum"]), deref(r.Values["acc_per_token"]), deref(r.Primary)}; !reflect.DeepEqual(got, []any{w.sum, w.token, w.sum}) || r.Status != w.status {
			t.Errorf("line %d: %v, %s %s", i+1, got, r.Status, r.Error)
		}
		if !reflect.DeepEqual(r.Answers, []any{" A", " B"}) {
			t.Errorf("line %d: answers %v", i+1, r.Answers)
		}
	}
}

func deref(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}

func TestScoreRefuses(t *testing.T) {
	c := starCall(t)
	good := `{"instance":{"question":"1","gold_answer":"x"},"outputs":[{"text":"x"}]}`
	for _, k := range []struct {
		line  string
		words []string
	}{
		{`{"instance":{},"output":[]}`, []string{`unknown key "output"`, `did you mean "outputs"?`}},
		{`{"outputs":[]}`, []string{`no "instance"`}},
		{`{"instance":{}}`, []string{`no "outputs"`}},
		{`{"instance":{},"outputs":[{"text":3}]}`, []string{"malformed outputs", "text", "number"}},
		{`{"instance":{},"outputs":[{"text":"a","logprobs":[{"token":"a","logprob":null}]}]}`, []string{"outputs.0.logprobs.0 has no logprob"}},
		{`{"instance":{},"outputs":[`, []string{"unexpected end"}},
		{`[1]`, []string{"malformed an object", "array"}},
		{`null`, []string{"want an object"}},
	} {
		c.file(t, "in.jsonl", good+"\n"+k.line+"\n")
		code, out, errs := c.run("score", "-t", "one", "--in", "in.jsonl", "--json")
		if code != exitUsage || strings.Count(out, "\n") != 1 || !strings.Contains(errs, "in.jsonl:2: ") {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", k.line, code, out, errs)
		}
		for _, w := range k.words {
			if !strings.Contains(errs, w) {
				t.Errorf("%s: %q does not say %q", k.line, errs, w)
			}
		}
	}
	c.refuses(t, []string{"score", "-t", "one", "--in", "nope.jsonl"}, "nope.jsonl", "no such file")
	c.refuses(t, []string{"score", "--in", "-"}, "one -t")
	c.refuses(t, []string{"score", "-t", "one"}, "--in FILE")
	c.refuses(t, []string{"score", "-t", "mmlu", "--in", "-"}, "is a suite")
	c.refuses(t, []string{"score", "-t", "onne", "--in", "-"}, `did you mean "one"?`)
}

// A line that task inspect prints can be completed with outputs and scored.
func TestScoreTakesInspected(t *testing.T) {
	c := newCall(t)
	line := strings.TrimSpace(c.ok(t, "task", "inspect", "demo_arithmetic", "--json"))
	var x inspected
	if err := json.Unmarshal([]byte(line), &x); err != nil {
		t.Fatal(err)
	}
	c.stdin = strings.TrimSuffix(line, "}") + fmt.Sprintf(`,"outputs":[{"text":%q}]}`, fmt.Sprint(x.Instance.Gold))
	rows := rowsOfCall[scored](t, c, "score", "-t", "demo_arithmetic", "--in", "-")
	if len(rows) != 1 || rows[0].Primary == nil || *rows[0].Primary != 1 {
		t.Errorf("rows: %+v", rows)
	}
}

// TestScoreConformance scores recorded outputs through the command. Answers must
// be those of the reference; so must scores, but for samples, of which we give
// the mean where the reference gives the greatest, and for outputs without
// log-probabilities, which have none here.
func TestScoreConformance(t *testing.T) {
	dir := corpus.Dir(t)
	c := newCall(t)
	covered := regexp.MustCompile(`^(gsm8k|gsm_symbolic|arc_easy|arc_challenge|mmlu_[a-z_]+|sciq|hellaswag)(:|$)`)
	specs, cases, scores, differ := 0, 0, 0, 0
	for raw := range gunzipped(t, filepath.Join(dir, "scoring.jsonl.gz")) {
		var r struct {
			Spec  string
			Cases []struct {
				Instance  json.RawMessage
				Outputs   json.RawMessage
				Extracted []any
				Scores    map[string]any
			}
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		if !covered.MatchString(r.Spec) {
			continue
		}
		specs++
		var in strings.Builder
		for _, k := range r.Cases {
			line, err := json.Marshal(map[string]any{"instance": k.Instance, "outputs": k.Outputs})
			if err != nil {
				t.Fatal(err)
			}
			in.Write(append(line, '\n'))
		}
		c.stdin = in.String()
		got := rowsOfCall[scored](t, c, "score", "-t", r.Spec, "--in", "-")
		if len(got) != len(r.Cases) {
			t.Fatalf("%s: %d rows of %d", r.Spec, len(got), len(r.Cases))
		}
		for i, k := range r.Cases {
			cases++
			if got[i].Index != i || !reflect.DeepEqual(got[i].Answers, k.Extracted) {
				t.Errorf("%s case %d: answers %q, want %q", r.Spec, i, got[i].Answers, k.Extracted)
			}
			for name, v := range got[i].Scores {
				want, ok := k.Scores[name].(float64)
				likelihood := name == "logprob" || name == "bits_per_byte"
				switch {
				case !ok && likelihood, v == nil && likelihood && got[i].Status == eval.InfraBadResponse:
					differ++ // a metric of ours beside the reference's; nothing to score
				case !ok:
					t.Errorf("%s case %d: score %s is not recorded", r.Spec, i, name)
				case len(k.Extracted) > 1 && !likelihood:
					differ++
				case v == nil && want == 0:
					differ++ // bits of an empty text
				case v == nil || math.Abs(*v-want) > 1e-9:
					t.Errorf("%s case %d: %s = %v, want %v", r.Spec, i, name, deref(v), want)
				default:
					scores++
				}
			}
		}
	}
	t.Logf("%d specs, %d cases, %d scores equal, %d listed differences", specs, cases, scores, differ)
	if specs < 100 || scores < 300 {
		t.Errorf("only %d specs and %d scores were compared", specs, scores)
	}
}

func FuzzParseGiven(f *testing.F) {
	f.Add(`{"instance":{"question":"q","gold_answer":["a",1],"choices":["x"],"metadata":{"gold_idx":0}},"outputs":[{"text":"x","metadata":{"sum_logits":-1,"num_tokens":2,"is_greedy":true}}]}`)
	f.Add(`{"instance":{"id":3},"outputs":[{"logprobs":[{"token":"a","logprob":-1e308}]}],"index":2}`)
	f.Add(`{"instance":null,"outputs":null}`)
	f.Add(`{"request":{"request_type":"loglikelihood"},"instance":{},"outputs":[{}]}`)
	task := &eval.Task{}
	task.Prompt = loglikelihoodOnly{}
	f.Fuzz(func(t *testing.T, line string) {
		g, err := parseGiven(line)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		rec := g.record(task)
		if len(rec.Outputs) != len(g.Outputs) || rec.Instance == nil || rec.Request.Type == "" {
			t.Errorf("record of %q: %+v", line, rec)
		}
		for i := range rec.Outputs {
			if l := rec.Outputs[i].Loglik; l != nil && (math.IsNaN(l.Sum) || math.IsInf(l.Sum, 0)) {
				t.Errorf("record of %q has log-likelihood %v", line, l.Sum)
			}
		}
	})
}

type loglikelihoodOnly struct{}

func (loglikelihoodOnly) RequestType() eval.RequestType                   { return eval.Loglikelihood }
func (loglikelihoodOnly) Prepare([]*eval.Instance) (eval.Renderer, error) { return nil, nil }
