package starfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// bind sets the fields of a struct from arguments by their JSON names, so that
// a setting has one name in Go, in files and on the command line. One positional
// argument is the first field. Unknown names and wrong types are errors; None is
// the zero value of pointers and lists and an error for anything else. into is a
// pointer to the struct.
func bind(fn string, into any, args starlark.Tuple, kwargs []starlark.Tuple) error {
	rv := reflect.ValueOf(into).Elem()
	fields := jsonFields(rv.Type())
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	if len(args) > 1 && len(names) > 1 {
		return fmt.Errorf("%s: %d positional arguments; name them: %s", fn, len(args), strings.Join(names, ", "))
	}
	err := eachArg(fn, names, args, kwargs, func(key string, v starlark.Value) error {
		return setField(key, rv.FieldByIndex(fields[slices.Index(names, key)].index), v)
	})
	if err != nil {
		return err
	}
	if v, ok := into.(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("%s: %w", fn, err)
		}
	}
	return nil
}

type field struct {
	name  string
	index []int
}

// jsonFields are the exported fields of a struct by their JSON names, embedded
// structs flattened, in order.
func jsonFields(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "" || name == "-" {
			continue
		}
		out = append(out, field{name, f.Index})
	}
	return out
}

// setField sets a Go value from a Starlark one, strictly.
func setField(what string, to reflect.Value, v starlark.Value) error {
	if u, ok := to.Addr().Interface().(json.Unmarshaler); ok {
		return setJSON(what, u, v)
	}
	switch kind := to.Kind(); {
	case v == starlark.None && (kind == reflect.Pointer || kind == reflect.Slice || kind == reflect.Map || kind == reflect.Interface):
		to.SetZero()
		return nil
	case kind == reflect.Pointer:
		fresh := reflect.New(to.Type().Elem())
		err := setField(what, fresh.Elem(), v)
		to.Set(fresh)
		return err
	case kind == reflect.Slice:
		return setSlice(what, to, v)
	case kind == reflect.Struct:
		return setStruct(what, to, v)
	case kind == reflect.Map:
		return setMap(what, to, v)
	case kind == reflect.Interface:
		if w, ok := v.(*made); ok && to.NumMethod() > 0 && reflect.TypeOf(w.value).Implements(to.Type()) {
			to.Set(reflect.ValueOf(w.value))
			return nil
		}
		return fmt.Errorf("%s: want %s, got %s", what, kindOf(to.Type()), describe(v))
	}
	return setScalar(what, to, v)
}

func setScalar(what string, to reflect.Value, v starlark.Value) error {
	switch to.Kind() {
	case reflect.String:
		s, err := textArg(what, v)
		to.SetString(s)
		return err
	case reflect.Bool:
		b, err := boolArg(what, v)
		to.SetBool(b)
		return err
	case reflect.Int, reflect.Int64, reflect.Int32:
		n, err := intArg(what, v)
		if err == nil && to.OverflowInt(n) {
			err = fmt.Errorf("%s: %d is too large", what, n)
		}
		to.SetInt(n)
		return err
	case reflect.Float64:
		f, err := floatArg(what, v)
		if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
			err = fmt.Errorf("%s: %v is no number", what, v)
		}
		to.SetFloat(f)
		return err
	}
	return fmt.Errorf("%s cannot be set in a file", what)
}

// setJSON is for types with a JSON form of their own.
func setJSON(what string, to json.Unmarshaler, v starlark.Value) error {
	x, err := fromStarlark(what, v)
	if err != nil {
		return err
	}
	b, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return to.UnmarshalJSON(b)
}

func setSlice(what string, to reflect.Value, v starlark.Value) error {
	seq, ok := v.(starlark.Indexable)
	if _, isText := v.(starlark.String); !ok || isText {
		return fmt.Errorf("%s: want a list, got %s", what, describe(v))
	}
	fresh := reflect.MakeSlice(to.Type(), seq.Len(), seq.Len())
	for i := range seq.Len() {
		if err := setField(fmt.Sprintf("%s[%d]", what, i), fresh.Index(i), seq.Index(i)); err != nil {
			return err
		}
	}
	to.Set(fresh)
	return nil
}

func setStruct(what string, to reflect.Value, v starlark.Value) error {
	d, ok := v.(*starlark.Dict)
	if !ok {
		return fmt.Errorf("%s: want a dict, got %s", what, describe(v))
	}
	kwargs, err := dictArgs(what, d)
	if err != nil {
		return err
	}
	return bind(what, to.Addr().Interface(), nil, kwargs)
}

func setMap(what string, to reflect.Value, v starlark.Value) error {
	d, ok := v.(*starlark.Dict)
	if !ok || to.Type().Key().Kind() != reflect.String {
		return fmt.Errorf("%s: want a dict, got %s", what, describe(v))
	}
	fresh := reflect.MakeMap(to.Type())
	kwargs, err := dictArgs(what, d)
	if err != nil {
		return err
	}
	for _, kv := range kwargs {
		key := string(kv[0].(starlark.String))
		x := reflect.New(to.Type().Elem()).Elem()
		if err := setField(what+"."+key, x, kv[1]); err != nil {
			return err
		}
		fresh.SetMapIndex(reflect.ValueOf(key).Convert(to.Type().Key()), x)
	}
	to.Set(fresh)
	return nil
}

// dictArgs are the items of a dict as keyword arguments.
func dictArgs(what string, d *starlark.Dict) ([]starlark.Tuple, error) {
	items := d.Items()
	for _, kv := range items {
		if _, ok := kv[0].(starlark.String); !ok {
			return nil, fmt.Errorf("%s: keys must be text, got %s", what, describe(kv[0]))
		}
	}
	return items, nil
}

// copyArgs is dictArgs of a frozen copy, to be read again later.
func copyArgs(what string, d *starlark.Dict) ([]starlark.Tuple, error) {
	x, err := fromStarlark(what, d)
	if err != nil {
		return nil, err
	}
	c := toDict(x.(map[string]any))
	c.Freeze()
	return c.Items(), nil
}

// made is a value that a constructor of the vocabulary returned.
type made struct {
	name  string // prompt.chat
	value any
}

var _ starlark.Value = (*made)(nil)

func (m *made) String() string        { return "<" + m.name + ">" }
func (m *made) Type() string          { return m.name }
func (m *made) Freeze()               {}
func (m *made) Truth() starlark.Bool  { return true }
func (m *made) Hash() (uint32, error) { return 0, errors.New("unhashable type: " + m.name) }

// unwrap returns the Go value of a constructed one as a T.
func unwrap[T any](what string, v starlark.Value) (T, error) {
	if m, ok := v.(*made); ok {
		if x, ok := m.value.(T); ok {
			return x, nil
		}
	}
	var none T
	return none, fmt.Errorf("%s: want %s, got %s", what, kindOf(reflect.TypeFor[T]()), describe(v))
}

// kindOf says what to write for a value of the type.
func kindOf(t reflect.Type) string {
	switch t.Name() {
	case "Formatter":
		return "a prompt, such as prompt.chat()"
	case "Extractor":
		return "an extractor, such as answer.last_number(), or a function"
	case "Scorer":
		return "a scorer, such as score.exact_match()"
	case "Metric":
		return "a metric, such as metric.accuracy(score.exact_match())"
	case "Sampling":
		return "sampling(…)"
	case "Fewshot":
		return "fewshot(…)"
	case "Source":
		return "source(…)"
	case "Needs":
		return "needs(…)"
	}
	return "a " + strings.ToLower(t.Name())
}

// copyOf is a copy of the settings that a pointer to a struct points to, of the
// same type; what has no settings is returned itself.
func copyOf[T any](v T) T {
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Pointer || rv.IsNil() || len(jsonFields(rv.Elem().Type())) == 0 {
		return v
	}
	fresh := reflect.New(rv.Elem().Type())
	for _, f := range jsonFields(rv.Elem().Type()) {
		fresh.Elem().FieldByIndex(f.index).Set(rv.Elem().FieldByIndex(f.index))
	}
	return fresh.Interface().(T)
}
