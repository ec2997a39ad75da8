package starfile

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// registeredTask is a task of the file and where it stands.
type registeredTask struct {
	task    eval.Task
	changes []change
	at      string
}

// registeredVariant is a variant of any task.
type registeredVariant struct {
	task, name, description string
	changes                 []change
	at                      string
}

// loading refuses what only makes sense while the file loads.
func (l *loader) loading(fn string) error {
	if l.loaded {
		return fmt.Errorf("%s may only be called while the file loads, at its top level", fn)
	}
	return nil
}

// at is file:line of the call under way.
func (l *loader) at(t *starlark.Thread) string {
	if t.CallStackDepth() < 2 {
		return l.prog.path
	}
	pos := t.CallFrame(1).Pos
	return fmt.Sprintf("%s:%d", pos.Filename(), pos.Line)
}

// dir is the directory of the file in which the call under way stands.
func (l *loader) dir(t *starlark.Thread) string {
	name := l.prog.path
	if t.CallStackDepth() >= 2 {
		name = t.CallFrame(1).Pos.Filename()
	}
	return filepath.Dir(name)
}

// changesOf makes the changes of keyword arguments, in the order of fieldNames.
func (l *loader) changesOf(t *starlark.Thread, fn string, kwargs []starlark.Tuple) ([]change, error) {
	var out []change
	err := eachArg(fn, fieldNames, nil, kwargs, func(key string, v starlark.Value) error {
		c, err := l.field(t, key, v)
		out = append(out, c)
		return err
	})
	sort.SliceStable(out, func(i, j int) bool {
		return slices.Index(fieldNames, out[i].key) < slices.Index(fieldNames, out[j].key)
	})
	return out, err
}

// named takes the positional arguments and the keyword arguments of those names
// apart from the rest; they are text, or tasks where taskOK says so.
func named(fn string, names []string, args starlark.Tuple, kwargs []starlark.Tuple) (map[string]string, []starlark.Tuple, error) {
	got := map[string]string{}
	var own, rest []starlark.Tuple
	for _, kv := range kwargs {
		if slices.Contains(names, string(kv[0].(starlark.String))) {
			own = append(own, kv)
		} else {
			rest = append(rest, kv)
		}
	}
	err := eachArg(fn, names, args, own, func(key string, v starlark.Value) (err error) {
		if tv, ok := v.(*taskValue); ok && key == "task" {
			got[key] = tv.name
			return nil
		}
		got[key], err = textArg(key, v)
		return err
	})
	return got, rest, err
}

// checkName refuses names that a task spec could not say.
func checkName(what, name string, colon bool) error {
	bad := "@#, \t\n/="
	if !colon {
		bad += ":"
	}
	if i := strings.IndexAny(name, bad); i >= 0 {
		return fmt.Errorf("%s name %q: %q is not allowed", what, name, name[i:i+1])
	}
	if name == "" || strings.HasPrefix(name, ":") || strings.HasSuffix(name, ":") || strings.Contains(name, "::") {
		return fmt.Errorf("%s name %q is empty or has an empty part", what, name)
	}
	return nil
}

// task is task(name, source=…, prompt=…, …).
func (l *loader) task(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := l.loading("task"); err != nil {
		return nil, err
	}
	if len(args) > 1 {
		return nil, errors.New("task: only the name may stand without a keyword")
	}
	known := append([]string{"name"}, fieldNames...)
	for _, kv := range kwargs {
		if key := string(kv[0].(starlark.String)); !slices.Contains(known, key) {
			return nil, fmt.Errorf("task: unknown argument %q%s", key, nearest.Hint(key, known))
		}
	}
	got, rest, err := named("task", []string{"name"}, args, kwargs)
	if err != nil {
		return nil, err
	}
	name := got["name"]
	if err := checkName("task", name, true); err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	r := &registeredTask{at: l.at(t)}
	what := fmt.Sprintf("task %q", name)
	if r.changes, err = l.changesOf(t, what, rest); err != nil {
		return nil, err
	}
	r.task = eval.Task{Name: name, Defined: r.at, Read: readStandard}
	r.task.Split, r.task.Seed, r.task.Fewshot = "test", defaultSeed, defaultFewshot()
	for _, c := range r.changes {
		if err := c.apply(&r.task); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
	}
	if err := complete(&r.task); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if old := l.tasks[name]; old != nil {
		return nil, fmt.Errorf("%s is defined twice: the first is at %s", what, old.at)
	}
	if old, ok := l.suiteAt[name]; ok {
		return nil, fmt.Errorf("%s: a suite has that name, at %s", what, old)
	}
	if l.registers(t) {
		l.tasks[name] = r
		l.order = append(l.order, name)
	}
	return &taskValue{l, name}, nil
}

// complete checks that a task can be asked.
func complete(t *eval.Task) error {
	switch {
	case t.Source.Path == "" && len(t.Source.Command) == 0:
		return errors.New(`source is missing, such as source="rows.jsonl"`)
	case t.Prompt == nil:
		return errors.New("prompt is missing, such as prompt=prompt.chat()")
	case t.Split == "":
		return errors.New("split is empty")
	}
	if _, err := t.Prompt.Prepare(nil); err != nil {
		return fmt.Errorf("prompt: %w", err)
	}
	return nil
}

// variant is variant(task, name, description=…, **changes).
func (l *loader) variant(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	return l.addVariant(t, "variant", args, kwargs)
}

func (l *loader) addVariant(t *starlark.Thread, fn string, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := l.loading(fn); err != nil {
		return nil, err
	}
	if len(args) > 2 {
		return nil, fmt.Errorf("%s: only the task and the name may stand without a keyword", fn)
	}
	got, rest, err := named(fn, []string{"task", "name", "description"}, args, kwargs)
	if err != nil {
		return nil, err
	}
	v := &registeredVariant{task: got["task"], name: got["name"], description: got["description"], at: l.at(t)}
	if err := checkName("task", v.task, true); err != nil {
		return nil, fmt.Errorf("%s: %w", fn, err)
	}
	if err := checkName("variant", v.name, false); err != nil {
		return nil, fmt.Errorf("%s: %w", fn, err)
	}
	what := fmt.Sprintf("variant %q of task %q", v.name, v.task)
	if v.changes, err = l.changesOf(t, what, rest); err != nil {
		return nil, err
	}
	if len(v.changes) == 0 && v.description == "" {
		return nil, fmt.Errorf("%s changes nothing; known changes: %s", what, strings.Join(fieldNames, ", "))
	}
	for _, old := range l.variants {
		if old.task == v.task && old.name == v.name {
			return nil, fmt.Errorf("%s is defined twice: the first is at %s", what, old.at)
		}
	}
	if l.registers(t) {
		l.variants = append(l.variants, v)
	}
	return starlark.None, nil
}
