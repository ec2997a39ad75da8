package benchmarks

import (
	"embed"
	"io/fs"
	"slices"

	"olmoeval/eval"
)

//go:embed data/*.jsonl
var bundled embed.FS

// Bundled holds the rows of our own small tasks, by file name: what a data
// source "bundled:NAME" reads.
func Bundled() fs.FS {
	sub, err := fs.Sub(bundled, "data")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	return sub
}

// All is every benchmark and suite of this package. Each call makes fresh
// values.
func All() eval.Set {
	return eval.Set{
		Tasks: slices.Concat(
			gsmTasks(),
			arcTasks(),
			mmluTasks(),
			sciqTasks(),
			hellaswagTasks(),
			coqaTasks(),
			squadTasks(),
			csqaTasks(),
			piqaTasks(),
			socialIQATasks(),
			winograndeTasks(),
			gpqaTasks(),
			labBenchTasks(),
			medmcqaTasks(),
			medqaTasks(),
			yesnoTasks(),
			basicSkillsTasks(),
			lambadaTasks(),
			dropTasks(),
			naturalQsTasks(),
			jeopardyTasks(),
			geneturingTasks(),
			litsearchRerankTasks(),
			zebralogicTasks(),
			c4Tasks(),
			codeFreshTasks(),
			multilingualMBPPTasks(),
			serializedTasks(),
			humanEvalTasks(),
			mbppTasks(),
			bigCodeBenchTasks(),
			ds1000Tasks(),
			minervaTasks(),
			demoTasks(),
		),
		Suites: suites(),
		Data:   Bundled(),
	}
}
