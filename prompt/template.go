package prompt

import (
	"fmt"
	"slices"
	"strings"
)

// template is a parsed text with named fields.
type template struct {
	parts []part
	tail  string
}

// part is a literal followed by a field.
type part struct {
	lit   string
	field int // index into the names given to parse
}

// parse reads text as Python's str.format does, with plain fields of the given
// names only. setting is the text's own name, for messages.
func parse(setting, text string, names ...string) (template, error) {
	var t template
	var lit strings.Builder
	for i := 0; i < len(text); {
		c := text[i]
		if c != '{' && c != '}' {
			lit.WriteByte(c)
			i++
			continue
		}
		if i+1 < len(text) && text[i+1] == c {
			lit.WriteByte(c)
			i += 2
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if c == '}' || end < 0 {
			return t, fmt.Errorf("%s: lone %q in %q; write %q for a brace", setting, string(c), text, string(c)+string(c))
		}
		name := text[i+1 : i+end]
		field := slices.Index(names, name)
		if field < 0 {
			return t, fmt.Errorf("%s: unknown field {%s} in %q; known: {%s}", setting, name, text, strings.Join(names, "}, {"))
		}
		t.parts = append(t.parts, part{lit: lit.String(), field: field})
		lit.Reset()
		i += end + 1
	}
	t.tail = lit.String()
	return t, nil
}

// has reports whether the field of that index occurs.
func (t template) has(field int) bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.field == field })
}

// size is the length of the rendered text.
func (t template) size(values ...string) int {
	n := len(t.tail)
	for _, p := range t.parts {
		n += len(p.lit) + len(values[p.field])
	}
	return n
}

// write renders into b.
func (t template) write(b *strings.Builder, values ...string) {
	for _, p := range t.parts {
		b.WriteString(p.lit)
		b.WriteString(values[p.field])
	}
	b.WriteString(t.tail)
}

// question parses a template that must hold {question}.
func question(setting, text string) (template, error) {
	t, err := parse(setting, text, "question")
	if err == nil && !t.has(0) {
		err = fmt.Errorf("%s: %q lacks {question}, so every prompt would be the same", setting, text)
	}
	return t, err
}

// answer parses a template that must hold {answer}.
func answer(setting, text string) (template, error) {
	t, err := parse(setting, text, "answer")
	if err == nil && !t.has(0) {
		err = fmt.Errorf("%s: %q lacks {answer}, so worked examples would show none", setting, text)
	}
	return t, err
}
