// Package nearest finds the known name that an unknown one was probably meant
// to be. Call [Name] for one name, [Hint] for the end of an error message.
package nearest

import (
	"sort"
	"strings"
)

// Name returns the known name closest to got by edit distance, and whether it
// is close enough to be worth saying.
func Name(got string, known []string) (string, bool) {
	best, bestDist := "", len(got)/3+2
	sorted := append([]string(nil), known...)
	sort.Strings(sorted)
	for _, k := range sorted {
		if strings.EqualFold(k, got) {
			return k, true
		}
		if d := distance(strings.ToLower(got), strings.ToLower(k), bestDist); d < bestDist {
			best, bestDist = k, d
		}
	}
	return best, best != ""
}

// Hint is `; did you mean "x"?`, or the list when it is short, or "".
func Hint(got string, known []string) string {
	if n, ok := Name(got, known); ok {
		return `; did you mean "` + n + `"?`
	}
	if len(known) > 0 && len(known) <= 12 {
		sorted := append([]string(nil), known...)
		sort.Strings(sorted)
		return "; known: " + strings.Join(sorted, ", ")
	}
	return ""
}

// distance is the Damerau-Levenshtein distance (adjacent swaps count one),
// or limit when it is at least that.
func distance(a, b string, limit int) int {
	if diff := len(a) - len(b); diff >= limit || -diff >= limit {
		return limit
	}
	var older []int
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		low := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], older[j-2]+1)
			}
			low = min(low, cur[j])
		}
		if low >= limit {
			return limit
		}
		older, prev = prev, cur
	}
	return prev[len(b)]
}
