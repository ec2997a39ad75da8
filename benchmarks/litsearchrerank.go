package benchmarks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Queries of researchers with a pool of papers to rank by title and abstract
// (Ajith et al. 2024, LitSearch, arXiv 2407.18940). The pools were found by
// keyword search; how many of the relevant papers are ranked first counts.

func litsearchRerankTasks() []eval.Def {
	const path = "allenai/litsearch-rerank-pools"
	t := eval.Task{
		Name: "litsearch_rerank", Version: "1", Defined: "benchmarks/litsearchrerank.go",
		Description: "literature search: rank up to 50 candidate papers for a query",
		Config: eval.Config{
			Source: eval.Source{Path: path}, Split: "train", Seed: 42,
			Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
			Prompt: &rerankPrompt{
				CandidateTemplate: "[{number}] {title}\n{abstract}", Separator: "\n\n", Candidates: 50, Select: 20,
			},
			Sampling: eval.Sampling{NumSamples: 1}, // as long as the context allows
			Primary:  "recall@5",
		},
		Read: readRerank, Oracle: oracleRerank,
		Extract: answer.Ranking{Name: "ranked_papers", IDs: "candidate_corpusids"},
		Ref:     &eval.Ref{Name: "litsearch_rerank", Source: eval.RefSource{Path: path}},
	}
	recall := func(k int) measure {
		id := fmt.Sprintf("recall@%d", k)
		return measure{metric.Mean(id, score.RecallAtK{K: k, Gold: "gold_corpusids"}), eval.RefMetric{Type: "RecallAtKMetric", Name: id, Scorer: "RerankRecallScorer"}}
	}
	ms := []measure{recall(5), recall(20)}
	measureBy(&t, ms...)
	t.Ref.Primary = &ms[0].ref
	return []eval.Def{{Task: t}}
}

// rerankPrompt asks for an order of numbered papers, in one user message.
type rerankPrompt struct {
	// Text holds {n}, how many papers there are, {select}, how many are to be
	// returned, {query} and {candidates}. "" is the published text.
	Text string `json:"text"`
	// CandidateTemplate renders a paper: {number} from 1, {title}, {abstract}.
	CandidateTemplate string `json:"candidate_template"`
	// Separator stands between papers.
	Separator string `json:"separator"`
	// Candidates is how many papers of a pool are shown at most.
	Candidates int `json:"candidates"`
	// Select is how many papers the model is asked for.
	Select int `json:"select"`
	// SystemPrompt is the system message; "" sends none.
	SystemPrompt string `json:"system_prompt"`
}

var _ eval.TextFormatter = (*rerankPrompt)(nil)

const rerankText = "litsearch_rerank.rerank_prompt"

// RequestType is eval.Chat.
func (p *rerankPrompt) RequestType() eval.RequestType { return eval.Chat }

// Texts names the published text unless one is given.
func (p *rerankPrompt) Texts() []string {
	if p.Text != "" {
		return nil
	}
	return []string{rerankText}
}

// WithTexts fills in the published text.
func (p *rerankPrompt) WithTexts(texts map[string]string) eval.Formatter {
	q := *p
	if q.Text == "" {
		q.Text = texts[rerankText]
	}
	return &q
}

// Prepare checks the templates; there are no worked examples.
func (p *rerankPrompt) Prepare(shots []*eval.Instance) (eval.Renderer, error) {
	if len(shots) > 0 {
		return nil, errors.New("num_fewshot: the prompt has no place for worked examples")
	}
	if _, err := p.render(&eval.Instance{}); err != nil {
		return nil, err
	}
	if !strings.Contains(p.Text, "{query}") {
		return nil, errors.New("prompt.text lacks {query}")
	}
	return p.render, nil
}

func (p *rerankPrompt) render(in *eval.Instance) (*eval.Request, error) {
	papers, _ := in.Metadata["candidates"].([]any)
	parts := make([]string, len(papers))
	for i, v := range papers {
		paper, _ := v.(map[string]any)
		part, err := prompt.Fill("prompt.candidate_template", p.CandidateTemplate, "number", strconv.Itoa(i+1),
			"abstract", field(paper, "abstract"), "title", field(paper, "title"))
		if err != nil {
			return nil, err
		}
		parts[i] = part
	}
	text, err := prompt.Fill("prompt.text", p.Text, "n", strconv.Itoa(len(papers)), "select", strconv.Itoa(p.Select),
		"query", in.Question, "candidates", strings.Join(parts, p.Separator))
	if err != nil {
		return nil, err
	}
	r := &eval.Request{Type: eval.Chat, System: p.SystemPrompt}
	if p.SystemPrompt != "" {
		r.Messages, r.Shared = append(r.Messages, eval.Message{Role: "system", Content: p.SystemPrompt}), 1
	}
	r.Messages = append(r.Messages, eval.Message{Role: "user", Content: text})
	return r, nil
}

// field is a text of a paper without white space at the ends, "" for null.
func field(d eval.Doc, name string) string { return strings.TrimFunc(d.Text(name), pySpace) }

// readRerank drops a row that lacks the query, the pool or the relevant papers.
func readRerank(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	query := d.Text("query")
	papers, _ := d["candidates"].([]any)
	gold, _ := d["gold_corpusids"].([]any)
	if query == "" || len(papers) == 0 || len(gold) == 0 {
		return nil, nil
	}
	p, ok := t.Prompt.(*rerankPrompt)
	if !ok || p.Candidates < 1 {
		return nil, errors.New("prompt.candidates: want at least 1 paper")
	}
	papers = papers[:min(p.Candidates, len(papers))]
	ids := make([]any, len(papers))
	for i, v := range papers {
		paper, _ := v.(map[string]any)
		if ids[i] = paper["corpusid"]; ids[i] == nil {
			return nil, fmt.Errorf("candidates[%d] lacks corpusid", i)
		}
	}
	return &eval.Instance{
		Question: query,
		Metadata: map[string]any{
			"index": index, "case_id": d["query_id"], "gold_corpusids": gold, "candidates": papers, "candidate_corpusids": ids,
			"query_set": d["query_set"], "specificity": d["specificity"], "quality": d["quality"],
		},
	}, nil
}

// oracleRerank ranks the relevant papers that are in the pool.
func oracleRerank(in *eval.Instance) (string, bool) {
	gold := map[string]bool{}
	for _, id := range in.Texts("gold_corpusids") {
		gold[id] = true
	}
	var numbers []string
	for i, id := range in.Texts("candidate_corpusids") {
		if gold[id] {
			numbers = append(numbers, strconv.Itoa(i+1))
		}
	}
	return `{"ranked_papers": [` + strings.Join(numbers, ", ") + `]}`, true
}
