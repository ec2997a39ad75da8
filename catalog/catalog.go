// Package catalog turns names into tasks: it resolves specs (task:variant…,
// suites, suite:variant), applies overrides, and remembers where each value
// came from. Call [New] with what is registered, then [Catalog.Select] for what
// a command line asks, or [Catalog.Resolve] for one spec.
package catalog

import (
	"fmt"
	"sort"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// Catalog is everything that has a name. It is not changed after New.
type Catalog struct {
	tasks  map[string]*entry
	suites map[string]*eval.Suite
	// metricByID makes a metric of an id for -o metrics=[…].
	metricByID func(id string, s eval.Scorer) (eval.Metric, error)
}

type entry struct {
	task     eval.Task
	variants map[string]eval.Variant
	order    []string // of variants, as registered
}

// New collects sets. A name defined twice is an error naming both places.
func New(metricByID func(string, eval.Scorer) (eval.Metric, error), sets ...eval.Set) (*Catalog, error) {
	c := &Catalog{tasks: map[string]*entry{}, suites: map[string]*eval.Suite{}, metricByID: metricByID}
	for _, s := range sets {
		for _, d := range s.Tasks {
			if err := c.addTask(d); err != nil {
				return nil, err
			}
		}
		for i := range s.Suites {
			if err := c.addSuite(&s.Suites[i]); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range sets {
		for _, name := range sortedKeys(s.Variants) {
			e, ok := c.tasks[name]
			if !ok {
				return nil, fmt.Errorf("variant %q of unknown task %q%s", s.Variants[name][0].Name, name, nearest.Hint(name, c.TaskNames()))
			}
			for _, v := range s.Variants[name] {
				if err := e.add(v); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, name := range sortedKeys(c.suites) {
		if e := c.tasks[name]; e != nil {
			return nil, fmt.Errorf("%q is defined as a task (%s) and as a suite (%s)", name, e.task.Defined, c.suites[name].Defined)
		}
	}
	return c, nil
}

func (c *Catalog) addTask(d eval.Def) error {
	t := d.Task
	if t.Name == "" {
		return fmt.Errorf("%s: a task without a name", t.Defined)
	}
	if old, ok := c.tasks[t.Name]; ok {
		return fmt.Errorf("task %q is defined twice: %s and %s", t.Name, old.task.Defined, t.Defined)
	}
	ids := map[string]bool{}
	scorers := map[string]eval.Scorer{}
	for _, m := range t.Metrics {
		id := m.Info().ID
		if ids[id] {
			return fmt.Errorf("%s: task %q lists metric %q twice", t.Defined, t.Name, id)
		}
		ids[id] = true
		if s := m.Scorer(); s != nil {
			if old, ok := scorers[s.Name()]; ok && fmt.Sprintf("%T%v", old, old) != fmt.Sprintf("%T%v", s, s) {
				return fmt.Errorf("%s: task %q has two different scorers named %q", t.Defined, t.Name, s.Name())
			}
			scorers[s.Name()] = s
		}
	}
	e := &entry{task: t, variants: map[string]eval.Variant{}}
	for _, v := range d.Variants {
		if err := e.add(v); err != nil {
			return err
		}
	}
	c.tasks[t.Name] = e
	return nil
}

func (e *entry) add(v eval.Variant) error {
	if v.Name == "" || strings.ContainsAny(v.Name, ":@# ") {
		return fmt.Errorf("task %q: bad variant name %q", e.task.Name, v.Name)
	}
	if _, ok := e.variants[v.Name]; ok {
		return fmt.Errorf("variant %q of task %q is defined twice", v.Name, e.task.Name)
	}
	e.variants[v.Name] = v
	e.order = append(e.order, v.Name)
	return nil
}

func (c *Catalog) addSuite(s *eval.Suite) error {
	if old, ok := c.suites[s.Name]; ok {
		return fmt.Errorf("suite %q is defined twice: %s and %s", s.Name, old.Defined, s.Defined)
	}
	switch s.Aggregation {
	case eval.Average, eval.AverageOfAverages, eval.DisplayOnly, eval.NoAggregation:
	default:
		return fmt.Errorf("suite %q: unknown aggregation %q; known: average, average_of_averages, display_only, none", s.Name, s.Aggregation)
	}
	c.suites[s.Name] = s
	return nil
}

// TaskNames lists all tasks, sorted.
func (c *Catalog) TaskNames() []string { return sortedKeys(c.tasks) }

// SuiteNames lists all suites, sorted.
func (c *Catalog) SuiteNames() []string { return sortedKeys(c.suites) }

// Task is a registered task without variants.
func (c *Catalog) Task(name string) (*eval.Task, bool) {
	e, ok := c.tasks[name]
	if !ok {
		return nil, false
	}
	t := e.task
	return &t, true
}

// Suite is a registered suite.
func (c *Catalog) Suite(name string) (*eval.Suite, bool) {
	s, ok := c.suites[name]
	return s, ok
}

// Variants lists the variants of a task in the order they were registered.
func (c *Catalog) Variants(task string) []eval.Variant {
	e, ok := c.tasks[task]
	if !ok {
		return nil
	}
	out := make([]eval.Variant, len(e.order))
	for i, n := range e.order {
		out[i] = e.variants[n]
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
