package perf

import (
	"context"
	"errors"
	"fmt"
	"math"

	"olmoeval/internal/journal"
)

// Read measures a stored run, finished or not. Memory does not grow with its
// records but by a few bytes each.
func Read(ctx context.Context, r *journal.Reader) (*Report, error) {
	m := r.Manifest
	out := &Report{RunID: m.RunID, Dir: r.Dir, Name: m.Name, Model: m.Model.Name, Status: m.Status, Notes: []string{}, Tasks: []Task{}}
	h, err := readHistory(r.Dir)
	if err != nil {
		return nil, err
	}
	var all gatherer
	var taken []string
	for i := range m.Tasks {
		t := &m.Tasks[i]
		var g gatherer
		for rec, err := range r.Records(ctx, t.Label) {
			var damage *journal.DamageError
			if errors.As(err, &damage) {
				out.Notes = append(out.Notes, "damaged: "+err.Error())
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", t.Label, err)
			}
			g.add(rec)
		}
		out.Tasks = append(out.Tasks, Task{Task: t.Label, ReusedFrom: t.ReusedFrom, Summary: g.summary(h.priced)})
		if t.ReusedFrom != "" {
			taken = append(taken, t.Label)
			continue
		}
		all.merge(&g)
	}
	out.Summary = all.summary(h.priced)
	if len(taken) > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d of %d tasks were taken from earlier runs and are not in the sums: %s", len(taken), len(m.Tasks), some(taken)))
	}
	if n := out.Cost.Unpriced; n > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("price unknown: %d requests have no cost; -m …,price={prompt: 3, completion: 15} says what a million tokens cost in US dollars", n))
	}
	if err := out.times(h, &all, len(taken) > 0); err != nil {
		return nil, err
	}
	if out.Engine, out.GPUs, err = readEngine(h.dirs(), &out.Notes); err != nil {
		return nil, err
	}
	return out, nil
}

func some(names []string) string {
	s := ""
	for i, n := range names {
		if i == 3 {
			return s + fmt.Sprintf(" and %d more", len(names)-3)
		}
		if i > 0 {
			s += ", "
		}
		s += n
	}
	return s
}

// times fills in what needs a clock.
func (out *Report) times(h *history, all *gatherer, taken bool) error {
	out.Sessions = len(h.sessions)
	out.Series = []Point{}
	if len(h.sessions) == 0 {
		out.Throughput.Reason = "the run has no events: when it ran is not known"
		return nil
	}
	killed := 0
	for _, s := range h.sessions {
		if !s.ended {
			killed++
		}
	}
	if killed > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d of %d sessions did not end by themselves, or run still: their time is up to the last event", killed, len(h.sessions)))
	}
	wall := newClock(h.sessions).total()
	out.WallS = &wall
	c := h.sum()
	if !h.counted {
		if len(h.sessions) > 1 || killed > 0 || taken {
			out.Throughput.Reason = "the run's events hold no counters, and its records do not tell when they were written"
			return nil
		}
		c = counters{float64(all.Requests), float64(all.PromptTokens), float64(all.CompletionTokens)}
	}
	out.Throughput = Throughput{Requests: per(c.requests, wall), PromptTokens: per(c.prompt, wall), CompletionTokens: per(c.completion, wall)}
	if wall <= 0 {
		out.Throughput.Reason = "the run took no time that was measured"
	}
	var err error
	out.Series, err = h.series()
	return err
}

func per(x, seconds float64) *float64 {
	v := x / seconds
	if seconds <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}
