package eval

// Ref is the form a task's configuration has in the reference system, for its
// task_hash. Variants edit it beside the fields it mirrors.
type Ref struct {
	Name      string
	Source    RefSource
	Formatter map[string]any // nil for none
	// FewshotSource is the name of a fixed few-shot set there, "" for none.
	FewshotSource string
	Metrics       []RefMetric
	// Primary is the explicitly configured one, nil for none.
	Primary     *RefMetric
	Aggregation string // of samples: "max" (also when empty) or "first"
	// IntZero says that it writes temperature 0 as a whole number, which hashes
	// otherwise than 0.0.
	IntZero bool
}

// RefSource mirrors the data source; Type is "hf" when empty, Split the task's
// split.
type RefSource struct{ Path, Subset, Split, DataFiles, Revision, Type string }

// RefMetric names a metric class there, with the scorer's class.
type RefMetric struct{ Type, Name, Scorer string }

func (m RefMetric) dict() map[string]any {
	return map[string]any{"type": m.Type, "name": m.Name, "scorer": m.Scorer}
}

// TaskHash is the reference's task_hash for the task's present configuration:
// SHA-256 over its configuration as canonical JSON, 16 hex digits; "" for tasks
// it does not have.
func (t *Task) TaskHash() string {
	r := t.Ref
	if r == nil {
		return ""
	}
	metrics := make([]any, len(r.Metrics))
	for i, m := range r.Metrics {
		metrics[i] = m.dict()
	}
	primary := any(nil)
	switch {
	case r.Primary != nil:
		primary = r.Primary.dict()
	case len(r.Metrics) == 1:
		primary = r.Metrics[0].dict()
	}
	kind := r.Source.Type
	if kind == "" {
		kind = "hf"
	}
	agg := r.Aggregation
	if agg == "" {
		agg = "max"
	}
	split := r.Source.Split
	if split == "" {
		split = t.Config.Split
	}
	s := t.Sampling
	temperature := any(s.Temperature)
	if r.IntZero && s.Temperature == 0 {
		temperature = 0
	}
	dict := map[string]any{
		"answer_extractor": nil,
		"data_source": map[string]any{
			"path": r.Source.Path, "subset": orNil(r.Source.Subset), "split": split,
			"source_type": kind, "data_files": orNil(r.Source.DataFiles), "revision": orNil(r.Source.Revision),
		},
		"dependencies":             nil,
		"fewshot_seed":             t.Fewshot.Seed,
		"fewshot_source":           orNil(r.FewshotSource),
		"formatter":                nil,
		"limit":                    intOrNil(t.Limit),
		"max_length":               intOrNil(t.MaxLength),
		"metrics":                  metrics,
		"name":                     r.Name,
		"num_fewshot":              t.Fewshot.Num,
		"output_score_aggregation": agg,
		"primary_metric":           primary,
		"sampling_params": map[string]any{
			"max_tokens": intOrNil(s.MaxTokens), "temperature": temperature, "top_p": floatOrNil(s.TopP),
			"top_k": intOrNil(s.TopK), "stop_sequences": s.Stop, "num_samples": s.Samples(),
			"logprobs": nil, "do_sample": true,
		},
		"seed":  t.Config.Seed,
		"split": t.Config.Split,
	}
	if r.Formatter != nil {
		dict["formatter"] = r.Formatter
	}
	return HashJSON(dict)
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func intOrNil(p *int) any {
	if p == nil {
		return nil
	}
	return *p
}

func floatOrNil(p *float64) any {
	if p == nil {
		return nil
	}
	return *p
}
