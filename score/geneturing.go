package score

import (
	"context"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
)

// The scorers of this file judge short answers about genes and genomes
// (GeneTuring; Hou et al. 2023, bioRxiv 2023.03.11.532238). Of several gold
// answers the best counts.

// Chromosome (chromosome) is 1 where answer and gold name the same chromosome;
// places on it are not compared.
type Chromosome struct{}

var _ eval.Scorer = Chromosome{}

// Name is chromosome.
func (Chromosome) Name() string { return "chromosome" }

// Score gives 1 or 0 an output.
func (Chromosome) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	return bestOf(rec, func(got, gold string) float64 {
		a, ok := answer.ChromosomeOf(got)
		b, ok2 := answer.ChromosomeOf(gold)
		return truth(ok && ok2 && a == b)
	}), nil
}

// Jaccard (jaccard) compares answer and gold as sets of names (see
// answer.NameSet): the size of what they share over that of both together; 1
// where neither names any.
type Jaccard struct{}

var _ eval.Scorer = Jaccard{}

// Name is jaccard.
func (Jaccard) Name() string { return "jaccard" }

// Score gives a share from 0 to 1 an output.
func (Jaccard) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	return bestOf(rec, func(got, gold string) float64 {
		a, b := answer.NameSet(got), answer.NameSet(gold)
		both := 0
		for name := range a {
			if b[name] {
				both++
			}
		}
		if either := len(a) + len(b) - both; either > 0 {
			return float64(both) / float64(either)
		}
		return 1
	}), nil
}

// Containment (containment) is 1 where answer and gold are equal whatever their
// case, 0.5 where one contains the other, else 0.
type Containment struct{}

var _ eval.Scorer = Containment{}

// Name is containment.
func (Containment) Name() string { return "containment" }

// Score gives 1, 0.5 or 0 an output.
func (Containment) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	return bestOf(rec, func(got, gold string) float64 {
		got, gold = lower(trim(got)), lower(trim(gold))
		switch {
		case got == gold:
			return 1
		case strings.Contains(got, gold), strings.Contains(gold, got):
			return 0.5
		}
		return 0
	}), nil
}

// Species (species) is 1 where the answer is the gold species, 0.5 where the
// text names it elsewhere, by any of its names, else 0.
type Species struct{}

var _ eval.Scorer = Species{}

// Name is species.
func (Species) Name() string { return "species" }

// Score gives 1, 0.5 or 0 an output.
func (Species) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	list := golds(rec.Instance, "")
	return each(rec, func(o *eval.Output) float64 {
		text, best := lower(o.Text), 0.0
		got, ok := textOf(o.Answer)
		for _, gold := range list {
			gold = lower(trim(gold))
			if ok && lower(trim(got)) == gold {
				return 1
			}
			for _, name := range answer.SpeciesNames(gold) {
				if strings.Contains(text, name) {
					best = 0.5
				}
			}
		}
		return best
	}), nil
}

// GeneRecall (gene_recall) is the share of the gold genes, a list with commas or
// semicolons, that stand as words in the text of the output, whatever their
// case. It reads the text without <think>…</think>, not the extracted answer.
type GeneRecall struct{}

var _ eval.Scorer = GeneRecall{}

// Name is gene_recall.
func (GeneRecall) Name() string { return "gene_recall" }

// Score gives a share from 0 to 1 an output.
func (GeneRecall) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	list := golds(rec.Instance, "")
	return each(rec, func(o *eval.Output) float64 {
		text, best := upper(answer.WithoutThinking(o.Text)), 0.0
		for _, gold := range list {
			found, genes := 0, 0
			for gene := range strings.FieldsFuncSeq(upper(gold), func(r rune) bool { return r == ',' || r == ';' }) {
				if gene = trim(gene); gene == "" {
					continue
				}
				genes++
				if answer.HasWord(text, gene) {
					found++
				}
			}
			if genes > 0 {
				best = max(best, float64(found)/float64(genes))
			}
		}
		return best
	}), nil
}

// bestOf is the best value of each output over the gold answers, 0 without an
// answer.
func bestOf(rec *eval.Record, value func(got, gold string) float64) []eval.Score {
	list := golds(rec.Instance, "")
	return each(rec, func(o *eval.Output) float64 {
		got, ok := textOf(o.Answer)
		best := 0.0
		for _, gold := range list {
			if ok {
				best = max(best, value(got, gold))
			}
		}
		return best
	})
}
