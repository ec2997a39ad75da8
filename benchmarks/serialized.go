package benchmarks

import (
	"errors"
	"fmt"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/prompt"
)

// Requests that were written out beforehand, as bits per byte of code solutions
// with three worked examples: a row holds the prompt and the text to score. The
// files are in a private bucket of the Allen Institute for AI (credentials as any
// S3 client takes them). The task without a variant has no data:
// -o data_source=FILE gives it some.

func serializedTasks() []eval.Def {
	t := eval.Task{
		Name: "serialized", Version: "1", Defined: "benchmarks/serialized.go",
		Description: "likelihood requests from a file, as they stand there",
		Config: eval.Config{
			Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
			Prompt:  &prompt.Recorded{}, Sampling: greedy(512),
		},
		Read: readSerialized, Extract: answer.Text{},
	}
	def := eval.Def{Task: t, Variants: []eval.Variant{
		serializedFile("humaneval_3shot_bpb", "codex_humaneval_3shot_bpb__none", nil),
		serializedFile("mbpp_3shot_bpb", "mbpp_3shot_bpb__none", new(500)),
	}}
	for language := range strings.FieldsSeq(mtMBPPLanguages) {
		name := "mt_mbpp_v2fix_" + language
		def.Variants = append(def.Variants, serializedFile(name, name, nil))
	}
	return []eval.Def{def}
}

// serializedFile reads one file; a limit stays until another file sets one.
func serializedFile(name, file string, limit *int) eval.Variant {
	const folder = "s3://ai2-llm/ianm/oe-eval-serialized/olmo3_base_easy_code_bpb/"
	return eval.Variant{Name: name, Description: "bits per byte of " + file + ".jsonl", Apply: func(t *eval.Task) {
		t.Source = eval.Source{Path: folder + file + ".jsonl"}
		if limit != nil {
			t.Limit = limit
		}
		if t.Ref == nil {
			t.Ref = &eval.Ref{Name: "serialized"}
		}
		t.Ref.Source = eval.RefSource{Path: t.Source.Path, Type: "s3"}
		measureBits(t)
	}}
}

// readSerialized reads a request with the question it was made from.
func readSerialized(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	if kind := d.Text("request_type"); kind != string(eval.Loglikelihood) {
		return nil, fmt.Errorf("request_type is %q, want %q", kind, eval.Loglikelihood)
	}
	if err := lacksText(d, "prompt"); err != nil {
		return nil, err
	}
	continuations := d.Texts("continuations")
	if len(continuations) == 0 {
		return nil, errors.New(`field "continuations" is missing or empty`)
	}
	in := &eval.Instance{Question: d.Text("question"), Choices: d.Texts("choices"), Metadata: map[string]any{}}
	if gold := d.Texts("gold_answers"); len(gold) > 0 {
		in.Gold = gold[0]
	}
	for k, v := range d.Doc("metadata") {
		in.Metadata[k] = v
	}
	in.Metadata["_doc_id"] = plainID(d, "doc_id")
	if d["doc_id"] == nil {
		in.Metadata["_doc_id"] = index
	}
	prompt.Record(in, eval.Request{Type: eval.Loglikelihood, Prompt: d.Text("prompt"), Continuations: continuations})
	return in, nil
}
