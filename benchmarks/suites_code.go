package benchmarks

import (
	"slices"

	"olmoeval/eval"
)

// codeSuites are programs to complete or to infill, and fresh code to predict.
func codeSuites() []eval.Suite {
	fim := []string{"single", "multi", "random"}
	fresh := []string{
		"blade", "c", "clojure", "common_lisp", "cpp", "csharp", "css", "dart", "erlang", "fortran", "go", "haskell", "html", "java",
		"java_server_page", "javascript", "julia", "kotlin", "lua", "markdown", "mathematica", "matlab", "objective_c", "objective_cpp",
		"ocaml", "perl", "php", "powershell", "python", "restructuredtext", "ruby", "rust", "scala", "scheme", "swift", "systemverilog",
		"tcl", "tex", "typescript", "verilog", "vhdl", "vue",
	}
	const infill = "HumanEval with a part to fill in: single lines, several lines, random spans"
	all := []eval.Suite{
		averageSuite("humanevalfim", infill, eachSpec("humanevalfim_", fim, "")...),
		averageSuite("humanevalfim:olmo3base", infill+"; pass@k", eachSpec("humanevalfim_", fim, ":olmo3base")...),
		averageSuite("code_fresh:bpb", "new code in 42 languages: bits per byte", eachSpec("code_fresh_", fresh, ":bpb")...),
	}
	return append(all, multiplESuites()...)
}

// multiplESuites are MultiPL-E's two benchmarks and both together, in four
// forms.
func multiplESuites() []eval.Suite {
	languages := []string{"cpp", "java", "js", "php", "rs", "sh"}
	var all []eval.Suite
	for _, form := range []struct{ suffix, description string }{
		{"", ""}, {":olmo3base", ": pass@k of 32 samples"}, {":pass_at_1", ": pass@1"}, {":pass_at_10", ": pass@10"},
	} {
		humaneval := eachSpec("multipl_e_humaneval_", languages, form.suffix)
		mbpp := eachSpec("multipl_e_mbpp_", languages, form.suffix)
		all = append(all,
			averageSuite("multipl_e"+form.suffix, "HumanEval and MBPP in six languages"+form.description, slices.Concat(humaneval, mbpp)...),
			averageSuite("multipl_e_humaneval"+form.suffix, "HumanEval in six languages"+form.description, humaneval...),
			averageSuite("multipl_e_mbpp"+form.suffix, "MBPP in six languages"+form.description, mbpp...),
		)
	}
	return all
}

// mtLanguages are those of multilingual MBPP.
func mtLanguages() []string {
	return []string{
		"bash", "c", "cpp", "csharp", "go", "haskell", "java", "javascript", "matlab", "php", "python", "r", "ruby", "rust", "scala",
		"swift", "typescript",
	}
}

// multilingualSuites are MBPP's programs in seventeen languages: how well a
// model predicts them.
func multilingualSuites() []eval.Suite {
	const v1, v2 = "MBPP in 17 languages", "MBPP in 17 languages, second edition"
	return []eval.Suite{
		averageSuite("mt_mbpp:bpb:olmo3base", v1+": bits per byte, three examples", eachSpec("mt_mbpp_", mtLanguages(), ":bpb:olmo3base")...),
		averageSuite("mt_mbpp_v2fix", v2, eachSpec("mt_mbpp_v2fix_", mtLanguages(), "")...),
		averageSuite("mt_mbpp_v2fix:3shot", v2+", three examples", eachSpec("mt_mbpp_v2fix_", mtLanguages(), ":3shot")...),
		averageSuite("mt_mbpp_v2fix:bpb", v2+": bits per byte", eachSpec("mt_mbpp_v2fix_", mtLanguages(), ":bpb")...),
		averageSuite("mt_mbpp_v2fix:3shot:bpb", v2+": bits per byte, three examples", eachSpec("mt_mbpp_v2fix_", mtLanguages(), ":3shot:bpb")...),
		averageSuite("mt_mbpp_v2fix:bpb:olmo3base", v2+": bits per byte, the settings of OLMo 3", eachSpec("mt_mbpp_v2fix_", mtLanguages(), ":bpb:olmo3base")...),
	}
}
