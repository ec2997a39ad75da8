package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

func main() {
	share := flag.Float64("share", 1, "share of the data sets to simulate")
	only := flag.String("only", "", "run studies whose name contains this")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "studies at a time")
	flag.Parse()
	start := time.Now()
	results := runAll(pick(studies(), *only), *share, *workers)
	failed := write(os.Stdout, results)
	fmt.Fprintf(os.Stderr, "%d rates, %d out of bounds, %.0f s on %d workers\n", rates(results), failed, time.Since(start).Seconds(), *workers)
	if failed > 0 {
		os.Exit(1)
	}
}

func pick(all []study, only string) []study {
	var out []study
	for _, s := range all {
		if strings.Contains(s.name, only) {
			out = append(out, s)
		}
	}
	return out
}

func rates(results []result) (n int) {
	for _, r := range results {
		n += len(r.study.claims)
	}
	return n
}

// write prints the results as a table and returns how many rates are out of
// bounds.
func write(w io.Writer, results []result) (failed int) {
	fmt.Fprintln(w, "| data | n | ICC | method | measured (bounds) | data sets |")
	fmt.Fprintln(w, "|---|--:|--:|---|---|--:|")
	for _, r := range results {
		var cells []string
		for i, c := range r.study.claims {
			cell := fmt.Sprintf("%s %.2f %% (%s)", c.name, 100*r.rate[i], c.bounds())
			if !c.holds(r.rate[i], 0) {
				failed++
				cell += " **out**"
			}
			cells = append(cells, cell)
		}
		icc := "–"
		if r.study.icc >= 0 {
			icc = fmt.Sprintf("%.1f", r.study.icc)
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %d |\n", r.study.name, r.study.n, icc, r.method, strings.Join(cells, "; "), r.sets)
	}
	return failed
}
