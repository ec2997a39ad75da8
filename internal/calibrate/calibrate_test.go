package main

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"olmoeval/internal/stats"
)

// room is how many standard errors of the simulation a rate may be off its
// bounds in the reduced set: with the seeds fixed it either always passes or
// never, and a method that is wrong by more than the bounds' width fails.
const room = 3

// TestCalibration runs a share of each study's data sets.
func TestCalibration(t *testing.T) {
	all := studies()
	if len(all) < 120 {
		t.Errorf("%d studies: some are lost", len(all))
	}
	for _, r := range runAll(all, share, 2) {
		for i, c := range r.study.claims {
			if !c.holds(r.rate[i], room/math.Sqrt(float64(r.sets))) {
				t.Errorf("%s, n = %d, ICC %g, %s: %s is %.4f, want %s", r.study.name, r.study.n, r.study.icc, r.method, c.name, r.rate[i], c.bounds())
			}
		}
	}
}

// TestCells: every number of questions and every correlation has its studies,
// where there are clusters enough, and every row of the table is met.
func TestCells(t *testing.T) {
	methods := map[string]bool{}
	cells := map[[2]float64]bool{}
	for _, s := range studies() {
		cells[[2]float64{float64(s.n), s.icc}] = true
		if strings.HasPrefix(s.name, "pair") || strings.HasPrefix(s.name, "score") {
			methods[s.run(0).method] = true
		}
	}
	for _, n := range sizes {
		for _, icc := range iccs {
			if want := icc == 0 || n >= 30; cells[[2]float64{float64(n), icc}] != want {
				t.Errorf("n = %d, ICC %g: studied is %v", n, icc, !want)
			}
		}
	}
	for _, m := range []string{"wilson", "t", "bca bootstrap", "cluster t", "cluster bootstrap-t", "delta method, t", "ratio bootstrap-t",
		"mcnemar mid-p; tango", "sign-flip, exact; bootstrap-t", "sign-flip, 999 flips; bootstrap-t", "sign-flip, 999 flips; t",
		"cluster sign-flip, 999 flips; cluster t", "ratio bootstrap-t; ratio bootstrap-t"} {
		if !methods[m] {
			t.Errorf("%s is in no study", m)
		}
	}
}

// TestWrite: a rate out of its bounds is marked and counted, and the same
// studies give the same table on any number of workers.
func TestWrite(t *testing.T) {
	always := func(count float64) study {
		return study{name: "fake", n: 5, icc: -1, sets: 3, claims: []claim{atMost("rejected")}, one: func(*rand.Rand, int) ([]float64, string) {
			return []float64{count}, "fake"
		}}
	}
	var out bytes.Buffer
	if failed := write(&out, runAll([]study{always(0), always(1)}, 1, 1)); failed != 1 || strings.Count(out.String(), "**out**") != 1 {
		t.Errorf("%d failed:\n%s", failed, out.String())
	}
	some := pick(studies(), "suite")
	strip := func(rs []result) (rates [][]float64) {
		for _, r := range rs {
			rates = append(rates, r.rate)
		}
		return rates
	}
	some = append(some, pick(studies(), "unpaired")...)
	if a, b := strip(runAll(some, 0.01, 1)), strip(runAll(some, 0.01, 3)); len(a) != 2 || !reflect.DeepEqual(a, b) {
		t.Errorf("%v and %v", a, b)
	}
}

// TestLevel01 holds the enumeration against a small case by hand: of two
// questions that differ surely, both must go one way, with mid-p ¼.
func TestLevel01(t *testing.T) {
	if got := level01(2, 1); got != 0 {
		t.Errorf("two questions reject with probability %g", got)
	}
	// Of five, five wins or five losses: mid-p 1/32.
	if got := level01(5, 1); math.Abs(got-2.0/32) > 1e-12 {
		t.Errorf("five questions reject with probability %g, want 1/16", got)
	}
}

// TestPage: docs/statistics.md has the studies that there are, the table of
// methods and all warnings.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	all := studies()
	for _, s := range all {
		row := fmt.Sprintf("\n| %s | %d | ", s.name, s.n)
		if !strings.Contains(text, row) {
			t.Errorf("the page lacks the study %q: paste the output of make calibrate", row)
		}
	}
	if got := strings.Count(text, "000 |\n"); got != len(all) {
		t.Errorf("the page has %d studies, there are %d", got, len(all))
	}
	for _, r := range stats.Table() {
		row := fmt.Sprintf("| %s | %s | %s | %s | %s |", r.Row, r.Interval, r.Test, r.Beside, r.Difference)
		if !strings.Contains(text, strings.ReplaceAll(row, "|  |", "| |")) {
			t.Errorf("the page's methods lack %s", row)
		}
	}
	for _, w := range []string{stats.SmallN, stats.FewClusters, stats.NoVariance, stats.CannotReject, stats.BootDegenerate, stats.NegativeBetween,
		stats.Unpaired, stats.WithinRope, stats.LegacyUnanimous, stats.Autocorrelated, stats.FewCheckpoints} {
		if !strings.Contains(text, "`"+w+"`") {
			t.Errorf("the page does not explain %s", w)
		}
	}
}
