package engine

import (
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"olmoeval/eval"
	"olmoeval/internal/journal"
)

// Progress counts what happens while a run runs. But for Total and Done, which
// begin with what a resumed run has, all counters are of this process.
type Progress struct {
	Total, Done, Failed atomic.Int64
	// Tokens are those of completions; Prompt includes Cached.
	Tokens, Prompt, Cached, Reasoning atomic.Int64
	// Requests counts instances that were asked, Attempts their tries, and
	// Reused those that were answered without asking.
	Requests, Attempts, Reused atomic.Int64
	// InFlight is how many instances are with the workers.
	InFlight atomic.Int64
	// NanoUSD is the cost in units of 1e-9 US dollars.
	NanoUSD atomic.Int64

	mu    sync.Mutex
	kinds map[eval.Status]int64 // of Failed
}

// Failures counts Failed by status.
func (p *Progress) Failures() map[eval.Status]int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.kinds)
}

func (p *Progress) fail(s eval.Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kinds == nil {
		p.kinds = map[eval.Status]int64{}
	}
	p.kinds[s]++
	p.Failed.Add(1)
}

// USD is the cost so far in US dollars.
func (p *Progress) USD() float64 { return float64(p.NanoUSD.Load()) / 1e9 }

// count notes a finished instance.
func (p *Progress) count(rec *eval.Record) {
	p.Tokens.Add(int64(rec.Usage.CompletionTokens))
	p.Prompt.Add(int64(rec.Usage.PromptTokens))
	p.Cached.Add(int64(rec.Usage.CachedTokens))
	p.Reasoning.Add(int64(rec.Usage.ReasoningTokens))
	p.NanoUSD.Add(int64(math.Round(rec.Usage.Cost * 1e9)))
	if rec.Reused() {
		p.Reused.Add(1)
	} else {
		p.Requests.Add(1)
		p.Attempts.Add(int64(rec.Attempts))
	}
	if !rec.Status.Counted() {
		p.fail(rec.Status)
	}
	p.Done.Add(1)
}

// Hooks let others follow a run. All fields may be nil.
type Hooks struct {
	// Opened is called when the run's directory is there, before the first
	// request. What it returns is called after the last record, while the
	// journal still takes events.
	Opened func(*journal.Writer) (closing func())
	// Seen is called by the workers for each record that is in the journal. It
	// must not keep or change the record, and should be quick.
	Seen func(Seen)
}

// Seen is a finished instance: asking began at Begin, the answer (or the last
// failure) came at Answered.
type Seen struct {
	Task            string // label
	Record          *eval.Record
	Begin, Answered time.Time
}

// follow tells the hooks that the run's directory is there.
func (r *run) follow() (closing func()) {
	if r.Hooks.Opened == nil {
		return func() {}
	}
	if closing = r.Hooks.Opened(r.w); closing == nil {
		closing = func() {}
	}
	return closing
}

// finished tells all who count that a record is in the journal.
func (r *run) finished(task string, rec *eval.Record, begin, answered time.Time) {
	if r.Progress != nil {
		r.Progress.count(rec)
	}
	if b := r.Budget; b != nil {
		b.spend(rec.Usage)
	}
	if r.Hooks.Seen != nil {
		r.Hooks.Seen(Seen{Task: task, Record: rec, Begin: begin, Answered: answered})
	}
}
