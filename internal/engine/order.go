package engine

import (
	"math"
	"slices"

	"olmoeval/eval"
)

// order is the order in which the tasks of a plan are asked: those whose answers
// may take longest first, so that the end of a run is not one worker waiting for
// one long generation; log-likelihoods last. All requests of a task come one
// after another, in row order: they share their beginning, which servers keep
// in memory. Results do not depend on it, for estimates go by instance.
func order(tasks []*Prepared) []int {
	out := make([]int, len(tasks))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int {
		switch x, y := tail(tasks[a].Task), tail(tasks[b].Task); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return out
}

// tail is how many tokens an answer may have, 0 for a log-likelihood. A
// generation without a bound may go on to the end of the context.
func tail(t *eval.Task) float64 {
	switch {
	case t.Prompt.RequestType() == eval.Loglikelihood:
		return 0
	case t.Sampling.MaxTokens == nil:
		return math.Inf(1)
	}
	return math.Max(1, float64(*t.Sampling.MaxTokens))
}
