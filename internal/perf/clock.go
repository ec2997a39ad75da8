package perf

import (
	"slices"
	"time"
)

// clock counts the time in which a run ran: gaps between its sessions take none,
// and processes that ran at the same time count once.
type clock []span

func newClock(sessions []session) clock {
	all := make([]span, len(sessions))
	for i, s := range sessions {
		all[i] = s.span
	}
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	var c clock
	for _, s := range all {
		if n := len(c); n > 0 && !s.from.After(c[n-1].to) {
			if s.to.After(c[n-1].to) {
				c[n-1].to = s.to
			}
			continue
		}
		c = append(c, s)
	}
	return c
}

// at is the running time at a moment, in seconds.
func (c clock) at(t time.Time) float64 {
	var sum time.Duration
	for _, s := range c {
		if t.Before(s.from) {
			break
		}
		if t.Before(s.to) {
			sum += t.Sub(s.from)
			break
		}
		sum += s.to.Sub(s.from)
	}
	return sum.Seconds()
}

func (c clock) total() float64 {
	var sum time.Duration
	for _, s := range c {
		sum += s.to.Sub(s.from)
	}
	return sum.Seconds()
}
