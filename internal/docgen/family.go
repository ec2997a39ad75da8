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
			switch *cell.own {
			case *cell.base:
				*cell.own = ""
			case "":
				*cell.own = "none"
			}
		}
		rows = append(rows, x)
	}
	return rows, nil
}

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
