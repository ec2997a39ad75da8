// Package starfile reads benchmarks written as Starlark files: the vocabulary
// of packages prompt, answer, score and metric under the same names, filling
// the same fields of [eval.Task], without a rebuild. Call [Load] for a file,
// [FromRows] for a bare file of rows, [NewFile] for the commented file a new
// benchmark starts from.
//
// A file calls task(…), variant(…) and suite(…) at its top level; what it
// registers is the [eval.Set] that Load returns. Functions it hands over (read,
// extract, score.fn, oracle) are called later by many goroutines: all values
// are frozen when the file is loaded, each call has a thread of its own and a
// bound on its steps. A function that fails is an error with file:line:col of
// every frame; in scoring it is an [eval.Fault] with status scoring_error,
// never a wrong answer.
//
// The context given to Load bounds the life of the external processes that the
// file names (score.exec, answer.exec): they start with the first call and are
// killed when it ends.
package starfile
