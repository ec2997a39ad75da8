// Package benchmarks holds the benchmarks: one file a family, with where its
// rows come from, how a row becomes an instance, how it is asked, what is
// measured and which variants there are. Read a family's file from the top to
// know what is measured; [All] lists everything.
//
// A benchmark that other harnesses also run keeps their prompts byte for byte
// under its usual name, known defects included, because published numbers rest
// on them. A defect is said in the task's warnings, and a variant named fixed has
// the repaired form.
//
// Variants stack: each edits the fields it names and leaves the rest, so that a
// spec reads from left to right.
package benchmarks
