package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/engine"
	"olmoeval/score"
)

// scoringCase is a question with outputs and the reference's verdict on each.
type scoringCase struct {
	Instance eval.Instance
	Type     eval.RequestType `json:"request_type"`
	Outputs  []struct {
		Text     string
		Logprobs []struct {
			Token   string
			Logprob float64
		}
		Metadata struct {
			Greedy *bool    `json:"is_greedy"`
			Sum    *float64 `json:"sum_logits"`
			Tokens int      `json:"num_tokens"`
		}
	}
	Extracted []any
	After     []map[string]any `json:"output_metadata_after"`
}

// record is the case as a record of ours that is yet to be scored.
func (c *scoringCase) record() *eval.Record {
	in := c.Instance
	rec := &eval.Record{Instance: &in, Request: &eval.Request{Type: c.Type}, Status: eval.OK, Digest: eval.ItemDigest(&in)}
	for i := range c.Outputs {
		o := &c.Outputs[i]
		out := eval.Output{Text: o.Text}
		if c.Type != eval.Loglikelihood && o.Text != "" {
			out.FinishReason = "stop"
		}
		for _, lp := range o.Logprobs {
			out.Logprobs = append(out.Logprobs, eval.TokenLogprob{Token: lp.Token, Logprob: lp.Logprob})
		}
		if o.Metadata.Sum != nil {
			out.Loglik = &eval.Loglik{Sum: *o.Metadata.Sum, Tokens: o.Metadata.Tokens, Greedy: o.Metadata.Greedy}
		}
		rec.Outputs = append(rec.Outputs, out)
		if c.Type == eval.Loglikelihood {
			rec.Request.Continuations = append(rec.Request.Continuations, o.Text)
		}
	}
	return rec
}

// checkScoring compares answers and scores of single outputs with the row's.
// Scores of rows with a fake sandbox are not facts.
func (c *checker) checkScoring(ctx context.Context, row *scoringRow) error {
	f := c.of(row.Spec)
	if f == nil {
		return nil
	}
	task, ok := c.task(row.Spec)
	if !ok || len(task.Metrics) == 0 {
		return nil // what has no metrics is not run
	}
	scorers := engine.Scorers(task)
	for i := range row.Cases {
		k := &row.Cases[i]
		f.Cases++
		d, why := c.caseDiffers(ctx, task, scorers, k, len(row.Sandbox) > 0, f)
		switch {
		case d == "":
			f.CasesEqual++
		case why != "":
			f.explain(why)
		default:
			c.differ(f, scoringKind, fmt.Sprintf("%s case %d", row.Spec, i), d)
		}
	}
	if len(row.Sandbox) == 0 {
		c.checkMetrics(ctx, f, task, row)
	}
	return ctx.Err()
}

// caseDiffers shows the first difference of a case, "" if there is none, and the
// listed reason for it.
func (c *checker) caseDiffers(ctx context.Context, task *eval.Task, scorers []eval.Scorer, k *scoringCase, fake bool, f *family) (d, why string) {
	rec := k.record()
	bare := *task
	bare.Metrics = nil
	engine.Score(ctx, &bare, nil, rec)
	if rec.Error != "" {
		return "extraction fails: " + rec.Error, c.reason(f.Name, "extraction", k, nil)
	}
	answers := make([]any, len(rec.Outputs))
	for i := range rec.Outputs {
		answers[i] = rec.Outputs[i].Answer
	}
	if want, got := plain(k.Extracted), plain(answers); !same(want, got) {
		d, why = "answers of "+outputsText(k)+"\n"+diff(want, got), c.reason(f.Name, "extracted", k, got)
		if why == "" {
			return d, ""
		}
	}
	for i := range rec.Outputs {
		if want, ok := k.After[i]["all_extracted_answers"]; ok && !same(plain(want), plain(someTexts(rec.Outputs[i].Answers))) {
			return "candidates of " + outputsText(k) + "\n" + diff(plain(want), plain(rec.Outputs[i].Answers)), c.reason(f.Name, "candidates", k, nil)
		}
	}
	if fake {
		return d, why
	}
	for _, name := range scoreNames(k) {
		s := scorerNamed(scorers, name)
		if s == nil {
			f.Lacking[name]++
			continue
		}
		alone := ofLikelihood(name)
		want, got := k.scores(name), scoresOf(ctx, s, rec, alone)
		if alone {
			// What a server left out fails there; the rest must agree.
			for i := range want {
				if len(k.Outputs[i].Logprobs) == 0 {
					want[i], got[i], why = nil, nil, rowMissing
				}
			}
		}
		if !nearAll(want, got) {
			what := fmt.Sprintf("scores %s of answers %s\n", name, oneLine(answers))
			return what + outputsText(k) + "\n" + diff(want, got), c.reason(f.Name, name, k, got)
		}
	}
	if d == "" && why != "" {
		d = "an output has no log-probability"
	}
	return d, why
}

// ofLikelihood tells the scorers that read nothing but likelihoods.
func ofLikelihood(name string) bool {
	return name == "logprob" || name == "bits_per_byte" || name == "perplexity"
}

// scoresOf are a scorer's values, one per output, or what failed. Likelihoods are
// scored one by one, so that one that is missing does not hide the others.
func scoresOf(ctx context.Context, s eval.Scorer, rec *eval.Record, alone bool) []any {
	parts := []*eval.Record{rec}
	if alone {
		parts = nil
		for i := range rec.Outputs {
			one := *rec
			one.Outputs = rec.Outputs[i : i+1]
			parts = append(parts, &one)
		}
	}
	out := []any{}
	for _, part := range parts {
		scores, err := s.Score(ctx, part)
		if err != nil {
			out = append(out, "fails: "+err.Error())
		}
		for i := range scores {
			out = append(out, scores[i].Value)
		}
	}
	return out
}

// scoreNames are the scorers that left a score with the outputs.
func scoreNames(k *scoringCase) []string {
	var out []string
	for _, after := range k.After {
		for key := range after {
			if name, ok := strings.CutPrefix(key, "score:"); ok && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	sort.Strings(out)
	return out
}

// scores are the recorded scores of a scorer, one per output.
func (k *scoringCase) scores(name string) []any {
	out := make([]any, len(k.After))
	for i, after := range k.After {
		out[i] = plain(after["score:"+name])
	}
	return out
}

// scorerNamed is the task's scorer of a name. Log-likelihoods are read by
// metrics, without a scorer of the task.
func scorerNamed(list []eval.Scorer, name string) eval.Scorer {
	for _, s := range list {
		if s.Name() == name {
			return s
		}
	}
	switch name {
	case "logprob":
		return score.Logprob{}
	case "bits_per_byte":
		return score.BitsPerByte{}
	case "perplexity":
		return score.Perplexity{}
	}
	return nil
}

func nearAll(want, got []any) bool {
	return slices.EqualFunc(want, got, func(a, b any) bool {
		x, ok1 := a.(float64)
		y, ok2 := b.(float64)
		return ok1 && ok2 && near(x, y) || !ok1 && !ok2 && same(a, b)
	})
}

func outputsText(k *scoringCase) string {
	texts := make([]string, len(k.Outputs))
	for i := range k.Outputs {
		texts[i] = k.Outputs[i].Text
	}
	return "outputs " + oneLine(texts) + ", gold " + oneLine(k.Instance.Gold)
}

func someTexts(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func oneLine(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
