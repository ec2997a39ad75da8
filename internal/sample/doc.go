// Package sample watches a run from outside while it runs: what the servers say
// of themselves at /metrics, what the GPUs do, and the run's own counters, every
// ten seconds. Make a [Sampler] with [New] and call [Sampler.Start] when the
// run's directory is there; [Sampler.QueueLength] is for those who decide how
// many requests to send.
//
// The run's counters become "progress" events of its journal. The rest is
// appended to engine.jsonl in the run's directory, a [Line] for each source and
// time. A line holds only the series whose values differ from the line before of
// the same source; one with Full set holds all, and stands wherever a process
// begins to write. [Read] puts them together again.
package sample
