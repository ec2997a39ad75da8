package starfile

import (
	"fmt"
	"slices"
	"strings"

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
		return nil, starlark.NoSuchAttrError(fmt.Sprintf("%s has no .%s%s", a.kind, name, nearest.Hint(name, a.names)))
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

// setGold takes the gold as written: None, text, a number, a list of accepted
// answers; with choices also the letter, index or text of the right one.
func setGold(in *eval.Instance, v starlark.Value) error {
	switch x := v.(type) {
	case starlark.NoneType:
	case *starlark.List, starlark.Tuple:
		texts, err := asTexts("gold", v)
		if err != nil {
			return err
		}
		in.Gold = texts
	case starlark.Bool:
		in.Gold = x.String()
	case starlark.Int:
		if i, ok := x.Int64(); ok && in.Choices != nil {
			return goldAt(in, i)
		}
		in.Gold = x.String()
	default:
		s, err := asText("gold", v)
		if err != nil {
			return err
		}
		in.Gold = s
	}
	if s, ok := in.Gold.(string); ok && in.Choices != nil {
		noteChoice(in, s)
	}
	return nil
}

// goldAt makes choice i the right one.
func goldAt(in *eval.Instance, i int64) error {
	if i < 0 || i >= int64(len(in.Choices)) {
		return fmt.Errorf("gold is %d, but there are %d choices (0 is the first)", i, len(in.Choices))
	}
	in.Gold = in.Choices[i]
	noteIndex(in, int(i))
	return nil
}

// noteChoice finds which choice a gold text means: the choice's text, else its
// letter. A text that is neither is left alone: the task may not want choices.
func noteChoice(in *eval.Instance, gold string) {
	if i := choiceOf(in.Choices, gold); i >= 0 {
		noteIndex(in, i)
	}
}

// choiceOf is the index of the choice that gold names by its text or its
// letter, -1 if none.
func choiceOf(choices []string, gold string) int {
	if i := slices.Index(choices, gold); i >= 0 {
		return i
	}
	g := strings.TrimSpace(gold)
	for i, c := range choices {
		if strings.EqualFold(strings.TrimSpace(c), g) {
			return i
		}
	}
	if len(g) == 1 {
		if i := int(strings.ToUpper(g)[0]) - 'A'; i >= 0 && i < len(choices) {
			return i
		}
	}
	return -1
}

// noteIndex writes what scorers of choices read, unless the file's metadata
// says it already.
func noteIndex(in *eval.Instance, i int) {
	if _, set := in.Metadata["gold_idx"]; !set {
		in.Metadata["gold_idx"] = i
	}
	if _, set := in.Metadata["gold_text"]; !set {
		in.Metadata["gold_text"] = in.Choices[i]
	}
}
