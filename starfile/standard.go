package starfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"olmoeval/eval"
)

// goldKeys are the names of the answer in a plain row; the first one there
// counts.
var goldKeys = []string{"answer", "gold", "gold_answer"}

// readStandard maps a plain row: question, answer (or gold, gold_answer),
// choices, id, cluster; everything else is metadata. With choices the answer may
// be the letter, index or text of the right one.
func readStandard(t *eval.Task, d eval.Doc, _ int) (*eval.Instance, error) {
	if _, ok := d["question"]; !ok {
		return nil, (&rowValue{doc: d}).missing("question")
	}
	in := &eval.Instance{Question: d.Text("question"), Metadata: map[string]any{}, Cluster: d.Text("cluster")}
	if strings.TrimSpace(in.Question) == "" {
		return nil, errors.New("the question is empty")
	}
	for k, v := range d {
		if k == "question" || k == "choices" || k == "cluster" || slices.Contains(goldKeys, k) || v == nil {
			continue
		}
		in.Metadata[k] = v
	}
	var err error
	if in.Choices, err = choicesOf(d["choices"]); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(goldKeys, func(k string) bool { _, ok := d[k]; return ok })
	if i < 0 {
		return nil, (&rowValue{doc: d}).missing("answer")
	}
	if err := standardGold(in, d[goldKeys[i]]); err != nil {
		return nil, err
	}
	return in, asLabel(t.Prompt, in)
}

// choicesOf reads a list of options: null and [] are none; a text may hold the
// list as JSON, as CSV knows no lists.
func choicesOf(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []string:
		return v, nil
	case []any:
		if len(v) == 0 {
			return nil, nil
		}
		return eval.Doc{"choices": v}.Texts("choices"), nil
	case string:
		if strings.TrimSpace(v) == "" {
			return nil, nil
		}
		var list []any
		dec := json.NewDecoder(strings.NewReader(v))
		dec.UseNumber()
		if err := dec.Decode(&list); err != nil || len(list) == 0 {
			return nil, fmt.Errorf(`choices is the text %.60q, want a list such as ["red", "blue"]`, v)
		}
		return eval.Doc{"choices": list}.Texts("choices"), nil
	}
	return nil, fmt.Errorf(`choices is a %T, want a list such as ["red", "blue"]`, v)
}

func standardGold(in *eval.Instance, v any) error {
	switch v := v.(type) {
	case nil:
		return errors.New("the answer is null")
	case string:
		return goldText(in, v, false)
	case json.Number, int, int64, float64:
		return goldText(in, eval.Doc{"n": v}.Text("n"), true)
	case bool:
		return goldText(in, eval.Doc{"b": v}.Text("b"), false)
	case []any:
		in.Gold = eval.Doc{"l": v}.Texts("l")
		return nil
	case []string:
		in.Gold = v
		return nil
	}
	return fmt.Errorf("the answer is a %T, want text, a number or a list of accepted answers", v)
}
