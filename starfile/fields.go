package starfile

import (
	"fmt"
	"reflect"
	"slices"

	"go.starlark.net/starlark"

	"olmoeval/eval"
)

// change sets one field of a task. It is made while the file loads, when types
// are checked, and applied to copies of tasks later; its error is about the task
// it meets.
type change struct {
	key   string
	apply func(*eval.Task) error
}

// fieldNames are what task() and variant() may set, in the order they are
// applied: a setting inside another comes after it.
var fieldNames = []string{
	"version", "description", "source", "split", "read", "read_shot", "cluster", "prompt",
	"sampling", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "num_samples",
	"fewshot", "num_fewshot", "fewshot_set", "fewshot_split", "fewshot_draw", "fewshot_seed",
	"limit", "seed", "max_length", "extract", "metrics", "primary_metric", "needs", "oracle", "chance",
}

// refKnows are the fields under which a built-in task keeps the identity it has
// in the reference, which has the same fields.
var refKnows = []string{
	"description", "split", "sampling", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "num_samples",
	"num_fewshot", "fewshot_seed", "limit", "seed", "max_length",
}

// codeFields may hold code of the file, so the file's digest goes into the
// scoring hash.
var codeFields = []string{"read", "read_shot", "extract", "metrics", "oracle", "cluster"}

// field makes the change of one argument.
func (l *loader) field(t *starlark.Thread, key string, v starlark.Value) (change, error) {
	apply, err := l.setter(t, key, v)
	if err != nil {
		return change{}, err
	}
	return change{key, apply}, nil
}

type setter = func(*eval.Task) error

func (l *loader) setter(t *starlark.Thread, key string, v starlark.Value) (setter, error) {
	switch key {
	case "read", "read_shot", "oracle", "extract", "cluster":
		return l.codeSetter(key, v)
	case "prompt":
		return promptSetter(v)
	case "metrics":
		return metricsSetter(v)
	case "source":
		s, err := l.sourceArg(t, v)
		return func(t *eval.Task) error { t.Source = s; return nil }, err
	case "sampling":
		return samplingSetter(v)
	case "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "num_samples":
		return partSetter(key, v, func(t *eval.Task) any { return &t.Sampling })
	case "fewshot":
		f, err := unwrap[eval.Fewshot](key, v)
		return func(t *eval.Task) error { t.Fewshot = f; return nil }, err
	case "fewshot_seed":
		set, err := partSetter(key, v, func(t *eval.Task) any { return &t.Fewshot })
		return func(t *eval.Task) error {
			if t.Fewshot.Set == "" {
				t.Fewshot.Draw = true // a seed without a draw would do nothing
			}
			return set(t)
		}, err
	case "num_fewshot", "fewshot_set", "fewshot_split", "fewshot_draw":
		return partSetter(key, v, func(t *eval.Task) any { return &t.Fewshot })
	case "split", "limit", "seed", "max_length", "primary_metric":
		return partSetter(key, v, func(t *eval.Task) any { return &t.Config })
	case "needs":
		n, err := needsArg(v)
		return func(t *eval.Task) error { t.Needs = n; return nil }, err
	case "chance":
		f, err := floatArg(key, v)
		if err == nil && !(f >= 0 && f < 1) {
			err = fmt.Errorf("chance is %v, want a share from 0 to 1", v)
		}
		return func(t *eval.Task) error { t.Chance = f; return nil }, err
	}
	s, err := textArg(key, v) // version, description
	return func(t *eval.Task) error {
		if key == "version" {
			t.Version = s
		} else {
			t.Description = s
		}
		return nil
	}, err
}

// partSetter sets the field with that JSON name of a part of the task.
func partSetter(key string, v starlark.Value, part func(*eval.Task) any) (setter, error) {
	var scratch eval.Task
	find := func(t *eval.Task) reflect.Value {
		rv := reflect.ValueOf(part(t)).Elem()
		for _, f := range jsonFields(rv.Type()) {
			if f.name == key {
				return rv.FieldByIndex(f.index)
			}
		}
		panic("no field " + key) // fieldNames and the struct differ
	}
	if err := setField(key, find(&scratch), v); err != nil {
		return nil, err
	}
	if scratch.Limit != nil && *scratch.Limit < 1 {
		return nil, fmt.Errorf("limit is %d, want at least 1", *scratch.Limit)
	}
	if scratch.Fewshot.Num < 0 {
		return nil, fmt.Errorf("num_fewshot is %d, want 0 or more", scratch.Fewshot.Num)
	}
	return func(t *eval.Task) error { find(t).Set(find(&scratch)); return nil }, nil
}

// promptSetter takes a prompt, or a dict that changes fields of the prompt
// there is.
func promptSetter(v starlark.Value) (setter, error) {
	if d, ok := v.(*starlark.Dict); ok {
		kwargs, err := copyArgs("prompt", d)
		if err != nil {
			return nil, err
		}
		return func(t *eval.Task) error {
			if t.Prompt == nil {
				return fmt.Errorf("prompt: the task has none to change")
			}
			p := copyOf(t.Prompt)
			if err := bind("prompt", p, nil, kwargs); err != nil {
				return err
			}
			t.Prompt = p
			return nil
		}, nil
	}
	p, err := unwrap[eval.Formatter]("prompt", v)
	return func(t *eval.Task) error { t.Prompt = copyOf(p); return nil }, err
}

func metricsSetter(v starlark.Value) (setter, error) {
	seq, ok := v.(starlark.Indexable)
	if _, isText := v.(starlark.String); !ok || isText {
		return nil, fmt.Errorf("metrics: want a list, such as [metric.accuracy(score.exact_match())], got %s", describe(v))
	}
	list := make([]eval.Metric, seq.Len())
	ids := map[string]bool{}
	for i := range list {
		m, err := unwrap[eval.Metric](fmt.Sprintf("metrics[%d]", i), seq.Index(i))
		if err != nil {
			return nil, err
		}
		if ids[m.Info().ID] {
			return nil, fmt.Errorf("metrics: %q is listed twice", m.Info().ID)
		}
		ids[m.Info().ID] = true
		list[i] = m
	}
	return func(t *eval.Task) error { t.Metrics = slices.Clone(list); return nil }, nil
}

// samplingSetter takes sampling(…), which replaces all, or a dict, which
// changes what it names.
func samplingSetter(v starlark.Value) (setter, error) {
	d, ok := v.(*starlark.Dict)
	if !ok {
		s, err := unwrap[eval.Sampling]("sampling", v)
		return func(t *eval.Task) error { t.Sampling = s; return nil }, err
	}
	kwargs, err := copyArgs("sampling", d)
	if err != nil {
		return nil, err
	}
	set := func(t *eval.Task) error { return bind("sampling", &t.Sampling, nil, kwargs) }
	var scratch eval.Task
	return set, set(&scratch)
}

func makeSampling(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("sampling: name the arguments, such as sampling(temperature=0, max_tokens=256)")
	}
	var s eval.Sampling
	if err := bind("sampling", &s, nil, kwargs); err != nil {
		return nil, err
	}
	return &made{"sampling", s}, nil
}

func makeNeeds(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf(`needs: name the arguments, such as needs(secrets=["MY_KEY"])`)
	}
	var n eval.Needs
	if err := bind("needs", &n, nil, kwargs); err != nil {
		return nil, err
	}
	return &made{"needs", n}, nil
}

func needsArg(v starlark.Value) (eval.Needs, error) {
	d, ok := v.(*starlark.Dict)
	if !ok {
		return unwrap[eval.Needs]("needs", v)
	}
	var n eval.Needs
	kwargs, err := dictArgs("needs", d)
	if err == nil {
		err = bind("needs", &n, nil, kwargs)
	}
	return n, err
}

// makeFewshot is fewshot(n, seed=42, split="", set="", draw=True).
func makeFewshot(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	f := defaultFewshot()
	err := eachArg("fewshot", []string{"n", "seed", "split", "set", "draw"}, args, kwargs, func(key string, v starlark.Value) (err error) {
		var n int64
		switch key {
		case "n":
			if n, err = intArg(key, v); err == nil && (n < 0 || n > 1_000_000) {
				err = fmt.Errorf("n is %d, want 0 or more", n)
			}
			f.Num = int(n)
		case "seed":
			f.Seed, err = intArg(key, v)
		case "split":
			f.Split, err = textArg(key, v)
		case "set":
			f.Set, err = textArg(key, v)
			f.Draw = f.Draw && f.Set == ""
		case "draw":
			f.Draw, err = boolArg(key, v)
		}
		return err
	})
	if err == nil && f.Set != "" && f.Draw {
		err = fmt.Errorf("fewshot: a set is used in its own order; leave draw out")
	}
	return &made{"fewshot", f}, err
}

// defaultFewshot is no examples; those asked for are drawn with the seed that
// the command line's tasks have too.
func defaultFewshot() eval.Fewshot { return eval.Fewshot{Seed: defaultSeed, Draw: true} }

const defaultSeed = 42
