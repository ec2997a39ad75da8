// Package eval is the domain of olmo-eval: what a benchmark is, what is asked
// of a model, what comes back, and what is made of it. It holds data types and
// the small interfaces between the parts, and imports only the standard
// library; everything else imports it.
//
// Reading order: [Task] (a benchmark), [Instance] (one question), [Request] and
// [Response] (what goes to a model and what comes back), [Record] (an instance
// with all that happened to it), [Scorer] and [Metric] (what is made of it),
// [Set] (what a binary or a file registers). A new benchmark fills a [Def]; see
// package benchmarks for examples.
//
// Ownership: values handed to an interface are read, not kept or edited, unless
// the method says otherwise. A Task is a value: a variant edits a copy.
package eval
