package catalog

import (
	"fmt"
	"slices"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/dotted"
	"olmoeval/internal/nearest"
)

// Priorities are what may follow a spec after "@".
var Priorities = []string{"low", "normal", "high", "urgent"}

// SplitPriority takes "@priority" off a spec.
func SplitPriority(spec string) (base, priority string, err error) {
	at := strings.LastIndexByte(spec, '@')
	if at < 0 {
		return spec, "", nil
	}
	base, priority = spec[:at], spec[at+1:]
	if !slices.Contains(Priorities, priority) {
		return "", "", fmt.Errorf("%q: unknown priority %q%s", spec, priority, nearest.Hint(priority, Priorities))
	}
	return base, priority, nil
}

// Resolved is a task as a spec and its overrides make it.
type Resolved struct {
	// Spec is task:variant…, without priority.
	Spec     string
	Variants []string
	Task     eval.Task
	// Origins says where each configured value came from, by dotted path:
	// "default", "variant mc", "-o".
	Origins map[string]string
	// Overrides as given.
	Overrides []dotted.Override
}

// lookup splits a spec into the longest registered task name and its variants.
func (c *Catalog) lookup(spec string) (*entry, []string, error) {
	parts := strings.Split(spec, ":")
	for n := len(parts); n > 0; n-- {
		e, ok := c.tasks[strings.Join(parts[:n], ":")]
		if !ok {
			continue
		}
		for _, v := range parts[n:] {
			if _, ok := e.variants[v]; !ok {
				return nil, nil, c.unknownVariant(e, v)
			}
		}
		return e, parts[n:], nil
	}
	return nil, nil, c.unknown(parts[0], spec)
}

func (c *Catalog) unknownVariant(e *entry, v string) error {
	if len(e.order) == 0 {
		return fmt.Errorf("task %q has no variants, so no %q", e.task.Name, v)
	}
	return fmt.Errorf("task %q has no variant %q%s; see: olmo-eval task show %s", e.task.Name, v, nearest.Hint(v, e.order), e.task.Name)
}

func (c *Catalog) unknown(name, spec string) error {
	all := append(c.TaskNames(), c.SuiteNames()...)
	hint := nearest.Hint(spec, all)
	if hint == "" || !strings.Contains(hint, "did you mean") {
		hint = nearest.Hint(name, all)
	}
	if !strings.Contains(hint, "did you mean") {
		hint = "; see: olmo-eval tasks, olmo-eval suites"
	}
	return fmt.Errorf("unknown task or suite %q%s", spec, hint)
}

// Resolve makes one task of a spec: base, then variants left to right, then
// overrides.
func (c *Catalog) Resolve(spec string, overrides []dotted.Override) (*Resolved, error) {
	base, _, err := SplitPriority(spec)
	if err != nil {
		return nil, err
	}
	return c.resolve(base, overrides)
}

// resolve takes a spec whose priority has been taken off.
func (c *Catalog) resolve(base string, overrides []dotted.Override) (*Resolved, error) {
	e, variants, err := c.lookup(base)
	if err != nil {
		return nil, err
	}
	r := &Resolved{Spec: base, Variants: variants, Task: clone(e.task), Overrides: overrides, Origins: map[string]string{}}
	before, err := view(&r.Task)
	if err != nil {
		return nil, fmt.Errorf("task %q: %w", base, err)
	}
	note(r.Origins, nil, before, "default")
	for _, name := range variants {
		e.variants[name].Apply(&r.Task)
		after, err := view(&r.Task)
		if err != nil {
			return nil, fmt.Errorf("task %q: variant %q: %w", base, name, err)
		}
		note(r.Origins, before, after, "variant "+name)
		before = after
	}
	for _, o := range overrides {
		if err := c.apply(&r.Task, o); err != nil {
			return nil, fmt.Errorf("task %q: %w", base, err)
		}
		after, err := view(&r.Task)
		if err != nil {
			return nil, fmt.Errorf("task %q: %w", base, err)
		}
		note(r.Origins, before, after, "-o "+o.Key())
		r.Origins[strings.Join(canonicalPath(o.Path), ".")] = "-o " + o.Key()
		before = after
	}
	if len(overrides) > 0 {
		r.keepRef()
	}
	if err := validate(&r.Task); err != nil {
		return nil, fmt.Errorf("task %q: %w", base, err)
	}
	return r, nil
}

// refKnows are the overrides under which the reference's hash stays meaningful,
// because it has the same field.
var refKnows = []string{"limit", "num_fewshot", "fewshot_seed", "seed", "split", "max_length", "sampling"}

// keepRef drops the reference's identity when something it does not know was
// changed.
func (r *Resolved) keepRef() {
	for _, o := range r.Overrides {
		if !slices.Contains(refKnows, canonicalPath(o.Path)[0]) {
			r.Task.Ref = nil
			return
		}
	}
}

// clone copies what a variant may edit in place.
func clone(t eval.Task) eval.Task {
	t.Prompt = clonePtr(t.Prompt)
	t.Extract = clonePtr(t.Extract)
	t.Metrics = slices.Clone(t.Metrics)
	t.Warnings = slices.Clone(t.Warnings)
	t.Sampling.Stop = slices.Clone(t.Sampling.Stop)
	if t.Ref != nil {
		ref := *t.Ref
		ref.Metrics = slices.Clone(ref.Metrics)
		t.Ref = &ref
	}
	return t
}

func note(origins map[string]string, before, after map[string]any, origin string) {
	old := map[string]string{}
	for _, l := range dotted.Flatten(before) {
		old[l.Path] = string(eval.AppendCanonical(nil, l.Value))
	}
	now := map[string]bool{}
	for _, l := range dotted.Flatten(after) {
		now[l.Path] = true
		if v, ok := old[l.Path]; before == nil || !ok || v != string(eval.AppendCanonical(nil, l.Value)) {
			origins[l.Path] = origin
		}
	}
	for p := range origins {
		if !now[p] {
			delete(origins, p)
		}
	}
}
