package benchmarks

import (
	"slices"

	"olmoeval/eval"
)

// olmobaseSuites are OlmoBaseEval's: the easy ones, which tell small models
// apart by likelihoods, and those for large models.
func olmobaseSuites() []eval.Suite {
	fim := []string{"single", "multi", "random"}
	return []eval.Suite{
		averageOfSuites("olmobase:easy:qa:rc", "OlmoBaseEval Easy, questions: cloze accuracy", slices.Concat(
			[]string{"arc:rc:olmo3base", "mmlu:rc:olmo3base"},
			eachSpec("", easyQuestions(), ":rc:olmo3base"),
			[]string{"basic_skills:rc:olmo3base", "lab_bench_dbqa:olmo3base", "lab_bench_protocolqa:olmo3base", "lambada"},
			eachSpec("", easyMedicine(), ":rc:olmo3base"),
		)...),
		averageOfSuites("olmobase:easy:qa:bpb", "OlmoBaseEval Easy, questions: bits per byte of the answers", slices.Concat(
			[]string{"arc:bpb:olmo3base", "mmlu:bpb"},
			eachSpec("", easyQuestions(), ":bpb:olmo3base"),
			[]string{"basic_skills:bpb:olmo3base", "lab_bench_dbqa:bpb:olmo3base", "lab_bench_protocolqa:bpb:olmo3base", "lambada:bpb:olmo3base"},
			eachSpec("", easyMedicine(), ":bpb:olmo3base"),
		)...),
		averageOfSuites("olmobase:easy:math:bpb", "OlmoBaseEval Easy, mathematics: bits per byte of the solutions", "minerva_math:bpb:olmo3base"),
		averageOfSuites("olmobase:easy:code:bpb", "OlmoBaseEval Easy, code: bits per byte of the programs",
			"codex_humaneval:bpb:olmo3base", "mbpp:bpb:olmo3base", "mt_mbpp:bpb:olmo3base"),
		averageOfSuites("olmobase:mcqa_stem", "OlmoBaseEval, science questions by letter",
			"arc:mc:olmo3base", "mmlu:stem:mc:olmo3base", "medmcqa:mc:olmo3base", "medqa_en:mc:olmo3base", "sciq:mc:olmo3base"),
		averageOfSuites("olmobase:mcqa_non_stem", "OlmoBaseEval, other questions by letter", slices.Concat(
			[]string{"mmlu:humanities:mc:olmo3base", "mmlu:other:mc:olmo3base", "mmlu:social_sciences:mc:olmo3base"},
			eachSpec("", []string{"csqa", "piqa", "socialiqa"}, ":mc_olmo3base"),
			eachSpec("", []string{"coqa", "drop", "jeopardy", "naturalqs", "squad"}, ":mc:olmo3base"),
		)...),
		averageOfSuites("olmobase:gen", "OlmoBaseEval, short answers and cloze",
			"hellaswag:rc:olmo3base", "lambada:olmo3base", "winogrande:rc:olmo3base", "basic_skills:rc:olmo3base", "drop:gen:olmo3base",
			"jeopardy:gen:olmo3base", "naturalqs:gen:olmo3base", "squad:gen:olmo3base", "coqa:gen:olmo3base"),
		averageOfSuites("olmobase:math", "OlmoBaseEval, mathematics", "gsm8k:olmo3base", "gsm_symb:olmo3base", "minerva_math:olmo3base"),
		averageOfSuites("olmobase:code", "OlmoBaseEval, programs that are run", slices.Concat(
			eachSpec("", []string{"bigcodebench", "humaneval", "deepseek_leetcode", "ds1000", "mbpp"}, ":olmo3base"),
			[]string{"multipl_e_humaneval:olmo3base", "multipl_e_mbpp:olmo3base"},
		)...),
		averageSuite("olmobase:code_fim", "OlmoBaseEval, programs with a part to fill in", eachSpec("humanevalfim_", fim, ":olmo3base")...),
		averageOfSuites("olmo3:base_easy:code:bpb", "the code part of OLMo 3's easy suite: bits per byte, three examples",
			"humaneval:3shot:bpb", "mbpp:3shot:bpb", "mt_mbpp_v2fix:3shot:bpb"),
		serializedSuite(),
	}
}

// easyQuestions and easyMedicine are the tasks that stand in both question
// suites, before and after basic skills.
func easyQuestions() []string {
	return []string{
		"csqa", "hellaswag", "winogrande", "socialiqa", "piqa", "coqa", "drop", "jeopardy", "naturalqs", "squad", "sciq", "qasper_yesno",
	}
}

func easyMedicine() []string { return []string{"medmcqa", "medqa_en", "sciriff_yesno"} }

// serializedSuite reads requests that were rendered beforehand. Its languages
// are a suite that has no name of its own in the catalogue.
func serializedSuite() eval.Suite {
	s := averageOfSuites("olmo3:base_easy:code:bpb:serialized", "the code part of OLMo 3's easy suite, from stored requests",
		"serialized:humaneval_3shot_bpb", "serialized:mbpp_3shot_bpb")
	languages := averageSuite("_serialized_mt_mbpp_v2fix_bpb", "MBPP in 17 languages, from stored requests", eachSpec("serialized:mt_mbpp_v2fix_", mtLanguages(), "")...)
	s.Members = append(s.Members, eval.Member{Suite: &languages})
	return s
}
