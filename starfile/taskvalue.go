package starfile

import (
	"errors"

	"go.starlark.net/starlark"
)

// taskValue is what task() returns: it has a name, and variant(name, **changes).
type taskValue struct {
	l    *loader
	name string
}

var _ starlark.HasAttrs = (*taskValue)(nil)

func (v *taskValue) String() string        { return "<task " + v.name + ">" }
func (v *taskValue) Type() string          { return "task" }
func (v *taskValue) Freeze()               {}
func (v *taskValue) Truth() starlark.Bool  { return true }
func (v *taskValue) Hash() (uint32, error) { return starlark.String(v.name).Hash() }
func (v *taskValue) AttrNames() []string   { return []string{"name", "variant"} }

func (v *taskValue) Attr(name string) (starlark.Value, error) {
	switch name {
	case "name":
		return starlark.String(v.name), nil
	case "variant":
		return starlark.NewBuiltin("variant", func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			if len(args) > 1 || hasKwarg("task", -1, nil, kwargs) {
				return nil, errors.New("variant: only the variant's name may stand without a keyword")
			}
			return v.l.addVariant(t, "variant", append(starlark.Tuple{v}, args...), kwargs)
		}), nil
	}
	return nil, nil
}
