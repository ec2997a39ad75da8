// Command testsum reads `go test -json` and prints what a person wants to know:
// a line for each package, what failed with its output, what was skipped and
// why, and the counts. Its exit status is 1 when anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

type summary struct {
	passed, failed, skipped int
	output                  map[string][]string // by package and test, until it passes
	reasons                 map[string]int      // of skips
	broken                  bool
}

func main() {
	s := &summary{output: map[string][]string{}, reasons: map[string]int{}}
	if err := s.read(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if s.print(os.Stdout) {
		os.Exit(1)
	}
}

func (s *summary) read(in io.Reader, out io.Writer) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 1<<24)
	for sc.Scan() {
		var e event
		if json.Unmarshal(sc.Bytes(), &e) != nil {
			fmt.Fprintln(out, sc.Text()) // a build error
			s.broken = true
			continue
		}
		s.see(e, out)
	}
	return sc.Err()
}

func (s *summary) see(e event, out io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		s.output[key] = append(s.output[key], e.Output)
	case "pass":
		if e.Test == "" {
			fmt.Fprintf(out, "ok   %-55s %6.1fs\n", e.Package, e.Elapsed)
		} else {
			s.passed++
		}
		delete(s.output, key)
	case "skip":
		if e.Test != "" {
			s.skipped++
			s.reasons[reason(e.Test, s.output[key])]++
		}
		delete(s.output, key)
	case "fail", "build-fail":
		if e.Test != "" {
			s.failed++
		} else {
			s.broken = true
			fmt.Fprintf(out, "FAIL %-55s %6.1fs\n", e.Package, e.Elapsed)
		}
		fmt.Fprint(out, strings.Join(s.output[key], ""))
		delete(s.output, key)
	}
}

// reason is what a skipped test said.
func reason(test string, output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "---") && !strings.HasPrefix(line, "===") {
			return test + ": " + line
		}
	}
	return test
}

func (s *summary) print(out io.Writer) (failed bool) {
	var reasons []string
	for r, n := range s.reasons {
		reasons = append(reasons, fmt.Sprintf("skipped %s (%d)", r, n))
	}
	sort.Strings(reasons)
	for _, r := range reasons {
		fmt.Fprintln(out, r)
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return s.failed > 0 || s.broken
}
