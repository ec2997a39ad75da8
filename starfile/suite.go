package starfile

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// suite is suite(name, tasks=[…], aggregation="average", description="").
func (l *loader) suite(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := l.loading("suite"); err != nil {
		return nil, err
	}
	s := eval.Suite{Aggregation: eval.Average, Defined: l.at(t)}
	err := eachArg("suite", []string{"name", "tasks", "aggregation", "description"}, args, kwargs, func(key string, v starlark.Value) (err error) {
		switch key {
		case "name":
			s.Name, err = textArg(key, v)
		case "tasks":
			s.Members, err = members(v)
		case "aggregation":
			if s.Aggregation, err = textArg(key, v); err == nil && !slices.Contains(aggregations, s.Aggregation) {
				err = fmt.Errorf("unknown aggregation %q%s", s.Aggregation, nearest.Hint(s.Aggregation, aggregations))
			}
		case "description":
			s.Description, err = textArg(key, v)
		}
		return err
	})
	if err == nil {
		err = checkName("suite", s.Name, true)
	}
	if err == nil && len(s.Members) == 0 {
		err = fmt.Errorf("suite %q has no tasks", s.Name)
	}
	if err != nil {
		return nil, err
	}
	if old, ok := l.suiteAt[s.Name]; ok {
		return nil, fmt.Errorf("suite %q is defined twice: the first is at %s", s.Name, old)
	}
	if old := l.tasks[s.Name]; old != nil {
		return nil, fmt.Errorf("suite %q: a task has that name, at %s", s.Name, old.at)
	}
	if l.registers(t) {
		l.suiteAt[s.Name] = s.Defined
		l.suites = append(l.suites, s)
	}
	return &made{"suite", s}, nil
}

var aggregations = []string{eval.Average, eval.AverageOfAverages, eval.DisplayOnly, eval.NoAggregation}

// members reads a list of specs, tasks and suites.
func members(v starlark.Value) ([]eval.Member, error) {
	seq, ok := v.(starlark.Indexable)
	if _, isText := v.(starlark.String); !ok || isText {
		return nil, fmt.Errorf(`tasks: want a list, such as ["sciq:mc", "arc_easy:mc"], got %s`, describe(v))
	}
	out := make([]eval.Member, seq.Len())
	for i := range out {
		switch x := seq.Index(i).(type) {
		case starlark.String:
			if strings.TrimSpace(string(x)) == "" {
				return nil, fmt.Errorf("tasks[%d] is empty", i)
			}
			out[i].Spec = string(x)
		case *taskValue:
			out[i].Spec = x.name
		case *made:
			s, ok := x.value.(eval.Suite)
			if !ok {
				return nil, fmt.Errorf("tasks[%d]: want a task spec, got %s", i, describe(x))
			}
			out[i].Suite = &s
		default:
			return nil, fmt.Errorf("tasks[%d]: want a task spec, a task or a suite, got %s", i, describe(x))
		}
	}
	return out, nil
}
