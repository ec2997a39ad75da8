// Package modelspec reads what -m says: NAME[,key=value…], where NAME is a
// preset, a model id, a checkpoint path, a mock, a glob of checkpoints or @FILE.
// Call [Parse], then [Presets.Resolve].
package modelspec

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"olmoeval/internal/dotted"
)

// Spec is one -m as written.
type Spec struct {
	Name   string
	Fields []dotted.Override
}

// Split cuts a list at commas outside brackets, braces and quotes.
func Split(text string) ([]string, error) {
	var out []string
	depth, start := 0, 0
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			out = append(out, text[start:i])
			start = i + 1
		}
	}
	if quote != 0 || depth != 0 {
		return nil, fmt.Errorf("model %q: unbalanced quotes or brackets", text)
	}
	return append(out, text[start:]), nil
}

// Parse reads one -m. A glob or @FILE gives several.
func Parse(text string) ([]Spec, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok {
		return parseFile(file)
	}
	if IsMock(text) {
		return []Spec{{Name: text}}, nil
	}
	parts, err := Split(text)
	if err != nil {
		return nil, err
	}
	s := Spec{Name: strings.TrimSpace(parts[0])}
	if s.Name == "" || strings.Contains(s.Name, "=") {
		return nil, fmt.Errorf("model %q: want NAME[,key=value…]", text)
	}
	for _, p := range parts[1:] {
		o, err := dotted.Parse(p)
		if err != nil {
			return nil, fmt.Errorf("model %q: %w", text, err)
		}
		s.Fields = append(s.Fields, o)
	}
	if !strings.ContainsAny(s.Name, "*?") {
		return []Spec{s}, nil
	}
	paths, err := filepath.Glob(s.Name)
	if err != nil {
		return nil, fmt.Errorf("model %q: %w", text, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("model %q: no checkpoint matches", text)
	}
	sort.Slice(paths, func(i, j int) bool { return lessByStep(paths[i], paths[j]) })
	out := make([]Spec, len(paths))
	for i, p := range paths {
		out[i] = Spec{Name: p, Fields: s.Fields}
	}
	return out, nil
}

func parseFile(file string) ([]Spec, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("model list: %w", err)
	}
	defer f.Close()
	var out []Spec
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		line := strings.TrimSpace(sc.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "@") {
			return nil, fmt.Errorf("%s:%d: a model list cannot name another list", file, n)
		}
		specs, err := Parse(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		out = append(out, specs...)
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("model list %s: %w", file, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("model list %s is empty", file)
	}
	return out, nil
}

// IsMock reports whether a name is one of the mock models.
func IsMock(name string) bool {
	return name == "mock" || strings.HasPrefix(name, "mock:") || strings.HasPrefix(name, "mock,")
}

var stepPattern = regexp.MustCompile(`(?i)(?:^|[^a-z])(?:step|checkpoint|iter|global_step)[-_]?(\d+)`)

// Step reads the training step from a name: step22000, checkpoint-500.
func Step(name string) (int64, bool) {
	all := stepPattern.FindAllStringSubmatch(name, -1)
	if len(all) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(all[len(all)-1][1], 10, 64)
	return n, err == nil
}

func lessByStep(a, b string) bool {
	x, okX := Step(a)
	y, okY := Step(b)
	if okX && okY && x != y {
		return x < y
	}
	return a < b
}
