package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"olmoeval/internal/journal"
)

// What can differ between two sides.
const (
	Model     = "model"
	Sampling  = "sampling"
	Harness   = "harness"
	Prompt    = "prompt"
	Data      = "data"
	Selection = "selection"
	Scoring   = "scoring"
	Code      = "code"
)

// order is the order in which differences are said.
var order = []string{Model, Sampling, Harness, Prompt, Data, Selection, Scoring, Code}

// Keys of a task's configuration, by what they are part of.
var (
	samplingKeys  = []string{"sampling"}
	promptKeys    = []string{"prompt", "max_length", "num_fewshot", "fewshot_set", "fewshot_split", "fewshot_draw", "fewshot_seed"}
	selectionKeys = []string{"limit", "seed", "split"}
)

// aspect is some keys of a task's configuration, flattened to dotted paths.
func aspect(t *journal.Task, keys []string) map[string]string {
	out := map[string]string{}
	for _, k := range keys {
		if v, ok := t.Config[k]; ok {
			flatten(k, v, out)
		}
	}
	return out
}

// flatten writes a value's leaves as JSON under dotted paths.
func flatten(path string, v any, into map[string]string) {
	if m, ok := v.(map[string]any); ok && len(m) > 0 {
		for k, x := range m {
			flatten(path+"."+k, x, into)
		}
		return
	}
	into[path] = jsonText(v)
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// text is a flat configuration as one text, keys sorted.
func text(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, " ")
}

// changed are the entries in which two flat configurations differ, as text.
func changed(a, b map[string]string) (x, y string, differ bool) {
	var xs, ys []string
	keys := maps.Clone(a)
	maps.Copy(keys, b)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		va, inA := a[k]
		vb, inB := b[k]
		if inA == inB && va == vb {
			continue
		}
		xs, ys = append(xs, entry(k, va, inA)), append(ys, entry(k, vb, inB))
	}
	return strings.Join(firstFew(xs), " "), strings.Join(firstFew(ys), " "), len(xs) > 0
}

func firstFew(list []string) []string {
	const most = 4
	if len(list) > most {
		return append(list[:most:most], fmt.Sprintf("… (%d more)", len(list)-most))
	}
	return list
}

func entry(key, value string, there bool) string {
	if !there {
		return key + " unset"
	}
	const most = 60
	if r := []rune(value); len(r) > most {
		value = string(r[:most]) + "…"
	}
	return key + "=" + value
}

// dataDigests identifies the rows of a task; "" if nothing is known.
func dataDigests(t *journal.Task) string {
	var out []string
	for _, d := range t.Data {
		id := d.Digest
		if id == "" && d.Path != "" {
			id = d.Path + "@" + d.Revision
		}
		out = append(out, fmt.Sprintf("%s/%d", id, d.Rows))
	}
	return strings.Join(out, " ")
}

// dataText describes the rows of a task.
func dataText(t *journal.Task) string {
	var out []string
	for _, d := range t.Data {
		s := d.Path
		if d.Subset != "" {
			s += "/" + d.Subset
		}
		if d.Revision != "" {
			s += "@" + short(d.Revision)
		}
		out = append(out, fmt.Sprintf("%s %s (%d rows, %s)", s, d.Split, d.Rows, short(d.Digest)))
	}
	return strings.Join(out, "; ")
}

func short(digest string) string {
	const most = 12
	if len(digest) > most {
		return digest[:most]
	}
	if digest == "" {
		return "no digest"
	}
	return digest
}
