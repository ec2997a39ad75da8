package starfile

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// attrs is a read-only value with named attributes.
type attrs struct {
	kind  string
	names []string // sorted
	get   func(name string) starlark.Value
	// value is the Go value behind it.
	value any
}

var _ starlark.HasAttrs = (*attrs)(nil)

func (a *attrs) String() string        { return "<" + a.kind + ">" }
func (a *attrs) Type() string          { return a.kind }
func (a *attrs) Freeze()               {}
func (a *attrs) Truth() starlark.Bool  { return true }
func (a *attrs) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: %s", a.kind) }
func (a *attrs) AttrNames() []string   { return a.names }

func (a *attrs) Attr(name string) (starlark.Value, error) {
	if !slices.Contains(a.names, name) {
		return nil, fmt.Errorf("%s has no .%s%s", a.kind, name, nearest.Hint(name, a.names))
	}
	v := a.get(name)
	v.Freeze() // a change would be lost
	return v, nil
}

var instanceAttrs = []string{"choices", "cluster", "gold", "id", "metadata", "question"}

// instanceValue is an instance as a file sees it.
func instanceValue(in *eval.Instance) *attrs {
	return &attrs{kind: "instance", names: instanceAttrs, value: in, get: func(name string) starlark.Value {
		switch name {
		case "question":
			return starlark.String(in.Question)
		case "gold":
			return toStarlark(in.Gold)
		case "choices":
			return stringList(in.Choices)
		case "metadata":
			return toDict(in.Metadata)
		case "cluster":
			return starlark.String(in.Cluster)
		}
		return toStarlark(in.Metadata["id"])
	}}
}

var outputAttrs = []string{"answer", "answers", "finish_reason", "loglik", "reasoning", "text"}

// outputValue is an output as a file sees it; loglik is the sum of natural logs
// or None.
func outputValue(o *eval.Output) *attrs {
	return &attrs{kind: "output", names: outputAttrs, value: o, get: func(name string) starlark.Value {
		switch name {
		case "text":
			return starlark.String(o.Text)
		case "answer":
			return toStarlark(o.Answer)
		case "answers":
			if o.Answers == nil {
				return starlark.NewList(nil)
			}
			return stringList(o.Answers)
		case "finish_reason":
			return starlark.String(o.FinishReason)
		case "reasoning":
			return starlark.String(o.Reasoning)
		}
		if o.Loglik == nil {
			return starlark.None
		}
		return starlark.Float(o.Loglik.Sum)
	}}
}

// makeInstance is instance(question=, gold=, choices=, metadata=, cluster=, id=).
func makeInstance(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	in := &eval.Instance{Metadata: map[string]any{}}
	var gold starlark.Value = starlark.None
	err := eachArg("instance", []string{"question", "gold", "choices", "metadata", "cluster", "id"}, args, kwargs,
		func(key string, v starlark.Value) (err error) {
			if v == starlark.None {
				if key == "question" {
					return fmt.Errorf("question is None, want text")
				}
				return nil
			}
			switch key {
			case "question":
				in.Question, err = asText(key, v)
			case "gold":
				gold = v
			case "choices":
				in.Choices, err = asTexts(key, v)
			case "metadata":
				err = addMetadata(in, v)
			case "cluster":
				in.Cluster, err = asText(key, v)
			case "id":
				var id string
				if id, err = asText(key, v); err == nil {
					in.Metadata["id"] = id
				}
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	if !hasKwarg("question", 0, args, kwargs) {
		return nil, fmt.Errorf("instance: question is missing")
	}
	if err := setGold(in, gold); err != nil {
		return nil, fmt.Errorf("instance: %w", err)
	}
	return instanceValue(in), nil
}

func addMetadata(in *eval.Instance, v starlark.Value) error {
	x, err := fromStarlark("metadata", v)
	if err != nil {
		return err
	}
	m, ok := x.(map[string]any)
	if !ok {
		return fmt.Errorf("metadata: want a dict, got %s", describe(v))
	}
	for k, x := range m {
		if _, set := in.Metadata[k]; !set { // id= wins over metadata["id"]
			in.Metadata[k] = x
		}
	}
	return nil
}
