package cache

import "sync/atomic"

// Stats counts what a layer did, in requests unless said otherwise.
type Stats struct {
	// Hits were answered from the store, Partial in part, Misses by the model.
	Hits    int64 `json:"hits"`
	Partial int64 `json:"partial"`
	Misses  int64 `json:"misses"`
	// Skipped may not be kept: sampled without a seed, or of unknown weights.
	Skipped int64 `json:"skipped"`
	// Kept counts new entries, Errors those that could not be read or written.
	Kept   int64 `json:"kept"`
	Errors int64 `json:"errors"`
	// Bytes is the size of the answers that were served.
	Bytes int64 `json:"bytes"`
	// PromptTokens and CompletionTokens are what the model counted when the
	// served answers were made: they were not paid for again.
	PromptTokens     int64 `json:"prompt_tokens_saved"`
	CompletionTokens int64 `json:"completion_tokens_saved"`
}

type counts struct {
	hits, partial, misses, skipped, kept, errors, bytes, prompt, completion atomic.Int64
}

func (c *counts) served(a *answer, size int) {
	c.bytes.Add(int64(size))
	c.prompt.Add(int64(a.Usage.PromptTokens))
	c.completion.Add(int64(a.Usage.CompletionTokens))
}

// Stats is what the layer did so far. Records carry the notes [Cached] and
// [CachedPart], from which hits can be counted by task.
func (l *Layer) Stats() Stats {
	c := &l.counts
	return Stats{
		Hits: c.hits.Load(), Partial: c.partial.Load(), Misses: c.misses.Load(), Skipped: c.skipped.Load(), Kept: c.kept.Load(),
		Errors: c.errors.Load(), Bytes: c.bytes.Load(), PromptTokens: c.prompt.Load(), CompletionTokens: c.completion.Load(),
	}
}
