package benchmarks

import (
	"slices"

	"olmoeval/eval"
)

// chatSuites are benchmarks that come in several parts and are asked as chats.
func chatSuites() []eval.Suite {
	lab := []string{"litqa2", "dbqa", "seqqa", "protocolqa", "suppqa", "cloning_scenarios"}
	gpqa := []string{"diamond", "main", "extended"}
	genes := []string{
		"gene_name_conversion", "gene_location", "snp_location", "gene_snp_association", "protein_coding_genes", "tf_regulation",
		"human_genome_dna_alignment", "amino_acid_translation", "dna_sequence_extraction", "gene_name_extraction", "gene_alias",
		"gene_disease_association", "gene_ontology", "multi_species_dna_alignment",
	}
	var all []eval.Suite
	for _, form := range []struct{ suffix, description string }{{"", ""}, {":mc", ", letters by likelihood"}, {":bpb", ", bits per byte"}} {
		all = append(all,
			averageSuite("lab_bench"+form.suffix, "LAB-Bench, questions of laboratory biology"+form.description, eachSpec("lab_bench_", lab, form.suffix)...),
			displayedSuite("gpqa"+form.suffix, "the three sets of GPQA, each inside the next"+form.description, eachSpec("gpqa_", gpqa, form.suffix)...),
		)
	}
	return append(all,
		averageSuite("geneturing", "GeneTuring, fourteen modules of genomics", eachSpec("geneturing_", genes, "")...),
		averageSuite("biology", "LAB-Bench and GeneTuring", "lab_bench", "geneturing"),
		averageSuite("ifbench", "instructions to follow that models have not met, in one turn and in several",
			"ifeval_mt_wildchat_unused_withRewrite", "ifeval_mt_ood_wildchat_unused_withRewrite", "ifeval_ood"),
		averageSuite("astabench", "science agents: literature questions", "astabench_scholarqa"),
	)
}

// longSuites are RULER's tasks at six lengths in tokens.
func longSuites() []eval.Suite {
	niah := []string{"niah_s_1", "niah_s_2", "niah_s_3", "niah_mk_1", "niah_mk_2", "niah_mk_3", "niah_mv", "niah_mq"}
	tracing, aggregation, qa := []string{"vt"}, []string{"cwe", "fwe"}, []string{"qa_1", "qa_2"}
	var all []eval.Suite
	for _, length := range []string{"4096", "8192", "16384", "32768", "65536", "131072"} {
		for _, g := range []struct {
			name, description string
			tasks             []string
		}{
			{"aggregation", "words to count", aggregation},
			{"multi_hop_tracing", "variables to trace", tracing},
			{"niah", "needles to find", niah},
			{"qa", "questions on documents", qa},
			{"all", "thirteen tasks", slices.Concat(niah, tracing, aggregation, qa)},
		} {
			suffix := "__" + length
			all = append(all, averageSuite("ruler_"+g.name+suffix, "RULER, "+g.description+", "+length+" tokens", eachSpec("ruler_", g.tasks, suffix)...))
		}
	}
	return all
}
