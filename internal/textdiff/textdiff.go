// Package textdiff compares two texts line by line. Call [Unified] for the
// difference in the form of diff -u.
package textdiff

import (
	"fmt"
	"strings"
)

// context is how many equal lines stand round a change.
const context = 3

// Unified is the difference from a to b as a unified diff with three lines of
// context under the names given, "" if the texts are equal. A text that does
// not end in a newline is compared as if it did, and the difference says so.
func Unified(nameA, nameB, a, b string) string {
	if a == b {
		return ""
	}
	la, lb := lines(a), lines(b)
	ops := script(la, lb)
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", nameA, nameB)
	for start := 0; start < len(ops); {
		if ops[start].kind == ' ' {
			start++
			continue
		}
		from := max(0, start-context)
		end, equal := start, 0
		for i := start; i < len(ops) && equal <= 2*context; i++ {
			if ops[i].kind == ' ' {
				equal++
				continue
			}
			end, equal = i+1, 0
		}
		to := min(len(ops), end+context)
		hunk(&out, ops[from:to])
		start = to
	}
	return out.String()
}

// op is one line of the script: kept (' '), of a only ('-') or of b only ('+').
// i and j are the lines of a and b before it.
type op struct {
	kind byte
	line string
	i, j int
}

func hunk(out *strings.Builder, ops []op) {
	na, nb := 0, 0
	for _, o := range ops {
		if o.kind != '+' {
			na++
		}
		if o.kind != '-' {
			nb++
		}
	}
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(ops[0].i, na), span(ops[0].j, nb))
	for _, o := range ops {
		out.WriteByte(o.kind)
		out.WriteString(o.line)
		if !strings.HasSuffix(o.line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

// span is a range of lines as a hunk's heading has it: it counts from 1, and an
// empty range names the line before it.
func span(before, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return fmt.Sprint(before + 1)
	}
	return fmt.Sprintf("%d,%d", before+1, n)
}

// lines splits after each newline.
func lines(s string) []string {
	if s == "" {
		return nil
	}
	out := strings.SplitAfter(s, "\n")
	if out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

// script is a shortest edit script: the lines that both texts begin and end
// with are set apart, and of the rest a longest common subsequence is kept.
func script(a, b []string) []op {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	endA, endB := len(a)-tail, len(b)-tail
	common := subsequence(a[head:endA], b[head:endB])
	var out []op
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		inside := i >= head && j >= head && (i < endA || j < endB)
		switch {
		case !inside || i < endA && j < endB && a[i] == b[j]:
			out = append(out, op{' ', a[i], i, j})
			i, j = i+1, j+1
		case i < endA && (j >= endB || common.at(i-head+1, j-head) >= common.at(i-head, j-head+1)):
			out = append(out, op{'-', a[i], i, j})
			i++
		default:
			out = append(out, op{'+', b[j], i, j})
			j++
		}
	}
	return out
}

// maxCells bounds the table; texts that differ in more lines are shown as
// wholly replaced.
const maxCells = 16 << 20

// grid holds lengths of longest common subsequences of what is left of both
// texts from line i of a and line j of b on.
type grid struct {
	cells []int32
	width int
}

func (g grid) at(i, j int) int32 {
	if g.cells == nil {
		return 0
	}
	return g.cells[i*g.width+j]
}

func subsequence(a, b []string) grid {
	if (len(a)+1)*(len(b)+1) > maxCells {
		return grid{}
	}
	g := grid{make([]int32, (len(a)+1)*(len(b)+1)), len(b) + 1}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			n := max(g.at(i+1, j), g.at(i, j+1))
			if a[i] == b[j] {
				n = g.at(i+1, j+1) + 1
			}
			g.cells[i*g.width+j] = n
		}
	}
	return g
}
