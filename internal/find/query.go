package find

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"olmoeval/internal/journal"
	"olmoeval/internal/nearest"
)

// fields are what a query can ask of a run.
var fields = map[string]func(*journal.Manifest) []string{
	"id":       func(m *journal.Manifest) []string { return []string{m.RunID} },
	"model":    func(m *journal.Manifest) []string { return []string{m.Model.Name, m.Model.ID} },
	"family":   func(m *journal.Manifest) []string { return orMissing(m.Family, m.Model.Family) },
	"step":     func(m *journal.Manifest) []string { return whole(m.Model.Step) },
	"tokens":   func(m *journal.Manifest) []string { return whole(m.Model.Tokens) },
	"revision": func(m *journal.Manifest) []string { return orMissing(m.Model.Revision) },
	"name":     func(m *journal.Manifest) []string { return orMissing(m.Name) },
	"group":    func(m *journal.Manifest) []string { return orMissing(m.Group) },
	"status":   func(m *journal.Manifest) []string { return []string{m.Status} },
	"tag":      func(m *journal.Manifest) []string { return m.Tags },
	"task":     taskNames,
	"suite":    suiteNames,
}

// timeFields compare when a run was started.
var timeFields = []string{"since", "until"}

func taskNames(m *journal.Manifest) []string {
	var out []string
	for i := range m.Tasks {
		out = append(out, m.Tasks[i].Label)
		if s := m.Tasks[i].Spec; s != m.Tasks[i].Label {
			out = append(out, s)
		}
	}
	return out
}

func suiteNames(m *journal.Manifest) []string {
	var out []string
	for i := range m.Suites {
		out = append(out, m.Suites[i].Name)
	}
	return out
}

func whole(n *int64) []string {
	if n == nil {
		return []string{Missing}
	}
	return []string{strconv.FormatInt(*n, 10)}
}

func orMissing(texts ...string) []string {
	for _, t := range texts {
		if t != "" {
			return []string{t}
		}
	}
	return []string{Missing}
}

// Keys are the keys of queries, sorted.
func Keys() []string { return sortedKeys(fields, timeFields) }

// isQuery tells a query from other names of runs: its first word is KEY and an
// operator.
func isQuery(text string) bool {
	i := strings.IndexAny(text, "!=~<>")
	return i > 0 && !strings.HasPrefix(text, "last~") && !strings.ContainsAny(text[:i], `/\`)
}

// compileQuery makes a test of the terms; all of them must hold.
func compileQuery(text string, now time.Time) (func(*journal.Manifest) bool, error) {
	terms, err := ParseTerms(text)
	if err != nil {
		return nil, fmt.Errorf("query %q: %w", text, err)
	}
	var tests []func(*journal.Manifest) bool
	for _, t := range terms {
		test, err := compileTerm(t, now)
		if err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		tests = append(tests, test)
	}
	return func(m *journal.Manifest) bool {
		for _, test := range tests {
			if !test(m) {
				return false
			}
		}
		return true
	}, nil
}

func compileTerm(t Term, now time.Time) (func(*journal.Manifest) bool, error) {
	if t.Key == "since" || t.Key == "until" {
		at, err := moment(t.Value, now)
		if err != nil || t.Op != "=" {
			return nil, fmt.Errorf("%s: want %s=7d, %s=12h or %s=2026-01-31", t, t.Key, t.Key, t.Key)
		}
		if t.Key == "since" {
			return func(m *journal.Manifest) bool { return !m.Created.Before(at) }, nil
		}
		return func(m *journal.Manifest) bool { return m.Created.Before(at) }, nil
	}
	field, ok := fields[t.Key]
	if !ok {
		return nil, fmt.Errorf("unknown key %q%s", t.Key, nearest.Hint(t.Key, Keys()))
	}
	test, err := t.TestAny()
	if err != nil {
		return nil, err
	}
	return func(m *journal.Manifest) bool { return test(field(m)) }, nil
}

// moment reads a date, a time, or how long ago: 90m, 12h, 7d, 2w.
func moment(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	units := map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	for suffix, unit := range units {
		number, ok := strings.CutSuffix(text, suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n >= 0 && n < 1e5) {
			return now, fmt.Errorf("%q is no time", text)
		}
		return now.Add(-time.Duration(n * float64(unit))), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return now, fmt.Errorf("%q is no time", text)
	}
	return now.Add(-d), nil
}
