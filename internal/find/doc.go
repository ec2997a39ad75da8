// Package find says which stored runs a text means: an id or its unique prefix,
// a name, a directory, last, last~N, a query, or foreign results read in place.
//
// Call [Finder.One] where one run is wanted, [Finder.Checkpoint] where all runs
// of one model under one harness are (a comparison), [Finder.Query] for a list.
// [ParseTerms] reads the terms of a query and of other filters of the same
// shape.
package find
