package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/internal/nearest"
)

// samplingKeys may be written without "sampling." before them.
var samplingKeys = []string{"max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "num_samples",
	"min_p", "frequency_penalty", "presence_penalty", "repetition_penalty", "json_schema", "reasoning_effort", "extra_body"}

// aliases are the reference's words for ours.
var aliases = map[string]string{
	"sampling_params": "sampling", "formatter": "prompt", "fewshot_source": "fewshot_set",
	"answer_extractor": "extract", "primary": "primary_metric", "stop": "stop_sequences",
}

// canonicalPath maps short and borrowed spellings to the path that task show
// prints.
func canonicalPath(path []string) []string {
	head := path[0]
	if a, ok := aliases[head]; ok {
		head = a
	}
	if slices.Contains(samplingKeys, head) {
		return append([]string{"sampling", head}, path[1:]...)
	}
	return append([]string{head}, path[1:]...)
}

// view is a task's configuration as a tree: what task show prints.
func view(t *eval.Task) (map[string]any, error) {
	v, err := dotted.Tree(t.Config)
	if err != nil {
		return nil, err
	}
	tree := v.(map[string]any)
	if t.Extract != nil {
		x, err := dotted.Tree(t.Extract)
		if err != nil {
			return nil, err
		}
		if m, ok := x.(map[string]any); ok {
			tree["extract"] = m
		}
	}
	ids := make([]any, len(t.Metrics))
	for i, m := range t.Metrics {
		ids[i] = m.Info().ID
	}
	tree["metrics"] = ids
	return tree, nil
}

// View is a task's configuration as a tree of JSON values.
func View(t *eval.Task) (map[string]any, error) { return view(t) }

// apply sets one override on a task.
func (c *Catalog) apply(t *eval.Task, o dotted.Override) error {
	path := canonicalPath(o.Path)
	tree, err := view(t)
	if err != nil {
		return err
	}
	if _, ok := tree[path[0]]; !ok {
		known := slices.Concat(sortedKeys(tree), samplingKeys)
		return fmt.Errorf("-o %s: unknown key %q%s; see: olmo-eval task show %s", o.Key(), path[0], nearest.Hint(path[0], known), t.Name)
	}
	if err := c.set(t, tree, path, o); err != nil {
		return fmt.Errorf("-o %s=%s: %w", o.Key(), o.Raw, err)
	}
	return nil
}

func (c *Catalog) set(t *eval.Task, tree map[string]any, path []string, o dotted.Override) error {
	if err := known(tree, path); err != nil {
		return err
	}
	value := dotted.Override{Path: path, Value: o.Value, Raw: o.Raw}
	changed, err := dotted.Set(tree, value)
	if err != nil {
		return err
	}
	err = c.decode(t, changed, path)
	if err == nil {
		return nil
	}
	// A target that wants text takes the value as it was written.
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Type != nil {
		for _, text := range asText(o) {
			again, serr := dotted.Set(tree, dotted.Override{Path: path, Value: text})
			if serr == nil && c.decode(t, again, path) == nil {
				return nil
			}
		}
	}
	return plain(err, path)
}

// asText is a value in the spellings that a text, or a list of texts, may want.
func asText(o dotted.Override) []any {
	switch v := o.Value.(type) {
	case json.Number, bool:
		return []any{strings.TrimSpace(o.Raw), []any{strings.TrimSpace(o.Raw)}}
	case string:
		return []any{[]any{v}}
	case []any:
		texts := make([]any, len(v))
		for i, x := range v {
			texts[i] = fmt.Sprint(x)
		}
		return []any{texts, o.Raw}
	}
	return nil
}

// known checks every key of the path against what is there, for the nearest
// name.
func known(tree map[string]any, path []string) error {
	node := any(tree)
	for i, key := range path {
		m, ok := node.(map[string]any)
		if !ok {
			return nil // Set says what is wrong with lists and values
		}
		child, ok := m[key]
		if !ok {
			return fmt.Errorf("unknown key %q under %q%s", key, strings.Join(path[:i], "."), nearest.Hint(key, sortedKeys(m)))
		}
		node = child
	}
	return nil
}

// decode writes the changed part of the tree back into the typed task.
func (c *Catalog) decode(t *eval.Task, tree map[string]any, path []string) error {
	section := path[0]
	switch section {
	case "prompt":
		fresh := reflect.New(reflect.TypeOf(t.Prompt).Elem())
		if err := strict(tree["prompt"], fresh.Interface()); err != nil {
			return err
		}
		t.Prompt = fresh.Interface().(eval.Formatter)
		return nil
	case "extract":
		return decodeExtract(t, tree["extract"])
	case "metrics":
		return c.metrics(t, tree["metrics"])
	}
	cfg := t.Config
	cfg.Prompt = nil
	// Slices and pointers are replaced, not written through.
	cfg.Sampling.Stop = slices.Clone(cfg.Sampling.Stop)
	if section == "data_source" {
		cfg.Source = eval.Source{}
	}
	if section == "sampling" {
		cfg.Sampling = eval.Sampling{}
	}
	if err := strict(map[string]any{section: tree[section]}, &cfg); err != nil {
		return err
	}
	cfg.Prompt = t.Prompt
	t.Config = cfg
	return nil
}

func decodeExtract(t *eval.Task, v any) error {
	typ := reflect.TypeOf(t.Extract)
	ptr := typ.Kind() == reflect.Pointer
	if ptr {
		typ = typ.Elem()
	}
	fresh := reflect.New(typ)
	if err := strict(v, fresh.Interface()); err != nil {
		return err
	}
	if !ptr {
		fresh = fresh.Elem()
	}
	t.Extract = fresh.Interface().(eval.Extractor)
	return nil
}

func (c *Catalog) metrics(t *eval.Task, v any) error {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var scorer eval.Scorer
	for _, m := range t.Metrics {
		if s := m.Scorer(); s != nil {
			scorer = s
			break
		}
	}
	var out []eval.Metric
	for _, x := range list {
		m, err := c.metricByID(fmt.Sprint(x), scorer)
		if err != nil {
			return err
		}
		out = append(out, m)
	}
	t.Metrics = out
	return nil
}

func strict(v any, into any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// plain says a decoding error in the user's words.
func plain(err error, path []string) error {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return err
	}
	want := map[reflect.Kind]string{
		reflect.Int: "a whole number", reflect.Int64: "a whole number", reflect.Float64: "a number",
		reflect.Bool: "true or false", reflect.String: "text", reflect.Slice: "a list", reflect.Struct: "an object",
	}[wrong.Type.Kind()]
	if want == "" {
		want = wrong.Type.String()
	}
	return fmt.Errorf("want %s for %s, got a %s", want, strings.Join(path, "."), wrong.Value)
}

func clonePtr[T any](v T) T {
	rv := reflect.ValueOf(v)
	if !rv.IsValid() || rv.Kind() != reflect.Pointer || rv.IsNil() || rv.Elem().Kind() != reflect.Struct {
		return v
	}
	fresh := reflect.New(rv.Elem().Type())
	fresh.Elem().Set(rv.Elem())
	return fresh.Interface().(T)
}

// validate checks values that types cannot.
func validate(t *eval.Task) error {
	s := t.Sampling
	switch {
	case t.Limit != nil && *t.Limit < 1:
		return fmt.Errorf("limit is %d, want at least 1 (null for all)", *t.Limit)
	case t.Fewshot.Num < 0:
		return fmt.Errorf("num_fewshot is %d, want 0 or more", t.Fewshot.Num)
	case s.NumSamples < 0:
		return fmt.Errorf("num_samples is %d, want 1 or more", s.NumSamples)
	case s.Temperature < 0:
		return fmt.Errorf("temperature is %g, want 0 or more", s.Temperature)
	case s.TopP != nil && (*s.TopP <= 0 || *s.TopP > 1):
		return fmt.Errorf("top_p is %g, want more than 0 and at most 1", *s.TopP)
	case s.MinP != nil && (*s.MinP < 0 || *s.MinP > 1):
		return fmt.Errorf("min_p is %g, want 0 to 1", *s.MinP)
	case s.RepetitionPenalty != nil && *s.RepetitionPenalty <= 0:
		return fmt.Errorf("repetition_penalty is %g, want more than 0", *s.RepetitionPenalty)
	case s.MaxTokens != nil && *s.MaxTokens < 1:
		return fmt.Errorf("max_tokens is %d, want at least 1 (null for the context limit)", *s.MaxTokens)
	case t.MaxLength != nil && *t.MaxLength < 2:
		return fmt.Errorf("max_length is %d, want at least 2", *t.MaxLength)
	case t.Split == "":
		return fmt.Errorf("split is empty")
	}
	return nil
}
