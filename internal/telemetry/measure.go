package telemetry

import (
	"slices"
	"time"

	"olmoeval/eval"
)

// measure adds an instance to the metrics.
func (t *Trace) measure(name string, rec *eval.Record, took time.Duration) {
	m := t.r.meters
	with := func(more ...label) []label { return append(slices.Clone(t.labels), more...) }
	m.observe(instances, 1, with(label{"olmo_eval.task", name}, label{"olmo_eval.status", string(rec.Status)})...)
	if rec.Reused() {
		return
	}
	m.observe(attempts, float64(rec.Attempts), with()...)
	op := label{"gen_ai.operation.name", operation(rec)}
	failure := label{"error.type", ""}
	if !rec.Status.Counted() {
		failure.value = string(rec.Status)
	}
	m.observe(duration, took.Seconds(), with(op, failure)...)
	u, tm := rec.Usage, rec.Timing
	if u.PromptTokens+u.CompletionTokens > 0 {
		m.observe(tokenUsage, float64(u.PromptTokens), with(op, label{"gen_ai.token.type", "input"})...)
		m.observe(tokenUsage, float64(u.CompletionTokens), with(op, label{"gen_ai.token.type", "output"})...)
	}
	for _, x := range []struct {
		kind string
		n    int
	}{{"input", u.PromptTokens}, {"cached", u.CachedTokens}, {"output", u.CompletionTokens}, {"reasoning", u.ReasoningTokens}} {
		if x.n > 0 {
			m.observe(tokens, float64(x.n), with(label{"gen_ai.token.type", x.kind})...)
		}
	}
	if u.Cost > 0 {
		m.observe(cost, u.Cost, with()...)
	}
	if tm.Total > 0 {
		m.observe(queueTime, tm.Queue/1000, with()...)
	}
	if tm.First > 0 {
		m.observe(firstToken, tm.First/1000, with()...)
	}
}

// update asks the latest run for its gauges.
func (r *Recorder) update() {
	r.mu.Lock()
	state := r.state
	r.mu.Unlock()
	if state == nil {
		return
	}
	for what, v := range state() {
		r.meters.observe(progressing, v, label{"olmo_eval.what", what})
	}
}
