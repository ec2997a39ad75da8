package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/find"
	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
	"olmoeval/metric"
)

// recordFields are what --where can ask of a record, besides scores.NAME,
// values.METRIC and metadata.KEY.
var recordFields = map[string]func(*eval.Record) []string{
	"index":       func(r *eval.Record) []string { return []string{strconv.Itoa(r.Index)} },
	"item_id":     func(r *eval.Record) []string { return []string{r.ID} },
	"item_digest": func(r *eval.Record) []string { return []string{r.Digest} },
	"status":      func(r *eval.Record) []string { return []string{string(r.Status)} },
	"error":       func(r *eval.Record) []string { return []string{textOrMissing(r.Error)} },
	"attempts":    func(r *eval.Record) []string { return []string{strconv.Itoa(r.Attempts)} },
	"answer": func(r *eval.Record) []string {
		return eachOutput(r, func(o *eval.Output) string { return anyText(o.Answer) })
	},
	"output": func(r *eval.Record) []string {
		return eachOutput(r, func(o *eval.Output) string { return o.Text })
	},
	"finish_reason": func(r *eval.Record) []string {
		return eachOutput(r, func(o *eval.Output) string { return textOrMissing(o.FinishReason) })
	},
	"question": func(r *eval.Record) []string {
		return ofInstance(r, func(in *eval.Instance) []string { return []string{in.Question} })
	},
	"gold": func(r *eval.Record) []string {
		return ofInstance(r, func(in *eval.Instance) []string { return anyTexts(in.Gold) })
	},
	"cluster": func(r *eval.Record) []string {
		return ofInstance(r, func(in *eval.Instance) []string { return []string{textOrMissing(in.Cluster)} })
	},
}

func eachOutput(r *eval.Record, text func(*eval.Output) string) []string {
	out := make([]string, len(r.Outputs))
	for i := range r.Outputs {
		out[i] = text(&r.Outputs[i])
	}
	return out
}

func ofInstance(r *eval.Record, texts func(*eval.Instance) []string) []string {
	if r.Instance == nil {
		return []string{find.Missing}
	}
	return texts(r.Instance)
}

func textOrMissing(s string) string {
	if s == "" {
		return find.Missing
	}
	return s
}

func anyText(v any) string {
	switch v := v.(type) {
	case nil:
		return find.Missing
	case string:
		return v
	}
	return string(plainJSON(v))
}

// anyTexts are the entries of a list, or the one text of another value.
func anyTexts(v any) []string {
	switch v := v.(type) {
	case []any:
		out := make([]string, len(v))
		for i, x := range v {
			out[i] = anyText(x)
		}
		return out
	case []string:
		return v
	}
	return []string{anyText(v)}
}

// parseWhere compiles the conditions of --where; all must hold. A condition on
// several texts (answers, outputs, a list) holds if it does for one of them.
func parseWhere(text string, t *journal.Task) (func(*eval.Record) bool, error) {
	terms, err := find.ParseTerms(text)
	if err != nil {
		return nil, usage("--where: %w", err)
	}
	var tests []func(*eval.Record) bool
	for _, term := range terms {
		field, err := recordField(term.Key, t)
		if err != nil {
			return nil, usage("--where %s: %w", term, err)
		}
		test, err := term.TestAny()
		if err != nil {
			return nil, usage("--where %w", err)
		}
		tests = append(tests, func(r *eval.Record) bool { return test(field(r)) })
	}
	return func(r *eval.Record) bool {
		return !slices.ContainsFunc(tests, func(test func(*eval.Record) bool) bool { return !test(r) })
	}, nil
}

func recordField(key string, t *journal.Task) (func(*eval.Record) []string, error) {
	if key == "primary" {
		return valueField(t.Primary), nil
	}
	if f, ok := recordFields[key]; ok {
		return f, nil
	}
	kind, name, _ := strings.Cut(key, ".")
	switch {
	case kind == "metadata" && name != "":
		return func(r *eval.Record) []string {
			return ofInstance(r, func(in *eval.Instance) []string { return anyTexts(nested(in.Metadata, name)) })
		}, nil
	case kind == "values" && name != "":
		var ids []string
		for _, m := range t.Metrics {
			ids = append(ids, m.ID)
		}
		if !slices.Contains(ids, name) {
			return nil, fmt.Errorf("task %s has no metric %q%s", t.Label, name, nearest.Hint(name, ids))
		}
		return valueField(name), nil
	case kind == "scores" && name != "":
		var scorers []string
		for _, m := range t.Metrics {
			if m.Scorer != "" && !slices.Contains(scorers, m.Scorer) {
				scorers = append(scorers, m.Scorer)
			}
		}
		if !slices.Contains(scorers, name) {
			return nil, fmt.Errorf("task %s has no scorer %q%s", t.Label, name, nearest.Hint(name, scorers))
		}
		return func(r *eval.Record) []string {
			v, ok := r.ScoreOf(name)
			return numberText(v, ok)
		}, nil
	}
	known := []string{"primary", "metadata.KEY", "values.METRIC", "scores.NAME"}
	for k := range recordFields {
		known = append(known, k)
	}
	slices.Sort(known)
	hint := nearest.Hint(key, known)
	if hint == "" {
		hint = "; known: " + strings.Join(known, ", ")
	}
	return nil, fmt.Errorf("unknown field %q%s", key, hint)
}

func valueField(id string) func(*eval.Record) []string {
	return func(r *eval.Record) []string {
		v := valueOf(r, id)
		if v == nil {
			return []string{find.Missing}
		}
		return numberText(*v, true)
	}
}

func numberText(v float64, ok bool) []string {
	if !ok {
		return []string{find.Missing}
	}
	return []string{strconv.FormatFloat(v, 'g', -1, 64)}
}

// valueOf is what a record contributes to a metric in the metric's unit, nil if
// nothing.
func valueOf(r *eval.Record, id string) *float64 {
	o := r.Values[id]
	if o == nil || !r.Status.Counted() {
		return nil
	}
	return finiteOrNil(metric.InUnit(eval.MetricInfo{ID: id}, *o))
}

// nested finds a dotted path; a key may itself hold dots.
func nested(m map[string]any, path string) any {
	if v, ok := m[path]; ok {
		return v
	}
	for i, c := range path {
		if c != '.' {
			continue
		}
		if inner, ok := m[path[:i]].(map[string]any); ok {
			if v := nested(inner, path[i+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}
