// Package table prints tables: aligned text for people, and Markdown, CSV and
// LaTeX for pasting. Fill a [Table], call [Table.Write].
package table

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Formats are what Write knows.
var Formats = []string{"table", "md", "csv", "latex"}

// Table is a grid of texts.
type Table struct {
	Columns []Column
	Rows    [][]string
}

// Column is a heading; Right aligns numbers.
type Column struct {
	Name  string
	Right bool
}

// Columns makes columns of names; a name that starts with ">" is right aligned.
func Columns(names ...string) []Column {
	out := make([]Column, len(names))
	for i, n := range names {
		name, right := strings.CutPrefix(n, ">")
		out[i] = Column{name, right}
	}
	return out
}

// Add appends a row; missing cells are empty.
func (t *Table) Add(cells ...string) {
	row := make([]string, len(t.Columns))
	copy(row, cells)
	t.Rows = append(t.Rows, row)
}

// Write prints the table in one of Formats; "" is "table".
func (t *Table) Write(w io.Writer, format string) error {
	switch format {
	case "", "table":
		return t.text(w)
	case "md":
		return t.markdown(w)
	case "csv":
		return t.csv(w)
	case "latex":
		return t.latex(w)
	}
	return fmt.Errorf("unknown format %q; known: %s", format, strings.Join(Formats, ", "))
}

func (t *Table) widths() []int {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = utf8.RuneCountInString(c.Name)
		for _, r := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(r[i]))
		}
	}
	return widths
}

func (t *Table) text(w io.Writer) error {
	widths := t.widths()
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = c.Name
	}
	for _, row := range slices.Concat([][]string{heads}, t.Rows) {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 {
				b.WriteString("  ")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.Columns[i].Right {
				b.WriteString(pad + cell)
			} else {
				b.WriteString(cell + pad)
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) markdown(w io.Writer) error {
	esc := strings.NewReplacer("|", `\|`, "\n", " ")
	var b strings.Builder
	b.WriteString("|")
	for _, c := range t.Columns {
		b.WriteString(" " + esc.Replace(c.Name) + " |")
	}
	b.WriteString("\n|")
	for _, c := range t.Columns {
		if c.Right {
			b.WriteString(" ---: |")
		} else {
			b.WriteString(" --- |")
		}
	}
	b.WriteString("\n")
	for _, r := range t.Rows {
		b.WriteString("|")
		for _, cell := range r {
			b.WriteString(" " + esc.Replace(cell) + " |")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Table) csv(w io.Writer) error {
	cw := csv.NewWriter(w)
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = c.Name
	}
	if err := cw.Write(heads); err != nil {
		return err
	}
	if err := cw.WriteAll(t.Rows); err != nil {
		return err
	}
	return cw.Error()
}

func (t *Table) latex(w io.Writer) error {
	esc := strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`,
		"{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "±", `$\pm$`, "\n", " ")
	var b strings.Builder
	b.WriteString(`\begin{tabular}{`)
	for _, c := range t.Columns {
		if c.Right {
			b.WriteString("r")
		} else {
			b.WriteString("l")
		}
	}
	b.WriteString("}\n\\hline\n")
	line := func(cells []string) {
		for i, cell := range cells {
			if i > 0 {
				b.WriteString(" & ")
			}
			b.WriteString(esc.Replace(cell))
		}
		b.WriteString(" \\\\\n")
	}
	heads := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = c.Name
	}
	line(heads)
	b.WriteString("\\hline\n")
	for _, r := range t.Rows {
		line(r)
	}
	b.WriteString("\\hline\n\\end{tabular}\n")
	_, err := io.WriteString(w, b.String())
	return err
}
