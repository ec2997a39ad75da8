package main

import (
	"context"
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
