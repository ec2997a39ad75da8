package main

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"

	"olmoeval/internal/textdiff"
)

// plain is v as decoded JSON, numbers as float64 and the corpus's spelling of
// infinities and sets undone.
func plain(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return "not JSON: " + err.Error()
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return "not JSON: " + err.Error()
	}
	return numbers(out)
}

func numbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	case map[string]any:
		if len(v) == 1 {
			if s, ok := v["$float"].(string); ok {
				return map[string]float64{"inf": math.Inf(1), "-inf": math.Inf(-1), "nan": math.NaN()}[s]
			}
			if list, ok := v["$set"]; ok {
				return numbers(list)
			}
		}
		for k := range v {
			v[k] = numbers(v[k])
		}
	}
	return v
}

// same compares plain values.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// near compares numbers up to the last digits of a float.
func near(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
}

// without drops keys of an object.
func without(v any, keys ...string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for _, k := range keys {
		delete(m, k)
	}
	return m
}

// diff shows how the recorded value and ours differ, as a unified diff of
// indented JSON in which texts stand line by line.
func diff(recorded, ours any) string {
	return textdiff.Unified("recorded", "ours", pretty(recorded), pretty(ours))
}

func pretty(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err.Error() + "\n" // NaN and infinities
	}
	return strings.ReplaceAll(b.String(), `\n`, "\\n\n")
}
