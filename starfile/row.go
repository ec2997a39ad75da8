package starfile

import (
	"fmt"
	"sort"
	"strings"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// rowValue is a row of data as a file sees it: a read-only dict whose fields
// are converted when they are asked for. It belongs to one call.
type rowValue struct {
	doc  eval.Doc
	dict *starlark.Dict // made when a method wants all of it
}

var (
	_ starlark.IterableMapping = (*rowValue)(nil)
	_ starlark.HasAttrs        = (*rowValue)(nil)
	_ starlark.Sequence        = (*rowValue)(nil)
)

func (r *rowValue) String() string        { return r.all().String() }
func (r *rowValue) Type() string          { return "row" }
func (r *rowValue) Freeze()               {}
func (r *rowValue) Truth() starlark.Bool  { return len(r.doc) > 0 }
func (r *rowValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: row") }
func (r *rowValue) Len() int              { return len(r.doc) }

func (r *rowValue) all() *starlark.Dict {
	if r.dict == nil {
		r.dict = toDict(r.doc)
		r.dict.Freeze()
	}
	return r.dict
}

func (r *rowValue) Iterate() starlark.Iterator { return r.all().Iterate() }
func (r *rowValue) Items() []starlark.Tuple    { return r.all().Items() }

// Get is row["key"]: a field that is not there is an error naming the nearest.
func (r *rowValue) Get(k starlark.Value) (starlark.Value, bool, error) {
	key, ok := starlark.AsString(k)
	if !ok {
		return nil, false, fmt.Errorf("a row's fields have text names, got %s", describe(k))
	}
	v, ok := r.doc[key]
	if !ok {
		return nil, false, r.missing(key)
	}
	return r.convert(v), true, nil
}

func (r *rowValue) missing(key string) error {
	fields := make([]string, 0, len(r.doc))
	for k := range r.doc {
		fields = append(fields, k)
	}
	sort.Strings(fields)
	hint := nearest.Hint(key, fields)
	if strings.Contains(hint, "did you mean") && len(fields) <= 12 {
		hint += " it has: " + strings.Join(fields, ", ")
	}
	return fmt.Errorf("the row has no field %q%s", key, hint)
}

func (r *rowValue) convert(v any) starlark.Value {
	x := toStarlark(v)
	switch x.(type) {
	case *starlark.List, *starlark.Dict:
		x.Freeze() // a change would be lost
	}
	return x
}

// Attr has the methods of a dict.
func (r *rowValue) Attr(name string) (starlark.Value, error) {
	if name == "get" {
		return rowGet.BindReceiver(r), nil
	}
	return r.all().Attr(name)
}

// AttrNames lists the methods of a dict.
func (r *rowValue) AttrNames() []string { return new(starlark.Dict).AttrNames() }

var rowGet = starlark.NewBuiltin("get", func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var key string
	var missing starlark.Value = starlark.None
	if err := starlark.UnpackPositionalArgs("get", args, kwargs, 1, &key, &missing); err != nil {
		return nil, err
	}
	r := b.Receiver().(*rowValue)
	if v, ok := r.doc[key]; ok {
		return r.convert(v), nil
	}
	return missing, nil
})
