// Package perf says what a stored run cost in time, tokens and money. Call
// [Read] with a run; [Compare] sets two reports side by side.
//
// Records are read one after the other. Quantiles come from a sketch with a
// relative error of at most 1 % and a few hundred numbers of memory
// ([Sketch]); the largest value is exact. What nobody measured is nil: a model
// in this process has no queue, only a stream has a first token.
//
// The package also knows what tokens cost ([Prices], [Price]) and puts that into
// responses ([Priced]).
package perf
