package starfile

import (
	"fmt"
	"slices"

	"olmoeval/eval"
)

// set is what the file registers; every variant is tried.
func (l *loader) set() (eval.Set, error) {
	var s eval.Set
	for _, name := range l.order {
		r := l.tasks[name]
		r.task.CodeDigest = l.digest
		d := eval.Def{Task: r.task}
		for _, v := range l.variants {
			if v.task == name {
				v.keepCluster(r)
				if err := l.try(v, r.task); err != nil {
					return eval.Set{}, err
				}
				d.Variants = append(d.Variants, l.variantOf(v, true))
			}
		}
		s.Tasks = append(s.Tasks, d)
	}
	base := map[string]eval.Task{}
	for _, d := range l.env.Base.Tasks {
		base[d.Task.Name] = d.Task
	}
	for _, v := range l.variants {
		if l.tasks[v.task] != nil {
			continue
		}
		if t, ok := base[v.task]; ok {
			if err := l.try(v, t); err != nil {
				return eval.Set{}, err
			}
		}
		if s.Variants == nil {
			s.Variants = map[string][]eval.Variant{}
		}
		s.Variants[v.task] = append(s.Variants[v.task], l.variantOf(v, false))
	}
	s.Suites = l.suites
	return s, nil
}

// keepCluster makes a variant with a read of its own group by what the task
// groups by.
func (v *registeredVariant) keepCluster(r *registeredTask) {
	sets := func(list []change, key string) int {
		return slices.IndexFunc(list, func(c change) bool { return c.key == key })
	}
	i := sets(r.changes, "cluster")
	if i >= 0 && sets(v.changes, "read") >= 0 && sets(v.changes, "cluster") < 0 {
		v.changes = append(v.changes, r.changes[i])
	}
}

// try applies a variant to a copy of its task.
func (l *loader) try(v *registeredVariant, t eval.Task) error {
	for _, c := range v.changes {
		if err := c.apply(&t); err != nil {
			return fmt.Errorf("%s: variant %q of task %q: %w", v.at, v.name, v.task, err)
		}
	}
	if t.Prompt == nil {
		return nil // a task without a prompt of its own: the variants have it
	}
	if _, err := t.Prompt.Prepare(nil); err != nil {
		return fmt.Errorf("%s: variant %q of task %q: prompt: %w", v.at, v.name, v.task, err)
	}
	return nil
}

// variantOf is the variant as the catalogue applies it.
func (l *loader) variantOf(v *registeredVariant, own bool) eval.Variant {
	return eval.Variant{Name: v.name, Description: v.description, Apply: func(t *eval.Task) {
		for _, c := range v.changes {
			if err := c.apply(t); err != nil {
				p := &brokenPrompt{Problem: fmt.Sprintf("%s: variant %q of task %q: %v", v.at, v.name, v.task, err)}
				if t.Prompt != nil {
					p.kind = t.Prompt.RequestType()
				}
				t.Prompt = p
				return
			}
			if own {
				continue
			}
			if slices.Contains(codeFields, c.key) {
				t.CodeDigest = eval.HashJSON([]any{t.CodeDigest, l.digest})
			}
			if !slices.Contains(refKnows, c.key) {
				t.Ref = nil
			}
		}
	}}
}
