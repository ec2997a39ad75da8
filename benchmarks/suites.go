package benchmarks

import (
	"slices"

	"olmoeval/eval"
)

// suites are all suites of this package. Members that are suites are named, so
// each is defined once. A member may name a task that this program lacks: its
// suite is then listed as incomplete.
func suites() []eval.Suite {
	const here = "benchmarks/suites.go"
	return slices.Concat(
		suitesIn(here, arcSuites()),
		suitesIn(here, mmluSuites()),
		suitesIn(here, basicSuites()),
		suitesIn("benchmarks/suites_math.go", mathSuites()),
		suitesIn("benchmarks/suites_code.go", codeSuites()),
		suitesIn("benchmarks/suites_code.go", multilingualSuites()),
		suitesIn("benchmarks/suites_chat.go", chatSuites()),
		suitesIn("benchmarks/suites_chat.go", longSuites()),
		suitesIn("benchmarks/suites_science.go", scienceSuites()),
		suitesIn("benchmarks/suites_olmobase.go", olmobaseSuites()),
		suitesIn(here, []eval.Suite{averageSuite("demo", "our own small tasks: a first run without a download",
			"demo_arithmetic", "demo_facts", "demo_cloze")}),
	)
}

// suitesIn says in which file suites are defined.
func suitesIn(file string, suites []eval.Suite) []eval.Suite {
	for i := range suites {
		suites[i].Defined = file
	}
	return suites
}

// averageSuite is a suite whose score is the plain mean over all tasks below it.
func averageSuite(name, description string, specs ...string) eval.Suite {
	return eval.Suite{Name: name, Description: description, Aggregation: eval.Average, Members: eval.Specs(specs...)}
}

// averageOfSuites is a suite whose score is the mean over its members, each of which
// counts once.
func averageOfSuites(name, description string, specs ...string) eval.Suite {
	s := averageSuite(name, description, specs...)
	s.Aggregation = eval.AverageOfAverages
	return s
}

// displayedSuite is a suite without a score of its own: its members overlap.
func displayedSuite(name, description string, specs ...string) eval.Suite {
	s := averageSuite(name, description, specs...)
	s.Aggregation = eval.DisplayOnly
	return s
}

// eachSpec makes specs of prefix+name+suffix.
func eachSpec(prefix string, names []string, suffix string) []string {
	specs := make([]string, len(names))
	for i, n := range names {
		specs[i] = prefix + n + suffix
	}
	return specs
}

func arcSuites() []eval.Suite {
	return []eval.Suite{
		averageSuite("arc:rc:olmo3base", "ARC as cloze, five examples", "arc_challenge:rc:olmo3base", "arc_easy:rc:olmo3base"),
		averageSuite("arc:mc:olmo3base", "ARC by letters, five examples", "arc_challenge:mc_olmo3base", "arc_easy:mc:olmo3base"),
		averageSuite("arc:bpb:olmo3base", "ARC in bits per byte, five examples", "arc_challenge:bpb:olmo3base", "arc_easy:bpb:olmo3base"),
	}
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
		whole := averageOfSuites("mmlu"+form.suffix, "MMLU, "+form.description+": the mean of its four groups")
		for _, g := range mmluGroups() {
			name := "mmlu:" + g.name + form.suffix
			all = append(all, averageSuite(name, "MMLU, "+g.name+": "+form.description, eachSpec("mmlu_", g.subjects, form.suffix)...))
			whole.Members = append(whole.Members, eval.Member{Spec: name})
		}
		all = append(all, whole)
	}
	var subjects []string
	for _, g := range mmluGroups() {
		subjects = append(subjects, g.subjects...)
	}
	return append(all, averageSuite("mmlu:bpb", "MMLU in bits per byte, five examples", eachSpec("mmlu_", subjects, ":rc:bpb")...))
}

func basicSuites() []eval.Suite {
	skills := []string{"arithmetic", "coding", "common_knowledge", "logical_reasoning", "string_operations", "pattern"}
	return []eval.Suite{
		averageSuite("basic_skills:rc:olmo3base", "six basic skills as cloze, five examples", eachSpec("basic_skills_", skills, ":rc:olmo3base")...),
		averageSuite("basic_skills:bpb:olmo3base", "six basic skills in bits per byte, five examples", eachSpec("basic_skills_", skills, ":bpb:olmo3base")...),
	}
}
