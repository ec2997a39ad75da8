package starfile

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"sort"
	"strings"

	"go.starlark.net/starlark"
)

// toStarlark converts a JSON-like Go value.
func toStarlark(v any) starlark.Value {
	switch v := v.(type) {
	case nil:
		return starlark.None
	case string:
		return starlark.String(v)
	case bool:
		return starlark.Bool(v)
	case json.Number:
		return number(v)
	case int:
		return starlark.MakeInt(v)
	case int64:
		return starlark.MakeInt64(v)
	case float64:
		return starlark.Float(v)
	case []string:
		return stringList(v)
	case []any:
		l := make([]starlark.Value, len(v))
		for i, x := range v {
			l[i] = toStarlark(x)
		}
		return starlark.NewList(l)
	case map[string]any:
		return toDict(v)
	}
	// Any other value goes through its JSON form.
	b, err := json.Marshal(v)
	if err != nil {
		return starlark.String(fmt.Sprint(v))
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	var plain any
	if err := dec.Decode(&plain); err != nil {
		return starlark.String(fmt.Sprint(v))
	}
	return toStarlark(plain)
}

func number(n json.Number) starlark.Value {
	s := n.String()
	if !strings.ContainsAny(s, ".eE") {
		if i, err := n.Int64(); err == nil {
			return starlark.MakeInt64(i)
		}
		if b, ok := new(big.Int).SetString(s, 10); ok {
			return starlark.MakeBigInt(b)
		}
	}
	if f, err := n.Float64(); err == nil {
		return starlark.Float(f)
	}
	return starlark.String(s)
}

func stringList(v []string) starlark.Value {
	if v == nil {
		return starlark.None
	}
	l := make([]starlark.Value, len(v))
	for i, x := range v {
		l[i] = starlark.String(x)
	}
	return starlark.NewList(l)
}

func toDict(m map[string]any) *starlark.Dict {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys) // a fixed order: a file's results must not depend on Go's maps
	d := starlark.NewDict(len(m))
	for _, k := range keys {
		_ = d.SetKey(starlark.String(k), toStarlark(m[k])) // a string key cannot fail
	}
	return d
}

// maxDepth bounds the nesting of converted values, which may be cyclic.
const maxDepth = 100

// fromStarlark converts to nil, bool, string, int64, json.Number (large whole
// numbers), float64, []any and map[string]any; what is the path named in errors.
func fromStarlark(what string, v starlark.Value) (any, error) { return fromValue(what, v, 0) }

func fromValue(what string, v starlark.Value, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: nested deeper than %d", what, maxDepth)
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.String:
		return string(v), nil
	case starlark.Int:
		if i, ok := v.Int64(); ok {
			return i, nil
		}
		return json.Number(v.String()), nil
	case starlark.Float:
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%s: %v is no number", what, v)
		}
		return f, nil
	case *rowValue:
		return map[string]any(v.doc), nil
	case starlark.IterableMapping:
		m := map[string]any{}
		for _, item := range v.Items() {
			k, ok := starlark.AsString(item[0])
			if !ok {
				return nil, fmt.Errorf("%s: keys must be text, got %s", what, item[0].Type())
			}
			x, err := fromValue(what+"."+k, item[1], depth+1)
			if err != nil {
				return nil, err
			}
			m[k] = x
		}
		return m, nil
	case *starlark.List, starlark.Tuple:
		seq := v.(starlark.Indexable)
		l := make([]any, seq.Len())
		for i := range l {
			x, err := fromValue(fmt.Sprintf("%s[%d]", what, i), seq.Index(i), depth+1)
			if err != nil {
				return nil, err
			}
			l[i] = x
		}
		return l, nil
	}
	return nil, fmt.Errorf("%s: a %s is no data: want text, a number, True, False, None, a list or a dict", what, v.Type())
}

// asText is a scalar as text: text as it is, numbers in their decimal form.
func asText(what string, v starlark.Value) (string, error) {
	switch v := v.(type) {
	case starlark.String:
		return string(v), nil
	case starlark.Int:
		return v.String(), nil
	case starlark.Float:
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return "", fmt.Errorf("%s: %v is no number", what, v)
		}
		return v.String(), nil
	}
	return "", fmt.Errorf("%s: want text, got %s", what, describe(v))
}

// asTexts is a list of scalars as text.
func asTexts(what string, v starlark.Value) ([]string, error) {
	seq, ok := v.(starlark.Indexable)
	if _, isText := v.(starlark.String); !ok || isText {
		return nil, fmt.Errorf("%s: want a list, got %s", what, describe(v))
	}
	out := make([]string, seq.Len())
	for i := range out {
		s, err := asText(fmt.Sprintf("%s[%d]", what, i), seq.Index(i))
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// describe names a value for "got …".
func describe(v starlark.Value) string {
	switch v.(type) {
	case starlark.NoneType:
		return "None"
	case starlark.Bool, starlark.Int, starlark.Float:
		return v.Type() + " " + v.String()
	case starlark.String:
		s := v.String()
		if len(s) > 40 {
			s = s[:40] + "…"
		}
		return "text " + s
	}
	return v.Type()
}
