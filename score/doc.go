// Package score judges outputs: each scorer compares the answer of an output
// with the gold answer, or reads the output's log-likelihood, and gives one
// number an output. Names are those of the reference, as metrics and stored
// records use them.
//
// [ExactMatch] is the place to start. Scorers are structs whose JSON-tagged
// fields are their settings; they are pure, keep nothing and may be used by
// many goroutines. A missing gold or a missing answer scores 0; a missing
// log-likelihood is a fault, never a number.
//
// Text is compared as Python would: its white space, its lower and upper case,
// its punctuation.
package score
