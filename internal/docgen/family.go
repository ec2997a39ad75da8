package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"olmoeval/catalog"
	"olmoeval/eval"
)

// family is the tasks that one file defines.
type family struct {
	name   string // of the file, without ending
	tasks  int
	groups []*group
	source source
}

// group is tasks that differ in their names and the part of the data only.
type group struct {
	names   []string
	subsets []string
	rows    []row // the task itself, then its variants
	blurred []row
}

// row is a task, or a task with one variant.
type row struct {
	variant, data, kind, shots, metrics, needs, about string
}

// familiesOf puts all tasks into families, sorted by name.
func familiesOf(c *catalog.Catalog) ([]*family, error) {
	byName := map[string]*family{}
	var out []*family
	for _, name := range c.TaskNames() {
		t, _ := c.Task(name)
		file := strings.TrimSuffix(path.Base(t.Defined), ".go")
		f := byName[file]
		if f == nil {
			f = &family{name: file, source: sources()[file]}
			byName[file] = f
			out = append(out, f)
		}
		rows, err := rowsOf(c, name)
		if err != nil {
			return nil, err
		}
		f.tasks++
		f.add(t, rows)
	}
	slices.SortFunc(out, func(a, b *family) int { return strings.Compare(strings.ToLower(a.title()), strings.ToLower(b.title())) })
	return out, nil
}

func (f *family) title() string {
	if f.source.title != "" {
		return f.source.title
	}
	return f.name
}

// add joins a task to the group whose rows are the same but for its part of the
// family.
func (f *family) add(t *eval.Task, rows []row) {
	blurred := make([]row, len(rows))
	for i, r := range rows {
		r.data, r.about = blur(r.data, t), blur(r.about, t)
		blurred[i] = r
	}
	for _, g := range f.groups {
		if slices.Equal(g.blurred, blurred) {
			g.rows = blurred
			g.names, g.subsets = append(g.names, t.Name), append(g.subsets, t.Source.Subset)
			return
		}
	}
	f.groups = append(f.groups, &group{names: []string{t.Name}, subsets: []string{t.Source.Subset}, rows: rows, blurred: blurred})
}

// rowsOf describes a task and what each of its variants makes of it. What a
// variant leaves as it was is not said again.
func rowsOf(c *catalog.Catalog, name string) ([]row, error) {
	base, err := c.Resolve(name, nil)
	if err != nil {
		return nil, err
	}
	first := describe(&base.Task)
	first.about = base.Task.Description
	rows := []row{first}
	for _, v := range c.Variants(name) {
		r, err := c.Resolve(name+":"+v.Name, nil)
		if err != nil {
			return nil, err
		}
		x := describe(&r.Task)
		x.variant, x.about = v.Name, v.Description
		for _, cell := range []struct{ base, own *string }{
			{&first.data, &x.data}, {&first.kind, &x.kind}, {&first.shots, &x.shots}, {&first.metrics, &x.metrics}, {&first.needs, &x.needs},
		} {
			if *cell.own == *cell.base {
				*cell.own = ""
			} else if *cell.own == "" {
				*cell.own = "none"
			}
		}
		rows = append(rows, x)
	}
	return rows, nil
}

// blur replaces what a text says of the task's own part of a family (the end of
// its name, its subset) by a mark, so that tasks which differ in it alone go
// together.
func blur(text string, t *eval.Task) string {
	parts := []string{t.Source.Subset}
	words := strings.Split(t.Name, "_")
	for i := 1; i < len(words); i++ {
		parts = append(parts, strings.Join(words[i:], "_"))
	}
	for _, p := range parts {
		for _, spelled := range []string{p, strings.ReplaceAll(p, "_", " ")} {
			if out := replaceWord(text, spelled, "…"); spelled != "" && out != text {
				return out
			}
		}
	}
	return text
}

// replaceWord replaces a text where it does not stand inside a longer word.
func replaceWord(text, word, by string) string {
	var b strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 || word == "" {
			return b.String() + text
		}
		end := i + len(word)
		if i > 0 && partOfWord(text[i-1]) || end < len(text) && partOfWord(text[end]) {
			b.WriteString(text[:end])
		} else {
			b.WriteString(text[:i] + by)
		}
		text = text[end:]
	}
}

func partOfWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func describe(t *eval.Task) row {
	return row{data: dataOf(t), kind: kindOf(t), shots: shotsOf(t), metrics: metricsOf(t), needs: needsOf(t)}
}

// dataOf names the rows that are read.
func dataOf(t *eval.Task) string {
	s := t.Source
	if s.Path == "" {
		return "none: give it one"
	}
	out := code(s.Path)
	if s.Subset != "" {
		out += " " + code(s.Subset)
	}
	if s.DataFiles != "" {
		out += " " + code(strings.ReplaceAll(s.DataFiles, "|", "¦"))
	}
	out += ", " + strings.Join(t.Selection().Splits, " + ")
	if s.Revision != "" {
		out += ", at " + code(s.Revision)
	}
	if t.Limit != nil {
		out += fmt.Sprintf(", %d rows drawn with seed %d", *t.Limit, t.Selection().Seed)
	}
	return out
}

func kindOf(t *eval.Task) string {
	if t.Prompt.RequestType() == eval.Loglikelihood {
		return "log-likelihood"
	}
	kind := string(t.Prompt.RequestType())
	if n := t.Sampling.Samples(); n > 1 {
		kind += fmt.Sprintf(", %d samples", n)
	}
	return kind
}

func shotsOf(t *eval.Task) string {
	f := t.Fewshot
	switch {
	case f.Num == 0:
		return "0"
	case f.Set != "":
		return fmt.Sprintf("%d of %s", f.Num, code(f.Set))
	case f.Draw:
		return fmt.Sprintf("%d drawn from %s, seed %d", f.Num, orElse(f.Split, t.Split), f.Seed)
	}
	return fmt.Sprintf("the first %d of %s", f.Num, orElse(f.Split, t.Split))
}

// metricsOf lists metrics, the primary one first and bold.
func metricsOf(t *eval.Task) string {
	primary := t.Primary
	if primary == "" && len(t.Metrics) > 0 {
		primary = t.Metrics[0].Info().ID
	}
	var out []string
	for _, m := range t.Metrics {
		if id := m.Info().ID; id == primary {
			out = slices.Insert(out, 0, "**"+id+"**")
		} else {
			out = append(out, id)
		}
	}
	if len(out) == 0 {
		return "none: to look at, not to run"
	}
	return strings.Join(out, ", ")
}

func needsOf(t *eval.Task) string {
	n := t.Needs
	var out []string
	for _, s := range n.Sandbox {
		out = append(out, "sandbox "+s)
	}
	for _, s := range n.Tools {
		out = append(out, "tool "+s)
	}
	if n.Judge != "" {
		out = append(out, "judge "+n.Judge)
	}
	out = append(out, n.Secrets...)
	if n.Network {
		out = append(out, "network")
	}
	return strings.Join(out, ", ")
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func code(s string) string { return "`" + s + "`" }

// write is the family's section.
func (f *family) write(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n", f.title())
	if s := f.source.text(); s != "" {
		fmt.Fprintf(w, "%s\n\n", s)
	}
	fmt.Fprintln(w, "| task | data set, split | kind | shots | metrics | needs | what |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for _, g := range f.groups {
		for _, r := range g.rows {
			name := code(g.label())
			if r.variant != "" {
				name = "⤷ " + code(":"+r.variant)
			}
			fmt.Fprintf(w, "| %s |\n", strings.Join([]string{name, r.data, r.kind, r.shots, r.metrics, r.needs, cell(r.about)}, " | "))
		}
	}
	for _, g := range f.groups {
		if len(g.names) > 1 {
			fmt.Fprintf(w, "\n%s: %s.\n", code(g.label()), g.parts())
		}
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// label is the task's name; of several the text that all begin and end with, and
// a star between.
func (g *group) label() string {
	if len(g.names) == 1 {
		return g.names[0]
	}
	head, tail := g.names[0], g.names[0]
	for _, n := range g.names {
		for !strings.HasPrefix(n, head) {
			head = head[:len(head)-1]
		}
		for !strings.HasSuffix(n, tail) {
			tail = tail[1:]
		}
	}
	if cut := strings.LastIndexAny(head, "_:"); cut >= 0 {
		head = head[:cut+1] // whole words only
	}
	if at := strings.IndexAny(tail, "_:"); at >= 0 {
		tail = tail[at:]
	} else {
		tail = ""
	}
	return head + "*" + tail
}

// parts are the names of several tasks, and the part of the data where it is
// called otherwise.
func (g *group) parts() string {
	var out []string
	for i, n := range g.names {
		s := code(n)
		if sub := g.subsets[i]; sub != "" && !strings.Contains(n, sub) {
			s += " (" + sub + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}
