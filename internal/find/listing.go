package find

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// listed is how many runs an error names.
const listed = 8

// Listing is one line a run: id, model, when it was started, tasks.
func Listing(runs []Run) string {
	var b strings.Builder
	for i, r := range runs {
		if i == listed {
			fmt.Fprintf(&b, "  … and %d more; name one by its id", len(runs)-listed)
			break
		}
		m := r.Manifest
		fmt.Fprintf(&b, "  %s  %s  %s  %s\n", m.RunID, m.Model.Name, m.Created.UTC().Format(time.DateTime), some(taskNames(m), 4))
	}
	return strings.TrimRight(b.String(), "\n")
}

// some is the first few of a list.
func some(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s … (%d)", strings.Join(list[:n], ", "), len(list))
}

func sortedKeys[V any](m map[string]V, more []string) []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(m)), more...)))
}
