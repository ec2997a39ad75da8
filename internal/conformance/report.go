package main

import (
	"fmt"
	"io"
	"sort"
	"strings"

	"olmoeval/internal/table"
)

// writeReport prints the differences, then a line a family, so that the shares
// stand at the end.
func writeReport(w io.Writer, families []*family) (ok bool) {
	ok = true
	t := &table.Table{Columns: table.Columns("family", ">specs", ">here", ">requests", ">equal", ">share", ">cases", ">equal", ">listed", ">share", ">values", ">equal", ">listed", ">share", "")}
	var sum family
	reasons, lacking := map[string]int{}, map[string]int{}
	for _, f := range families {
		for _, d := range f.Diffs {
			fmt.Fprintf(w, "%s: %s: %s: %s\n\n", f.Name, d.kind, d.where, strings.TrimRight(d.text, "\n"))
		}
		mark := ""
		switch {
		case !f.conforms():
			ok, mark = false, "differs"
		case f.Known+f.Cases == 0:
			mark = "not in the catalogue"
		}
		addRow(t, f, mark)
		sum.Specs, sum.Known = sum.Specs+f.Specs, sum.Known+f.Known
		sum.Requests, sum.RequestsEqual = sum.Requests+f.Requests, sum.RequestsEqual+f.RequestsEqual
		sum.Cases, sum.CasesEqual, sum.CasesListed = sum.Cases+f.Cases, sum.CasesEqual+f.CasesEqual, sum.CasesListed+f.CasesListed
		sum.Values, sum.ValuesEqual, sum.ValuesListed = sum.Values+f.Values, sum.ValuesEqual+f.ValuesEqual, sum.ValuesListed+f.ValuesListed
		for k, n := range f.Reasons {
			reasons[k] += n
		}
		for k, n := range f.Lacking {
			lacking[f.Name+" "+k] += n
		}
	}
	sum.Name = "all"
	addRow(t, &sum, "")
	if err := t.Write(w, ""); err != nil {
		fmt.Fprintln(w, err)
		return false
	}
	counts(w, "differences with a row in docs/deviations.md", reasons)
	counts(w, "recorded scores that the task has no scorer for", lacking)
	return ok
}

func addRow(t *table.Table, f *family, mark string) {
	r, s, v := f.shares()
	cells := []string{f.Name}
	for _, n := range []any{
		f.Specs, f.Known, f.Requests, f.RequestsEqual, percent(r, f.Requests), f.Cases, f.CasesEqual, f.CasesListed, percent(s, f.Cases),
		f.Values, f.ValuesEqual, f.ValuesListed, percent(v, f.Values),
	} {
		cells = append(cells, fmt.Sprint(n))
	}
	t.Add(append(cells, mark)...)
}

func percent(share float64, n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*share)
}

func counts(w io.Writer, title string, m map[string]int) {
	if len(m) == 0 {
		return
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	fmt.Fprintf(w, "\n%s:\n", title)
	for _, k := range keys {
		fmt.Fprintf(w, "  %6d  %s\n", m[k], k)
	}
}
