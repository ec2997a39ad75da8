// Package dotted reads overrides of the form path.to.key=value and applies them
// to trees of JSON-like values. Call [Parse] for the text, [Set] to apply,
// [Flatten] to list what a tree holds.
package dotted

import (
	"encoding/json"
	"fmt"
	"maps"
	"sort"
	"strconv"
	"strings"
)

// Override is one path=value.
type Override struct {
	Path []string
	// Value is nil, bool, json.Number, string, []any or map[string]any.
	Value any
	// Raw is the text after "=", for targets that want text.
	Raw string
}

// Key is the path as written.
func (o Override) Key() string { return strings.Join(o.Path, ".") }

// Parse reads path=value; the first "=" splits.
func Parse(text string) (Override, error) {
	path, raw, ok := strings.Cut(text, "=")
	if !ok {
		return Override{}, fmt.Errorf("override %q: want key=value", text)
	}
	path = strings.TrimSpace(path)
	keys := strings.Split(path, ".")
	for _, k := range keys {
		if k == "" {
			return Override{}, fmt.Errorf("override %q: empty key", text)
		}
	}
	return Override{Path: keys, Value: Value(raw), Raw: raw}, nil
}

// Value reads a value: JSON, or bare true, false, null, a number, a list [a,b]
// whose items are text, or text.
func Value(raw string) any {
	s := strings.TrimSpace(raw)
	switch strings.ToLower(s) {
	case "true":
		return true
	case "false":
		return false
	case "null":
		return nil
	}
	if n, ok := number(s); ok {
		return n
	}
	if s != "" && strings.ContainsRune(`{["`, rune(s[0])) {
		dec := json.NewDecoder(strings.NewReader(s))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err == nil && !dec.More() {
			return v
		}
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		inner := strings.TrimSpace(s[1 : len(s)-1])
		list := []any{}
		if inner == "" {
			return list
		}
		for item := range strings.SplitSeq(inner, ",") {
			list = append(list, strings.TrimSpace(item))
		}
		return list
	}
	return raw
}

// number reads decimal integers and floats, with underscores between digits as
// in 1_000, in the spelling JSON wants.
func number(s string) (json.Number, bool) {
	if s == "" || strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return "", false
	}
	for _, r := range s {
		if !strings.ContainsRune("+-0123456789._eE", r) {
			return "", false
		}
	}
	plain := strings.ReplaceAll(s, "_", "")
	if i, err := strconv.ParseInt(plain, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(i, 10)), true
	}
	if strings.ContainsAny(plain, ".eE") {
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			b, err := json.Marshal(f)
			if err != nil {
				return "", false
			}
			n := string(b)
			if !strings.ContainsAny(n, ".e") {
				n += ".0"
			}
			return json.Number(n), true
		}
	}
	return "", false
}

// Set applies an override to a tree and returns the new tree; the old one is
// not changed. Digits are list indices where they meet a list. An object set
// onto an object is merged; anything else replaces. Missing objects are made.
func Set(tree map[string]any, o Override) (map[string]any, error) {
	v, err := set(tree, o.Path, o.Value, o, 0)
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

func set(node any, path []string, value any, o Override, depth int) (any, error) {
	here := func() string { return strings.Join(o.Path[:depth], ".") }
	if len(path) == 0 {
		if old, ok := node.(map[string]any); ok {
			if add, ok := value.(map[string]any); ok {
				return merge(old, add), nil
			}
		}
		return value, nil
	}
	key := path[0]
	switch n := node.(type) {
	case nil, map[string]any:
		old, _ := n.(map[string]any)
		if _, isIndex := index(key); isIndex {
			if _, ok := old[key]; !ok {
				return nil, fmt.Errorf("override %s: %q is an index, but %q is no list", o.Key(), key, here())
			}
		}
		child, err := set(old[key], path[1:], value, o, depth+1)
		if err != nil {
			return nil, err
		}
		return merge1(old, key, child), nil
	case []any:
		i, ok := index(key)
		if !ok {
			return nil, fmt.Errorf("override %s: %q is a list, want an index instead of %q", o.Key(), here(), key)
		}
		if i >= len(n) {
			return nil, fmt.Errorf("override %s: index %d out of range, %q has %d items", o.Key(), i, here(), len(n))
		}
		child, err := set(n[i], path[1:], value, o, depth+1)
		if err != nil {
			return nil, err
		}
		out := append([]any(nil), n...)
		out[i] = child
		return out, nil
	}
	return nil, fmt.Errorf("override %s: %q holds a value, nothing can be set under it", o.Key(), here())
}

func index(key string) (int, bool) {
	for _, r := range key {
		if r < '0' || r > '9' {
			return 0, false
		}
	}
	i, err := strconv.Atoi(key)
	return i, err == nil
}

func merge1(old map[string]any, key string, child any) map[string]any {
	out := make(map[string]any, len(old)+1)
	maps.Copy(out, old)
	out[key] = child
	return out
}

func merge(old, add map[string]any) map[string]any {
	out := maps.Clone(old)
	for k, v := range add {
		a, okA := out[k].(map[string]any)
		b, okB := v.(map[string]any)
		if okA && okB {
			v = merge(a, b)
		}
		out[k] = v
	}
	return out
}

// Tree is the JSON form of a value as nested maps with json.Number.
func Tree(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	var out any
	err = dec.Decode(&out)
	return out, err
}

// Leaf is one value of a tree.
type Leaf struct {
	Path  string
	Value any
}

// Flatten lists the values of a tree by dotted path, sorted; lists and empty
// objects are values.
func Flatten(tree map[string]any) []Leaf {
	var out []Leaf
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		if m, ok := v.(map[string]any); ok && (len(m) > 0 || prefix == "") {
			for k, x := range m {
				p := k
				if prefix != "" {
					p = prefix + "." + k
				}
				walk(p, x)
			}
			return
		}
		out = append(out, Leaf{prefix, v})
	}
	walk("", tree)
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}
