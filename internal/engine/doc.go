// Package engine runs tasks against a responder: it reads the data twice (once
// to know it, once to ask), renders, asks, extracts, scores, journals and
// estimates.
//
// Call [Engine.Plan], which resolves everything and refuses what cannot work
// before anything is sent or written, then [Engine.Execute]. [Score] is the
// scoring half on its own, for rescoring and for outputs from elsewhere.
//
// Memory is bounded by the number of workers and a few bytes an instance. Every
// worker carries one instance end to end and takes the next when its record is
// in the journal, so the records do not depend on the number of workers, and a
// kill loses at most what was in flight.
package engine
