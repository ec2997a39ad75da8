package metric_test

import (
	"sort"
	"testing"
)

// logCounts prints what was compared.
func logCounts(t *testing.T, what string, m map[string]int) {
	t.Helper()
	for _, k := range sortedKeys(m) {
		t.Logf("%5d %s: %s", m[k], what, k)
	}
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
