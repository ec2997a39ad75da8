package starfile

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"olmoeval/internal/nearest"
)

// eachArg calls set for each argument of fn: positional ones by the order of
// names, then keywords as written. Unknown and repeated names are errors.
func eachArg(fn string, names []string, args starlark.Tuple, kwargs []starlark.Tuple, set func(string, starlark.Value) error) error {
	if len(args) > len(names) {
		return fmt.Errorf("%s: %d positional arguments, want at most %d", fn, len(args), len(names))
	}
	for i, v := range args {
		if err := set(names[i], v); err != nil {
			return fmt.Errorf("%s: %w", fn, err)
		}
	}
	for _, kv := range kwargs {
		key := string(kv[0].(starlark.String))
		i := slices.Index(names, key)
		if i < 0 {
			return fmt.Errorf("%s: unknown argument %q%s", fn, key, nearest.Hint(key, names))
		}
		if i < len(args) {
			return fmt.Errorf("%s: argument %q is given twice", fn, key)
		}
		if err := set(key, kv[1]); err != nil {
			return fmt.Errorf("%s: %w", fn, err)
		}
	}
	return nil
}

// hasKwarg reports whether argument name, at the given position, was given.
func hasKwarg(name string, pos int, args starlark.Tuple, kwargs []starlark.Tuple) bool {
	if pos >= 0 && pos < len(args) {
		return true
	}
	return slices.ContainsFunc(kwargs, func(kv starlark.Tuple) bool { return kv[0] == starlark.String(name) })
}

// textArg, boolArg, intArg and floatArg read one argument.
func textArg(what string, v starlark.Value) (string, error) {
	s, ok := starlark.AsString(v)
	if !ok {
		return "", fmt.Errorf("%s: want text, got %s", what, describe(v))
	}
	return s, nil
}

func intArg(what string, v starlark.Value) (int64, error) {
	i, ok := v.(starlark.Int)
	if !ok {
		return 0, fmt.Errorf("%s: want a whole number, got %s", what, describe(v))
	}
	n, ok := i.Int64()
	if !ok {
		return 0, fmt.Errorf("%s: %s is too large", what, i)
	}
	return n, nil
}

func floatArg(what string, v starlark.Value) (float64, error) {
	if _, ok := v.(starlark.Bool); ok {
		return 0, fmt.Errorf("%s: want a number, got %s", what, describe(v))
	}
	f, ok := starlark.AsFloat(v)
	if !ok {
		return 0, fmt.Errorf("%s: want a number, got %s", what, describe(v))
	}
	return f, nil
}

func boolArg(what string, v starlark.Value) (bool, error) {
	b, ok := v.(starlark.Bool)
	if !ok {
		return false, fmt.Errorf("%s: want True or False, got %s", what, describe(v))
	}
	return bool(b), nil
}

// textsArg is a list of text.
func textsArg(what string, v starlark.Value) ([]string, error) {
	seq, ok := v.(starlark.Indexable)
	if _, isText := v.(starlark.String); !ok || isText {
		return nil, fmt.Errorf("%s: want a list of text, got %s", what, describe(v))
	}
	out := make([]string, seq.Len())
	for i := range out {
		s, err := textArg(fmt.Sprintf("%s[%d]", what, i), seq.Index(i))
		if err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}
