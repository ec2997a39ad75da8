package engine

import (
	"fmt"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// promptKeys are the configured values that shape what is asked.
var promptKeys = []string{"prompt", "sampling", "max_length", "num_fewshot", "fewshot_set", "fewshot_split", "fewshot_draw", "fewshot_seed"}

// SystemHash identifies a model under a harness.
func SystemHash(m eval.Model, harness map[string]any) string {
	return eval.HashJSON(map[string]any{"model": m.Identity(), "harness": harness})
}

// identify fills in a task's hashes: what is asked of which data, what is
// selected, how it is scored.
func (p *Prepared) identify(system string) (journal.Task, error) {
	t := p.Task
	view, err := catalog.View(t)
	if err != nil {
		return journal.Task{}, err
	}
	// The digest of a user's code is not in it: taking records of an earlier run
	// checks every prompt instead, so that a change of scoring asks nothing anew.
	ask := map[string]any{"task": t.Name, "version": t.Version}
	for _, k := range promptKeys {
		ask[k] = view[k]
	}
	ask["prompt_type"] = fmt.Sprintf("%T", t.Prompt)
	data := make([]any, len(p.Infos))
	for i, info := range p.Infos {
		data[i] = map[string]any{"digest": info.Digest, "rows": info.Rows}
	}
	ask["data"] = data
	shots := make([]any, len(p.Shots))
	for i, s := range p.Shots {
		shots[i] = eval.ItemDigest(s)
	}
	ask["shots"] = shots
	sel := t.Selection()
	splits := make([]any, len(sel.Splits))
	for i, s := range sel.Splits {
		splits[i] = s
	}
	selection := map[string]any{"limit": view["limit"], "seed": sel.Seed, "splits": splits}
	out := journal.Task{
		Label: p.Label, Spec: p.Spec, Version: t.Version, Defined: t.Defined,
		Config: view, Data: p.Infos, N: p.N, Shots: min(len(p.Shots), t.Fewshot.Num), SkippedRows: p.Skipped,
		Chance: p.Chance, Leaks: p.Leaks, UniqueIDs: p.UniqueIDs, TaskHash: t.TaskHash(), Primary: Primary(t),
		SelectionHash: eval.HashJSON(selection), ScoringHash: ScoringHash(t),
	}
	out.AskKey = "ask-" + eval.HashJSON(map[string]any{"system": system, "ask": ask, "selection": selection})
	out.Metrics = Metrics(t)
	return out, nil
}

// Metrics describes a task's metrics.
func Metrics(t *eval.Task) []journal.Metric {
	out := []journal.Metric{}
	for _, m := range t.Metrics {
		info := m.Info()
		jm := journal.Metric{ID: info.ID, Unit: info.Unit, HigherIsBetter: info.HigherIsBetter}
		if s := m.Scorer(); s != nil {
			jm.Scorer = s.Name()
		}
		out = append(out, jm)
	}
	return out
}

// ScoringHash identifies how a task's outputs are scored: extractor, scorers,
// metrics, and the user's code in them.
func ScoringHash(t *eval.Task) string {
	var metrics []any
	for _, m := range t.Metrics {
		metrics = append(metrics, map[string]any{"id": m.Info().ID, "scorer": describe(m.Scorer())})
	}
	return eval.HashJSON(map[string]any{
		"task": t.Name, "version": t.Version, "code": t.CodeDigest,
		"extract": describe(t.Extract), "metrics": metrics, "primary": Primary(t),
	})
}

// describe is a value's type with its exported fields.
func describe(v any) any {
	if v == nil {
		return nil
	}
	return map[string]any{"type": fmt.Sprintf("%T", v), "fields": v}
}

// Primary is the id of a task's primary metric: the configured one, else
// accuracy or the first acc_*, else f1, else the first; "" without metrics.
func Primary(t *eval.Task) string {
	if t.Primary != "" {
		return t.Primary
	}
	ids := make([]string, len(t.Metrics))
	for i, m := range t.Metrics {
		ids[i] = m.Info().ID
	}
	for _, match := range []func(string) bool{
		func(id string) bool { return id == "accuracy" },
		func(id string) bool { return len(id) > 4 && id[:4] == "acc_" },
		func(id string) bool { return id == "f1" },
		func(string) bool { return true },
	} {
		for _, id := range ids {
			if match(id) {
				return id
			}
		}
	}
	return ""
}

func resumeKey(system, name, group string, shard *journal.Shard, tasks []journal.Task) string {
	shards := 1
	if shard != nil {
		shards = shard.Of // all parts of a run share its key
	}
	var list []any
	for _, t := range tasks {
		list = append(list, []any{t.Label, t.AskKey, t.ScoringHash})
	}
	return "run-" + eval.HashJSON(map[string]any{
		"system": system, "name": name, "group": group, "shards": shards, "tasks": list,
	})
}
