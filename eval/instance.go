package eval

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Doc is one row of a data set as decoded: strings, json.Number, bool, nil,
// []any and map[string]any.
type Doc map[string]any

// Text returns the field as text: a string as it is, a number or bool in its
// JSON spelling, "" for null and for an absent field.
func (d Doc) Text(key string) string { return textOf(d[key]) }

// Texts returns a list field as strings; a single string is a list of one.
func (d Doc) Texts(key string) []string { return textsOf(d[key]) }

// Doc returns a nested object, nil when the field is none.
func (d Doc) Doc(key string) Doc {
	m, _ := d[key].(map[string]any)
	return m
}

// Int returns a whole-number field; ok is false when it is absent or none.
// A string of digits counts, as CSV knows no numbers.
func (d Doc) Int(key string) (n int, ok bool) { return intOf(d[key]) }

// Instance is one question of a benchmark.
type Instance struct {
	// Question is the prompt-side text.
	Question string `json:"question"`
	// Gold is the reference answer: nil, a string, or []string where any of
	// several counts.
	Gold any `json:"gold_answer"`
	// Choices are the options of a multiple-choice question, nil otherwise.
	Choices []string `json:"choices"`
	// Metadata holds what scorers, formatters and readers of results need
	// besides; values are JSON-like. Keys with a meaning everywhere: "id" (the
	// data set's own id), "gold_idx" (index of the right choice), "gold_text"
	// (its text), "all_answers" (all accepted answers).
	Metadata map[string]any `json:"metadata"`
	// Cluster names the group of dependent questions this one belongs to (a
	// shared passage, a template); "" is a cluster of its own. Standard errors
	// respect it.
	Cluster string `json:"cluster,omitempty"`
}

// OwnID is the data set's own id as text, "" if it has none.
func (in *Instance) OwnID() string { return textOf(in.Metadata["id"]) }

// GoldText is the reference answer as one text; ok is false without one. Of
// several accepted answers it is the first.
func (in *Instance) GoldText() (text string, ok bool) {
	switch g := in.Gold.(type) {
	case nil:
		return "", false
	case string:
		return g, true
	}
	if l := textsOf(in.Gold); len(l) > 0 {
		return l[0], true
	}
	return textOf(in.Gold), in.Gold != nil
}

// GoldIndex is the index of the right choice; ok is false when the metadata
// has none.
func (in *Instance) GoldIndex() (i int, ok bool) { return intOf(in.Metadata["gold_idx"]) }

// Text returns a metadata value as text, "" when absent.
func (in *Instance) Text(key string) string { return textOf(in.Metadata[key]) }

// Texts returns a metadata list as strings.
func (in *Instance) Texts(key string) []string { return textsOf(in.Metadata[key]) }

// Int returns a whole-number metadata value.
func (in *Instance) Int(key string) (int, bool) { return intOf(in.Metadata[key]) }

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func textsOf(v any) []string {
	switch v := v.(type) {
	case []string:
		return v
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			out[i] = textOf(x)
		}
		return out
	case string:
		return []string{v}
	}
	return nil
}

func intOf(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case json.Number:
		n, err := strconv.Atoi(v.String())
		return n, err == nil
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	case float64:
		n := int(v)
		return n, float64(n) == v
	}
	return 0, false
}
