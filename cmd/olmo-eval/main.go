// Command olmo-eval runs benchmarks on language models and compares the
// results.
package main

import (
	"olmoeval"
	"olmoeval/benchmarks"
)

func main() { olmoeval.Main(benchmarks.All()) }
