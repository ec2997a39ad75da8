package benchmarks

import (
	"fmt"

	"olmoeval/answer"
	"olmoeval/eval"
	"olmoeval/metric"
	"olmoeval/prompt"
	"olmoeval/score"
)

// Short questions about genes, variants and sequences, answered from memory (Hou
// et al. 2023, GeneTuring, bioRxiv 2023.03.11.532238): names, places, functions,
// and sequences to translate or place. Fourteen tasks of 100 questions; chat.

func geneturingTasks() []eval.Def {
	const (
		general = "You are a genomics expert. Answer the following question concisely and accurately.\nGive only the answer with no explanation unless asked."
		expert  = "You are a genomics expert. You will be "
	)
	return []eval.Def{
		geneturing(geneKind{
			subset: "amino_acid_translation", about: "translate a DNA sequence into a protein", system: general, tokens: 128,
			extract: answer.Sequence{Letters: "ACDEFGHIKLMNPQRSTVWY", Min: 5}, by: exactMatch(),
		}),
		geneturing(geneKind{
			subset: "dna_sequence_extraction", about: "give the DNA sequence of a place in the human genome", system: general,
			extract: answer.Sequence{Letters: "ACGT", Min: 10}, by: exactMatch(),
		}),
		geneturing(geneKind{
			subset: "gene_alias", about: "the official symbol of a gene alias",
			system:  expert + "asked for the official gene symbol corresponding to a gene alias. Give only the official symbol with no explanation.",
			extract: answer.FirstLine{}, by: geneMean("jaccard", score.Jaccard{}, "JaccardScorer"),
		}),
		geneturing(geneKind{
			subset: "gene_disease_association", about: "the genes associated with a disease",
			system:  expert + "asked which genes are associated with a disease. List the official gene symbols separated by commas. Give only the gene symbols with no explanation.",
			extract: answer.GeneSymbols{}, by: geneMean("recall", score.GeneRecall{}, "GeneRecallScorer"),
		}),
		geneturing(geneKind{
			subset: "gene_location", about: "the chromosome of a gene", system: general,
			extract: answer.Chromosome{}, by: chromosomes(),
		}),
		geneturing(geneKind{
			subset: "gene_name_conversion", about: "the gene symbol of an Ensembl identifier", system: general,
			extract: answer.FirstLine{}, by: exactMatch(),
		}),
		geneturing(geneKind{
			subset: "gene_name_extraction", about: "the gene and protein names in a sentence", system: general,
			extract: answer.GeneNames{}, by: geneMean("jaccard", score.Jaccard{}, "JaccardScorer"),
		}),
		geneturing(geneKind{
			subset: "gene_ontology", about: "the Gene Ontology term that a set of genes shares",
			system:  expert + "given a set of genes and asked for the enriched Gene Ontology term they share. Give only the GO term name with no explanation.",
			extract: answer.GOTerm{}, by: geneMean("containment", score.Containment{}, "ContainmentScorer"), oracle: quotedGold,
		}),
		geneturing(geneKind{
			subset: "gene_snp_association", about: "the gene that a variant is associated with", system: general,
			extract: answer.FirstLine{}, by: exactMatch(),
		}),
		geneturing(geneKind{
			subset: "human_genome_dna_alignment", about: "the chromosome that a human DNA sequence is from", system: general,
			extract: answer.Chromosome{}, by: chromosomes(),
		}),
		geneturing(geneKind{
			subset: "multi_species_dna_alignment", about: "the organism that a DNA sequence is from", tokens: 128,
			system: expert + "given a DNA sequence and asked which organism it comes from. The answer is one of: human, mouse, rat, zebrafish, worm, yeast, fruit fly, chicken. " +
				"Give only the organism name with no explanation.",
			extract: answer.Species{}, by: geneMean("species", score.Species{}, "SpeciesScorer"), chance: 1.0 / 8,
		}),
		geneturing(geneKind{
			subset: "protein_coding_genes", about: "whether a gene codes for a protein", chance: 0.5,
			system: expert + "asked whether a gene is protein-coding.\n" +
				`Answer "TRUE" if the gene is protein-coding, or "NA" if it is not. Give only the answer with no explanation.`,
			extract: answer.TrueOrNA{}, by: exactMatch(),
		}),
		geneturing(geneKind{
			subset: "snp_location", about: "the chromosome of a variant", system: general,
			extract: answer.Chromosome{}, by: chromosomes(),
		}),
		geneturing(geneKind{
			subset: "tf_regulation", about: "whether a transcription factor activates or represses a gene", chance: 0.5,
			system: expert + "asked whether a transcription factor activates or represses a target gene.\n" +
				`Answer "Activation" or "Repression". Give only the answer with no explanation.`,
			extract: answer.Regulation{}, by: exactMatch(),
		}),
	}
}

// geneKind is what is particular to one of the fourteen.
type geneKind struct {
	subset, about, system string
	tokens                int // 512 if 0
	extract               eval.Extractor
	by                    measure
	oracle                func(*eval.Instance) (string, bool)
	chance                float64
}

func geneturing(k geneKind) eval.Def {
	const path = "allenai/geneturing"
	name := "geneturing_" + k.subset
	if k.tokens == 0 {
		k.tokens = 512
	}
	p := prompt.NewChat()
	p.SystemPrompt = k.system
	t := eval.Task{
		Name: name, Version: "1", Defined: "benchmarks/geneturing.go",
		Description: "genomics from memory: " + k.about,
		Config: eval.Config{
			Source: eval.Source{Path: path, Subset: k.subset}, Split: "test", Seed: 42,
			Fewshot: eval.Fewshot{Split: "dev", Draw: true, Seed: 42},
			Prompt:  p, Sampling: greedy(k.tokens),
		},
		Read: readGene, Extract: k.extract, Oracle: k.oracle, Chance: k.chance,
		Ref: &eval.Ref{Name: name, Source: eval.RefSource{Path: path, Subset: k.subset}, Formatter: refChat(k.system)},
	}
	measureBy(&t, k.by)
	return eval.Def{Task: t}
}

func chromosomes() measure {
	return measure{metric.Accuracy(score.Chromosome{}), eval.RefMetric{Type: "AccuracyMetric", Name: "accuracy", Scorer: "ChromosomeScorer"}}
}

func geneMean(id string, s eval.Scorer, ref string) measure {
	return measure{metric.Mean(id, s), eval.RefMetric{Type: "MeanScoreMetric", Name: id, Scorer: ref}}
}

// refChat is the form of the reference's chat formatter in its task hash.
func refChat(system string) map[string]any {
	return map[string]any{"type": "ChatFormatter", "assistant_template": "{answer}", "system_prompt": system, "user_template": "{question}"}
}

func readGene(t *eval.Task, d eval.Doc, index int) (*eval.Instance, error) {
	question, gold := d.Text("question"), d.Text("gold_answer")
	switch {
	case question == "":
		return nil, fmt.Errorf("question is missing")
	case gold == "":
		return nil, fmt.Errorf("gold_answer is missing")
	}
	id := d.Text("id")
	if id == "" {
		id = fmt.Sprintf("%s_%d", t.Source.Subset, index)
	}
	return &eval.Instance{Question: question, Gold: gold, Metadata: map[string]any{"id": id, "index": index}}, nil
}

// quotedGold is the gold answer in quotation marks, which keep its full stops
// and parentheses.
func quotedGold(in *eval.Instance) (string, bool) {
	gold, ok := in.GoldText()
	return `It is "` + gold + `"`, ok
}
