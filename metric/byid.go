package metric

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/nearest"
)

// ByID makes the metric of an id; K in the ids of [IDs] stands for a number of
// samples, at least 1. The scorer is not used by metrics that read
// log-likelihoods, and nil will do for them.
func ByID(id string, s eval.Scorer) (eval.Metric, error) {
	if m, ok := unscoredByID(id); ok {
		return m, nil
	}
	build, err := scoredByID(id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, fmt.Errorf("metric %q needs a scorer, such as exact_match", id)
	}
	return build(s), nil
}

// IDs lists the ids that [ByID] knows, sorted.
func IDs() []string {
	ids := []string{
		"accuracy", "best_of_n", "exact_match", "f1", "recall", "precision", "coverage",
		"pass_at_K", "pass_pow_K", "maj_at_K", "avg_at_K",
		"acc_sum", "acc_per_char", "acc_per_token", "acc_per_byte", "acc_uncond", "acc_greedy",
		"bits_per_byte", "bits_per_byte_corpus", "perplexity", "corpus_perplexity",
	}
	slices.Sort(ids)
	return ids
}

func unscoredByID(id string) (eval.Metric, bool) {
	switch id {
	case "acc_sum", "acc_per_char", "acc_per_token", "acc_per_byte":
		return choice{id}, true
	case "acc_uncond":
		return AccUncond(), true
	case "acc_greedy":
		return AccGreedy(), true
	case "bits_per_byte":
		return BitsPerByte(), true
	case "bits_per_byte_corpus":
		return BitsPerByteCorpus(), true
	case "perplexity":
		return Perplexity(), true
	case "corpus_perplexity":
		return CorpusPerplexity(), true
	case "coverage":
		return Coverage(), true
	}
	return nil, false
}

func scoredByID(id string) (func(eval.Scorer) eval.Metric, error) {
	switch id {
	case "accuracy", "exact_match", "f1", "recall":
		return func(s eval.Scorer) eval.Metric { return newMean(id, s) }, nil
	case "best_of_n":
		return BestOfN, nil
	case "precision":
		return Precision, nil
	}
	for _, kind := range []string{"pass_at_", "pass_pow_", "maj_at_", "avg_at_"} {
		number, ok := strings.CutPrefix(id, kind)
		if !ok {
			continue
		}
		k, err := strconv.Atoi(number)
		if err != nil || k < 1 || strconv.Itoa(k) != number {
			return nil, fmt.Errorf("metric %q: write the number of samples after %s, such as %s8", id, kind, kind)
		}
		return func(s eval.Scorer) eval.Metric { return newSamples(kind, k, s) }, nil
	}
	return nil, fmt.Errorf("unknown metric %q%s", id, nearest.Hint(id, IDs()))
}
