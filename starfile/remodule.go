package starfile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.starlark.net/starlark"
)

// reModule is Python's re in Go's syntax (RE2): no look-around and no
// back-references in patterns, but always linear time. Flags are written in the
// pattern: (?i), (?s), (?m).
func reModule() *attrs {
	c := &patterns{}
	members := map[string]starlark.Value{}
	find := func(re *regexp.Regexp, s string) starlark.Value {
		return matchValue(re, s, re.FindStringSubmatchIndex(s))
	}
	for _, f := range []struct {
		name, anchor string
		find         func(*regexp.Regexp, string) starlark.Value
	}{
		{"search", "%s", find},
		{"match", `\A(?:%s)`, find},
		{"fullmatch", `\A(?:%s)\z`, find},
		{"findall", "%s", findAll},
		{"split", "%s", split},
	} {
		full := "re." + f.name
		members[f.name] = starlark.NewBuiltin(full, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			var pattern, text string
			if err := starlark.UnpackArgs(full, args, kwargs, "pattern", &pattern, "text", &text); err != nil {
				return nil, err
			}
			re, err := c.compile(pattern, f.anchor)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", full, err)
			}
			return f.find(re, text), nil
		})
	}
	members["sub"] = starlark.NewBuiltin("re.sub", c.sub)
	members["escape"] = starlark.NewBuiltin("re.escape", func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var text string
		if err := starlark.UnpackArgs("re.escape", args, kwargs, "text", &text); err != nil {
			return nil, err
		}
		return starlark.String(regexp.QuoteMeta(text)), nil
	})
	return module("re", members)
}

// patterns keeps compiled patterns of one file; a file that makes patterns of
// its rows does not make it grow beyond a bound.
type patterns struct {
	mu sync.Mutex
	m  map[string]*regexp.Regexp
}

func (c *patterns) compile(pattern, anchor string) (*regexp.Regexp, error) {
	key := anchor + "\x00" + pattern
	c.mu.Lock()
	re := c.m[key]
	c.mu.Unlock()
	if re != nil {
		return re, nil
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, err // in the words of the pattern as written
	}
	re, err := regexp.Compile(fmt.Sprintf(anchor, pattern))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) >= 256 {
		c.m = map[string]*regexp.Regexp{}
	}
	c.m[key] = re
	return re, nil
}

func group(s string, at []int, i int) starlark.Value {
	if at[2*i] < 0 {
		return starlark.None
	}
	return starlark.String(s[at[2*i]:at[2*i+1]])
}

// findAll is Python's: the match, its one group, or a tuple of its groups.
func findAll(re *regexp.Regexp, s string) starlark.Value {
	var out []starlark.Value
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		groups := make(starlark.Tuple, 0, re.NumSubexp())
		for i := 1; i <= re.NumSubexp(); i++ {
			g := group(s, at, i)
			if g == starlark.None {
				g = starlark.String("")
			}
			groups = append(groups, g)
		}
		switch len(groups) {
		case 0:
			out = append(out, group(s, at, 0))
		case 1:
			out = append(out, groups[0])
		default:
			out = append(out, groups)
		}
	}
	return starlark.NewList(out)
}

func split(re *regexp.Regexp, s string) starlark.Value {
	var out []starlark.Value
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, starlark.String(s[last:at[0]]))
		for i := 1; i <= re.NumSubexp(); i++ {
			out = append(out, group(s, at, i))
		}
		last = at[1]
	}
	return starlark.NewList(append(out, starlark.String(s[last:])))
}

// sub is re.sub(pattern, repl, text, count=0); repl is text with \1 or
// \g<name> for groups, or a function of the match.
func (c *patterns) sub(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var pattern, text string
	var repl starlark.Value
	count := 0
	if err := starlark.UnpackArgs("re.sub", args, kwargs, "pattern", &pattern, "repl", &repl, "text", &text, "count?", &count); err != nil {
		return nil, err
	}
	re, err := c.compile(pattern, "%s")
	if err != nil {
		return nil, fmt.Errorf("re.sub: %w", err)
	}
	if count <= 0 {
		count = -1
	}
	var b strings.Builder
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(text, count) {
		b.WriteString(text[last:at[0]])
		last = at[1]
		var with string
		switch r := repl.(type) {
		case starlark.String:
			if with, err = expand(re, string(r), text, at); err != nil {
				return nil, fmt.Errorf("re.sub: %w", err)
			}
		case starlark.Callable:
			v, err := starlark.Call(t, r, starlark.Tuple{matchValue(re, text, at)}, nil)
			if err != nil {
				return nil, err
			}
			if with, err = textArg("re.sub: what repl returned", v); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("re.sub: repl: want text or a function, got %s", describe(repl))
		}
		b.WriteString(with)
	}
	b.WriteString(text[last:])
	return starlark.String(b.String()), nil
}

// expand fills \1, \g<1>, \g<name> and \\ of a replacement.
func expand(re *regexp.Regexp, repl, text string, at []int) (string, error) {
	var b strings.Builder
	for i := 0; i < len(repl); i++ {
		if repl[i] != '\\' || i+1 == len(repl) {
			b.WriteByte(repl[i])
			continue
		}
		i++
		name := ""
		switch c := repl[i]; {
		case c == '\\':
			b.WriteByte('\\')
			continue
		case c == 'n':
			b.WriteByte('\n')
			continue
		case c >= '0' && c <= '9':
			name = repl[i : i+1]
		case c == 'g' && strings.HasPrefix(repl[i:], "g<") && strings.Contains(repl[i:], ">"):
			end := strings.IndexByte(repl[i:], '>')
			name = repl[i+2 : i+end]
			i += end
		default:
			return "", fmt.Errorf("unknown escape \\%c in %q", c, repl)
		}
		n, err := groupNumber(re, name)
		if err != nil {
			return "", err
		}
		if at[2*n] >= 0 {
			b.WriteString(text[at[2*n]:at[2*n+1]])
		}
	}
	return b.String(), nil
}

func groupNumber(re *regexp.Regexp, name string) (int, error) {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n > re.NumSubexp() {
			return 0, fmt.Errorf("no group %d: the pattern has %d", n, re.NumSubexp())
		}
		return n, nil
	}
	if n := slices.Index(re.SubexpNames(), name); n > 0 {
		return n, nil
	}
	return 0, fmt.Errorf("no group named %q", name)
}

// matchValue is a match, None if there is none: group(n or name), groups(),
// start(n), end(n) in bytes.
func matchValue(re *regexp.Regexp, s string, at []int) starlark.Value {
	if at == nil {
		return starlark.None
	}
	which := func(fn string, args starlark.Tuple, kwargs []starlark.Tuple) (int, error) {
		var g starlark.Value = starlark.MakeInt(0)
		if err := starlark.UnpackPositionalArgs(fn, args, kwargs, 0, &g); err != nil {
			return 0, err
		}
		if name, ok := starlark.AsString(g); ok {
			return groupNumber(re, name)
		}
		n, err := intArg(fn, g)
		if err != nil {
			return 0, err
		}
		return groupNumber(re, strconv.FormatInt(n, 10))
	}
	method := func(name string, get func(i int) starlark.Value) starlark.Value {
		return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			i, err := which(name, args, kwargs)
			if err != nil {
				return nil, err
			}
			return get(i), nil
		})
	}
	return &attrs{kind: "match", names: []string{"end", "group", "groups", "start"}, get: func(name string) starlark.Value {
		switch name {
		case "group":
			return method(name, func(i int) starlark.Value { return group(s, at, i) })
		case "start":
			return method(name, func(i int) starlark.Value { return starlark.MakeInt(at[2*i]) })
		case "end":
			return method(name, func(i int) starlark.Value { return starlark.MakeInt(at[2*i+1]) })
		}
		return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			if err := starlark.UnpackPositionalArgs(name, args, kwargs, 0); err != nil {
				return nil, err
			}
			out := make(starlark.Tuple, 0, re.NumSubexp())
			for i := 1; i <= re.NumSubexp(); i++ {
				out = append(out, group(s, at, i))
			}
			return out, nil
		})
	}}
}
