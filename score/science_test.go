package score

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"olmoeval/eval"
)

func TestGeneScorers(t *testing.T) {
	for _, c := range []struct {
		by     eval.Scorer
		text   string
		answer any
		gold   any
		want   float64
	}{
		{Chromosome{}, "", "chr7", "chr7:1000-1050", 1},
		{Chromosome{}, "", "chr7", "chr17", 0},
		{Chromosome{}, "", "7", "Chromosome 7", 1},
		{Chromosome{}, "", nil, nil, 0},
		{Chromosome{}, "", "nowhere", "nowhere", 0},
		{Jaccard{}, "", "TP53 and BRCA1.", "BRCA1; TP53", 1},
		{Jaccard{}, "", "TP53, A, TP53", "TP53, B", 1.0 / 3},
		{Jaccard{}, "", "No gene", "none", 1},
		{Jaccard{}, "", nil, "No gene", 0},
		{Jaccard{}, "", "SANDY", "S, Y", 0},
		{Containment{}, "", " DNA Repair", "dna repair", 1},
		{Containment{}, "", "DNA repair in yeast", "dna repair", 0.5},
		{Containment{}, "", "repair", "dna repair", 0.5},
		{Containment{}, "", "cell cycle", "dna repair", 0},
		{Containment{}, "", "cell cycle", []string{"dna repair", "Cell Cycle"}, 1},
		{Containment{}, "", nil, "x", 0},
		{Species{}, "Human", "human", "Human", 1},
		{Species{}, "Homo sapiens or mouse", "mouse", "human", 0.5},
		{Species{}, "yeast", "yeast", "worm", 0},
		{Species{}, "", nil, "worm", 0},
		{GeneRecall{}, "brca1, <think>TP53</think> xPALB2", "ignored", "BRCA1; TP53,PALB2, ", 1.0 / 3},
		{GeneRecall{}, "HLA-A*01 and IL2", nil, "hla-a, IL2RA, IL2", 2.0 / 3},
		{GeneRecall{}, "TP53", nil, " , ", 0},
		{GeneRecall{}, "TP53", nil, nil, 0},
	} {
		rec := &eval.Record{Instance: &eval.Instance{Gold: c.gold}, Outputs: []eval.Output{{Text: c.text, Answer: c.answer}}}
		got, err := c.by.Score(context.Background(), rec)
		if err != nil || len(got) != 1 || math.Abs(got[0].Value-c.want) > 1e-12 {
			t.Errorf("%s of %q %v, gold %v: %v %v, want %v", c.by.Name(), c.text, c.answer, c.gold, got, err, c.want)
		}
	}
}

func TestRecallAtK(t *testing.T) {
	in := &eval.Instance{Metadata: map[string]any{"gold": []any{json.Number("7"), json.Number("9"), json.Number("9"), json.Number("11")}}}
	for _, c := range []struct {
		k      int
		answer any
		want   float64
	}{
		{2, []any{json.Number("9"), json.Number("1"), json.Number("7")}, 1.0 / 3},
		{5, []any{json.Number("9"), json.Number("9"), json.Number("7")}, 2.0 / 3},
		{5, []string{"11", "9", "7"}, 1},
		{5, []any{}, 0},
		{5, nil, 0},
		{5, "7", 0},
	} {
		s := RecallAtK{K: c.k, Gold: "gold"}
		got, err := s.Score(context.Background(), &eval.Record{Instance: in, Outputs: []eval.Output{{Answer: c.answer}}})
		if err != nil || math.Abs(got[0].Value-c.want) > 1e-12 {
			t.Errorf("%s of %v: %v %v, want %v", s.Name(), c.answer, got, err, c.want)
		}
	}
	for _, in := range []*eval.Instance{nil, {}} {
		if _, err := (RecallAtK{K: 5, Gold: "gold"}).Score(context.Background(), &eval.Record{Instance: in}); err == nil {
			t.Errorf("%v: no error without relevant items", in)
		}
	}
}

func TestGrid(t *testing.T) {
	in := &eval.Instance{Metadata: map[string]any{"solution_table": map[string]any{
		"House 1": map[string]any{"Name": "Ann", "Drink": "Tea "},
		"House 2": map[string]any{"Name": "Éric", "Drink": "milk"},
	}}}
	oracle, ok := GridAnswer(in)
	if !ok {
		t.Fatal("no right answer")
	}
	for _, c := range []struct {
		text                  string
		puzzle, cells, parsed float64
	}{
		{oracle, 1, 1, 1},
		{`{"solution": {"House 2": {"Drink": ["Milk", "x"], "Name": "éric"}, "House 1": {"Name": {"a": {"b": "ANN"}, "c": "x"}, "Drink": "tea", "Pet": "cat"}}}`, 1, 1, 1},
		{`{"solution": {"House 1": {"Name": {"x": "no", "b": "ann"}, "Drink": []}, "House 2": {"Name": 1, "Drink": "milk"}}}`, 0, 0.25, 1},
		{`{"solution": {"House 1": null, "House 2": {"Name": "Éric", "Drink": [null, "milk"]}}}`, 0, 0.25, 1},
		{`{"solution": {"House 1": {"Name": "Ann", "Drink": "tea"}}}`, 0, 0, 0},
		{`{"solution": [1]}`, 0, 0, 0},
		{`{"House 1": {}, "House 2": {}}`, 0, 0, 0},
		{oracle + " and {broken}", 0, 0, 0},
		{"", 0, 0, 0},
	} {
		for what, want := range map[string]float64{GridPuzzle: c.puzzle, GridCells: c.cells, GridParsed: c.parsed} {
			s := Grid{What: what}
			got, err := s.Score(context.Background(), &eval.Record{Instance: in, Outputs: []eval.Output{{Text: c.text}}})
			if err != nil || s.Name() != what || got[0].Value != want {
				t.Errorf("%s of %s: %v %v, want %v", what, c.text, got, err, want)
			}
		}
	}
	if _, err := (Grid{What: GridCells}).Score(context.Background(), &eval.Record{Instance: &eval.Instance{}}); err == nil {
		t.Error("no error without a solution")
	}
	if _, ok := GridAnswer(&eval.Instance{}); ok {
		t.Error("a right answer without a solution")
	}
}
