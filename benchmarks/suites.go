package benchmarks

import (
	"slices"

	"olmoeval/eval"
)

// suites are all suites of this package. Members that are suites are named, so
// each is defined once.
func suites() []eval.Suite {
	return slices.Concat(
		[]eval.Suite{
			average("arc:rc:olmo3base", "ARC as cloze, five examples", "arc_challenge:rc:olmo3base", "arc_easy:rc:olmo3base"),
			average("arc:mc:olmo3base", "ARC by letters, five examples", "arc_challenge:mc_olmo3base", "arc_easy:mc:olmo3base"),
			average("arc:bpb:olmo3base", "ARC in bits per byte, five examples", "arc_challenge:bpb:olmo3base", "arc_easy:bpb:olmo3base"),
			average("gsm_symb:olmo3base", "GSM-Symbolic with its two harder subsets, eight samples",
				"gsm_symbolic:olmo3base", "gsm_symbolic:p1:olmo3base", "gsm_symbolic:p2:olmo3base"),
		},
		mmluSuites(),
		[]eval.Suite{
			{
				Name: "science:core", Description: "ARC, SciQ and the STEM subjects of MMLU", Aggregation: eval.AverageOfAverages,
				Members: eval.Specs("arc_easy", "arc_challenge", "sciq", "mmlu:stem"), Defined: suitesFile,
			},
			average("demo", "our own small tasks: a first run without a download",
				"demo_arithmetic", "demo_facts", "demo_cloze"),
		},
	)
}

const suitesFile = "benchmarks/suites.go"

func average(name, description string, specs ...string) eval.Suite {
	return eval.Suite{Name: name, Description: description, Aggregation: eval.Average, Members: eval.Specs(specs...), Defined: suitesFile}
}

// mmluSuites are the four groups of MMLU and the whole, in three forms, and all
// subjects in bits per byte.
func mmluSuites() []eval.Suite {
	var all []eval.Suite
	for _, form := range []struct{ suffix, description string }{
		{"", "letters, five examples"},
		{":mc:olmo3base", "letters, five examples"},
		{":rc:olmo3base", "cloze, five examples"},
	} {
		whole := eval.Suite{
			Name: "mmlu" + form.suffix, Description: "MMLU, " + form.description + ": the mean of its four groups",
			Aggregation: eval.AverageOfAverages, Defined: suitesFile,
		}
		for _, g := range mmluGroups() {
			name := "mmlu:" + g.name + form.suffix
			all = append(all, average(name, "MMLU, "+g.name+": "+form.description, mmluSpecs(g.subjects, form.suffix)...))
			whole.Members = append(whole.Members, eval.Member{Spec: name})
		}
		all = append(all, whole)
	}
	var subjects []string
	for _, g := range mmluGroups() {
		subjects = append(subjects, g.subjects...)
	}
	return append(all, average("mmlu:bpb", "MMLU in bits per byte, five examples", mmluSpecs(subjects, ":rc:bpb")...))
}

func mmluSpecs(subjects []string, suffix string) []string {
	specs := make([]string, len(subjects))
	for i, s := range subjects {
		specs[i] = "mmlu_" + s + suffix
	}
	return specs
}
