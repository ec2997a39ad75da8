package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/internal/corpus"
)

// TestConformance holds the whole catalogue against the corpus.
func TestConformance(t *testing.T) {
	c, err := newChecker(corpus.Dir(t), "", 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if !c.report(&b) {
		t.Errorf("the catalogue differs from the recorded reference:\n%s", b.String())
	} else {
		t.Logf("\n%s", b.String())
	}
}

// TestRows checks that every reason stands in docs/deviations.md.
func TestRows(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "deviations.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, row := range rows() {
		known[row] = true
		if !strings.Contains(string(page), "\n| "+row+" |") {
			t.Errorf("docs/deviations.md has no row %q", row)
		}
	}
	for _, r := range reasons() {
		if !known[r.row] {
			t.Errorf("%q is none of the rows", r.row)
		}
	}
}

// TestDifferencesAreFound runs the comparison on a case that is not as recorded.
func TestDifferencesAreFound(t *testing.T) {
	ctx := context.Background()
	c, err := newChecker(corpus.Dir(t), "arc", 9)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	err = c.facts.requests(func(r *requestRow) error {
		if c.facts.family(r.Spec) != "arc" || len(r.Items) != 5 || seen > 0 {
			return nil
		}
		seen++
		r.Items[1].Request.(map[string]any)["prompt"] = "Question: another"
		r.Items[2].Instance.(map[string]any)["question"] = "Another"
		r.Items[3].Sampling["temperature"] = 0.5
		return c.checkRequests(ctx, r)
	})
	if err != nil || seen != 1 {
		t.Fatalf("%d rows, %v", seen, err)
	}
	f := c.families["arc"]
	if f.Requests != 5 || f.RequestsEqual != 2 || len(f.Diffs) != 3 || f.conforms() {
		t.Errorf("%d of %d equal, %d differences", f.RequestsEqual, f.Requests, len(f.Diffs))
	}
	err = c.facts.scoring(func(r *scoringRow) error {
		if c.facts.family(r.Spec) != "arc" {
			return nil
		}
		for i := range r.Cases {
			r.Cases[i].Extracted[0] = "something else"
		}
		for i := range r.Predictions {
			for _, by := range r.Predictions[i].Values {
				for k := range by {
					by[k] = 7.0
				}
			}
		}
		return c.checkScoring(ctx, r)
	})
	if err != nil || f.Cases == 0 || f.CasesEqual+f.CasesListed != 0 || f.Values > 0 && f.ValuesEqual > 0 {
		t.Errorf("%d cases, %d equal, %d listed, %d of %d values equal, %v", f.Cases, f.CasesEqual, f.CasesListed, f.ValuesEqual, f.Values, err)
	}
	var b strings.Builder
	if c.report(&b) || !strings.Contains(b.String(), "+++ ours") || !strings.Contains(b.String(), "differs") {
		t.Errorf("report:\n%s", b.String())
	}
}
