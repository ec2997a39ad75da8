package benchmarks

import (
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
)

// The last word of a passage of a novel, which takes the whole passage to guess
// (Paperno et al. 2016, arXiv 1606.06031; CC BY 4.0), in OpenAI's wording of the
// test split. Right is a word that greedy decoding would write.

func lambadaTasks() []eval.Def {
	const path = "EleutherAI/lambada_openai"
	p := prompt.NewChoice()
	p.Style, p.QuestionTemplate, p.AnswerSuffix = prompt.Cloze, "{question}", ""
	greedyRight := measure{metric.AccGreedy(), eval.RefMetric{Type: "GreedyAccuracyMetric", Name: "greedy_accuracy", Scorer: "LogprobScorer"}}
	t := eval.Task{
		Name: "lambada", Version: "1", Defined: "benchmarks/lambada.go",
		Description: "the last word of a passage",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(512), Primary: "acc_greedy",
		},
		Read: readLambada, Extract: answer.Text{},
		Ref: &eval.Ref{Name: "lambada", Source: eval.RefSource{Path: path}, Primary: &greedyRight.ref},
	}
	measureBy(&t, greedyRight, bitsPerByte())
	return []eval.Def{{Task: t, Variants: []eval.Variant{
		{Name: "bpb", Description: "bits per byte of the last word", Apply: func(t *eval.Task) {
			measureBits(t)
			refFormat(t, refPPL())
			if t.Ref != nil {
				t.Ref.Primary = &t.Ref.Metrics[0]
			}
		}},
		unchanged("olmo3base"),
	}}}
}

// readLambada splits text at white space: the last word is asked for after the
// others, with one space between them. A text of less than two words is dropped.
func readLambada(_ *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	words := strings.FieldsFunc(d.Text("text"), pySpace)
	last := len(words) - 1
	if last < 1 {
		return nil, nil
	}
	return &eval.Instance{
		Question: strings.Join(words[:last], " "), Gold: words[last], Choices: []string{words[last]},
		Metadata: map[string]any{"id": index, "index": index, "gold_idx": 0, "gold_text": words[last]},
	}, nil
}
