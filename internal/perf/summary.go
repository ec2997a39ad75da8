package perf

import "olmoeval/eval"

// gatherer sums up records.
type gatherer struct {
	Summary
	queue, backoff, first, perToken, total, instance Sketch

	cost float64
}

// add notes a record.
func (g *gatherer) add(rec *eval.Record) {
	if rec.Reused() {
		g.Reused++
		return
	}
	u, t := rec.Usage, rec.Timing
	g.Requests++
	if !rec.Status.Counted() {
		g.Failed++
	}
	g.Attempts += rec.Attempts
	g.Retries += max(0, rec.Attempts-1)
	g.PromptTokens += int64(u.PromptTokens)
	g.CachedTokens += int64(u.CachedTokens)
	g.CompletionTokens += int64(u.CompletionTokens)
	g.ReasoningTokens += int64(u.ReasoningTokens)
	g.cost += u.Cost
	if u.Cost == 0 && u.PromptTokens+u.CompletionTokens > 0 {
		g.Cost.Unpriced++
	}
	if rec.WallMS > 0 {
		g.instance.Add(rec.WallMS)
	}
	if t.Total <= 0 {
		return // nobody measured
	}
	g.queue.Add(t.Queue)
	g.backoff.Add(t.Backoff)
	g.total.Add(t.Total)
	if t.First > 0 {
		g.first.Add(t.First)
		if n := u.CompletionTokens; n > 1 && len(rec.Outputs) == 1 && t.Total >= t.First {
			g.perToken.Add((t.Total - t.First) / float64(n-1))
		}
	}
}

func (g *gatherer) merge(o *gatherer) {
	g.Requests += o.Requests
	g.Failed += o.Failed
	g.Reused += o.Reused
	g.Attempts += o.Attempts
	g.Retries += o.Retries
	g.PromptTokens += o.PromptTokens
	g.CachedTokens += o.CachedTokens
	g.CompletionTokens += o.CompletionTokens
	g.ReasoningTokens += o.ReasoningTokens
	g.Cost.Unpriced += o.Cost.Unpriced
	g.cost += o.cost
	g.queue.Merge(&o.queue)
	g.backoff.Merge(&o.backoff)
	g.first.Merge(&o.first)
	g.perToken.Merge(&o.perToken)
	g.total.Merge(&o.total)
	g.instance.Merge(&o.instance)
}

// summary ends the gathering; priced says that the price of tokens was known.
func (g *gatherer) summary(priced bool) Summary {
	s := g.Summary
	if priced {
		s.Cost.Unpriced = 0
	}
	if priced || g.cost > 0 {
		c := g.cost
		s.Cost.Subject = &c
	}
	s.Latency = Latency{g.queue.Quantiles(), g.backoff.Quantiles(), g.first.Quantiles(),
		g.perToken.Quantiles(), g.total.Quantiles(), g.instance.Quantiles()}
	return s
}
