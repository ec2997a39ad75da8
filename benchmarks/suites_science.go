package benchmarks

import "olmoeval/eval"

// scienceSuites are by field of science, and all of it once.
func scienceSuites() []eval.Suite {
	return []eval.Suite{
		averageOfSuites("science:core", "ARC, SciQ and the STEM subjects of MMLU", "arc_easy", "arc_challenge", "sciq", "mmlu:stem"),
		averageOfSuites("science:biology", "laboratory biology, genomics, and the biology of GPQA",
			"biology", "gpqa_diamond_biology", "gpqa_main_biology", "gpqa_extended_biology"),
		averageOfSuites("science:medicine", "medical exams and the medical subjects of MMLU",
			"medmcqa", "medqa_en", "mmlu_anatomy", "mmlu_clinical_knowledge", "mmlu_college_medicine", "mmlu_human_aging",
			"mmlu_medical_genetics", "mmlu_nutrition", "mmlu_professional_medicine", "mmlu_virology"),
		averageOfSuites("science:physical", "the chemistry and physics of GPQA",
			"gpqa_diamond_chemistry", "gpqa_main_chemistry", "gpqa_extended_chemistry",
			"gpqa_diamond_physics", "gpqa_main_physics", "gpqa_extended_physics"),
		averageOfSuites("science:math", "word problems and competition mathematics",
			"gsm8k", "gsm_symbolic", "minerva_math", "math500", "aime_2024", "aime_2025"),
		averageOfSuites("science:research", "reading, finding and writing about papers",
			"qasper_yesno", "sciriff_yesno", "expertqa", "litsearch", "litsearch_rerank", "astabench"),
		averageOfSuites("science:judge", "answers that a judge grades", "expertqa", "astabench"),
		averageOfSuites("science:nojudge", "all of science that needs no judge",
			"science:core", "science:biology", "science:medicine", "science:physical", "qasper_yesno", "sciriff_yesno", "litsearch_rerank", "science:math"),
		averageOfSuites("science:all", "all of science, each task once", "science:nojudge", "science:judge"),
	}
}
