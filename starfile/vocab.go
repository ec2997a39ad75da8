package starfile

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.starlark.net/lib/json"
	"go.starlark.net/lib/math"
	"go.starlark.net/starlark"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// The vocabulary: what a name in a file makes, as a pointer to a struct with its
// usual settings.
func prompts() map[string]func() any {
	return map[string]func() any{
		"completion": func() any { return prompt.NewCompletion() },
		"chat":       func() any { return prompt.NewChat() },
		"choice":     func() any { return prompt.NewChoice() },
		"mcqa_chat":  func() any { return prompt.NewMCQAChat() },
		"ppl":        func() any { return prompt.NewPPL() },
	}
}

func answers() map[string]func() any {
	return map[string]func() any{
		"text":         func() any { return new(answer.Text) },
		"none":         func() any { return new(answer.None) },
		"last_number":  func() any { return new(answer.LastNumber) },
		"letter":       func() any { return new(answer.Letter) },
		"choice":       func() any { return new(answer.Choice) },
		"regexp":       func() any { return new(answer.Regexp) },
		"think":        func() any { return new(answer.Think) },
		"code":         func() any { return new(answer.Code) },
		"before_fence": func() any { return new(answer.BeforeFence) },
	}
}

func scores() map[string]func() any {
	return map[string]func() any{
		"exact_match":      func() any { return new(score.ExactMatch) },
		"exact_match_flex": func() any { return new(score.ExactMatchFlex) },
		"multiple_choice":  func() any { return new(score.MultipleChoice) },
		"f1":               func() any { return new(score.F1) },
		"squad_f1":         func() any { return new(score.SQuADF1) },
		"substring_recall": func() any { return new(score.SubstringRecall) },
		"logprob":          func() any { return new(score.Logprob) },
		"perplexity":       func() any { return new(score.Perplexity) },
		"bits_per_byte":    func() any { return new(score.BitsPerByte) },
	}
}

// predeclared are the names every file knows.
func (l *loader) predeclared() starlark.StringDict {
	build := func(name string, fn builtin) *starlark.Builtin { return starlark.NewBuiltin(name, fn) }
	answerExtra := map[string]starlark.Value{"exec": build("answer.exec", l.answerExec)}
	scoreExtra := map[string]starlark.Value{
		"exec": build("score.exec", l.scoreExec),
		"fn":   build("score.fn", l.scoreFn),
	}
	return starlark.StringDict{
		"task":     build("task", l.task),
		"variant":  build("variant", l.variant),
		"suite":    build("suite", l.suite),
		"instance": build("instance", makeInstance),
		"source":   &sourceModule{l},
		"sampling": build("sampling", makeSampling),
		"fewshot":  build("fewshot", makeFewshot),
		"needs":    build("needs", makeNeeds),
		"prompt":   vocabulary[eval.Formatter]("prompt", prompts(), nil),
		"answer":   vocabulary[eval.Extractor]("answer", answers(), answerExtra),
		"score":    vocabulary[eval.Scorer]("score", scores(), scoreExtra),
		"metric":   metricModule{},
		"re":       reModule(),
		"fmt":      module("fmt", map[string]starlark.Value{"sprintf": build("fmt.sprintf", sprintf)}),
		"sum":      build("sum", sum),
		"json":     json.Module,
		"math":     math.Module,
	}
}

type builtin = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// module is a read-only value with members.
func module(name string, members map[string]starlark.Value) *attrs {
	names := slices.Sorted(maps.Keys(members))
	return &attrs{kind: name, names: names, get: func(n string) starlark.Value { return members[n] }}
}

// vocabulary is a module of constructors. What they make is a T; it is handed
// on by value where the struct itself is one, as Go code would write it.
func vocabulary[T any](name string, makers map[string]func() any, extra map[string]starlark.Value) *attrs {
	members := maps.Clone(extra)
	if members == nil {
		members = map[string]starlark.Value{}
	}
	for n, fresh := range makers {
		full := name + "." + n
		members[n] = starlark.NewBuiltin(full, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			p := fresh()
			if err := bind(full, p, args, kwargs); err != nil {
				return nil, err
			}
			if v, ok := reflect.ValueOf(p).Elem().Interface().(T); ok {
				return &made{full, v}, nil
			}
			return &made{full, p.(T)}, nil
		})
	}
	return module(name, members)
}

// metricModule has a constructor for each metric id: metric.pass_at_8(scorer).
type metricModule struct{}

var _ starlark.HasAttrs = metricModule{}

func (metricModule) String() string        { return "<metric>" }
func (metricModule) Type() string          { return "metric" }
func (metricModule) Freeze()               {}
func (metricModule) Truth() starlark.Bool  { return true }
func (metricModule) Hash() (uint32, error) { return 0, errors.New("unhashable type: metric") }

// AttrNames are the ids, with 1 for the number of samples K.
func (metricModule) AttrNames() []string {
	ids := metric.IDs()
	for i, id := range ids {
		ids[i] = strings.TrimSuffix(id, "K")
		if ids[i] != id {
			ids[i] += "1"
		}
	}
	return ids
}

func (metricModule) Attr(id string) (starlark.Value, error) {
	if _, err := metric.ByID(id, score.ExactMatch{}); err != nil {
		return nil, err
	}
	name := "metric." + id
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var by eval.Scorer
		err := eachArg(name, []string{"scorer"}, args, kwargs, func(key string, v starlark.Value) (err error) {
			by, err = unwrap[eval.Scorer](key, v)
			return err
		})
		if err != nil {
			return nil, err
		}
		m, err := metric.ByID(id, by)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if by != nil && m.Scorer() == nil {
			return nil, fmt.Errorf("%s reads log-likelihoods and takes no scorer", name)
		}
		return &made{name, m}, nil
	}), nil
}
