package benchmarks

import "olmoeval/eval"

// mathSuites are competition problems and word problems.
func mathSuites() []eval.Suite {
	years := []string{"2022", "2023", "2024", "2025", "2026"}
	minerva := []string{
		"algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra", "precalculus",
	}
	return []eval.Suite{
		averageSuite("gsm_symb:olmo3base", "GSM-Symbolic with its two harder subsets, eight samples",
			"gsm_symbolic:olmo3base", "gsm_symbolic:p1:olmo3base", "gsm_symbolic:p2:olmo3base"),
		averageSuite("minerva_math", "the seven subjects of MATH", eachSpec("minerva_math_", minerva, "")...),
		averageSuite("minerva_math:olmo3base", "the seven subjects of MATH, four examples, several samples", eachSpec("minerva_math_", minerva, ":olmo3base")...),
		averageSuite("minerva_math:bpb:olmo3base", "the seven subjects of MATH: bits per byte of the solutions", eachSpec("minerva_math_", minerva, ":bpb:olmo3base")...),
		averageOfSuites("aime_2022_to_2026", "five years of AIME, 32 samples a problem", eachSpec("aime_", years, ":pass_at_32")...),
		averageSuite("math:posttrain:dev", "AIME and HMMT for work on post-training: 32 samples of at most 16k tokens",
			append(eachSpec("aime_", years, ":pass_at_32:16k"), "hmmt_nov_2025:pass_at_32:16k", "hmmt_feb_2026:pass_at_32:16k")...),
	}
}
