package cli

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"olmoeval/catalog"
	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/internal/engine"
	"olmoeval/internal/journal"
	"olmoeval/internal/modelspec"
)

// planned is what run --dry-run --json prints, one object a model and harness.
type planned struct {
	Model     map[string]sourced `json:"model"`
	Harness   map[string]sourced `json:"harness"`
	Tasks     []plannedTask      `json:"tasks"`
	Suites    []eval.SuiteNode   `json:"suites"`
	Summary   string             `json:"summary"`
	Resume    *string            `json:"resume"`
	ResumeKey string             `json:"resume_key,omitempty"`
	Missing   []string           `json:"missing"`
}

type plannedTask struct {
	Task     string             `json:"task"`
	Action   string             `json:"action,omitempty"`
	N        *int               `json:"n"`
	Config   map[string]sourced `json:"config"`
	Metrics  []journal.Metric   `json:"metrics"`
	Primary  string             `json:"primary"`
	TaskHash string             `json:"task_hash,omitempty"`
}

// sourced is a value with where it came from.
type sourced struct {
	Value  any    `json:"value"`
	Origin string `json:"origin"`
}

// dryRun prints the resolved plan and everything that is missing, at once. It
// sends nothing to the model and writes nothing.
func (a *app) dryRun(ctx context.Context, f *runFlags, sel *catalog.Selection, m *modelspec.Config, h *harness, modelErr error) error {
	out := planned{Suites: sel.Suites, Missing: engine.Check(sel, a.Getenv), Model: map[string]sourced{}, Harness: h.sourced()}
	if out.Missing == nil {
		out.Missing = []string{}
	}
	var plan *engine.Plan
	if modelErr != nil {
		out.Missing = append(out.Missing, strings.Split(modelErr.Error(), "\n")...)
	} else {
		out.Model = modelSourced(m)
		if len(out.Missing) == 0 {
			var err error
			if plan, err = a.planOnly(ctx, f, sel, m, h); err != nil {
				out.Missing = append(out.Missing, strings.Split(message(err), "\n")...)
				plan = nil
			}
		}
	}
	for i, s := range sel.Tasks {
		t := plannedTask{Task: s.Label, Config: map[string]sourced{}, Primary: engine.Primary(&s.Task), TaskHash: s.Task.TaskHash(), Metrics: engine.Metrics(&s.Task)}
		tree, err := catalog.View(&s.Task)
		if err != nil {
			return err
		}
		for _, l := range dotted.Flatten(tree) {
			t.Config[l.Path] = sourced{l.Value, s.Origins[l.Path]}
		}
		if plan != nil {
			t.Action, t.N = plan.Actions[i], &plan.Tasks[i].Own
		}
		out.Tasks = append(out.Tasks, t)
	}
	if plan != nil {
		out.Summary, out.ResumeKey = plan.Summary(), plan.ResumeKey
		if r := plan.Resume; r != nil {
			out.Resume = &r.RunID
		}
	}
	if err := a.printPlan(&out); err != nil {
		return err
	}
	if len(out.Missing) > 0 {
		return &exitError{exitUsage, fmt.Errorf("%d things are missing: nothing would run", len(out.Missing))}
	}
	return nil
}

func (a *app) planOnly(ctx context.Context, f *runFlags, sel *catalog.Selection, m *modelspec.Config, h *harness) (*engine.Plan, error) {
	e, done, err := a.engine(ctx, f, m, h, nil)
	if err != nil {
		return nil, err
	}
	defer done()
	plan, err := e.Plan(ctx, sel)
	if err != nil {
		return nil, err
	}
	return plan, h.check(plan)
}

func (h *harness) sourced() map[string]sourced {
	return map[string]sourced{
		"name":             {h.Name, h.origins["name"]},
		"system_prompt":    {h.SystemPrompt, h.origins["system_prompt"]},
		"max_concurrency":  {h.MaxConcurrency, h.origins["max_concurrency"]},
		"context_overflow": {h.ContextOverflow, h.origins["context_overflow"]},
	}
}

func modelSourced(m *modelspec.Config) map[string]sourced {
	out := map[string]sourced{}
	tree, err := dotted.Tree(m)
	if err != nil {
		return out
	}
	for k, v := range tree.(map[string]any) {
		out[k] = sourced{v, firstOf(m.Origins[k], "default")}
	}
	return out
}

func (a *app) printPlan(p *planned) error {
	if a.global.json {
		return a.printJSON(p)
	}
	w := func(format string, args ...any) { fmt.Fprintf(a.Stdout, format+"\n", args...) }
	section := func(name string, m map[string]sourced) {
		w("%s", name)
		keys := make([]string, 0, len(m))
		for k := range m {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			if m[k].Origin != "default" || name == "model" {
				w("  %-32s %-40s %s", k, compactJSON(m[k].Value), m[k].Origin)
			}
		}
	}
	section("model", p.Model)
	section("harness "+fmt.Sprint(p.Harness["name"].Value), p.Harness)
	for _, t := range p.Tasks {
		n := ""
		if t.N != nil {
			n = fmt.Sprintf(": %s, %d instances", t.Action, *t.N)
		}
		section("task "+t.Task+n, t.Config)
	}
	if p.Summary != "" {
		w("plan: %s", p.Summary)
	}
	if p.Resume != nil {
		w("resumes run %s", *p.Resume)
	}
	for _, m := range p.Missing {
		w("missing: %s", m)
	}
	return nil
}

func compactJSON(v any) string {
	b := eval.AppendCanonical(nil, v)
	if len(b) > 120 {
		return string(b[:117]) + "…"
	}
	return string(b)
}
