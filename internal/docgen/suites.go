package main

import (
	"fmt"
	"io"
	"strings"

	"olmoeval/catalog"
)

func writeIntro(w io.Writer, c *catalog.Catalog, families []*family) {
	variants := 0
	for _, name := range c.TaskNames() {
		variants += len(c.Variants(name))
	}
	fmt.Fprintf(w, `# Benchmarks

What this program has built in: %d tasks with %d variants in %d families, and %d suites. This page is written by %s from the catalogue; %s shows the same for one task, with every field that can be changed.

The primary metric is bold. A variant's row says only what it changes; variants may follow one another (%s). "None" under shots or needs means that the variant drops what its task has. What differs from the reference system is in [deviations.md](deviations.md).
`, len(c.TaskNames()), variants, len(families), len(c.SuiteNames()), code("go run ./internal/docgen"), code("olmo-eval task show NAME"), code("arc_easy:mc:olmo3base"))
}

// writeSuites lists all suites and what is missing in them.
func writeSuites(w io.Writer, c *catalog.Catalog) error {
	fmt.Fprint(w, "\n## Suites\n\nA suite with missing members is listed and not run, unless `--allow-incomplete` is given, which marks its score.\n\n")
	fmt.Fprintln(w, "| suite | score | tasks | missing | what |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	lacking := map[string]bool{}
	var order []string
	for _, name := range c.SuiteNames() {
		s, _ := c.Suite(name)
		leaves, err := c.Leaves(s)
		if err != nil {
			return err
		}
		lacks, err := c.Lacks(s)
		if err != nil {
			return err
		}
		missing := ""
		if len(lacks) > 0 {
			missing = fmt.Sprint(len(lacks))
		}
		for _, spec := range lacks {
			task, _, _ := strings.Cut(spec, ":")
			if !lacking[task] {
				lacking[task] = true
				order = append(order, code(task))
			}
		}
		fmt.Fprintf(w, "| %s | %s | %d | %s | %s |\n", code(name), strings.ReplaceAll(s.Aggregation, "_", " "), len(leaves), missing, cell(s.Description))
	}
	if len(order) > 0 {
		fmt.Fprintf(w, "\nTasks of suites that are not in the catalogue, or not with the variant wanted: %s.\n", strings.Join(order, ", "))
	}
	return nil
}
