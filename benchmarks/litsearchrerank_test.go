package benchmarks

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"olmoeval/eval"
)

// TestRerankRequests compares requests with those of the recorded runs.
func TestRerankRequests(t *testing.T) {
	task, data := resolve(t, ours(t), "litsearch_rerank"), mirror(t)
	instances, _, err := load(data, task)
	if err != nil || len(instances) != 12 {
		t.Fatalf("%d instances, %v", len(instances), err)
	}
	render, err := task.Prompt.Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	eachLine(t, "scoring.jsonl.gz", func(line []byte) {
		if !bytes.Contains(line, []byte(`"spec": "litsearch_rerank"`)) {
			return
		}
		var r struct {
			Cases []struct{ Instance map[string]any }
			Rows  []struct {
				Doc struct {
					Index int
				}
				Request struct{ Context []eval.Message }
			} `json:"request_rows"`
		}
		decode(t, bytes.NewReader(line), &r)
		for _, k := range r.Cases {
			n++
			i, err := k.Instance["metadata"].(map[string]any)["index"].(json.Number).Int64()
			if err != nil || !same(t, instances[i], k.Instance) {
				t.Errorf("instance %d: %v, want %v", i, plain(t, instances[i]), k.Instance)
			}
		}
		for _, row := range r.Rows {
			n++
			req, err := render(instances[row.Doc.Index])
			if err != nil || !same(t, req.Messages, row.Request.Context) {
				t.Errorf("request %d: %v, %v; want %v", row.Doc.Index, plain(t, req), err, row.Request.Context)
			}
		}
	})
	if n < 20 {
		t.Errorf("compared %d instances and requests", n)
	}
}

func TestRerankRows(t *testing.T) {
	task := resolve(t, ours(t), "litsearch_rerank")
	paper := map[string]any{"corpusid": json.Number("7"), "title": "T", "abstract": nil}
	gold := []any{json.Number("7")}
	for _, d := range []eval.Doc{
		{"query": "", "candidates": []any{paper}, "gold_corpusids": gold},
		{"query": "q", "candidates": []any{}, "gold_corpusids": gold},
		{"query": "q", "candidates": []any{paper}, "gold_corpusids": nil},
	} {
		if in, err := task.Instance(d, 0); in != nil || err != nil {
			t.Errorf("%v gives %v, %v; want nothing", d, in, err)
		}
	}
	_, err := task.Instance(eval.Doc{"query": "q", "candidates": []any{paper, map[string]any{"title": "x"}}, "gold_corpusids": gold}, 0)
	if err == nil || err.Error() != "candidates[1] lacks corpusid" {
		t.Errorf("a paper without id: %v", err)
	}
}

func TestRerankPrompt(t *testing.T) {
	p := &rerankPrompt{Text: "{n}/{select} {query}: {candidates} {{}}", CandidateTemplate: "{number} {title} {abstract}", Separator: "; ", Select: 3, Candidates: 2, SystemPrompt: "s"}
	if len(p.Texts()) != 0 || p.WithTexts(map[string]string{rerankText: "other"}).(*rerankPrompt).Text != p.Text {
		t.Error("a text that is given is fetched")
	}
	render, err := p.Prepare(nil)
	if err != nil {
		t.Fatal(err)
	}
	in := &eval.Instance{Question: "q {x}", Metadata: map[string]any{"candidates": []any{
		map[string]any{"title": " {A}\n", "abstract": nil}, map[string]any{"title": "B", "abstract": "b"},
	}}}
	req, err := render(in)
	if err != nil || len(req.Messages) != 2 || req.Shared != 1 || req.Messages[1].Content != "2/3 q {x}: 1 {A} ; 2 B b {}" {
		t.Errorf("%+v, %v", req, err)
	}
	for text, want := range map[string]string{
		"": "lacks {candidates}", "{candidates}": "lacks {query}", "{candidates} {query} {m}": "unknown field {m}",
	} {
		q := *p
		q.Text = text
		if _, err := q.Prepare(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := p.Prepare([]*eval.Instance{in}); err == nil {
		t.Error("worked examples are taken and not shown")
	}
}
